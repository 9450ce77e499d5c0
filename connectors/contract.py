"""All that a vendor module may see. A connector says where a person's records are and how one is erased; the worker does the rest."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from string import Formatter
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from connectors.ageing import RetentionRule
from connectors.auth import By, SignIn
from connectors.declared import Call, Key, Kind, Look, Record, Records, RestrictedIf, Spec, State
from connectors.errors import Denied, Gone, Misread, NeedsIdentifier, NeedsPerson, NotApplicable, Refused, VendorError
from connectors.lists import MOST_PAGES, Lists, Paging, Turn, allowed, by_cursor, by_href, by_link, by_offset, by_page, found, rows
from connectors.ports import Answer, Database, Door, Mailbox, Opens, Reference, Row
from topics.configuration import ConfiguredPath, DatabaseUrl, ProcessorKind, Secret, Text, Texts
from topics.outcomes import Outcome
from topics.subject import Subject

__all__ = [
    "Accepted", "Answer", "ApiKeySettings", "Call", "CamelShape", "ConfiguredPath", "Connector", "Database", "DatabaseUrl",
    "Denied", "Door", "Gone", "Key", "Kind", "Lists", "Look", "MOST_PAGES", "Mailbox", "Misread", "NeedsIdentifier",
    "NeedsPerson", "NoSettings", "NotApplicable", "OfAnyKind", "Opens", "Outcome", "Paging", "ProcessorKind", "Record",
    "Records", "Reference", "Refused", "RestrictedIf", "RetentionRule", "Right", "Row", "Secret", "Settings", "Shape", "Spec",
    "State", "Subject", "Text", "Texts", "TokenSettings", "Turn", "VendorError", "allowed", "by_cursor", "by_href", "by_link",
    "by_offset", "by_page", "found", "rows",
]  # fmt: skip


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


class ApiKeySettings(Settings):
    """For one that needs an API key; others may be added below it."""

    api_key: Secret


class TokenSettings(Settings):
    """For one that needs a token; others may be added below it."""

    token: Secret


class OfAnyKind(Settings):
    """For what stands for a processor of any kind, which may be written among the settings or beside them."""

    kind: ProcessorKind | None = None


class Shape(BaseModel):
    """A part of a vendor's answer. Fields that we rely on have no default, so that a changed API is `Misread`."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True, ignored_types=(RestrictedIf,)
    )


class CamelShape(Shape):
    """A part of an answer whose fields the vendor names so: `messageId` is read as `message_id`."""

    model_config = ConfigDict(alias_generator=to_camel)


@dataclass(frozen=True)
class Accepted:
    """The vendor erases later and offers no proof yet: look again on `until`."""

    until: date


S = TypeVar("S", bound=Settings)
T = TypeVar("T")


class Connector(ABC, Generic[S]):
    """A vendor. Write `spec`, `signs_in` and `locate`; the rest where the kinds do not say it."""

    spec: ClassVar[Spec]
    settings_model: ClassVar[type[Settings]]  # the one between the brackets of `Connector[…]`, unless told
    base_url: ClassVar[str | None] = None  # the vendor's own, where it is the same for every customer
    opens: ClassVar[Opens] = "http"
    signs_in: ClassVar[By | None] = None
    """How calls are signed in, by the names of settings; `auth` says what this cannot."""
    lists: ClassVar[Lists] = Lists()
    """What the vendor's lists have in common, for `each`."""
    case: str = ""
    """Names the case: the same in every round of it, and in no other. Given by the worker."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        told = [model for base in cls.__dict__.get("__orig_bases__", ()) for model in get_args(base) if isinstance(model, type)]
        if told and "settings_model" not in cls.__dict__:
            cls.settings_model = told[0]

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
        """How calls are signed in: see `connectors.auth`. As `signs_in` says, unless overridden."""
        return cls.signs_in(settings) if cls.signs_in else None

    @classmethod
    def retention(cls, settings: S) -> Sequence[RetentionRule]:
        """What goes by itself here, where the settings say so; else `[[retention]]` does."""
        return ()

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The identifier kinds that it can search by; its spec's, unless the settings say so."""
        return self.spec.identifiers

    @property
    def strips(self) -> Mapping[str, frozenset[str]]:
        """Per kind, the fields that no duty needs, as the settings say: what is kept is stripped of them, unless its rule names them."""
        return {}

    @abstractmethod
    def locate(self, subject: Subject) -> Records:
        """Every record of exactly this subject, archived and closed ones too. Makes no writing call.

        Ends normally only when everything was searched; anything that keeps it from knowing raises.
        """

    async def erase(self, record: Record) -> Accepted | Literal[Outcome.ANONYMISED] | None:
        """Erase one record for good. None: gone. `Gone` may be raised: it was already.

        Unless overridden: as its kind `erases`, else by DELETE at its kind's `at`.
        """
        await self._make(record, self.spec.kind_of(record).erases or Call("DELETE"))
        return None

    def planned_call(self, record: Record) -> str | None:
        """What a dry run tells of a record that would be erased, without a value of the person's; nothing unless overridden."""
        return None

    async def restrict(self, record: Record) -> None:
        """Archive, block or suppress one record, so that it is no longer processed. Unless overridden: as its kind `restricts`."""
        said = self.spec.kind_of(record).restricts
        if not isinstance(said, Call):
            raise Refused(f"{self.spec.name} offers no way to restrict a {record.kind}.")
        try:
            await self._make(record, said)
        except Refused:  # the answer, too, of what is so already
            if await self.peek(record) is not State.RESTRICTED:
                raise

    async def lift(self, record: Record) -> None:
        """Undo `restrict`. Unless overridden: as its kind `lifts`."""
        said = self.spec.kind_of(record).lifts
        if not isinstance(said, Call):
            raise Refused(f"{self.spec.name} offers no way to lift the restriction of a {record.kind}.")
        await self._make(record, said)

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        """Empty those fields of the kind's `strips` that are not in `keep`, and nothing else; the record stays, and is still found.

        Makes no writing call where they are empty already.
        """
        raise Refused(f"{self.spec.name} offers no way to strip a {record.kind}.")

    async def filled(self, record: Record, keep: frozenset[str]) -> dict[str, Any]:
        """For `strip`: the fields to empty that hold something, as GET at the kind's `at` shows them (what of it, and how: its `Look`)."""
        kind = self.spec.kind_of(record)
        look = kind.peeks if isinstance(kind.peeks, Look) else Look()
        there = (await self.on(record, self.http.get, query=look.query)).read(dict[str, Any], look.at)
        return {name: there[name] for name in kind.strips if there.get(name) and name not in keep}

    async def peek(self, record: Record) -> State | None:
        """How one record stands, asked by its reference; None where the vendor cannot tell by reference.

        Unless overridden: GET at its kind's `at`, where the kind `peeks`. `Gone` may be raised in place of `State.GONE`. Where
        the vendor's search lags, this is the proof.
        """
        peeks = self.spec.kind_of(record).peeks
        if not peeks:
            return None
        look = peeks if isinstance(peeks, Look) else Look()
        try:
            return self.state_of(record, await self.on(record, self.http.get, query=look.query))
        except look.unsure:
            return None

    async def still_listed(self, record: Record) -> bool | None:
        """Whether the list of everybody's records of its kind still shows that one; None where there is no such list.

        Asked where `peek` cannot tell and nobody can be searched for: at the end of a hold, years after the person was forgotten.
        """
        return None

    def state_of(self, record: Record, answer: Answer) -> State:
        """How a record stands that `peek` was shown. Unless overridden: as the shape of its kind's `Look` tells, else `PRESENT`."""
        look = self.spec.kind_of(record).peeks
        if isinstance(look, Look) and look.shape:
            return answer.read(look.shape, look.at).state
        answer.read(dict[str, object])  # at least an object in JSON
        return State.PRESENT

    async def rights(self) -> Sequence[Right]:
        """What the vendor says that our credential may do, for every right that erasing and restricting need. Makes no writing call.

        Empty where the vendor cannot tell: nobody then knows without erasing.
        """
        return ()

    def each(
        self,
        path: str,
        shape: type[T],
        query: Mapping[str, Any] | None = None,
        *,
        at: str | None = None,
        absent: type[VendorError] | tuple[type[VendorError], ...] | None = None,
        **values: str,
    ) -> AsyncIterator[T]:
        """Every row of a list, read as `lists` says, unless told: see `rows`. Fields of `path` that name a setting are filled with it."""
        said = self.lists
        if absent is None:
            absent = Gone if said.always and path not in said.always else ()
        asked, where = {**said.query, **(query or {})}, said.at if at is None else at
        filled: dict[str, Any] = {**self._filled(path), **values}
        return rows(self.http.get, path, shape, said.paging, at=where, query=asked, absent=absent, **filled)

    async def on(self, record: Record, call: Callable[..., Awaitable[Answer]], *, at: str | None = None, **given: Any) -> Answer:
        """`call` (`self.http.delete`, …) at the path of one record, with `query` and `json` as given. Raises as the door does.

        `at`: another path than its kind's, filled the same way.
        """
        path = at or self.spec.kind_of(record).at
        if path is None:
            raise Refused(f"{self.spec.name} names no path of a {record.kind}.")
        settings = self._filled(path)
        of_ref = [name for name in _fields(path) if name not in settings]
        parts = record.ref.split("/", len(of_ref) - 1) if of_ref else []  # some vendors want it in the query
        return await call(path, **given, **settings, **dict(zip(of_ref, parts, strict=True)))

    async def _make(self, record: Record, said: Call) -> Answer:
        given = {name: value for name, value in (("query", said.query), ("json", said.json)) if value is not None}
        return await self.on(record, getattr(self.http, said.method.lower()), at=said.at, **given)

    def _filled(self, path: str) -> dict[str, str]:
        return {name: str(getattr(self.settings, name)) for name in _fields(path) if name in type(self.settings).model_fields}


def _fields(path: str) -> Sequence[str]:
    return [name for _, name, _, _ in Formatter().parse(path) if name]
