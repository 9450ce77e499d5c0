"""One part of the product as a process, with the soak's connector: `part.py PART CONFIG`."""

import asyncio
import sys
from importlib.metadata import EntryPoint

from connectors.registry import GROUP, Registry
from tests.benchmarks.ours import main
from topics import logs

REGISTRY = Registry([EntryPoint("soak", "tests.soak.vendor:SoakConnector", GROUP)])

if __name__ == "__main__":
    logs.set_up(level=30)
    asyncio.run(main(*sys.argv[1:], registry=REGISTRY))
