"""Ports to the broker: what is received, what is sent, and who sends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Delivery:
    """One message as received. It is acknowledged apart, after its work is done and committed."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True)
class Message:
    """One message to send. `topic` is the full name; `key` is the request id."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers


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


class Fenced(Exception):
    """Another live process reads under our identity."""


class BrokerGone(Exception):
    """The broker cannot be reached, or did not acknowledge within the time given."""
