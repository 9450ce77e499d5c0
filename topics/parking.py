"""How many messages may be parked as dead letters in a minute: more is a changed schema or a wrong key, and not bad luck."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from topics.envelope import Unreadable

_WINDOW = timedelta(minutes=1)

Parked = tuple[str, Unreadable]
"""The topic of a message, and why it cannot be processed."""


class TooManyParked(Exception):
    """The process must end: going on would park a whole topic. The message that was one too many is not acknowledged."""


@dataclass(frozen=True)
class ParkedLately:
    """What was parked within the last minute; each topic is counted by itself."""

    most_per_minute: int
    recent: tuple[tuple[datetime, Parked], ...] = ()

    def and_now(self, more: Sequence[Parked], now: datetime) -> "ParkedLately":
        """The same with `more` parked at `now`; kept by the caller once they are really parked.

        Raises:
            TooManyParked: with them it is too many; none of `more` may be acknowledged.
        """
        if not more:
            return self
        recent = (*(one for one in self.recent if one[0] > now - _WINDOW), *((now, one) for one in more))
        for topic, count in Counter(topic for _, (topic, _) in recent).items():
            if count > self.most_per_minute:
                raise TooManyParked(_sentence(topic, count, Counter(reason for _, (name, reason) in recent if name == topic)))
        return ParkedLately(self.most_per_minute, recent)


def _sentence(topic: str, count: int, reasons: Counter[Unreadable]) -> str:
    ((reason, of_them),) = reasons.most_common(1)
    return (
        f"{count} messages of {topic} could not be processed within a minute, {of_them} of them for the reason {reason.value}: "
        "a schema or a key has changed. The last of them, and all after it, are not acknowledged. "
        "Mend it, or raise [dead_letters] most_per_minute, and start again."
    )
