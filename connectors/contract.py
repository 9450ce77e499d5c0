"""All that a vendor module may see. A connector says where a person's records are and how one is erased; the worker does the rest."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict

from connectors.errors import Denied, Gone, Misread, NeedsPerson, Refused, VendorError
from topics.configuration import ProcessorKind, Secret
from topics.outcomes import Outcome
from topics.subject import Subject

__all__ = [
    "MOST_PAGES", "Accepted", "Answer", "Connector", "Denied", "Door", "Gone", "Kind", "Misread", "NeedsPerson",
    "NoSettings", "Outcome", "ProcessorKind", "Record", "Refused", "Secret", "Settings", "Shape", "Spec", "State",
    "Subject", "VendorError", "pages",
]  # fmt: skip


T = TypeVar("T")

MOST_PAGES = 2_000
"""A list longer than this is a paging fault: `Misread` says so instead of turning for ever."""


class State(StrEnum):
    """How a record stands at the vendor."""

    PRESENT = "present"
    RESTRICTED = "restricted"  # archived, blocked, deactivated, suppressed
    ANONYMISED = "anonymised"  # there, but nothing of the person in it
    GONE = "gone"


@dataclass(frozen=True)
class Record:
    """One record of a person at a vendor.

    `ref` is whatever the connector needs to find it again, and may be personal data: it is never printed. `since` is what a
    legal hold counts from: an invoice's date, or a moment, of which the controller's local day counts. `binds`
    is the `key` of the record that must stay as long as this one is held: the contact that an invoice hangs from.
    """

    kind: str
    ref: str = field(repr=False)
    since: date | datetime | None = None
    binds: tuple[str, str] | None = field(default=None, repr=False)
    state: State = field(default=State.PRESENT, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same record in two looks: kind and reference."""
        return (self.kind, self.ref)


@dataclass(frozen=True)
class Kind:
    """A kind of record that a connector finds. `kept_because`: why the vendor offers no way to erase it, else None."""

    name: str
    kept_because: str | None = None
    restricts: bool = False
    lifts: bool = False


@dataclass(frozen=True)
class Spec:
    """What a connector is. `kinds` stand in the order in which they are erased: what hangs from another comes first.

    `identifiers`: the kinds it can search by, any one of them is enough. `calls_per_minute` is the vendor's own limit
    or a polite pace. `concurrency`: cases at once. `settle_seconds`: how long the vendor's search may lag behind a
    deletion. `not_covered`: what may hold something of a
    person there and is not searched; it stands on every certificate. `docs`, `checked`: the vendor's API page, and when
    these facts were last compared with it.
    """

    name: str
    kind: ProcessorKind
    kinds: tuple[Kind, ...]
    identifiers: tuple[str, ...]
    calls_per_minute: int
    docs: str
    checked: date
    concurrency: int = 8
    not_covered: tuple[str, ...] = ()
    settle_seconds: float = 0.0

    def kind_of(self, record: Record) -> Kind:
        """The declared kind of a record; an undeclared one is a defect of the connector."""
        return next(kind for kind in self.kinds if kind.name == record.kind)


class Settings(BaseModel):
    """A connector's settings from `[[processors]]`; a wrong or missing one is refused at start."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, coerce_numbers_to_str=True)


class NoSettings(Settings):
    """For a connector that needs none."""


class Shape(BaseModel):
    """A part of a vendor's answer. Fields that we rely on have no default, so that a changed API is `Misread`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True)


@dataclass(frozen=True)
class Accepted:
    """The vendor erases later and offers no proof yet: look again on `until`."""

    until: date


class Answer(Protocol):
    """A vendor's successful (2xx) answer."""

    @property
    def status(self) -> int:
        """200 to 299."""
        ...

    def read(self, shape: type[T]) -> T:
        """The JSON body as `shape` (a `Shape`, or a list of them). Raises `Misread` when it does not fit."""
        ...

    def next_query(self, href: str | None = None) -> dict[str, str] | None:
        """The query of the next page: from `href`, or from the `Link: rel="next"` header; None on the last page."""
        ...


class Door(Protocol):
    """The one door to the vendor: host pinned, paced, timed out, retried; status turned into an error.

    `path` is a template (`/contacts/{id}`) and `values` fill it, escaped: only the template is ever logged. Raises
    `Gone` (404, 410), `Denied` (401, 403), `Refused` (other 4xx), `Misread`; a passing fault is retried inside.
    """

    async def get(self, path: str, *, query: Mapping[str, Any] | None = None, **values: str) -> Answer: ...

    async def post(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Answer: ...

    async def put(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Answer: ...

    async def patch(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Answer: ...

    async def delete(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Answer: ...


S = TypeVar("S", bound=Settings)


async def pages(
    http: Door, path: str, query: Mapping[str, Any], more: Callable[[Answer], Mapping[str, Any] | None] | None = None, **values: str
) -> AsyncIterator[Answer]:
    """Every page of a list. `more` gives what the next page's query changes, None on the last; else the `Link` header does.

    Raises:
        Misread: the list does not end, or asks for the same page again.
    """
    for _ in range(MOST_PAGES):
        answer = await http.get(path, query=query, **values)
        yield answer
        change = more(answer) if more else answer.next_query()
        if change is None:
            return
        if {**query, **change} == query:
            raise Misread(f"The list {path} leads to the same page again.")
        query = {**query, **change}
    raise Misread(f"The list {path} has more than {MOST_PAGES} pages.")


class Connector(ABC, Generic[S]):
    """A vendor. Write `spec`, `settings_model`, `auth`, `locate` and `erase`; the rest where the vendor can."""

    spec: ClassVar[Spec]
    settings_model: ClassVar[type[Settings]]
    base_url: ClassVar[str | None] = None  # the vendor's own, where it is the same for every customer

    def __init__(self, settings: S, http: Door) -> None:
        self.settings = settings
        self.http = http

    @classmethod
    def auth(cls, settings: S) -> httpx.Auth | None:
        """How calls are signed in: see `connectors.auth`."""
        return None

    @abstractmethod
    def locate(self, subject: Subject) -> AsyncIterator[Record]:
        """Every record of exactly this subject, archived and closed ones too. Makes no writing call.

        Ends normally only when everything was searched; anything that keeps it from knowing raises.
        """

    @abstractmethod
    async def erase(self, record: Record) -> Accepted | Literal[Outcome.ANONYMISED] | None:
        """Erase one record for good. None: gone. `Gone` may be raised: it was gone already."""

    async def restrict(self, record: Record) -> None:
        """Archive, block or suppress one record, so that it is no longer processed (kinds with `restricts`)."""
        raise Refused(f"{self.spec.name} offers no way to restrict a {record.kind}.")

    async def lift(self, record: Record) -> None:
        """Undo `restrict` (kinds with `lifts`)."""
        raise Refused(f"{self.spec.name} offers no way to lift the restriction of a {record.kind}.")

    async def peek(self, record: Record) -> State | None:
        """How one record stands, asked by its reference; None where the vendor cannot tell by reference.

        `Gone` may be raised in place of `State.GONE`. Where the vendor's search lags, this is the proof.
        """
        return None
