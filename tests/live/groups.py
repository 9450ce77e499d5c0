"""What the broker itself says of consumer groups, asked from beside the processes under test."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

_LOOK_SECONDS = 0.2


async def until(true: Callable[[], Awaitable[bool]], what: str, seconds: float = 60.0) -> None:
    """Wait for a condition; fails with `what` when it does not come. A broker that is not ready is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if await true():
                return
        except (KafkaError, OSError) as error:
            what = f"{what} (last {type(error).__name__})"
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        await asyncio.sleep(_LOOK_SECONDS)


class Groups:
    """Use as an async context manager."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers

    async def __aenter__(self) -> Self:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self._servers)
        await self._admin.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._admin.close()
        await self._consumer.stop()

    async def create(self, topic: str, partitions: int = 1) -> None:
        await self._admin.create_topics([NewTopic(topic, partitions, 1)])

    async def committed(self, group: str) -> int:
        """The sum of the group's committed offsets: how many messages it will never see again."""
        return sum(found.offset for found in (await self._offsets(group)).values())

    async def lag(self, group: str, *topics: str) -> int:
        """How many messages of those topics the group has not acknowledged."""
        found = await self._offsets(group)
        await self._consumer._client.force_metadata_update()
        places = [TopicPartition(topic, number) for topic in topics for number in sorted(await self._partitions(topic))]
        ends = await self._consumer.end_offsets(places)
        return sum(ends[place] - (found[place].offset if place in found else 0) for place in places)

    async def _partitions(self, topic: str) -> set[int]:
        await self._consumer.topics()
        return self._consumer.partitions_for_topic(topic) or set()

    async def _offsets(self, group: str) -> dict[TopicPartition, Any]:
        found: dict[TopicPartition, Any] = await self._admin.list_consumer_group_offsets(group)
        return found
