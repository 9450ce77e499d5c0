"""A broker in memory: partitions, consumer groups, committed offsets, and processes that die on order. No more than Kafka promises."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from topics.bus import BrokerGone, Delivery, Message, Place, Standing


class Crash(BaseException):
    """The process dies here (no `Exception`, so that nothing can catch it by mistake)."""


@dataclass
class Moments:
    """Every moment at which a process could die, in order. It dies at number `die_at` (from 1), once."""

    die_at: int | None = None
    passed: list[str] = field(default_factory=list)

    def reach(self, moment: str) -> None:
        """Note a moment.

        Raises:
            Crash: this is the one to die at.
        """
        self.passed.append(moment)
        if len(self.passed) == self.die_at:
            raise Crash(moment)


@dataclass
class _Group:
    members: list["MemoryInbox"] = field(default_factory=list)
    committed: dict[Place, int] = field(default_factory=dict)


class MemoryBroker:
    """Topics come into being when they are written to or read. While `away` is set, nothing gets through."""

    def __init__(self, partitions: int = 3) -> None:
        self.partitions = partitions
        self.away = False
        self.logs: dict[Place, list[Delivery]] = defaultdict(list)
        self.first: dict[Place, int] = defaultdict(int)
        self.groups: dict[str, _Group] = defaultdict(_Group)
        self._arrived: list[Delivery] = []

    def publisher(self, moments: Moments | None = None) -> "MemoryPublisher":
        """A way in. `moments`: of the process that publishes."""
        return MemoryPublisher(self, moments or Moments())

    def inbox(self, group: str, *topics: str, moments: Moments | None = None) -> "MemoryInbox":
        """A new member of a group; the partitions are shared out anew."""
        inbox = MemoryInbox(self, group, topics, moments or Moments())
        self.groups[group].members.append(inbox)
        self.share_out(group)
        return inbox

    def age_out(self, topic: str) -> None:
        """Everything on the topic is gone, as when its retention has passed."""
        self.first |= {place: len(log) for place, log in self.logs.items() if place[0] == topic}

    def messages(self, topic: str) -> list[Delivery]:
        """Everything that stands on a topic, in the order of arrival."""
        return [delivery for delivery in self._arrived if delivery.topic == topic]

    def lag(self, group: str, topic: str) -> int:
        """How many messages of a topic a group has not committed yet."""
        places = [(topic, number) for number in range(self.partitions)]
        return sum(len(self.logs[place]) - self.groups[group].committed.get(place, 0) for place in places)

    def append(self, message: Message) -> None:
        """Write one message; those with the same key stand on the same partition, in order."""
        number = crc32(message.key) % self.partitions if message.key is not None else len(self._arrived) % self.partitions
        log = self.logs[message.topic, number]
        log.append(Delivery(message.topic, number, len(log), message.key, message.value, message.headers))
        self._arrived.append(log[-1])

    def share_out(self, group: str) -> None:
        """A rebalance: who keeps a partition goes on there, who gets a new one starts from what is committed."""
        members, committed = self.groups[group].members, self.groups[group].committed
        before = {id(member): dict(member.positions) for member in members}
        for member in members:
            member.positions.clear()
        for topic in sorted({topic for member in members for topic in member.topics}):
            readers = [member for member in members if topic in member.topics]
            for number in range(self.partitions):
                owner, place = readers[number % len(readers)], (topic, number)
                owner.positions[place] = before[id(owner)].get(place, committed.get(place, 0))

    def check(self) -> None:
        """Raise `BrokerGone` while the broker is away."""
        if self.away:
            raise BrokerGone("The broker in memory is away.")


class MemoryLog:
    """`topics.bus.Log`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    async def standing(self, group: str, topics: Sequence[str]) -> dict[Place, Standing]:
        """As things stand now."""
        committed, first = self._broker.groups[group].committed, self._broker.first
        places = [(topic, number) for topic in topics for number in range(self._broker.partitions)]
        return {place: Standing(committed.get(place), first[place], len(self._broker.logs[place])) for place in places}

    async def newest(self, topic: str) -> list[Delivery]:
        """The last of each partition."""
        return [log[-1] for place, log in self._broker.logs.items() if place[0] == topic and len(log) > self._broker.first[place]]

    async def whole(self, topic: str) -> list[Delivery]:
        """Everything that has not aged out."""
        return [one for one in self._broker.messages(topic) if one.offset >= self._broker.first[topic, one.partition]]

    async def read(self, spans: Mapping[Place, tuple[int, int]]) -> AsyncIterator[list[Delivery]]:
        """One batch for each partition."""
        for place, (first, end) in spans.items():
            yield self._broker.logs[place][max(first, self._broker.first[place]) : end]


class MemoryPublisher:
    """`topics.bus.Publisher`."""

    def __init__(self, broker: MemoryBroker, moments: Moments) -> None:
        self._broker, self._moments = broker, moments

    async def publish(self, messages: Sequence[Message]) -> None:
        """One after the other: a crash can leave some sent and some not."""
        for message in messages:
            self._moments.reach(f"before publishing on {message.topic}")
            self._broker.check()
            self._broker.append(message)
            self._moments.reach(f"after publishing on {message.topic}")


class MemoryInbox:
    """`topics.bus.Inbox`. `positions`: the partitions that it owns, and the next offset to read of each."""

    def __init__(self, broker: MemoryBroker, group: str, topics: tuple[str, ...], moments: Moments) -> None:
        self.topics = topics
        self.positions: dict[Place, int] = {}
        self._broker, self._group, self._moments = broker, group, moments

    async def receive(self, most: int, wait_seconds: float) -> list[Delivery]:
        """What is there now; it never waits, but lets others run."""
        await asyncio.sleep(0)
        self._broker.check()
        found: list[Delivery] = []
        for place, position in self.positions.items():
            taken = self._broker.logs[place][position : position + most - len(found)]
            self.positions[place] += len(taken)
            found += taken
        if found:
            self._moments.reach(f"after receiving from {found[0].topic}")
        return found

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """What another member has meanwhile is left out."""
        self._moments.reach("before committing offsets")
        self._broker.check()
        self._broker.groups[self._group].committed |= {place: offset for place, offset in offsets.items() if self.owns(*place)}
        self._moments.reach("after committing offsets")

    def owns(self, topic: str, partition: int) -> bool:
        """Whether the partition is ours."""
        return (topic, partition) in self.positions

    def leave(self) -> None:
        """Leave the group, as a process does that ends or dies: what was not committed comes again, to others."""
        self._broker.groups[self._group].members.remove(self)
        self.positions.clear()
        self._broker.share_out(self._group)
