"""A whole installation on real servers, made to break: processes that are killed and started again, a broker and a database likewise."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

from orchestrator.certificate import Certificate
from orchestrator.payload import fingerprint
from orchestrator.sign import SigningKeys
from orchestrator.verify import verify
from tests.live.servers.kafka import Kafka
from tests.live.servers.postgres import Postgres
from tests.soak.plan import Asked
from tests.soak.vendor import PROCESSORS
from topics.admin import apply
from topics.broker import EmbeddedBroker, die_with_parent, free_port
from topics.names import Names

Broker = Literal["kafka", "embedded"]
Ledger = Literal["postgres", "sqlite"]
PARTS = ("orchestrator", "workers")
_AWAY_SECONDS = 2.0
"""How long a server stays away or a broker paused."""
_WATCH_SECONDS = 0.5
_SEND_AGAIN_SECONDS = 0.5


@dataclass
class Company:
    """Use `with` an ExitStack that `start` fills. `ended`: parts that ended by themselves, and were started again."""

    folder: Path
    stack: ExitStack
    broker: Any
    postgres: Postgres | None
    vendor: str
    prefix: str
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, folder: Path, stack: ExitStack, broker: Broker, ledger: Ledger) -> "Company":
        """Servers, vendors, topics, configuration; then the product's parts."""
        running = stack.enter_context(Kafka() if broker == "kafka" else EmbeddedBroker())
        postgres = stack.enter_context(Postgres()) if ledger == "postgres" else None
        port, prefix = free_port(), f"s{uuid4().hex[:6]}."
        vendor = _process("tests.soak.vendor", str(port), log=folder / "vendor.log")
        stack.callback(_end, vendor, signal.SIGKILL)
        company = cls(folder, stack, running, postgres, f"http://127.0.0.1:{port}", prefix)
        asyncio.run(apply(running.bootstrap_servers, Names(prefix).specs(PROCESSORS, 6), None))
        company._configure()
        for part in PARTS:
            company.launch(part)
        stack.callback(company.stop)
        return company

    def _configure(self) -> None:
        databases = [
            self.postgres.new_database() if self.postgres else f"sqlite:///{self.folder}/{name}.db" for name in ("ledger", "keyring")
        ]
        processors = "".join(f'[[processors]]\nname = "{n}"\nconnector = "soak"\nbase_url = "{self.vendor}/{n}"\n' for n in PROCESSORS)
        (self.folder / "erasure.toml").write_text(f"""
[controller]
name = "Voorbeeld BV"
contact = "privacy@voorbeeld.example"
[kafka]
bootstrap_servers = "{self.broker.bootstrap_servers}"
prefix = "{self.prefix}"
[ledger]
url = "{databases[0]}"
[keyring]
url = "{databases[1]}"
[retry]
give_up_after = "3s"
timeout = "1s"
[certificate]
partial_after = "2s"
retry_every = "5s"
{processors}
[[holds]]
kind = "invoice"
statute = "AWR art. 52(4)"
exception = "GDPR art. 17(3)(b)"
years = 7
from = "end_of_financial_year"
""")

    def launch(self, part: str) -> None:
        self.parts[part] = _process("tests.soak.part", part, str(self.folder / "erasure.toml"), log=self.folder / f"{part}.log")

    def kill(self, part: str) -> None:
        """SIGKILL, and a new one at once."""
        _end(self.parts.pop(part), signal.SIGKILL)
        self.launch(part)

    def stop(self) -> None:
        for process in self.parts.values():
            process.send_signal(signal.SIGTERM)
        for process in self.parts.values():
            _end(process, signal.SIGTERM)
        self.parts.clear()

    async def watch(self) -> None:
        """What ends by itself (its broker or database was away too long) is started again, as a supervisor does."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            for part, process in list(self.parts.items()):
                if process.poll() is not None:
                    self.ended.append(part)
                    self.launch(part)

    async def suffer(self, kind: str) -> None:
        """One fault of a process or a server, from beginning to end."""
        match kind:
            case "orchestrator killed" | "workers killed":
                self.kill(kind.split(maxsplit=1)[0])
            case "broker paused":
                self.broker.pause()
                await asyncio.sleep(_AWAY_SECONDS)
                self.broker.resume()
            case "database connections cut" if self.postgres:
                self.postgres.cut_connections()
            case _:
                server = self.broker if kind.startswith("broker") else self.postgres
                assert server is not None, kind
                await asyncio.to_thread(server.kill if "killed" in kind else server.stop)
                await asyncio.sleep(_AWAY_SECONDS)
                await asyncio.to_thread(server.start)

    def jwks(self) -> Mapping[str, Any]:
        return SigningKeys.open(self.folder / "keys").jwks()


class Backend:
    """The backend service and the officer's inbox in one. `certificates`: every token per request, once, in order of arrival."""

    def __init__(self, company: Company) -> None:
        self._company, self._prefix = company, company.prefix
        self._servers = company.broker.bootstrap_servers
        self.certificates: dict[str, list[str]] = {}
        self.complete: set[str] = set()
        self.first_at: dict[str, float] = {}
        self.letters = 0

    async def __aenter__(self) -> "Backend":
        self._producer = AIOKafkaProducer(bootstrap_servers=self._servers)
        topics = [f"{self._prefix}subject.certificates", f"{self._prefix}dead-letters"]
        self._consumer = AIOKafkaConsumer(*topics, bootstrap_servers=self._servers, auto_offset_reset="earliest", fetch_max_wait_ms=50)
        await self._producer.start()
        await self._consumer.start()
        self._vendor = httpx.AsyncClient(base_url=self._company.vendor, trust_env=False, timeout=120)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._vendor.aclose()
        await self._producer.stop()
        await self._consumer.stop()

    async def ask(self, asked: Asked, event: str | None = None, received_at: str | None = None) -> None:
        """One request; `event` the id of an event that was sent before."""
        body = {"request_id": asked.request_id, "received_at": received_at or RECEIVED_AT, "subject": {"email": [asked.email]}}
        await self.put("subject.requests", json.dumps(body).encode(), asked.request_id, "subject.erase", event or asked.request_id)

    async def put(self, topic: str, value: bytes, key: str, type: str, event: str) -> None:
        """Send until the broker has it: what is sent twice by that is a duplicate like any other."""
        attributes = {"ce_specversion": "1.0", "ce_id": event, "ce_source": "/soak", "ce_type": type, "content-type": "application/json"}
        headers = [(name, text.encode()) for name, text in attributes.items()]
        while True:
            try:
                await self._producer.send_and_wait(self._prefix + topic, value, key.encode(), headers=headers)
                return
            except KafkaError:
                await asyncio.sleep(_SEND_AGAIN_SECONDS)

    async def steer(self, what: str, body: Any = None) -> Any:
        """Tell the vendors something, or ask for their state."""
        for _ in range(100):
            with suppress(httpx.TransportError):
                answer = await self._vendor.post(f"/soak/{what}", json=[] if body is None else body)
                return answer.raise_for_status().json()
            await asyncio.sleep(_SEND_AGAIN_SECONDS)
        raise AssertionError("the vendors do not answer")

    async def _read(self) -> None:
        while True:
            try:
                batches = await self._consumer.getmany(timeout_ms=100)
            except KafkaError:
                continue
            for records in batches.values():
                for record in records:
                    self._keep(record)

    def _keep(self, record: Any) -> None:
        if record.topic.endswith("dead-letters"):
            self.letters += 1
            return
        request, token = record.key.decode(), record.value.decode()
        tokens = self.certificates.setdefault(request, [])
        if token not in tokens:
            tokens.append(token)
            self.first_at.setdefault(request, time.monotonic())
            status = verify(token, self._company.jwks()).status
            (self.complete.discard if status == "partial" else self.complete.add)(request)

    async def until(self, wanted: Callable[[], bool], seconds: float) -> bool:
        """Whether it came in time."""
        deadline = time.monotonic() + seconds
        while not wanted():
            if time.monotonic() > deadline:
                return False
            if self._reading.done():
                self._reading.result()
            await asyncio.sleep(0.05)
        return True

    def opened(self) -> dict[str, list[tuple[Certificate, str]]]:
        """Every certificate, verified with the public keys alone, with its fingerprint."""
        jwks = self._company.jwks()
        return {request: [(verify(token, jwks), fingerprint(token)) for token in tokens] for request, tokens in self.certificates.items()}


RECEIVED_AT = datetime.now(UTC).isoformat()


def _process(module: str, *words: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", module, *words], stdout=file, stderr=file, process_group=0, preexec_fn=die_with_parent(signal.SIGKILL)
        )


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    process.send_signal(number)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
