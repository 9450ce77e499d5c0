"""Dead letters: what could not be processed, with the reason, and the original sealed."""

import base64
import json
from datetime import datetime
from uuid import UUID, uuid4

from topics.bus import Delivery, Message
from topics.envelope import Poison, Unreadable
from topics.model import Sealed, Wire
from topics.names import LARGEST_MESSAGE_BYTES
from topics.sealing import Key

DEAD_LETTER_TYPE = "erasure.dead_letter"

REPLAYED = "erasure-replayed-from"
"""A header with the place of the dead letter. No `ce_` stands before it, so that it is no part of the event."""

_LARGEST_ORIGINAL = LARGEST_MESSAGE_BYTES // 3
"""Base64 twice makes 16/9 of it, and headers and reason must fit beside it."""


class DeadLetter(Wire):
    """`detail` is a sentence without personal data. `sealed` is null where the original is too large to fit again."""

    reason: Unreadable
    detail: str
    topic: str
    partition: int
    offset: int
    sealed: Sealed | None


def pack(delivery: Delivery) -> bytes:
    """A delivery whole, as bytes to seal: key, value and headers."""
    whole = {
        "key": _text(delivery.key),
        "value": _text(delivery.value),
        "headers": [[name, _text(value)] for name, value in delivery.headers],
    }
    return json.dumps(whole).encode()


def unpack(packed: bytes, letter: DeadLetter) -> Delivery:
    """What `pack` was given, at the place that the letter names."""
    whole = json.loads(packed)
    headers = tuple((name, _bytes(value) or b"") for name, value in whole["headers"])
    return Delivery(letter.topic, letter.partition, letter.offset, _bytes(whole["key"]), _bytes(whole["value"]), headers)


def fits(delivery: Delivery) -> bool:
    """Whether the sealed original fits into a dead letter."""
    return len(pack(delivery)) <= _LARGEST_ORIGINAL


def dead_letter(topic: str, delivery: Delivery, poison: Poison, key: Key, source: str, now: datetime, *, whole: bool = False) -> Message:
    """The dead letter for a delivery, under its own key if that is a UUID: any other key may be personal data.

    `whole`: it carries the original whatever its size, because nobody else keeps it. What was replayed has the letter that it
    was replayed from as its cause.
    """
    letter = DeadLetter(
        reason=poison.reason,
        detail=poison.detail[:500],
        topic=delivery.topic,
        partition=delivery.partition,
        offset=delivery.offset,
        sealed=key.seal("dead_letter", pack(delivery)) if whole or fits(delivery) else None,
    )
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid4()),
        "ce_source": source,
        "ce_type": DEAD_LETTER_TYPE,
        "ce_time": now.isoformat(),
        "content-type": "application/json",
    } | _cause(delivery)
    encoded = tuple((name, value.encode()) for name, value in headers.items())
    return Message(topic, _safe_key(delivery.key), letter.model_dump_json().encode(), encoded)


def _cause(delivery: Delivery) -> dict[str, str]:
    """`ce_causationid` (CloudEvents, extension "correlation") of what we replayed ourselves; anybody else's may be personal data."""
    headers = dict(delivery.headers)
    try:
        return {"ce_causationid": str(UUID(headers["ce_causationid"].decode()))} if REPLAYED in headers else {}
    except (KeyError, ValueError):
        return {}


def _safe_key(key: bytes | None) -> bytes | None:
    try:
        return str(UUID((key or b"").decode())).encode()
    except ValueError:
        return None


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
