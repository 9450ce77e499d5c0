"""An orchestrator without a broker: deliveries go in, and what it would send comes out."""

import json
from collections.abc import Iterable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from connectors.testing.harness import Time
from orchestrator.case import Case
from orchestrator.certificate import Controller
from orchestrator.decide import Policy
from orchestrator.handle import Handler
from orchestrator.intake import Expected, Intake
from orchestrator.ledger import Ledger
from orchestrator.process import Process
from orchestrator.registrar import Registrar
from orchestrator.sealed_requests import IntakeKeys
from orchestrator.sign import SigningKeys
from orchestrator.suppressing import Suppressing
from orchestrator.suppression import Suppression
from topics.bus import Delivery, Message
from topics.commands import command_id
from topics.keyring import Keyring
from topics.memory import MemoryBroker
from topics.names import Names
from topics.outcomes import Evidence, Outcome
from topics.parking import ParkedLately
from topics.reports import Answered, RecordOutcome

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
POLICY = Policy(partial_after=timedelta(minutes=15), retry_every=timedelta(days=1), zone=AMSTERDAM)
NAMES = Names()
_offsets = count()


def delivery(value: bytes, type: str, topic: str = "subject.requests", event_id: str | None = None, key: bytes | None = None) -> Delivery:
    """A message as a backend service or a worker sends it."""
    headers = {"ce_specversion": "1.0", "ce_id": event_id or str(uuid4()), "ce_source": "/shop", "ce_type": type}
    return Delivery(topic, 0, next(_offsets), key, value, tuple((name, text.encode()) for name, text in headers.items()))


def request(request_id: UUID | None = None, type: str = "subject.erase", event_id: str | None = None, **fields: Any) -> Delivery:
    body = {
        "request_id": str(request_id or uuid4()),
        "received_at": "2026-11-20T09:12:00+01:00",
        "subject": {"email": ["jan@voorbeeld.nl"]},
    }
    return delivery(json.dumps(body | fields).encode(), type, event_id=event_id, key=body["request_id"].encode())  # type: ignore[attr-defined]


def answer(request_id: UUID, *lines: RecordOutcome, name: str = "a", event_id: str | None = None, **fields: Any) -> Delivery:
    id = command_id(request_id, name, 1)
    report = Answered(command_id=id, request_id=request_id, processor=name, round=1, mode="execute", records=lines, **fields)
    return delivery(report.model_dump_json().encode(), "processor.answered", "processor.reports", event_id, str(request_id).encode())


def line(outcome: Outcome = Outcome.ERASED, record: str = "x", **more: Any) -> RecordOutcome:
    return RecordOutcome(digest=record.ljust(22, "_"), kind="contact", outcome=outcome, evidence=Evidence.VERIFIED, **more)


AT_TWO = (Expected("a", "a", "other"), Expected("b", "b", "other"))


class Installation:
    """One controller at two processors, `a` and `b`."""

    def __init__(self, ledger: Ledger, folder: Path, expected: tuple[Expected, ...] = AT_TWO, store: Suppression | None = None) -> None:
        self.ledger, self.time, self.broker, self.parked = ledger, Time(), MemoryBroker(), ParkedLately(100)
        self.keyring = Keyring.open(f"sqlite:///{folder}/keyring.db")
        self.keys = SigningKeys.open(folder / "keys", self.time)
        self.keys.ensure()
        self.intake_keys = IntakeKeys.open(folder / "keys", self.time)
        self.intake = Intake(NAMES, self.keyring, self.intake_keys, expected, POLICY, "NL", store)
        self.suppressing = Suppressing(store, self.keyring, AMSTERDAM) if store else None
        self.process = self.another(ledger)

    def another(self, ledger: Ledger) -> Process:
        """One more orchestrator on a ledger."""
        registrar = Registrar(self.keys, Controller(name="Perfacilis", contact="privacy@example.nl"), AMSTERDAM, NAMES, self.suppressing)
        return Process(ledger, self.keyring, self.intake, registrar, POLICY, NAMES, self.parked)

    def handler(self, process: Process | None = None) -> Handler:
        return Handler(process or self.process, self.broker.publisher(), self.time, self.time.sleep)

    def take(self, *deliveries: Delivery) -> list[Message]:
        return [message for _, message in self.process.take(deliveries, self.time.now)]

    def case(self, request_id: UUID) -> Case | None:
        with self.ledger.reading() as transaction:
            return transaction.case(request_id)


def reasons(messages: Iterable[Message]) -> list[str]:
    """Of the dead letters among what is sent."""
    return [json.loads(message.value)["reason"] for message in messages if message.topic == "dead-letters"]


def topics(messages: Iterable[Message]) -> list[str]:
    return [message.topic for message in messages]
