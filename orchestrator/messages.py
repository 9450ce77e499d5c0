"""What `decide` is told, and what it wants done. A message carries the moment at which it was taken, so that deciding needs no clock."""

from dataclasses import dataclass
from datetime import date, datetime

from orchestrator.case import Case, Gap, Status
from topics.commands import Command
from topics.reports import Answered, Located


@dataclass(frozen=True)
class Requested:
    """A request, as the case that it would open."""

    case: Case
    at: datetime


@dataclass(frozen=True)
class RequestedAgain:
    """The same request once more; the earliest receipt stands."""

    received_at: datetime
    due_by: date
    at: datetime


@dataclass(frozen=True)
class Reported:
    """A worker's report."""

    report: Located | Answered
    at: datetime


@dataclass(frozen=True)
class Retried:
    """What is not settled is ordered again, at every processor or at `only`."""

    only: str | None
    at: datetime


@dataclass(frozen=True)
class TimePassed:
    """The case asked to be woken."""

    at: datetime


@dataclass(frozen=True)
class Resumed:
    """The ledger was restored, or messages were lost (`gap`): what is awaited may have been answered, or never ordered."""

    gap: Gap | None
    at: datetime


Message = Requested | RequestedAgain | Reported | Retried | TimePassed | Resumed


@dataclass(frozen=True)
class Order:
    """Send this command."""

    command: Command


@dataclass(frozen=True)
class Certify:
    """Issue a certificate that says what the case knows now. `claims`: a digest of that."""

    status: Status
    claims: str


Effect = Order | Certify
