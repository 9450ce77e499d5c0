"""Ports to the broker: what is received, what is sent, and who sends it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from topics.model import NotPickled

Headers = tuple[tuple[str, bytes], ...]
Place = tuple[str, int]
"""A topic and one of its partitions."""


@dataclass(frozen=True)
class Delivery(NotPickled):
    """One message as received. It is acknowledged apart, after its work is done and committed.

    Anybody wrote it, so only its place is printed.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: Headers = field(repr=False)


@dataclass(frozen=True)
class Message:
    """One message to send. `topic` is the full name; `key` is the request id. Printed without what it carries."""

    topic: str
    key: bytes | None = field(repr=False)
    value: bytes = field(repr=False)
    headers: Headers = field(repr=False)


class Publisher(Protocol):
    """Sends messages and returns when the broker has acknowledged every one."""

    async def publish(self, messages: Sequence[Message]) -> None: ...


class Inbox(Protocol):
    """Receives as a member of a consumer group; commits only what it is told."""

    async def receive(self, most: int, wait_seconds: float) -> list[Delivery]:
        """Up to `most` messages that came within the wait; with 0 none are taken, and the membership is kept up."""
        ...

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit the next offset to read, per (topic, partition). What was taken from us meanwhile is left out."""
        ...

    def owns(self, topic: str, partition: int) -> bool:
        """Whether the partition is still ours."""
        ...


@dataclass(frozen=True)
class Standing:
    """A partition: the next offset that a group has to read (None: it never committed), its first offset, and the one after its last."""

    committed: int | None
    first: int
    end: int


class Log(Protocol):
    """Reads what stands on topics, as a member of no group."""

    async def standing(self, group: str, topics: Sequence[str]) -> dict[Place, Standing]:
        """How each partition of those topics stands; what was committed is asked first, so that it is never too new."""
        ...

    async def newest(self, topic: str) -> list[Delivery]:
        """The last message of each partition."""
        ...

    async def whole(self, topic: str) -> list[Delivery]:
        """Everything that stands on it."""
        ...

    def read(self, spans: Mapping[Place, tuple[int, int]]) -> AsyncIterator[list[Delivery]]:
        """What stands from one offset up to another (left out), each partition in order."""
        ...


class Fenced(Exception):
    """Another live process reads under our identity."""


class BrokerGone(Exception):
    """The broker cannot be reached, or did not acknowledge within the time given."""
