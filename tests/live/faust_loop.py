"""Two consumers on Faust whose ledger dies after so many events: ours, and the one that everybody writes first.

`python -m tests.live.faust_loop ours|obvious SERVERS TOPIC GROUP DIES_AFTER` prints every event that the ledger took.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Any

import faust

from orchestrator import faust_app, serve
from topics.bus import Delivery
from topics.kafka import find_cluster


class MortalLedger:
    """Takes so many events, then none. `stopping` is what `Handler.stopping` is."""

    def __init__(self, dies_after: int) -> None:
        self.left = dies_after
        self.stopping: str | None = None

    def take(self, value: bytes | None) -> None:
        if self.left == 0:
            raise ConnectionError("the ledger is dead")
        self.left -= 1
        print((value or b"").decode(), flush=True)


async def ours(servers: str, topic: str, group: str, ledger: MortalLedger, stop: asyncio.Event) -> None:
    """`faust_app` and `serve` as they are; only the handler is replaced, with a batch of one."""

    async def take(deliveries: Sequence[Delivery]) -> bool:
        try:
            for delivery in deliveries:
                ledger.take(delivery.value)
        except ConnectionError as error:
            ledger.stopping = str(error)
            return False
        return True

    async def tick() -> None: ...

    cluster = await find_cluster(servers)
    app = faust_app.build(cluster, group, f"{group}-1", [topic], take, tick, lambda: None, batch=1)
    await serve.run(app, stop, lambda: ledger.stopping)


async def obvious(servers: str, topic: str, group: str, ledger: MortalLedger, stop: asyncio.Event) -> None:
    """A loop over batches that lets an exception out."""
    app: Any = faust.App(group, broker=f"kafka://{servers}", topic_allow_declare=False, topic_disable_leader=True, web_enabled=False)
    app.conf.broker_commit_interval = 0.5

    @app.agent(app.topic(topic, value_type=bytes, value_serializer="raw"))
    async def consume(stream: Any) -> None:
        async for (value,) in stream.take(1, within=0.005):
            ledger.take(value)

    await app.start()
    await stop.wait()
    await app.stop()


async def main(loop: str, servers: str, topic: str, group: str, dies_after: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await {"ours": ours, "obvious": obvious}[loop](servers, topic, group, MortalLedger(int(dies_after)), stop)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
