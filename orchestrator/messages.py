"""What `decide` is told, and what it wants done. A message carries the moment at which it was taken, so that deciding needs no clock."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.case import Block, Case, Decision, Gap, Status
from orchestrator.payload import ProcessorEntry
from topics.commands import Command
from topics.notices import Notice
from topics.orders import LiftHold, PlaceHold, Prove
from topics.reports import Answered, Located


@dataclass(frozen=True)
class Requested:
    """A request, as the case that it would open."""

    case: Case
    at: datetime


@dataclass(frozen=True)
class RequestedAgain:
    """The same request once more; the earliest receipt stands. `sealed`: by its sender."""

    received_at: datetime
    at: datetime
    sealed: bool = False


@dataclass(frozen=True)
class Reported:
    """A worker's report. `again`: it was acknowledged before the ledger was restored."""

    report: Located | Answered
    at: datetime
    again: bool = False


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
class Decided:
    """The officer's word on a request that waits for it. `block`: what would stand against carrying it out now."""

    decision: Decision
    block: Block | None
    at: datetime


@dataclass(frozen=True)
class Extended:
    """Two further months."""

    reason: str
    at: datetime


@dataclass(frozen=True)
class Paused:
    """The identity is in doubt."""

    ground: str
    at: datetime


@dataclass(frozen=True)
class Resumed:
    """The identity is proven."""

    at: datetime


@dataclass(frozen=True)
class Proven:
    """A person did what no connector can, and keeps proof of it."""

    task: Prove
    at: datetime


@dataclass(frozen=True)
class Claimed:
    """A legal claim is placed, or holds no longer. `block`: what another request of the person holds against going on then."""

    claim: PlaceHold | LiftHold
    at: datetime
    block: Block | None = None


@dataclass(frozen=True)
class Approved:
    """Somebody, known by a keyed digest, approved the plan of an erasure that has that digest."""

    plan: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Blocked:
    """Another request of the same person stands against this one."""

    block: Block


@dataclass(frozen=True)
class Unblocked:
    """Nothing stands against it any more."""


@dataclass(frozen=True)
class Ended:
    """A restriction was lifted by a later request."""

    by: UUID


@dataclass(frozen=True)
class Met:
    """What another request of the same person means for this one."""

    word: Blocked | Unblocked | Ended
    at: datetime


@dataclass(frozen=True)
class CaughtUp:
    """The ledger was restored, or messages were lost (`gap`): what is awaited may have been answered, or never ordered."""

    gap: Gap | None
    at: datetime


@dataclass(frozen=True)
class KeyGone:
    """The keyring says that the case's key was destroyed: the ledger was restored to before that.

    `promised`: what the newest certificate says of the processors, if the key of what is held is still there.
    `ended`: that key is destroyed, and the newest certificate keeps nothing. `decision`: the officer's, as that certificate says it.
    """

    at: datetime
    promised: tuple[ProcessorEntry, ...] = ()
    ended: bool = False
    decision: Decision | None = None


Message = (
    Requested
    | RequestedAgain
    | Reported
    | Retried
    | TimePassed
    | CaughtUp
    | KeyGone
    | Decided
    | Extended
    | Paused
    | Resumed
    | Proven
    | Claimed
    | Approved
    | Met
)


@dataclass(frozen=True)
class Order:
    """Send this command."""

    command: Command


@dataclass(frozen=True)
class Certify:
    """Issue a certificate that says what the case knows now. `claims`: a digest of that."""

    status: Status
    claims: str


@dataclass(frozen=True)
class Tell:
    """Tell the controller's services."""

    notice: Notice


@dataclass(frozen=True)
class Destroy:
    """Destroy those keys. `forget`: nobody needs to know any more whose requests belong together with this one."""

    request_id: UUID
    keys: tuple[str, ...]
    forget: bool


@dataclass(frozen=True)
class Recall:
    """A command of that processor that is not carried out yet no longer is to be, up to that round."""

    request_id: UUID
    processor: str
    round: int


Effect = Order | Certify | Tell | Destroy | Recall
