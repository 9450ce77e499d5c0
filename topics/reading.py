"""Reads a whole topic, once and without a consumer group. Imports aiokafka, as `topics.kafka` and `topics.admin` do."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from topics.bus import BrokerGone, Delivery
from topics.kafka import Cluster
from topics.names import LARGEST_MESSAGE_BYTES

_STALLED_SECONDS = 30.0


async def read_all(cluster: Cluster, topic: str) -> list[Delivery]:
    """Every message that stands on the topic now, by partition and offset; none if there is no such topic.

    Raises:
        BrokerGone: the broker cannot be reached, or stops answering.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=cluster.bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=cluster.fetch_wait_ms,
        max_partition_fetch_bytes=2 * LARGEST_MESSAGE_BYTES,
    )
    try:
        await consumer.start()
        return await _all(consumer, topic)
    except (KafkaError, OSError, TimeoutError) as error:
        raise BrokerGone(f"The Kafka broker failed while {topic} was read ({type(error).__name__}).") from error
    finally:
        await consumer.stop()


async def _all(consumer: AIOKafkaConsumer, topic: str) -> list[Delivery]:
    if topic not in await consumer.topics():  # to ask for a missing topic's partitions would create it on some brokers
        return []
    places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(places)
    first, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    left = {place for place in places if first[place] < ends[place]}
    seen: set[TopicPartition] = set()
    found: list[Delivery] = []
    while left:
        for place, records in (await _some(consumer, left)).items():
            if place not in seen:  # the embedded broker counts a batch as one in its end offsets, but not here
                ends[place] = max(ends[place], consumer.highwater(place) or 0)
                seen.add(place)
            found += [Delivery(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers)) for r in records if r.offset < ends[place]]
            if records[-1].offset + 1 >= ends[place]:
                left.discard(place)
    return sorted(found, key=lambda one: (one.partition, one.offset))


async def _some(consumer: AIOKafkaConsumer, places: set[TopicPartition]) -> dict[TopicPartition, list[Any]]:
    """The next records of those partitions; waits for some."""
    async with asyncio.timeout(_STALLED_SECONDS):
        while True:
            batches: dict[TopicPartition, list[Any]] = await consumer.getmany(*places, timeout_ms=500)
            if batches:
                return batches
