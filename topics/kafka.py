"""The ports to the broker on aiokafka. The only importer of aiokafka, with `topics.admin`."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from topics.broker import CLUSTER_ID
from topics.bus import BrokerGone, Delivery, Fenced, Message
from topics.names import LARGEST_DEAD_LETTER_BYTES, LARGEST_MESSAGE_BYTES

_SEND_SECONDS = 30.0
_STOP_SECONDS = 5.0
_MOST_FAILED_COMMITS = 20
"""aiokafka does not tell a fenced member: two processes with one identity fail every commit, for ever."""
_ENVELOPE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Cluster:
    """What the broker can do. `static_membership`: a member that is killed comes back at once under its old identity.

    The embedded broker has none, answers a join after half the session time-out, and looks for new messages only as
    often as it is asked; real Kafka refuses sessions under six seconds (docs/adr/0006).
    """

    bootstrap_servers: str
    embedded: bool
    static_membership: bool

    @property
    def session_ms(self) -> int:
        """How long a silent member is waited for."""
        return 1_000 if self.embedded else 10_000

    @property
    def fetch_wait_ms(self) -> int:
        """How long a fetch waits for a message."""
        return 50


async def find_cluster(bootstrap_servers: str, static_membership: bool | None = None) -> Cluster:
    """Ask the broker what it is.

    Raises:
        BrokerGone: it cannot be reached.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=5_000)
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
    except (KafkaError, OSError) as error:
        raise BrokerGone(
            f"No Kafka broker answers at {bootstrap_servers}. "
            "Look at [kafka] bootstrap_servers (or KAFKA_BOOTSTRAP_SERVERS), and whether it runs."
        ) from error
    finally:
        await admin.close()
    embedded = cluster.get("cluster_id") in (CLUSTER_ID, "tansu_cluster")
    return Cluster(bootstrap_servers, embedded, (not embedded) if static_membership is None else static_membership)


async def _ended(stopping: Coroutine[Any, Any, None]) -> None:
    """A client's orderly end; one whose broker is away would look for it for ever, and the process could not end."""
    with suppress(TimeoutError, KafkaError):
        await asyncio.wait_for(stopping, _STOP_SECONDS)


class KafkaPublisher:
    """Sends, and returns when every message is acknowledged by all in-sync replicas. Use as an async context manager."""

    def __init__(self, cluster: Cluster) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=cluster.bootstrap_servers,
            acks="all",
            enable_idempotence=not cluster.embedded,
            max_request_size=LARGEST_DEAD_LETTER_BYTES + _ENVELOPE_BYTES,
            request_timeout_ms=20_000,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except (KafkaError, OSError) as error:
            raise BrokerGone("The Kafka broker went away while the producer was starting.") from error
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await _ended(self._producer.stop())

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send all, then wait for all.

        Raises:
            BrokerGone: one was not acknowledged; some may have been. Sending them again does no harm.
        """
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                sent = [await self._producer.send(m.topic, m.value, m.key, headers=list(m.headers)) for m in messages]
                await asyncio.gather(*sent)
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerGone(f"The Kafka broker did not take {len(messages)} message(s) ({type(error).__name__}).") from error


class KafkaInbox:
    """A member of a consumer group on one topic. Use as an async context manager."""

    def __init__(self, cluster: Cluster, topic: str, group: str, identity: str | None) -> None:
        self._topic = topic
        self._failed_commits = 0
        self._paused = False
        self._consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=cluster.bootstrap_servers,
            group_id=group,
            group_instance_id=identity if cluster.static_membership else None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=cluster.session_ms,
            heartbeat_interval_ms=cluster.session_ms // 4,
            fetch_max_wait_ms=cluster.fetch_wait_ms,
            max_partition_fetch_bytes=LARGEST_MESSAGE_BYTES + _ENVELOPE_BYTES,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
        except (KafkaError, OSError) as error:
            raise BrokerGone("The Kafka broker went away while the consumer was starting.") from error
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await _ended(self._consumer.stop())

    async def receive(self, most: int, wait_seconds: float) -> list[Delivery]:
        """See `topics.bus.Inbox`."""
        self._pause(most == 0)
        try:
            batches = await self._consumer.getmany(timeout_ms=int(wait_seconds * 1000), max_records=most or None)
        except KafkaError as error:
            raise BrokerGone(f"The Kafka broker failed while receiving ({type(error).__name__}).") from error
        return [Delivery(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers)) for records in batches.values() for r in records]

    def _pause(self, pause: bool) -> None:
        """Partitions that were assigned meanwhile are paused with the others."""
        if pause or self._paused:
            (self._consumer.pause if pause else self._consumer.resume)(*self._consumer.assignment())
        self._paused = pause

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """See `topics.bus.Inbox`.

        Raises:
            Fenced: commits fail again and again, as they do when two processes share an identity.
        """
        ours = {TopicPartition(*place): offset for place, offset in offsets.items() if self.owns(*place)}
        try:
            if ours:
                await self._consumer.commit(ours)
            self._failed_commits = 0
        except (CommitFailedError, IllegalStateError):
            self._failed_commits += 1  # a rebalance took the partition: whoever has it now works it off again
            if self._failed_commits >= _MOST_FAILED_COMMITS:
                raise Fenced(f"Commits on {self._topic} keep failing: does another process run in the same slot?") from None
        except KafkaError as error:
            raise BrokerGone(f"The Kafka broker did not take a commit ({type(error).__name__}).") from error

    def owns(self, topic: str, partition: int) -> bool:
        """See `topics.bus.Inbox`."""
        return TopicPartition(topic, partition) in self._consumer.assignment()

    @property
    def ready(self) -> bool:
        """Whether partitions have been assigned."""
        return bool(self._consumer.assignment())
