"""When the periods of the law and of the controller end. Pure: every moment is handed in. The rules: `clock_rules.RULES`."""

from calendar import monthrange
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.working_days import WorkingDays
from topics.calendar_settings import Promise

_MONTH, _MONTHS_EXTENDED = 1, 3
_MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Pause:
    """The identity is not proven: the person was asked at `began` and answered at `ended` (None: not yet). `ground`: why it is doubted.

    Raises:
        ValueError: a moment has no offset, it ends before it begins, or no ground is given.
    """

    began: datetime
    ended: datetime | None
    ground: str

    def __post_init__(self) -> None:
        if self.began.tzinfo is None or (self.ended is not None and self.ended.tzinfo is None):
            raise ValueError("The begin and end of a pause need an offset, or their days are not known.")
        if self.ended is not None and self.ended < self.began:
            raise ValueError("A pause cannot end before it begins; give the moment of the answer, not before that of the question.")
        if not self.ground.strip():
            raise ValueError("A pause needs a ground: say why the identity is in doubt (GDPR art. 12(6)).")


def due_by(received_at: datetime, zone: ZoneInfo, country: str = "NL") -> date:
    """The last day for an answer, one calendar month after receipt; the whole of that day counts.

    One month: GDPR art. 12(3). The day of receipt is not counted: Regulation (EEC, Euratom) 1182/71, art. 3(1), second
    subparagraph. It ends on the day of the same date as that of receipt (Court of Justice, C-171/03), or on the last day of a
    shorter month: art. 3(2)(c). A last day that is a Saturday, Sunday or public holiday moves to the next working day:
    art. 3(4), with art. 2. Good Friday and 5 May in the Netherlands do not move it: see `working_days`.

    Args:
        received_at: when the request arrived, with an offset.
        zone: the controller's time zone; the day of receipt is the local day there.
        country: ISO 3166-1 code of the country whose public holidays count.

    Raises:
        ValueError: `received_at` has no offset, or the country's holidays are not known.
    """
    received = local_day(received_at, zone)
    return WorkingDays(country).on_or_after(_months_after(received, _MONTH))


def month_ends(received_at: datetime, zone: ZoneInfo, country: str = "NL", pauses: Iterable[Pause] = ()) -> date | None:
    """As `due_by`, with the days added on which it stood still; None while a pause is open."""
    return _statutory_end(_MONTH, local_day(received_at, zone), zone, country, pauses)


def extended_by(received_at: datetime, zone: ZoneInfo, country: str = "NL", pauses: Iterable[Pause] = ()) -> date | None:
    """The last day after an extension by two further months (GDPR art. 12(3)): three months from receipt, by the same rules."""
    return _statutory_end(_MONTHS_EXTENDED, local_day(received_at, zone), zone, country, pauses)


def promise_ends(promise: Promise, received_at: datetime, zone: ZoneInfo, country: str = "NL", pauses: Iterable[Pause] = ()) -> date | None:
    """The last day of the controller's own promise, the day of receipt not counted; None while a pause is open.

    It stands where it falls, on a Sunday too: what was promised is neither lengthened, nor called broken before it is.
    """
    received = local_day(received_at, zone)
    days = {"days": 1, "weeks": 7}.get(promise.unit, 0) * promise.number
    last = received + timedelta(days) if days else WorkingDays(country).after(received, promise.number)
    return _end(received, last, zone, pauses, lambda day: day)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The controller's day on which something happened.

    Raises:
        ValueError: the moment has no offset.
    """
    if moment.tzinfo is None:
        raise ValueError("The moment of receipt needs an offset, or its day is not known.")
    return moment.astimezone(zone).date()


def _statutory_end(months: int, received: date, zone: ZoneInfo, country: str, pauses: Iterable[Pause]) -> date | None:
    return _end(received, _months_after(received, months), zone, pauses, WorkingDays(country).on_or_after)


def _end(received: date, last: date, zone: ZoneInfo, pauses: Iterable[Pause], moved: Callable[[date], date]) -> date | None:
    """Where a period ends whose `last` day is pushed on by each pause that began in it, and then `moved` past holidays."""
    counted_until = received
    for pause in sorted(pauses, key=lambda pause: pause.began):
        began = local_day(pause.began, zone)
        if began > moved(last):
            break  # what has ended is not revived
        if pause.ended is None:
            return None
        if began > last:
            last = moved(last)
        # The day of the question runs and that of the answer does not, as the day of receipt does not; no day stands still twice.
        ended = local_day(pause.ended, zone)
        last += timedelta(max(0, (ended - max(began, counted_until)).days))
        counted_until = max(counted_until, ended)
    return moved(last)


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, _MONTHS_A_YEAR)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
