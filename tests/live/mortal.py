"""Installations whose processes are told at which step to die; every processor is a simulated Moneybird of its own."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID

import httpx

from connectors.client import Client
from connectors.consume import Consumer
from connectors.http import Limits, Vendor
from connectors.pace import Pace
from connectors.testing.harness import SECRETS, settings_of
from connectors.testing.simulator import Person
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from connectors.vendors.moneybird import Moneybird
from connectors.worker import Processor, Worker
from orchestrator.certificate import Certificate, fingerprint
from orchestrator.command.__main__ import app
from orchestrator.ledger import Ledger
from orchestrator.sign import SigningKeys
from orchestrator.verify import verify
from tests.flow.company import AMSTERDAM, BOOKS, lines, seed
from topics.admin import apply
from topics.bus import Message, Publisher
from topics.kafka import KafkaInbox, KafkaPublisher, find_cluster
from topics.keyring import Keyring
from topics.model import utc_now
from topics.names import Names
from topics.parking import ParkedLately
from topics.reports import ANSWERED_TYPE, LOCATED_TYPE
from topics.steps import VARIABLE

_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload([__name__, "connectors.wiring", "orchestrator.wiring", "topics.admin"])
"""Processes of their own that need not import everything anew: so many starts would take most of the time."""

SECONDS = 60.0
"""Longer than anything takes on a busy machine; nothing waits for it to pass."""

JAN = Person("jan@voorbeeld.nl", since=date(date.today().year - 1, 6, 1))  # noqa: DTZ011
LOOK_ALIKE = replace(JAN, email="anna.jan@voorbeeld.nl", name="Anna Jansen", customer_id="C-1002", phone="+31207654321")

AS_IT_ENDS = {("contact", "restricted"): 1, ("invoice", "held"): 1, ("invoice", "erased"): 1, ("contact_person", "erased"): 1}
"""The lines of a certificate on somebody with the records of `known_vendor`."""


def known_vendor(*people: Person) -> MoneybirdSimulator:
    """A vendor where each has an invoice that the law keeps, one that it no longer does, and stands in another's contact."""
    vendor = MoneybirdSimulator()
    for person in people or (JAN, LOOK_ALIKE):
        vendor.add_invoice(seed(vendor, person), date(2015, 3, 1))
    return vendor


async def until(wanted: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Wait for a condition; fails when it does not come."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not wanted():
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.02)


@dataclass
class Site:
    """`processors`: a base_url per processor. The processes that live are in `alive`."""

    folder: Path
    bootstrap_servers: str
    ledger_url: str
    prefix: str
    processors: Mapping[str, str]
    partitions: int = 1
    look_again_after: str = "1d"
    alive: list[BaseProcess] = field(default_factory=list)

    async def prepare(self) -> None:
        """The configuration and the topics."""
        named = "\n".join(
            f'[[processors]]\nname = "{name}"\nconnector = "moneybird"\nbase_url = "{url}"\ncalls_per_minute = 1000000\n'
            'settings.administration_id = "123"\nsettings.token = {env = "KIT_SECRET"}'
            for name, url in self.processors.items()
        )
        (self.folder / "erasure.toml").write_text(f"""
[controller]
name = "Perfacilis"
contact = "privacy@example.nl"
[kafka]
bootstrap_servers = "{self.bootstrap_servers}"
prefix = "{self.prefix}"
partitions = {self.partitions}
[ledger]
url = "{self.ledger_url}"
[certificate]
partial_after = "1s"
look_again_after = "{self.look_again_after}"
{named}
[[holds]]
kind = "invoice"
statute = "AWR art. 52(4)"
exception = "GDPR art. 17(3)(b)"
years = 7
from = "end_of_financial_year"
[suppression]
url = "sqlite:///suppression.db"
key = {{file = "suppression.key"}}
ground = "6(1)(f), 21(3)"
keep = "2y"
""")
        (self.folder / "suppression.key").write_text("0123456789abcdef" * 2)
        await apply(self.bootstrap_servers, self.names.specs(list(self.processors), self.partitions), 1)

    @property
    def names(self) -> Names:
        return Names(self.prefix)

    def start(self, *words: str, crash_at: str = "") -> BaseProcess:
        """`erasure run ...` in a process of its own, alive at once."""
        environ = {**SECRETS, "ERASURE_CONFIG": str(self.folder / "erasure.toml"), VARIABLE: crash_at}
        process = _forked.Process(target=_live, args=(["run", *words, "--no-topics"], environ, str(self.folder / "log")), daemon=True)
        process.start()
        self.alive.append(process)
        return process

    async def dies(self, process: BaseProcess) -> int | None:
        """Its exit status, when it has ended by itself; None: it never did."""
        with suppress(AssertionError):
            await until(lambda: not process.is_alive(), "it never died")
        return process.exitcode

    async def end(self) -> None:
        """SIGKILL to whatever still lives. What ended by itself, and what was logged, stands in the report of a test that fails."""
        print("ended before:", [process.exitcode for process in self.alive])
        if (self.folder / "log").exists():
            print((self.folder / "log").read_text(errors="replace")[-5000:])
        for process in self.alive:
            process.kill()
            process.join()
        self.alive.clear()


def _live(words: Sequence[str], environ: Mapping[str, str], log: str) -> None:
    """The `erasure` command in a new process; what it says goes to a file."""
    os.environ.update(environ)
    with Path(log).open("ab") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    app(list(words), prog_name="erasure")


class OneByOne:
    """A way out that holds an answer back until the ledger has what was located: each report comes in a batch of its own."""

    def __init__(self, publisher: Publisher, ledger: Ledger) -> None:
        self._publisher, self._ledger, self._located = publisher, ledger, False

    async def publish(self, messages: Sequence[Message]) -> None:
        (message,) = messages
        type = dict(message.headers)["ce_type"].decode()
        self._located = self._located or type == LOCATED_TYPE
        if type == ANSWERED_TYPE and self._located:
            await until(lambda: self._knows(UUID((message.key or b"").decode())), "what was located never reached the ledger")
        await self._publisher.publish(messages)

    def _knows(self, request_id: UUID) -> bool:
        with self._ledger.reading() as transaction:
            case = transaction.case(request_id)
        return case is not None and all(processor.records for processor in case.processors)


@asynccontextmanager
async def working(site: Site, vendor: MoneybirdSimulator, ledger: Ledger) -> AsyncIterator[None]:
    """The worker of the processor `moneybird`, in this process: it lives on while the orchestrator dies."""
    cluster, topic = await find_cluster(site.bootstrap_servers), site.names.commands("moneybird")
    keyring = Keyring.open(f"sqlite:///{site.folder}/keyring.db")
    settings = settings_of(Moneybird, {"administration_id": 123, "token": {"env": "KIT_SECRET"}})
    stop = asyncio.Event()
    async with (
        KafkaPublisher(cluster) as publisher,
        KafkaInbox(cluster, topic, f"{site.prefix}erasure.worker.moneybird", None) as inbox,
        Client("https://moneybird.example/api/v2", 30.0, httpx.MockTransport(vendor.handle)) as client,
    ):
        pace, limits = Pace(1_000_000, utc_now, asyncio.sleep), Limits(30.0, timedelta(minutes=1))
        account = Vendor("moneybird", client, Moneybird.auth(settings), pace, limits, utc_now, asyncio.sleep)
        worker = Worker(Processor("moneybird", Moneybird, settings, account, [BOOKS], AMSTERDAM), keyring, utc_now, asyncio.sleep)
        way_out = OneByOne(publisher, ledger)
        consumer = Consumer("moneybird", worker, inbox, way_out, keyring, site.names, 4, ParkedLately(100), utc_now, asyncio.sleep)
        running = asyncio.create_task(consumer.run(stop))
        try:
            yield
        finally:
            stop.set()
            await running
            keyring.close()


@dataclass(frozen=True)
class Ended:
    """How it ended: the exit statuses of those that had to die, and what can be seen from outside afterwards.

    `published`: the JWS on the topic, each once. `register`: the ledger's.
    """

    statuses: list[int]
    published: list[str]
    certificates: list[Certificate]
    vendors: Mapping[str, MoneybirdSimulator]
    dead_letters: list[tuple[str, str]] = field(default_factory=list)

    def assert_right(self, *statuses: str, people: Sequence[Person] = (JAN,)) -> None:
        """Every process died where it had to; one chain of certificates; its last tells of each vendor what is really there."""
        assert [-signal.SIGKILL] * len(self.statuses) == self.statuses, "one of them never died"
        assert list(statuses) == [certificate.status.value for certificate in self.certificates]
        assert list(range(1, len(statuses) + 1)) == [certificate.revision for certificate in self.certificates]
        assert [None, *map(fingerprint, self.published)][:-1] == [certificate.supersedes for certificate in self.certificates]
        assert [2] == [own.count for own in self.certificates[-1].orchestrator.records if own.kind == "suppression"]
        for name in self.vendors:
            self.assert_vendor(name)

    def assert_vendor(self, name: str) -> None:
        """What the last certificate says of one vendor is what is there; somebody with a similar address lost nothing."""
        vendor = self.vendors[name]
        assert AS_IT_ENDS == lines(self.certificates[-1], name)
        assert {"contact": 1, "invoice": 1} == dict(+vendor.traces(JAN))
        assert {"contact": 1} == dict(+vendor.restricted(JAN))
        assert {"contact": 1, "invoice": 2, "contact_person": 1} == dict(+vendor.traces(LOOK_ALIKE))
        assert {} == dict(+vendor.restricted(LOOK_ALIKE))


def opened(site: Site, tokens: Sequence[str], ledger: Ledger, request: str) -> list[Certificate]:
    """Certificates, verified; on the topic stands what is in the register, in the same order."""
    with ledger.reading() as transaction:
        assert [issued.jws for issued in transaction.certificates_of(UUID(request))] == list(tokens)
    keys = SigningKeys.open(site.folder / "keys").jwks()
    return [verify(token, keys) for token in tokens]
