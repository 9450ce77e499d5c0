"""Cases per second, CPU per case by process, time from event to certificate; against a bare loop that makes the same calls.

`make bench`; `python -m tests.benchmarks.cases --cases 1000 --ledger postgresql`. Runs on Apache Kafka where Java and Maven are
found, else on the embedded broker. Both loops run in turn, twice, in the same run; what counts is the ratio.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table

from tests.benchmarks.vendor import PROCESSORS
from tests.live.servers import ServerUnavailable
from tests.live.servers.kafka import Kafka, jars
from tests.live.servers.postgres import Postgres
from topics.admin import apply
from topics.broker import EmbeddedBroker, free_port
from topics.names import Names

HEADERS = {"ce_specversion": "1.0", "ce_source": "/bench", "ce_type": "subject.erase", "content-type": "application/json"}


@dataclass
class Measured:
    """One loop's figures. `latencies`: seconds from event to certificate at a low rate."""

    cases_per_second: float
    cpu_ms: dict[str, float]
    latencies: list[float]


def broker() -> Kafka | EmbeddedBroker:
    """The real one where it can be had."""
    try:
        jars()
        return Kafka()
    except ServerUnavailable as error:
        print(f"{error} The embedded broker is used instead.")
        return EmbeddedBroker()


@contextmanager
def process(module: str, *words: str, ready: bool = True) -> Iterator[psutil.Process]:
    child = subprocess.Popen([sys.executable, "-m", module, *words], stdout=subprocess.PIPE)
    try:
        if ready and child.stdout is not None and child.stdout.readline() != b"ready\n":
            raise SystemExit(f"{module} did not start")
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(30)
        if child.stdout is not None:
            child.stdout.close()


def config(folder: Path, servers: str, prefix: str, vendor: str, ledger: str, calls_per_minute: int = 10_000_000) -> Path:
    pace = f"calls_per_minute = {calls_per_minute}\n"
    processors = "".join(f'[[processors]]\nname = "{n}"\nconnector = "bench"\nbase_url = "{vendor}/{n}"\n{pace}' for n in PROCESSORS)
    path = folder / "erasure.toml"
    path.write_text(
        f'[controller]\nname = "Bench"\ncontact = "x@example.nl"\n[kafka]\nbootstrap_servers = "{servers}"\nprefix = "{prefix}"\n'
        f'[ledger]\nurl = "{ledger}"\n{processors}'
    )
    return path


class Load:
    """Sends requests and waits for certificates."""

    def __init__(self, servers: str, prefix: str) -> None:
        self._servers, self._prefix = servers, prefix
        self._number = 0

    async def __aenter__(self) -> "Load":
        self._producer = AIOKafkaProducer(bootstrap_servers=self._servers)
        self._consumer = AIOKafkaConsumer(
            f"{self._prefix}subject.certificates", bootstrap_servers=self._servers, auto_offset_reset="earliest", fetch_max_wait_ms=50
        )
        await self._producer.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self._producer.stop()
        await self._consumer.stop()

    async def cases(self, count: int, per_second: float | None = None, only: str | None = None) -> list[float]:
        """The seconds from event to certificate of each; all at once, or at a rate; at all processors, or at one."""
        sent: dict[bytes, float] = {}
        sending = asyncio.create_task(self.send(count, sent, per_second, only))
        done = await self.certificates(sent, count)
        await sending
        return [done[key] - sent[key] for key in sent]

    async def certificates(self, wanted: Mapping[bytes, float], count: int) -> dict[bytes, float]:
        """When the first certificate of each came, once there are so many."""
        done: dict[bytes, float] = {}
        while len(done) < count:
            for records in (await self._consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    if record.key in wanted:
                        done.setdefault(record.key, time.perf_counter())
        return done

    async def send(self, count: int, sent: dict[bytes, float], per_second: float | None = None, only: str | None = None) -> None:
        """So many requests; when each was sent is noted in `sent`."""
        narrowed = {} if only is None else {"processors": [only]}
        for _ in range(count):
            self._number += 1
            id, email = str(uuid4()), f"p{self._number}-{self._prefix}@example.nl"
            value = {"request_id": id, "received_at": datetime.now(UTC).isoformat(), "subject": {"email": [email]}, **narrowed}
            headers = [(name, text.encode()) for name, text in (HEADERS | {"ce_id": id}).items()]
            sent[id.encode()] = time.perf_counter()
            await self._producer.send(f"{self._prefix}subject.requests", json.dumps(value).encode(), id.encode(), headers=headers)
            if per_second:
                await asyncio.sleep(1 / per_second)
        await self._producer.flush()


async def measure(servers: str, prefix: str, parts: dict[str, psutil.Process], cases: int) -> Measured:
    async with Load(servers, prefix) as load:
        await load.cases(50)  # warm-up
        before, started = {name: cpu(part) for name, part in parts.items()}, time.perf_counter()
        await load.cases(cases)
        seconds = time.perf_counter() - started
        spent = {name: (cpu(part) - before[name]) * 1000 / cases for name, part in parts.items()}
        return Measured(cases / seconds, spent, await load.cases(100, per_second=20))


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def run(loop: str, servers: str, vendor: str, ledger: str | None, cases: int) -> Measured:
    """One loop, from topics to figures."""
    prefix = f"b{uuid4().hex[:6]}."
    asyncio.run(apply(servers, Names(prefix).specs(PROCESSORS, 6), None))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = config(folder, servers, prefix, vendor, ledger or f"sqlite:///{folder}/erasure.db")
        words = (servers, prefix, vendor) if loop == "bare" else (str(path),)
        parts = {part: stack.enter_context(process(f"tests.benchmarks.{loop}", part, *words)) for part in ("orchestrator", "workers")}
        return asyncio.run(measure(servers, prefix, parts, cases))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=500)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--ledger", choices=["sqlite", "postgresql"], default="sqlite")
    given = options.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(broker())
        port = free_port()
        stack.enter_context(process("tests.benchmarks.vendor", str(port), ready=False))
        postgres = stack.enter_context(Postgres()) if given.ledger == "postgresql" else None
        measured: dict[str, list[Measured]] = {"bare": [], "ours": []}
        for _ in range(given.rounds):
            for loop, results in measured.items():
                ledger = postgres.new_database() if postgres else None
                results.append(run(loop, server.bootstrap_servers, f"http://127.0.0.1:{port}", ledger, given.cases))
        show(measured, type(server).__name__, given)


def show(measured: dict[str, list[Measured]], broker: str, given: argparse.Namespace) -> None:
    table = Table(title=f"{given.cases} cases x {given.rounds}, five processors, 15 HTTP calls a case; {broker}, {given.ledger}")
    for column in ("loop", "cases/s", "CPU ms a case: orchestrator", "workers", "p50 ms at 20/s", "p99 ms"):
        table.add_column(column)
    for loop, results in measured.items():
        latencies = [seconds * 1000 for one in results for seconds in one.latencies]
        cpu_of = {part: median(one.cpu_ms[part] for one in results) for part in ("orchestrator", "workers")}
        figures = [median(one.cases_per_second for one in results), *cpu_of.values(), median(latencies), quantiles(latencies, n=100)[98]]
        table.add_row(loop, *(f"{figure:.1f}" for figure in figures))
    console = Console(width=140)
    console.print(table)
    pairs = [ours.cases_per_second / bare.cases_per_second for bare, ours in zip(measured["bare"], measured["ours"], strict=True)]
    console.print(f"ours / bare, cases per second: {' '.join(f'{pair:.2f}' for pair in pairs)} (median {median(pairs):.2f})")


if __name__ == "__main__":
    main()
