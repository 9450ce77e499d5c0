"""A case to decide on: a small player that says things to `decide` and keeps what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.case import Case, CertificateRef, ProcessorState, Status
from orchestrator.decide import Policy, decide
from orchestrator.messages import Certify, Destroy, Message, Order, Reported, Requested, RequestedAgain, Retried, TimePassed
from topics.commands import Command, command_id
from topics.events import Right
from topics.outcomes import Evidence, Hold, Outcome
from topics.reports import Answered, Located, LocatedRecord, RecordOutcome

ID = UUID("0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11")
OPENED = datetime(2026, 11, 20, 8, 13, tzinfo=UTC)
POLICY = Policy(partial_after=timedelta(minutes=15), retry_every=timedelta(days=1), zone=ZoneInfo("Europe/Amsterdam"))
HOLD = Hold(statute="AWR art. 52(4)", exception="GDPR art. 17(3)(b)", until=date(2033, 12, 31))


def opened(*names: str, **more: Any) -> Case:
    """A case that has just been read from a request, due on 21 December."""
    given = {
        "request_id": ID, "right": Right.ERASURE, "mode": "execute", "ground": None, "content": "c" * 22, "subject": "e30..AAAA.AAAA.AAAA",
        "pseudonym": "p" * 22, "received_at": OPENED, "opened_at": OPENED, "due_by": date(2026, 12, 21),
        "processors": tuple(ProcessorState(name=name, connector=name, kind="other") for name in names),
    }  # fmt: skip
    return Case(**(given | more))


def digest(record: str) -> str:
    return record.ljust(22, "_")


def sealed(text: str) -> str:
    return f"e30..AAAA.{text}.AAAA"


def line(record: str, outcome: Outcome = Outcome.ERASED, **more: Any) -> RecordOutcome:
    """One record's outcome as a worker reports it that looked again."""
    if outcome in {Outcome.ERASED, Outcome.HELD, Outcome.RESTRICTED, Outcome.ANONYMISED, Outcome.LIFTED}:
        more.setdefault("evidence", Evidence.VERIFIED)
    if outcome is Outcome.HELD:
        more.setdefault("hold", HOLD)
    return RecordOutcome(digest=digest(record), kind=more.pop("kind", "contact"), outcome=outcome, **more)


def located(name: str, *records: str, round: int = 1, kind: str = "contact") -> Located:
    found = tuple(LocatedRecord(digest=digest(record), kind=kind) for record in records)
    token = sealed(f"{name}-{round}-" + "-".join(records))
    return Located(command_id=command_id(ID, name, round), request_id=ID, processor=name, round=round, records=found, sealed=token)


def answered(name: str, *lines: RecordOutcome, round: int = 1, **more: Any) -> Answered:
    id = command_id(ID, name, round)
    return Answered(command_id=id, request_id=ID, processor=name, round=round, mode="execute", records=lines, **more)


@dataclass
class Played:
    """A case under way. `orders` and `issued` are what came of the last word; `all_issued` of all."""

    case: Case | None = None
    now: datetime = OPENED
    orders: list[Command] = field(default_factory=list)
    issued: list[CertificateRef] = field(default_factory=list)
    all_issued: list[CertificateRef] = field(default_factory=list)
    policy: Policy = POLICY
    destroyed: list[str] = field(default_factory=list)

    def say(self, message: Message) -> "Played":
        """One message; certificates are added as the registrar would."""
        case, effects = decide(self.case, message, self.policy)
        self.orders = [effect.command for effect in effects if isinstance(effect, Order)]
        self.issued = []
        for effect in effects:
            if isinstance(effect, Destroy):
                self.destroyed += effect.keys
            if isinstance(effect, Certify):
                ref = CertificateRef(
                    certificate_id=UUID(int=len(case.certificates)),
                    revision=len(case.certificates) + 1,
                    sha256=f"{len(case.certificates):064}",
                    claims=effect.claims,
                    status=effect.status,
                    issued_at=self.now,
                )
                case = case.with_certificate(ref)
                self.issued.append(ref)
        self.case, self.all_issued = case, [*self.all_issued, *self.issued]
        return self

    def open(self, *names: str, **more: Any) -> "Played":
        return self.say(Requested(opened(*names, **more), self.now))

    def hear(self, *reports: Located | Answered) -> "Played":
        for report in reports:
            self.say(Reported(report, self.now))
        return self

    def wait(self, **span: float) -> "Played":
        """Time passes; the case is woken whenever it asked for it, as the ledger does."""
        until = self.now + timedelta(**span)
        orders, issued = [], []
        while self.the.wake_at is not None and self.the.wake_at <= until:
            self.now = max(self.now, self.the.wake_at)
            before = self.the
            self.say(TimePassed(self.now))
            orders, issued = [*orders, *self.orders], [*issued, *self.issued]
            if self.the == before:
                raise AssertionError("it would be woken for ever")
        self.now, self.orders, self.issued = until, orders, issued
        return self

    def retry(self, only: str | None = None) -> "Played":
        return self.say(Retried(only, self.now))

    def again(self, received_at: datetime) -> "Played":
        return self.say(RequestedAgain(received_at, self.now))

    @property
    def the(self) -> Case:
        assert self.case is not None
        return self.case

    @property
    def statuses(self) -> list[Status]:
        return [ref.status for ref in self.all_issued]

    def outcome(self, name: str, record: str) -> Outcome | None:
        processor = self.the.processor(name)
        assert processor is not None
        return processor.records[digest(record)].outcome


def rounds(commands: Sequence[Command]) -> list[tuple[str, int]]:
    return [(command.processor, command.round) for command in commands]
