"""Commands queued at a vendor that is down: the workers' memory, the other processors' latency, and the pace of the recovery.

`make backlog`; `python -m tests.benchmarks.backlog --cases 500 --outage 20`. On Apache Kafka where Java and Maven are found.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

import httpx
import psutil  # type: ignore[import-untyped]

from tests.benchmarks.cases import Load, broker, config, process
from tests.benchmarks.vendor import PROCESSORS
from tests.live.groups import Groups, until
from tests.live.servers.kafka import Kafka
from topics.admin import apply
from topics.broker import EmbeddedBroker, free_port
from topics.names import Names

DOWN, UP = PROCESSORS[0], PROCESSORS[1]
_MB = 1024**2
_QUEUE_SECONDS = 1800.0
_TRICKLE = 60, 20.0
"""So many cases at so many a second go to another processor meanwhile, and show whether it is slowed."""


@dataclass
class Measured:
    """`memory_before`: with nothing queued; `memory_most`: at any later moment, recovery included; both of the workers, in MB."""

    memory_before: float
    memory_most: float
    latency_before: float
    latency_during: float
    calls_during: int
    recovery_seconds: float
    recovery_calls: int
    certificates: int


class Memory:
    """The most that a process held so far, looked at twice a second. Use as an async context manager."""

    def __init__(self, process: psutil.Process) -> None:
        self._process, self.most = process, 0.0

    async def __aenter__(self) -> "Memory":
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            self.most = max(self.most, self._process.memory_info().rss / _MB)
            await asyncio.sleep(0.5)


async def measure(servers: str, prefix: str, vendor: str, workers: psutil.Process, cases: int, outage: float) -> Measured:
    """The outage and its end. All must be running."""
    group, topic = f"{prefix}erasure.worker.{DOWN}", f"{prefix}processor.commands.{DOWN}"
    async with Load(servers, prefix) as load, Groups(servers) as groups, httpx.AsyncClient(base_url=vendor, trust_env=False) as switch:

        async def calls() -> int:
            return int((await switch.get(f"/{DOWN}/calls")).json())

        await load.cases(50)
        await load.cases(_TRICKLE[0], _TRICKLE[1], UP)  # all this is warm-up
        latency_before = median(await load.cases(_TRICKLE[0], _TRICKLE[1], UP))
        memory_before = workers.memory_info().rss / _MB
        async with Memory(workers) as memory:
            await switch.put(f"/{DOWN}/down")
            queued: dict[bytes, float] = {}
            calls_before = await calls()
            await load.send(cases, queued, only=DOWN)

            async def all_queued() -> bool:
                return await groups.lag(group, topic) == cases

            await until(all_queued, "the orchestrator has not ordered all", _QUEUE_SECONDS)
            ends = time.perf_counter() + outage
            latencies: list[float] = []
            while time.perf_counter() < ends or not latencies:
                latencies += await load.cases(_TRICKLE[0], _TRICKLE[1], UP)
            calls_up = await calls()
            await switch.put(f"/{DOWN}/up")
            started = time.perf_counter()
            done = await load.certificates(queued, cases)
            seconds = time.perf_counter() - started
            return Measured(
                memory_before,
                memory.most,
                latency_before,
                median(latencies),
                calls_up - calls_before,
                seconds,
                await calls() - calls_up,
                len(done),
            )


def run(cases: int, outage: float, calls_per_minute: int, server: Kafka | EmbeddedBroker) -> Measured:
    """Everything from the topics to the figures, on a broker that runs."""
    with ExitStack() as stack:
        servers, port, prefix = server.bootstrap_servers, free_port(), f"b{uuid4().hex[:6]}."
        asyncio.run(apply(servers, Names(prefix).specs(PROCESSORS, 6), None))
        vendor = f"http://127.0.0.1:{port}"
        stack.enter_context(process("tests.benchmarks.vendor", str(port), ready=False))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = config(folder, servers, prefix, vendor, f"sqlite:///{folder}/erasure.db", calls_per_minute)
        stack.enter_context(process("tests.benchmarks.ours", "orchestrator", str(path)))
        workers = stack.enter_context(process("tests.benchmarks.ours", "workers", str(path)))
        return asyncio.run(measure(servers, prefix, vendor, workers, cases, outage))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=20_000)
    options.add_argument("--outage", type=float, default=60.0, help="seconds, from when all are queued")
    options.add_argument("--calls-per-minute", type=int, default=15_000)
    given = options.parse_args()
    with broker() as server:
        found = run(given.cases, given.outage, given.calls_per_minute, server)
    grown = found.memory_most - found.memory_before
    print(f"{given.cases} commands queued at a vendor that was down for {given.outage:g} s and allows {given.calls_per_minute} calls/min")
    print(f"memory of the workers: {found.memory_before:.0f} MB before, {found.memory_most:.0f} MB at most (+{grown:.0f})")
    print(
        f"another processor, event to certificate: {found.latency_before * 1000:.0f} ms before, {found.latency_during * 1000:.0f} ms during"
    )
    print(f"calls to the vendor while it was down: {found.calls_during}")
    per_minute = found.recovery_calls / found.recovery_seconds * 60
    print(f"recovery: {found.certificates} certificates in {found.recovery_seconds:.0f} s, {per_minute:.0f} calls/min")


if __name__ == "__main__":
    main()
