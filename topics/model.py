"""The base of every message: frozen, closed to unknown fields, and silent about values in its errors."""

from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints


class Wire(BaseModel):
    """A part of a message.

    `hide_input_in_errors`: a validation error must never carry what a person sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


ProcessorName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
"""Also the last part of a topic's name, so only what Kafka allows there."""

RecordKind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]

Digest = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
"""128 bits of a keyed digest, base64url: stands for a record reference outside the vendor's worker."""

Sealed = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$")]
"""A compact JWE (`dir`, `A256GCM`): see `topics.sealing`."""

Sentence = Annotated[str, StringConstraints(max_length=500)]
"""Words for a person, made by us: never a vendor's text, never personal data."""

Moment = AwareDatetime


def absent(value: object) -> bool:
    """For `exclude_if`: a field that is not given is left out, so that what was written before it existed stays as it was."""
    return value in (None, ())


class NotPickled:
    """Holds something of a person, or a key: neither pickled nor copied into another process."""

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        raise TypeError("what may hold something of a person is not pickled: seal it (topics.sealing)")


class Clock(Protocol):
    """Where the time comes from; tests hand in their own."""

    def __call__(self) -> datetime: ...


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)
