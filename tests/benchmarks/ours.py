"""One part of the product as a process, with the benchmark's connector in place of installed ones: `ours.py PART CONFIG`."""

import asyncio
import os
import signal
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

from connectors import wiring as workers
from connectors.registry import GROUP, Registry
from connectors.roster import roster
from orchestrator import wiring as orchestrator
from orchestrator.command.running import ready
from orchestrator.intake import Expected
from topics import logs
from topics.configuration import load
from topics.kafka import find_cluster

REGISTRY = Registry([EntryPoint("bench", "tests.benchmarks.vendor:BenchConnector", GROUP)])


async def main(part: str, config: str, registry: Registry = REGISTRY) -> None:
    configuration = load(Path(config), os.environ)
    entries = roster(configuration, registry)
    cluster = await find_cluster(configuration.kafka.bootstrap_servers)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if part == "workers":
        await workers.run(configuration, cluster, entries, stop, ready)
    else:
        expected = [Expected(entry.processor.name, entry.processor.connector, entry.kind) for entry in entries]
        await orchestrator.run(configuration, cluster, expected, stop, ready)


if __name__ == "__main__":
    logs.set_up(level=30)
    asyncio.run(main(*sys.argv[1:]))
