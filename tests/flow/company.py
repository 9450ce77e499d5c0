"""A whole installation in this process: real orchestrator, real workers, simulated vendors, a broker in memory, SQLite files."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from connectors.ageing import RetentionRule
from connectors.client import Client
from connectors.consume import Consumer
from connectors.contract import Connector
from connectors.holds import HoldRule
from connectors.http import Limits, Vendor
from connectors.pace import Pace
from connectors.testing.harness import Time, settings_of
from connectors.testing.simulator import Person
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from connectors.vendors.moneybird import Moneybird
from connectors.worker import Processor, Worker
from orchestrator.case import Case
from orchestrator.certificate import Certificate, Controller, fingerprint
from orchestrator.decide import Policy
from orchestrator.handle import Handler
from orchestrator.intake import Expected, Intake
from orchestrator.ledger import Ledger, Transaction
from orchestrator.process import Process
from orchestrator.registrar import Registrar
from orchestrator.sealed_requests import IntakeKeys, sealed
from orchestrator.sign import SigningKeys
from orchestrator.suppressing import Suppressing
from orchestrator.suppression import Suppression
from orchestrator.verify import verify
from topics.bus import Message
from topics.keyring import Keyring
from topics.memory import Crash, MemoryBroker, MemoryInbox, Moments
from topics.names import Names, Topic
from topics.parking import ParkedLately

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
POLICY = Policy(partial_after=timedelta(minutes=15), retry_every=timedelta(days=1), zone=AMSTERDAM)
BOOKS = HoldRule(frozenset({"invoice"}), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")
NAMES = Names()
REQUESTS, REPORTS = NAMES.of(Topic.REQUESTS), NAMES.of(Topic.REPORTS)
CERTIFICATES, DEAD_LETTERS = NAMES.of(Topic.CERTIFICATES), NAMES.of(Topic.DEAD_LETTERS)


class MortalLedger(Ledger):
    """The ledger of a process that can die before and after every commit."""

    moments = Moments()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with super().transaction() as transaction:
            yield transaction
            self.moments.reach("before the ledger commits")
        self.moments.reach("after the ledger commits")


@dataclass
class Company:
    """`vendors`: a simulated vendor per processor name, spoken to by `connector` (some by their own in `connectors`, with `own_settings`).

    `stopped`: those whose worker does not run. `sealed`: what is asked is sealed by its sender.
    """

    folder: Path
    vendors: dict[str, Any] = field(default_factory=lambda: {"moneybird": MoneybirdSimulator()})
    connector: type[Connector[Any]] = Moneybird
    settings: Mapping[str, Any] = field(default_factory=lambda: {"administration_id": 123, "token": {"env": "KIT_SECRET"}})
    policy: Policy = POLICY
    stopped: set[str] = field(default_factory=set)
    connectors: dict[str, type[Connector[Any]]] = field(default_factory=dict)
    own_settings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    calls_per_minute: int = 1_000_000
    retention: Sequence[RetentionRule] = ()
    sealed: bool = False
    store: Suppression | None = None
    moments: Moments = field(default_factory=Moments)
    time: Time = field(default_factory=Time)
    broker: MemoryBroker = field(default_factory=lambda: MemoryBroker(partitions=2))

    def __post_init__(self) -> None:
        self.keyring = Keyring.open(f"sqlite:///{self.folder}/keyring.db")
        self.ledger = MortalLedger.open(f"sqlite:///{self.folder}/ledger.db")
        self.ledger.moments = self.moments  # type: ignore[attr-defined]
        self.keys = SigningKeys.open(self.folder / "keys", self.time)
        self.keys.ensure()
        self._start_orchestrator()

    def restart(self) -> None:
        """All processes end and are started again: everything is read from its files, and nothing is remembered."""
        self._inbox.leave()
        self.close()
        self.__post_init__()

    def close(self) -> None:
        self.keyring.close()
        self.ledger.close()

    def ask(self, subject: Mapping[str, Any], type: str = "subject.erase", **fields: Any) -> UUID:
        """What a backend service does: one CloudEvent in binary mode."""
        request_id = fields.pop("request_id", None) or uuid4()
        event_id, more = fields.pop("event_id", None) or str(uuid4()), fields.pop("headers", ())
        body = {"request_id": str(request_id), "received_at": self.time.now.isoformat(), "subject": dict(subject)} | fields
        self.put(REQUESTS, json.dumps(body).encode(), type, event_id, str(request_id).encode(), more)
        return UUID(str(request_id))

    def put(
        self,
        topic: str,
        value: bytes,
        type: str,
        event_id: str | None = None,
        key: bytes | None = None,
        more: Iterable[tuple[str, bytes]] = (),
    ) -> None:
        attributes = {"ce_specversion": "1.0", "ce_id": event_id or str(uuid4()), "ce_source": "/shop", "ce_type": type}
        headers = tuple((name, text.encode()) for name, text in attributes.items())
        message = Message(topic, key, value, (*headers, *more, ("content-type", b"application/json")))
        self.broker.append(sealed(message, self.intake_keys.jwks()[0]) if self.sealed and topic == REQUESTS else message)

    def retry(self, request_id: UUID, only: str | None = None) -> None:
        self.order(request_id, "case.retry", **({"only": only} if only else {}))

    def order(self, request_id: UUID, type: str, **fields: Any) -> None:
        """What an officer orders."""
        body = {"request_id": str(request_id), **fields}
        self.put(REQUESTS, json.dumps(body).encode(), type, key=str(request_id).encode())

    def notices(self, request_id: UUID) -> list[str]:
        """What the controller's services were told of a request, in order."""
        told = [json.loads(d.value or b"") for d in self.broker.messages(NAMES.of(Topic.NOTICES)) if d.key == str(request_id).encode()]
        return [notice["about"] for notice in told]

    def hand_out_again(self, topic: str) -> None:
        """As when offsets are set back."""
        self._inbox.positions |= {place: 0 for place in self._inbox.positions if place[0] == topic}

    def settle(self, **passed: float) -> None:
        """Let time pass, then let both sides work until nothing moves; a side that dies is started again."""
        self.time.now += timedelta(**passed)
        asyncio.run(self._settle())

    async def _settle(self) -> None:
        moved = True
        while moved:
            try:
                moved = await self._orchestrate()
                for name in [name for name in self.vendors if name not in self.stopped]:
                    moved = await self._work(name) or moved
            except Crash:
                self._inbox.leave()
                self._start_orchestrator()
                moved = True

    def _start_orchestrator(self) -> None:
        spec = self.connector.spec
        expected = tuple(Expected(name, spec.name, spec.kind, consent=name == "list", marketing=name == "list") for name in self.vendors)
        self.intake_keys = IntakeKeys.open(self.folder / "keys", self.time)
        self.intake_keys.ensure()
        intake = Intake(NAMES, self.keyring, self.intake_keys, expected, self.policy, "NL", self.store)
        suppressing = Suppressing(self.store, self.keyring, AMSTERDAM) if self.store else None
        controller = Controller(name="Perfacilis", contact="privacy@example.nl")
        registrar = Registrar(self.keys, controller, AMSTERDAM, NAMES, suppressing)
        process = Process(self.ledger, self.keyring, intake, registrar, self.policy, NAMES, ParkedLately(100))
        self.handler = Handler(process, self.broker.publisher(self.moments), self.time, self.time.sleep)
        self._inbox = self.broker.inbox("orchestrator", REQUESTS, REPORTS, moments=self.moments)

    async def _orchestrate(self) -> bool:
        """What the Faust app does: a tick, and batches that are acknowledged when they are safe."""
        assert await self.handler.tick(), self.handler.stopping
        moved = False
        while deliveries := await self._inbox.receive(100, 0.0):
            assert await self.handler.take(deliveries), self.handler.stopping
            await self._inbox.commit({(d.topic, d.partition): d.offset + 1 for d in deliveries})
            moved = True
        assert await self.handler.tick(), self.handler.stopping
        return moved

    async def _work(self, name: str) -> bool:
        """A worker process, started when there is work and stopped when there is none."""
        group, topic = f"worker.{name}", NAMES.commands(name)
        if not self.broker.lag(group, topic):
            return False
        inbox, stop = self.broker.inbox(group, topic, moments=self.moments), asyncio.Event()
        try:
            base_url = f"https://vendor.example{self.vendors[name].base_path}"
            async with Client(base_url, 30.0, httpx.MockTransport(self._vendor(name))) as client:
                running = asyncio.create_task(self._consumer(name, client, inbox).run(stop))
                while self.broker.lag(group, topic) and not running.done():
                    await asyncio.sleep(0)
                stop.set()
                await running
        finally:
            inbox.leave()
        return True

    def _consumer(self, name: str, client: Client, inbox: MemoryInbox) -> Consumer:
        connector = self.connectors.get(name, self.connector)
        settings = settings_of(connector, self.own_settings.get(name, self.settings))
        limits = Limits(timeout=30.0, give_up_after=timedelta(minutes=10))
        pace = Pace(self.calls_per_minute, self.time, self.time.sleep)
        busy = connector.spec.bare_403_is_busy
        vendor = Vendor(name, client, connector.auth(settings), pace, limits, self.time, self.time.sleep, busy)
        retention = connector.retention(settings) or self.retention
        processor = Processor(name, connector, settings, vendor, [BOOKS], AMSTERDAM, retention, limits.give_up_after)
        worker = Worker(processor, self.keyring, self.time, self.time.sleep)
        publisher = self.broker.publisher(self.moments)
        return Consumer(name, worker, inbox, publisher, self.keyring, NAMES, 4, ParkedLately(100), self.time, self.time.sleep, timedelta(0))

    def _vendor(self, name: str) -> Any:
        def answer(request: httpx.Request) -> httpx.Response:
            self.moments.reach(f"before {name} is called ({request.method})")
            response = self.vendors[name].handle(request)
            self.moments.reach(f"after {name} was called ({request.method})")
            return response

        return answer

    def case(self, request_id: UUID) -> Case:
        with self.ledger.reading() as transaction:
            case = transaction.case(request_id)
        assert case is not None
        return case

    def certificates(self, request_id: UUID) -> list[Certificate]:
        """Every certificate on the topic, verified, in the order of their revisions; each supersedes the one before by hash."""
        tokens = [d.value.decode() for d in self.broker.messages(CERTIFICATES) if d.key == str(request_id).encode() and d.value]
        once = list(dict.fromkeys(tokens))
        found = [verify(token, self.keys.jwks()) for token in once]
        assert [None, *map(fingerprint, once)][: len(once)] == [one.supersedes for one in found]
        assert list(range(1, len(once) + 1)) == [one.revision for one in found]
        with self.ledger.reading() as transaction:
            assert once == [issued.jws for issued in transaction.certificates_of(request_id)]
        return found

    def dead_letters(self) -> list[dict[str, Any]]:
        return [json.loads(d.value or b"") for d in self.broker.messages(DEAD_LETTERS)]


def seed(vendor: MoneybirdSimulator, person: Person) -> str:
    """Into the vendor: a contact with an invoice, and the person as a contact person of somebody else. Returns the contact's id."""
    contact = vendor.add_contact(person)
    vendor.add_invoice(contact, person.since)
    firm = vendor.add_contact(Person(f"info@{person.customer_id}.example", "A company", f"B-{person.customer_id}"))
    vendor.contacts[firm]["contact_people"].append({"id": f"9{firm}", "email": person.email, "firstname": person.name})
    return contact


def lines(certificate: Certificate, processor: str = "moneybird") -> dict[tuple[str, str], int]:
    """Per (kind, outcome) the number of records."""
    (entry,) = (entry for entry in certificate.processors if entry.name == processor)
    return {(line.kind, line.outcome.value): line.count for line in entry.records}
