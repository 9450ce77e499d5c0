"""Ports to the broker: what is received, what is sent, and who sends it."""

from collections.abc import Sequence
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


class BrokerGone(Exception):
    """The broker cannot be reached, or did not acknowledge within the time given."""
