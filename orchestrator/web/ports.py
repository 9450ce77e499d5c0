"""What the pages are given: the ledger to read, the keyring, and a way to say something on Kafka."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.case import Case
from orchestrator.clock import Clock as CaseClock
from orchestrator.ledger import Ledger
from orchestrator.letters import Language, Seat
from orchestrator.warnings import clock_of
from orchestrator.web.proofs import Proofs
from topics.bus import Message
from topics.calendar_settings import Promise
from topics.configuration import SignIn
from topics.keyring import Keyring
from topics.model import Clock
from topics.names import Names


@dataclass(frozen=True)
class Ports:
    """`jwks`: the public keys that certificates are checked with. `address`: as browsers reach the pages. `proofs`: where they are kept."""

    ledger: Ledger
    keyring: Keyring
    publish: Callable[[Sequence[Message]], Awaitable[None]]
    names: Names
    jwks: Mapping[str, Any]
    address: str
    seat: Seat
    language: Language
    clock: Clock
    sleep: Callable[[float], Awaitable[None]]
    show_person: bool = False
    sign_in: SignIn | None = None
    promise: Promise | None = None  # the controller's own
    proofs: Proofs | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The controller's time zone."""
        return self.seat.zone

    def clock_of(self, case: Case) -> CaseClock:
        """The clock of a request here."""
        return clock_of(case, self.zone, self.seat.country, self.promise)
