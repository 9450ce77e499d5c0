"""Notices that messages wait on our partitions and nobody is handed them: Faust can fall silent after a rebalance, and stay up."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from topics.bus import Place, Standing

PATIENCE = timedelta(minutes=2)
"""Longer than a dead ledger or broker is waited for, after which the handler stops by itself."""


class Standstill:
    """What was seen at the last look: per partition of ours on which something waits, where the group stood, and since when."""

    def __init__(self, patience: timedelta = PATIENCE) -> None:
        self._patience = patience
        self._waiting: dict[Place, tuple[int, datetime]] = {}

    def look(self, standing: Mapping[Place, Standing], ours: Collection[Place], now: datetime) -> str | None:
        """A sentence once messages wait on a partition of ours that has not moved for too long; None while all is well.

        Who was given none counts all of them: either another member moves them, or a rebalance has come to no end.
        """
        waiting = {place: _next(one) for place, one in standing.items() if place in (ours or standing) and _next(one) < one.end}
        before = self._waiting
        self._waiting = {place: before[place] if before.get(place, (None,))[0] == at else (at, now) for place, at in waiting.items()}
        for (topic, partition), (_, since) in sorted(self._waiting.items()):
            if now - since >= self._patience:
                minutes = self._patience.total_seconds() / 60
                return f"Messages have waited on {topic} {partition} for {minutes:.0f} minutes, and nobody was handed them."
        return None

    def forget(self) -> None:
        """The broker was away: what waited until then proves nothing."""
        self._waiting = {}


def _next(standing: Standing) -> int:
    """The next offset that the group has to read."""
    return standing.first if standing.committed is None else max(standing.committed, standing.first)
