"""What the controller has decided about time; every rule that needs it gets it handed in."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from topics.calendar_settings import Promise


@dataclass(frozen=True)
class Guards:
    """What is asked before an erasure begins (ADR 21). `records_per_case`, `cases_per_hour`: more need two persons; None: any number."""

    plan_first: bool = False
    records_per_case: int | None = None
    cases_per_hour: int | None = None
    ask_when_open: bool = False

    @property
    def any(self) -> bool:
        return self != Guards()


@dataclass(frozen=True)
class Policy:
    """`partial_after`: how long an incomplete case waits before its first certificate. `zone`: whose days count.

    `lifting_notice`: how long before a lifting it is announced. `country`: whose public holidays count. `promise`: the
    controller's own, shorter than the law's month. `look_after`: how long after a complete erasure it is looked once more
    (ADR 12); None: never. `shred_after`: how long a case that ended keeps its key (ADR 17); None: for good. `guards`: what is asked
    before an erasure begins.
    """

    partial_after: timedelta
    retry_every: timedelta
    zone: ZoneInfo
    lifting_notice: timedelta = timedelta(0)
    country: str = "NL"
    promise: Promise | None = None
    look_after: timedelta | None = None
    shred_after: timedelta | None = None
    guards: Guards = Guards()


def day_of(at: datetime, policy: Policy) -> date:
    """The controller's local day."""
    return at.astimezone(policy.zone).date()


def start_of(day: date, policy: Policy) -> datetime:
    """The moment at which that day begins for the controller."""
    return datetime.combine(day, time(), policy.zone)
