"""Kafka in front of the handler: two agents and a timer, on Faust. The only importer of faust; `serve` runs it (ADR 3)."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka
from faust.types import TP, EventT

from topics.bus import Delivery
from topics.kafka import Cluster
from topics.names import LARGEST_MESSAGE_BYTES
from topics.steps import Step, passed

Take = Callable[[Sequence[Delivery]], Awaitable[bool]]
Tick = Callable[[], Awaitable[Any]]

_FULL_SECONDS = 0.02
"""How soon it is looked again whether a full stream has room."""


class _ConsumeOnly(BootStrategy):
    enable_kafka_producer = False  # we publish with our own, between the ledger's commit and the acknowledgement
    enable_web = False


class _NoTables(TableManager):
    async def on_start(self) -> None:  # Faust's own first sleeps a second, for tables that we have not
        await self._update_channels()
        await self.recovery.start()

    def on_commit(self, offsets: MutableMapping[TP, int]) -> None:
        passed(Step.OFFSETS_COMMITTED)


class _Consumer(aiokafka.Consumer):
    async def _wait_next_records(self, timeout: float) -> Any:
        # While a stream is full Faust asks for the other topics alone, and waits a second for them: long after there is room again
        while self._buffered_partitions and not (self.should_stop or self._get_active_partitions()):
            await self.sleep(_FULL_SECONDS)
        return await super()._wait_next_records(_FULL_SECONDS if self._buffered_partitions else timeout)


class _Transport(aiokafka.Transport):
    Consumer = _Consumer


class Orchestrator(faust.App):
    """The app. `turn` is held while a batch is in hand."""

    BootStrategy = _ConsumeOnly
    turn: asyncio.Lock
    fetch_wait_ms: int

    def _create_directories(self) -> None:
        """Faust makes a data directory wherever it is started; there are no tables to put there."""

    def _new_transport(self) -> Any:
        return _Transport(self.conf.broker_consumer, self)

    async def on_started(self) -> None:
        # Faust fixes 1500 ms; the embedded broker waits that out before it looks for new messages
        consumer: Any = self.consumer
        consumer._thread._consumer._fetcher._fetch_max_wait_ms = self.fetch_wait_ms
        await super().on_started()


def build(
    cluster: Cluster,
    group: str,
    identity: str,
    topics: Sequence[str],
    take: Take,
    tick: Tick,
    on_ready: Callable[[], None],
    batch: int = 100,
) -> Orchestrator:
    """The app. `take` returns True once a batch is safe, else it and all after it stay unacknowledged; `tick` comes every second."""
    session_seconds = cluster.session_ms / 1000
    app = Orchestrator(
        group,
        broker=[f"kafka://{address.strip()}" for address in cluster.bootstrap_servers.split(",")],
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,  # else Faust's own partition assignor, which is made for tables
        web_enabled=False,  # it listens on all interfaces by default
        TableManager=_NoTables,
        consumer_group_instance_id=identity if cluster.static_membership else None,
        consumer_max_fetch_size=2 * LARGEST_MESSAGE_BYTES,
        broker_session_timeout=session_seconds,
        broker_heartbeat_interval=session_seconds / 5,
        broker_request_timeout=max(10.0, session_seconds),
        broker_commit_interval=1.0,
        stream_wait_empty=False,  # else it waits for ever for the batch that must stay unacknowledged
        stream_buffer_maxsize=10 * batch,
    )
    app.turn = asyncio.Lock()
    app.fetch_wait_ms = cluster.fetch_wait_ms

    async def consume(stream: Any) -> None:
        stream.enable_acks = False  # noack_take restores this when it closes: True would acknowledge what is left
        async for events in stream.noack_take(batch, within=0.005):
            async with app.turn:
                passed(Step.BATCH_RECEIVED)
                if safe := await take([_delivery(event) for event in events]):
                    for event in events:
                        event.ack()
                    passed(Step.ACKNOWLEDGED)
            if not safe:
                await asyncio.Event().wait()  # an agent that returns is started again, past this batch

    for name in topics:
        app.agent(app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"), name=name)(consume)
    app.timer(1.0)(tick)
    app.on_rebalance_complete.connect(lambda *_, **__: on_ready(), weak=False)
    return app


def _delivery(event: EventT[Any]) -> Delivery:
    """The message as it came; `event.headers` is a dict, and would drop a header that stands twice."""
    message: Any = event.message
    headers = tuple((name, value) for name, value in message.headers or ())
    return Delivery(message.topic, message.partition, message.offset, message.key, message.value, headers)
