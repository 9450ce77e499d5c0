"""All that a vendor module may see. A connector says where a person's records are and how one is erased; the worker does the rest."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from string import Formatter
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from connectors.ageing import RetentionRule
from connectors.auth import SignIn
from connectors.errors import Denied, Gone, Misread, NeedsIdentifier, NeedsPerson, NotApplicable, Refused, VendorError
from connectors.lists import MOST_PAGES, Paging, Turn, by_cursor, by_href, by_link, by_offset, by_page, found, rows
from connectors.ports import Answer, Database, Door, Mailbox, Opens, Reference, Row
from topics.configuration import ConfiguredPath, DatabaseUrl, ProcessorKind, Secret, Text
from topics.outcomes import Outcome
from topics.subject import Subject

__all__ = [
    "Accepted", "Answer", "ConfiguredPath", "Connector", "Database", "DatabaseUrl", "Denied", "Door", "Gone", "Key", "Kind",
    "MOST_PAGES", "Mailbox", "Misread", "NeedsIdentifier", "NeedsPerson", "NoSettings", "NotApplicable", "Opens", "Outcome",
    "Paging", "ProcessorKind", "Record", "Reference", "Refused", "RetentionRule", "Right", "Row", "Secret", "Settings", "Shape",
    "Spec", "State", "Subject", "Text", "Turn", "VendorError", "by_cursor", "by_href", "by_link", "by_offset", "by_page", "found", "rows",
]  # fmt: skip

Key = tuple[str, str]
"""What makes a record the same in two looks: its kind and its reference."""


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
    is the `key` of the record that must stay as long as this one is held, or several: the contact that an invoice hangs from.
    """

    kind: str
    ref: str = field(repr=False)
    since: date | datetime | None = None
    binds: Key | tuple[Key, ...] | None = field(default=None, repr=False)
    state: State = field(default=State.PRESENT, compare=False)

    @property
    def key(self) -> Key:
        """What makes it the same record in two looks."""
        return (self.kind, self.ref)

    @property
    def bound(self) -> tuple[Key, ...]:
        """The keys in `binds`, however many."""
        match self.binds:
            case None:
                return ()
            case (str(kind), str(ref)):
                return ((kind, ref),)
            case several:
                return several


@dataclass(frozen=True)
class Kind:
    """A kind of record that a connector finds. `kept_because`: why the vendor offers no way to erase it, else None.

    `at`: the path of one record, which is erased by DELETE (`/contacts/{id}`). Fields that name a setting are filled with
    it; the others, in order, with the parts of `Record.ref` between slashes, the last one with all the rest. `peeks`: GET there
    answers 404 or 410 once the record is gone, and never before. `how`: what restricting does there ("archived"). `strips`:
    the fields that `strip` can empty in a record that the law keeps.
    """

    name: str
    kept_because: str | None = None
    restricts: bool = False
    lifts: bool = False
    at: str | None = None
    peeks: bool = False
    how: str = ""
    strips: tuple[str, ...] = ()


Facts = Literal["specification", "source code", "client library", "documentation", "documentation in part", "community's accounts"]
"""What of the vendor's a connector's facts stand on, the surest first; a specification is written for machines."""


@dataclass(frozen=True)
class Spec:
    """What a connector is. `kinds` stand in the order in which they are erased: what hangs from another comes first.

    `identifiers`: the kinds it can search by, any one of them is enough. `calls_per_minute` is the vendor's own limit
    or a polite pace. `concurrency`: cases at once. `settle_seconds`: how long the vendor's search may lag behind a
    deletion. `not_covered`: what may hold something of a
    person there and is not searched; it stands on every certificate. `docs`, `checked`: the vendor's API page, and when
    these facts were last compared with it. `erased_as_located`: records are erased in the order in which `locate` yields them.
    `facts`: what of the vendor's they stand on.
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
    erased_as_located: bool = False
    facts: Facts = "documentation"

    def kind_of(self, record: Record) -> Kind:
        """The declared kind of a record; an undeclared one is a defect of the connector."""
        return next(kind for kind in self.kinds if kind.name == record.kind)


@dataclass(frozen=True)
class Right:
    """One right that our credential needs. `name`: in the vendor's words; `to`: what it is needed for.

    `held`: whether the vendor says that we have it; None where it does not say.
    """

    name: str
    to: Literal["erase", "restrict"]
    held: bool | None


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


S = TypeVar("S", bound=Settings)


class Connector(ABC, Generic[S]):
    """A vendor. Write `spec`, `settings_model`, `auth` and `locate`; the rest where a kind's `at` does not say it."""

    spec: ClassVar[Spec]
    settings_model: ClassVar[type[Settings]]
    base_url: ClassVar[str | None] = None  # the vendor's own, where it is the same for every customer
    opens: ClassVar[Opens] = "http"
    case: str = ""
    """Names the case: the same in every round of it, and in no other. Given by the worker."""

    def __init__(self, settings: S, door: Any) -> None:
        self.settings = settings
        self._door = door

    @property
    def http(self) -> Door:
        """The vendor's HTTP API (`opens = "http"`)."""
        door: Door = self._door
        return door

    @property
    def database(self) -> Database:
        """The database (`opens = "database"`)."""
        door: Database = self._door
        return door

    @property
    def mailbox(self) -> Mailbox:
        """The mailbox (`opens = "mailbox"`)."""
        door: Mailbox = self._door
        return door

    @classmethod
    def auth(cls, settings: S) -> SignIn | None:
        """How calls are signed in: see `connectors.auth`."""
        return None

    @classmethod
    def retention(cls, settings: S) -> Sequence[RetentionRule]:
        """What goes by itself here, where the settings say so; else `[[retention]]` does."""
        return ()

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The identifier kinds that it can search by; its spec's, unless the settings say so."""
        return self.spec.identifiers

    @abstractmethod
    def locate(self, subject: Subject) -> AsyncIterator[Record]:
        """Every record of exactly this subject, archived and closed ones too. Makes no writing call.

        Ends normally only when everything was searched; anything that keeps it from knowing raises.
        """

    async def erase(self, record: Record) -> Accepted | Literal[Outcome.ANONYMISED] | None:
        """Erase one record for good; unless overridden, by DELETE at its kind's `at`. None: gone. `Gone` may be raised: it was already."""
        await self.on(record, self.http.delete)
        return None

    def planned_call(self, record: Record) -> str | None:
        """What a dry run tells of a record that would be erased, without a value of the person's; nothing unless overridden."""
        return None

    async def restrict(self, record: Record) -> None:
        """Archive, block or suppress one record, so that it is no longer processed (kinds with `restricts`)."""
        raise Refused(f"{self.spec.name} offers no way to restrict a {record.kind}.")

    async def lift(self, record: Record) -> None:
        """Undo `restrict` (kinds with `lifts`)."""
        raise Refused(f"{self.spec.name} offers no way to lift the restriction of a {record.kind}.")

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        """Empty those fields of the kind's `strips` that are not in `keep`, and nothing else; the record stays, and is still found.

        Makes no writing call where they are empty already.
        """
        raise Refused(f"{self.spec.name} offers no way to strip a {record.kind}.")

    async def peek(self, record: Record) -> State | None:
        """How one record stands, asked by its reference; None where the vendor cannot tell by reference.

        Unless overridden: GET at its kind's `at`, where the kind `peeks`. `Gone` may be raised in place of `State.GONE`. Where
        the vendor's search lags, this is the proof.
        """
        return self.state_of(record, await self.on(record, self.http.get)) if self.spec.kind_of(record).peeks else None

    def state_of(self, record: Record, answer: Answer) -> State:
        """How a record stands that `peek` was shown; `PRESENT` unless overridden. `answer` must be an object in JSON."""
        answer.read(dict[str, object])
        return State.PRESENT

    async def rights(self) -> Sequence[Right]:
        """What the vendor says that our credential may do, for every right that erasing and restricting need. Makes no writing call.

        Empty where the vendor cannot tell: nobody then knows without erasing.
        """
        return ()

    async def on(self, record: Record, call: Callable[..., Awaitable[Answer]], **given: Any) -> Answer:
        """`call` (`self.http.delete`, …) at the path of one record, with `query` and `json` as given. Raises as the door does."""
        path = self.spec.kind_of(record).at
        if path is None:
            raise Refused(f"{self.spec.name} names no path of a {record.kind}.")
        names = [name for _, name, _, _ in Formatter().parse(path) if name]
        settings = {name: str(getattr(self.settings, name)) for name in names if name in type(self.settings).model_fields}
        of_ref = [name for name in names if name not in settings]
        parts = record.ref.split("/", len(of_ref) - 1) if of_ref else []  # some vendors want it in the query
        return await call(path, **given, **settings, **dict(zip(of_ref, parts, strict=True)))
