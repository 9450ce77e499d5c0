"""Reads topics without joining a consumer group. Imports aiokafka, as `topics.kafka` and `topics.admin` do."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from topics.admin import partitions
from topics.bus import BrokerGone, Delivery, Place, Standing
from topics.kafka import Cluster
from topics.names import LARGEST_MESSAGE_BYTES

_STALLED_SECONDS = 30.0

_Spans = dict[TopicPartition, tuple[int, int]]


async def read_all(cluster: Cluster, topic: str) -> list[Delivery]:
    """Every message that stands on the topic now, by partition and offset; none if there is no such topic.

    Raises:
        BrokerGone: the broker cannot be reached, or stops answering.
    """
    if not (places := await _places(cluster, [topic])):
        return []
    async with _reading(cluster, topic) as consumer:
        spans = {place: (first, end) for place, (first, end) in (await _ends(consumer, places)).items() if first < end}
        found = [one async for batch in _read(consumer, spans, whole=True) for one in batch]
    return sorted(found, key=lambda one: (one.partition, one.offset))


class KafkaLog:
    """`topics.bus.Log` on aiokafka. Every method raises `BrokerGone` when the broker cannot be reached or stops answering."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def standing(self, group: str, topics: Sequence[str]) -> dict[Place, Standing]:
        """See `topics.bus.Log`."""
        if not (places := await _places(self._cluster, topics)):
            return {}
        async with _reading(self._cluster, " and ".join(topics), group) as consumer:
            consumer.assign(places)
            committed = {place: await consumer.committed(place) for place in places}
            ends = await _ends(consumer, places)
        return {(place.topic, place.partition): Standing(committed[place], *ends[place]) for place in places}

    async def newest(self, topic: str) -> list[Delivery]:
        """See `topics.bus.Log`."""
        if not (places := await _places(self._cluster, [topic])):
            return []
        async with _reading(self._cluster, topic) as consumer:
            spans = {place: (end - 1, end) for place, (first, end) in (await _ends(consumer, places)).items() if first < end}
            return [one async for batch in _read(consumer, spans) for one in batch]

    async def whole(self, topic: str) -> list[Delivery]:
        """See `topics.bus.Log`."""
        return await read_all(self._cluster, topic)

    async def read(self, spans: Mapping[Place, tuple[int, int]]) -> AsyncIterator[list[Delivery]]:
        """See `topics.bus.Log`."""
        wanted = {TopicPartition(*place): span for place, span in spans.items() if span[0] < span[1]}
        if not wanted:
            return
        async with _reading(self._cluster, " and ".join(sorted({place.topic for place in wanted}))) as consumer:
            async for batch in _read(consumer, wanted):
                yield batch


@asynccontextmanager
async def _reading(cluster: Cluster, what: str, group: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=cluster.bootstrap_servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=cluster.fetch_wait_ms,
        max_partition_fetch_bytes=2 * LARGEST_MESSAGE_BYTES,
    )
    try:
        await consumer.start()
        yield consumer
    except (KafkaError, OSError, TimeoutError) as error:
        raise BrokerGone(f"The Kafka broker failed while {what} was read ({type(error).__name__}).") from error
    finally:
        await consumer.stop()


async def _places(cluster: Cluster, topics: Iterable[str]) -> list[TopicPartition]:
    """By the admin client: on Apache Kafka a consumer knows the partitions of no topic that it does not subscribe to."""
    counts = await partitions(cluster.bootstrap_servers, topics)
    return [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]


async def _ends(consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> _Spans:
    """Each partition's first offset, and the one after its last."""
    first, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    return {place: (first[place], ends[place]) for place in places}


async def _read(consumer: AIOKafkaConsumer, spans: _Spans, whole: bool = False) -> AsyncIterator[list[Delivery]]:
    """What stands in the spans; `whole`: to the end of what is there, of which the embedded broker's end offsets fall short."""
    if not spans:
        return
    left = {place: end for place, (_, end) in spans.items()}
    seen: set[TopicPartition] = set()
    consumer.assign(list(spans))
    for place, (first, _) in spans.items():
        consumer.seek(place, first)
    while left:
        for place, records in (await _some(consumer, set(left))).items():
            if whole and place not in seen:  # it counts a batch as one in its end offsets, but not here
                left[place] = max(left[place], consumer.highwater(place) or 0)
                seen.add(place)
            end = left[place]
            yield [Delivery(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers)) for r in records if r.offset < end]
            if records[-1].offset + 1 >= end:
                del left[place]


async def _some(consumer: AIOKafkaConsumer, places: set[TopicPartition]) -> dict[TopicPartition, list[Any]]:
    """The next records of those partitions; waits for some."""
    async with asyncio.timeout(_STALLED_SECONDS):
        while True:
            batches: dict[TopicPartition, list[Any]] = await consumer.getmany(*places, timeout_ms=500)
            if batches:
                return batches
