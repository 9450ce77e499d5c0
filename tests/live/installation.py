"""A whole installation as a user runs it: erasure.toml, `erasure run`, and a backend that knows only the contract."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]

from connectors.testing.simulator import Person
from tests.live.vendors import Vendors

READY_SECONDS = 60.0
ANSWER_SECONDS = 60.0


@dataclass
class Installation:
    """`environ` holds the secrets; everything else stands in `folder`."""

    folder: Path
    bootstrap_servers: str
    vendors: Vendors
    ledger: str
    prefix: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "erasure.toml"

    @property
    def environ(self) -> Mapping[str, str]:
        return {**os.environ, **self.vendors.secrets(), "ERASURE_CONFIG": str(self.config)}

    def configure(self) -> None:
        self.config.write_text(f"""
[controller]
name = "Voorbeeld BV"
contact = "privacy@voorbeeld.example"
[kafka]
bootstrap_servers = "{self.bootstrap_servers}"
prefix = "{self.prefix}"
partitions = 3
[ledger]
url = "{self.ledger}"
[retry]
give_up_after = "5s"
[certificate]
partial_after = "1s"
{self.vendors.processors()}
[[holds]]
kind = ["invoice", "payment"]
statute = "AWR art. 52(4)"
exception = "GDPR art. 17(3)(b)"
years = 7
from = "end_of_financial_year"
""")

    def erasure(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One `erasure` command, run to its end."""
        command = [sys.executable, "-m", "orchestrator.command", *words]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=120, check=False)

    def start(self, part: str, *options: str) -> subprocess.Popen[bytes]:
        """`erasure run PART`, until it says `ready`."""
        with (self.folder / f"{part}.log").open("ab") as log:
            command = [sys.executable, "-m", "orchestrator.command", "run", part, *options]
            process = subprocess.Popen(command, env=self.environ, stdout=subprocess.PIPE, stderr=log)
        self.processes[part] = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert b"ready\n" == line, (self.folder / f"{part}.log").read_text()[-3000:]
        return process

    def kill(self, part: str) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        process = self.processes.pop(part)
        process.kill()
        _end(process)

    def stop(self) -> dict[str, int]:
        """SIGTERM to all; their exit statuses."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        statuses = {part: _end(process) for part, process in self.processes.items()}
        self.processes.clear()
        return statuses


def _end(process: subprocess.Popen[bytes]) -> int:
    status = process.wait(60)
    if process.stdout is not None:
        process.stdout.close()
    return status


def request_of(person: Person, **more: Any) -> dict[str, Any]:
    """What a backend sends."""
    received_at = datetime.now(UTC).isoformat()
    return {"request_id": str(uuid4()), "received_at": received_at, "subject": person.subject(), "ground": "17(1)(b)", **more}


class Backend:
    """A backend service: knows the contract, and nothing of our code. Use as an async context manager."""

    def __init__(self, bootstrap_servers: str, prefix: str) -> None:
        self._servers, self._prefix = bootstrap_servers, prefix
        self.certificates: dict[str, list[str]] = {}
        self.dead_letters: list[dict[str, Any]] = []

    async def __aenter__(self) -> "Backend":
        self._producer = AIOKafkaProducer(bootstrap_servers=self._servers)
        await self._producer.start()
        topics = [f"{self._prefix}subject.certificates", f"{self._prefix}dead-letters"]
        self._consumer = AIOKafkaConsumer(*topics, bootstrap_servers=self._servers, auto_offset_reset="earliest", fetch_max_wait_ms=50)
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self._producer.stop()
        await self._consumer.stop()

    async def send(self, request: Mapping[str, Any], type: str = "subject.erase", id: str | None = None) -> str:
        """One request in binary mode; returns its id."""
        headers = {"ce_specversion": "1.0", "ce_id": id or str(uuid4()), "ce_source": "/shop", "ce_type": type}
        headers |= {"content-type": "application/json", "ce_time": datetime.now(UTC).isoformat(), "ce_correlationid": request["request_id"]}
        await self.send_raw(json.dumps(request).encode(), headers, request["request_id"])
        return str(request["request_id"])

    async def send_raw(self, value: bytes, headers: Mapping[str, str], key: str) -> None:
        encoded = [(name, text.encode()) for name, text in headers.items()]
        await self._producer.send_and_wait(f"{self._prefix}subject.requests", value, key.encode(), headers=encoded)

    async def until(self, wanted: Callable[["Backend"], bool], seconds: float = ANSWER_SECONDS) -> None:
        """Read what comes until `wanted`; fails when it does not come."""
        deadline = time.monotonic() + seconds
        while not wanted(self):
            assert time.monotonic() < deadline, f"only {len(self.certificates)} certificates and {len(self.dead_letters)} dead letters came"
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    self._keep(record)

    def _keep(self, record: Any) -> None:
        if record.topic.endswith("dead-letters"):
            self.dead_letters.append(json.loads(record.value))
        else:
            assert b"application/jose" == dict(record.headers)["content-type"]
            self.certificates.setdefault(record.key.decode(), []).append(record.value.decode())

    async def certificate(self, request_id: str, revision: int = 1) -> str:
        """The JWS of that revision, when it has come."""
        await self.until(lambda self: len(set(self.certificates.get(request_id, []))) >= revision)
        return list(dict.fromkeys(self.certificates[request_id]))[revision - 1]

    async def certificates_of(self, requests: list[str]) -> dict[str, str]:
        """The first certificate of each."""
        return dict(zip(requests, await asyncio.gather(*(self.certificate(request) for request in requests)), strict=True))
