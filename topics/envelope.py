"""CloudEvents 1.0 on Kafka: binary mode written and read, structured mode read (github.com/cloudevents/spec, kafka-protocol-binding)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn, TypeVar
from uuid import UUID, uuid4

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import BaseModel, ValidationError

from topics.bus import Delivery, Headers, Message
from topics.model import NotPickled

ORCHESTRATOR = "/erasure/orchestrator"
"""`ce_source` of what the orchestrator writes; a worker's is `/erasure/processor/<name>`."""

_JSON = JSONFormat()
_LONGEST_ATTRIBUTE = 300
_ATTRIBUTES = frozenset({"id", "source", "type", "specversion", "time", "subject", "datacontenttype", "dataschema"})

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context, version 00: four numbers, no words. `tracestate` may hold anything, and is not passed on."""

M = TypeVar("M", bound=BaseModel)


class Unreadable(StrEnum):
    """Why a message goes to dead letters (closed set; stands in the dead letter as `reason`)."""

    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    INVALID_ENVELOPE = "invalid_envelope"
    UNKNOWN_TYPE = "unknown_type"
    INVALID_CONTENT = "invalid_content"
    UNKNOWN_PROCESSOR = "unknown_processor"
    UNKNOWN_REQUEST = "unknown_request"
    CONFLICTING_REQUEST = "conflicting_request"
    CONFLICTING_EVENT = "conflicting_event"
    SEALED = "sealed"  # the key is not, or no longer, in the keyring
    UNSUPPORTED = "unsupported"
    INTERNAL = "internal"  # a defect of ours: nothing was lost, please report it


class Poison(Exception):
    """This message can never be processed. `detail` says why, where and what to do, without personal data."""

    def __init__(self, reason: Unreadable, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Event(NotPickled):
    """A CloudEvent as read: `data` is JSON data, not yet checked against a model. Anybody wrote it: nothing of it is printed.

    `trace`: the W3C trace context that it travels under, if that has its form; it goes on with all that follows from the event.
    """

    type: str = field(repr=False)
    source: str = field(repr=False)
    id: str = field(repr=False)
    correlation_id: str | None = field(repr=False)
    data: Any = field(repr=False)
    trace: str | None = field(default=None, repr=False)


def read(delivery: Delivery, largest_bytes: int) -> Event:
    """The CloudEvent in a delivery, in binary or structured mode.

    Raises:
        Poison: it is too large, no JSON, or no CloudEvent 1.0.
    """
    if delivery.value is None or len(delivery.value) == 0:
        raise Poison(Unreadable.UNREADABLE, "The message has no value; send the request as JSON.")
    if len(delivery.value) > largest_bytes:
        raise Poison(Unreadable.TOO_LARGE, f"The message has {len(delivery.value)} bytes; at most {largest_bytes} are taken.")
    headers = {name.lower(): value or b"" for name, value in delivery.headers}
    media_type = headers.setdefault("content-type", b"application/json").split(b";")[0].strip().lower()
    _check_repeated(delivery.headers)
    data = _json(delivery.value)  # the library takes what is no JSON for text
    if media_type == b"application/cloudevents+json":
        event = _parse(KafkaMessage({"content-type": media_type}, None, delivery.value))
        given = event.get_data()
        return _as_event(event, _json(given) if isinstance(given, bytes) else given, headers)
    _check_headers(headers, media_type)
    return _as_event(_parse(KafkaMessage(headers, None, b"")), data, headers)


def _json(value: bytes) -> Any:
    try:
        return json.loads(value.decode(), object_pairs_hook=_each_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Poison(Unreadable.UNREADABLE, "The message is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Poison(Unreadable.UNREADABLE, f"The message is not JSON (line {error.lineno}, column {error.colno}).") from None
    except (ValueError, RecursionError):
        what = "a name stands twice in one object, a number is none, or it is nested too deep"
        raise Poison(Unreadable.UNREADABLE, f"The message is JSON that can be read in two ways or in none: {what}.") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two equal names the last would win: the other's value would be a person who is silently not erased."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_number(_constant: str) -> NoReturn:
    raise ValueError


def _check_repeated(given: Headers) -> None:
    names = [name.lower() for name, _ in given]
    ours = [name for name in names if name.startswith("ce_") or name == "content-type"]
    if len(ours) != len(set(ours)):
        raise Poison(Unreadable.INVALID_ENVELOPE, "A ce_ header, or content-type, stands there more than once.")


def _check_headers(headers: dict[str, bytes], media_type: bytes) -> None:
    """What the library would take for structured mode or mend silently, said instead."""
    missing = [f"ce_{name}" for name in ("specversion", "id", "source", "type") if not headers.get(f"ce_{name}")]
    if missing:
        raise Poison(Unreadable.INVALID_ENVELOPE, f"The Kafka header {', '.join(missing)} is missing (CloudEvents 1.0, binary mode).")
    if headers["ce_specversion"] != b"1.0":
        raise Poison(Unreadable.INVALID_ENVELOPE, "The Kafka header ce_specversion must be 1.0.")
    if media_type != b"application/json":
        raise Poison(Unreadable.INVALID_ENVELOPE, "The Kafka header content-type must be application/json.")


def _parse(message: KafkaMessage) -> BaseCloudEvent:
    try:
        return from_kafka(message, _JSON, None if "ce_specversion" not in message.headers else CloudEvent)
    except CloudEventValidationError as error:
        fields = ", ".join(sorted({name if name in _ATTRIBUTES else "an extension attribute" for name in error.errors}))
        raise Poison(Unreadable.INVALID_ENVELOPE, f"Not a CloudEvent 1.0; look at: {fields}.") from None
    except UnicodeDecodeError:
        raise Poison(Unreadable.INVALID_ENVELOPE, "A header is not UTF-8.") from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise Poison(Unreadable.INVALID_ENVELOPE, "The attributes do not make a CloudEvent 1.0 (is ce_time RFC 3339?).") from None


def _as_event(event: BaseCloudEvent, data: Any, headers: Mapping[str, bytes]) -> Event:
    if event.get_specversion() != "1.0":
        raise Poison(Unreadable.INVALID_ENVELOPE, "specversion must be 1.0.")
    for name, value in (("id", event.get_id()), ("source", event.get_source()), ("type", event.get_type())):
        if len(str(value)) > _LONGEST_ATTRIBUTE or not str(value).isprintable():
            raise Poison(Unreadable.INVALID_ENVELOPE, f"{name} must be at most {_LONGEST_ATTRIBUTE} printable characters.")
    correlation = event.get_extension("correlationid")
    return Event(
        type=str(event.get_type()),
        source=str(event.get_source()),
        id=str(event.get_id()),
        correlation_id=None if correlation is None else str(correlation),
        data=data,
        trace=_trace(event.get_extension("traceparent")) or _trace(headers.get("traceparent", b"").decode("ascii", "replace")),
    )


def _trace(given: object) -> str | None:
    """As W3C asks for, what has another form is dropped, and is no fault of the message."""
    return given if isinstance(given, str) and _TRACEPARENT.fullmatch(given) else None


def content(event: Event, model: type[M]) -> M:
    """The event's data as `model`. Its type must be known to be one of ours: it is named.

    Raises:
        Poison: a field is missing, wrong or unknown; the detail names fields and rules, never values.
    """
    try:
        # As JSON, so that JSON's rules hold (a list is a tuple, a text a UUID) and Python's do not.
        return model.model_validate_json(json.dumps(event.data))
    except RecursionError:
        raise Poison(Unreadable.INVALID_CONTENT, f"{event.type} is nested too deep.") from None
    except ValidationError as error:
        known = set(model.model_fields)
        faults = sorted({f"{_where(e['loc'], known)}: {_what(e)}" for e in error.errors(include_input=False, include_url=False)})
        raise Poison(Unreadable.INVALID_CONTENT, f"{event.type} does not fit: {'; '.join(faults[:10])}.") from None


def _where(location: tuple[int | str, ...], known: set[str]) -> str:
    """The field's path; a name that the sender chose is not repeated, since it may be personal data."""
    parts = [str(p) if isinstance(p, int) or p in known else "…" for p in location]
    return ".".join(parts) or "the value"


def _what(error: Any) -> str:
    """pydantic's own words, which hold rules and no values; "extra" gets a clearer sentence."""
    if error["type"] == "extra_forbidden":
        return "an unknown field"
    message = str(error["msg"])
    return message.removeprefix("Value error, ")


def write(
    topic: str,
    type: str,
    source: str,
    request_id: UUID,
    body: BaseModel,
    now: datetime,
    id: UUID | None = None,
    context: Any = None,
    trace: str | None = None,
) -> Message:
    """A message in binary mode, keyed by the request id. `context`: see `topics.subject.IN_PLAIN`; without it a person is never written."""
    attributes: dict[str, Any] = {
        "id": str(id or uuid4()),
        "source": source,
        "type": type,
        "time": now,
        "correlationid": str(request_id),
        "datacontenttype": "application/json",
        **({"traceparent": trace} if trace else {}),
    }
    event = CloudEvent(attributes, body.model_dump(mode="json", exclude_none=True, context=context))
    return _as_message(topic, str(request_id).encode(), to_binary(event, _JSON, lambda _: None))


def write_certificate(topic: str, request_id: UUID, certificate_id: UUID, jws: str, now: datetime, trace: str | None = None) -> Message:
    """A certificate as a message: its value is the compact JWS."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(certificate_id),
        "ce_source": ORCHESTRATOR,
        "ce_type": "subject.certificate",
        "ce_time": now.isoformat(),
        "ce_correlationid": str(request_id),
        "content-type": "application/jose",
        **({"ce_traceparent": trace} if trace else {}),
    }
    encoded = {name: value.encode() for name, value in headers.items()}
    return _as_message(topic, str(request_id).encode(), KafkaMessage(encoded, None, jws.encode()))


def _as_message(topic: str, key: bytes | None, message: KafkaMessage) -> Message:
    return Message(topic, key, message.value, tuple(message.headers.items()))
