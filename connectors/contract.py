"""All that a vendor module may see. A connector says where a person's records are and how one is erased; the worker does the rest."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from string import Formatter
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, SecretStr, Strict, ValidationInfo, create_model, field_validator
from pydantic.alias_generators import to_camel

from connectors.ageing import RetentionRule
from connectors.auth import By, SignIn
from connectors.declared import Call, Dated, Key, Kind, Listed, Look, Record, Records, RestrictedIf, Spec, State, one
from connectors.errors import Denied, Gone, Misread, NeedsIdentifier, NeedsPerson, NotApplicable, Refused, VendorError
from connectors.lists import MOST_PAGES, Lists, Paging, Turn, allowed, by_cursor, by_href, by_link, by_offset, by_page, found, rows
from connectors.ports import Answer, Database, Door, Mailbox, Opens, Reference, Row
from topics.configuration import ConfiguredPath, ProcessorKind, Secret, Text, Texts
from topics.database_urls import AnyDatabaseUrl
from topics.outcomes import Outcome
from topics.subject import Subject

__all__ = [
    "Accepted", "Address", "Answer", "AnyDatabaseUrl", "ApiKeySettings", "Call", "CamelShape", "ConfiguredPath", "Connector", "Database",
    "Dated", "Denied", "Door", "Gone", "Key", "Kind", "Listed", "Lists", "Look", "MOST_PAGES", "Mailbox", "Misread",
    "NeedsIdentifier", "NeedsPerson", "NoSettings", "NotApplicable", "OfAnyKind", "Opens", "Outcome", "Paging", "ProcessorKind", "Record",
    "Records", "Reference", "Refused", "RestrictedIf", "RetentionRule", "Right", "Row", "Secret", "Settings", "Shape",
    "SignInSettings", "Spec", "State", "Subject", "Text", "Texts", "TokenSettings", "Turn", "VendorError", "allowed", "by_cursor",
    "by_href", "by_link", "by_offset", "by_page", "for_both", "found", "rows",
]  # fmt: skip


@dataclass(frozen=True)
class Right:
    """One right that our credential needs. `name`: in the vendor's words; `to`: what it is needed for.

    `held`: whether the vendor says that we have it; None where it does not say.
    """

    name: str
    to: Literal["erase", "restrict"]
    held: bool | None


def for_both(held: Mapping[str, bool | None]) -> list[Right]:
    """Rights, by their names, that erasing and restricting need alike."""
    return [Right(name, to, has) for to in ("erase", "restrict") for name, has in held.items()]


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


class SignInSettings(Settings):
    """For one that needs what it signs in by and nothing else: its settings are those that its `signs_in` names, each as that takes it."""


class OfAnyKind(Settings):
    """For what stands for a processor of any kind, which may be written among the settings or beside them."""

    kind: ProcessorKind | None = None


Address = Annotated[str, Strict()]
"""An e-mail address in a field of a `Shape` whose name does not say that it is one."""


class Shape(BaseModel):
    """A part of a vendor's answer. Fields that we rely on have no default, so that a changed API is `Misread`.

    A number is read as text, since ids come as either; but not where a field's name says that it is an e-mail address.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True, ignored_types=(RestrictedIf, Dated)
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_for_an_address(cls, told: Any, info: ValidationInfo) -> Any:  # it would match nobody, and so be "nothing found"
        if isinstance(told, (int, float)) and "mail" in (name := info.field_name or "").lower():
            annotation = cls.model_fields[name].annotation
            if str in (annotation, *get_args(annotation)):
                raise ValueError("an e-mail address is a text")
        return told


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
            by = cls.signs_in if told[0] is SignInSettings else None
            cls.settings_model = _named_by(by, cls.__name__) if by else told[0]

    def __init__(self, settings: S, door: Any) -> None:
        self.settings = settings
        self._door = door
        self.__shown: dict[str, dict[str, State] | None] = {}  # by kind, what the last whole reading showed; None: there was no such list

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

    def left_to_a_person(self, record: Record) -> str | None:
        """Why a person must erase that one: it is never handed to `erase`, and told so in a dry run too. None: no person need do it."""
        return None

    def planned_call(self, record: Record) -> str | None:
        """What a dry run tells of a record that would be erased, without a value of the person's; nothing unless overridden."""
        return None

    async def restrict(self, record: Record) -> None:
        """Archive, block or suppress one record, so that it is no longer processed. Unless overridden: as its kind `restricts`."""
        said = self.spec.kind_of(record).restricts
        if not isinstance(said, Call):
            raise Refused(f"{self.spec.name} offers no way to restrict {one(record.kind)}.")
        try:
            await self._make(record, said)
        except Refused:  # the answer, too, of what is so already
            if await self.peek(record) is not State.RESTRICTED:
                raise

    async def lift(self, record: Record) -> None:
        """Undo `restrict`. Unless overridden: as its kind `lifts`."""
        said = self.spec.kind_of(record).lifts
        if not isinstance(said, Call):
            raise Refused(f"{self.spec.name} offers no way to lift the restriction of {one(record.kind)}.")
        await self._make(record, said)

    async def strip(self, record: Record, keep: frozenset[str]) -> None:
        """Empty those fields of the kind's `strips` that are not in `keep`, and nothing else; the record stays, and is still found.

        Makes no writing call where they are empty already.
        """
        raise Refused(f"{self.spec.name} offers no way to strip {one(record.kind)}.")

    async def filled(self, record: Record, keep: frozenset[str]) -> dict[str, Any]:
        """For `strip`: the fields to empty that hold something, as GET at the kind's `at` shows them (what of it, and how: its `Look`)."""
        there = await self.shown_as(record, dict[str, Any])
        return {name: there[name] for name in self.spec.kind_of(record).strips if there.get(name) and name not in keep}

    async def shown_as(self, record: Record, shape: type[T]) -> T:
        """What GET at the kind's `at` shows, as `shape`: what of it, and how, its `Look` says. Raises as the door does."""
        peeks = self.spec.kind_of(record).peeks
        look = peeks if isinstance(peeks, Look) else Look()
        return (await self.on(record, self.http.get, query=look.query)).read(shape, look.at)

    async def peek(self, record: Record) -> State | None:
        """How one record stands, asked by its reference; None where the vendor cannot tell by reference.

        Unless overridden: GET at its kind's `at`, where the kind `peeks`; else as the last whole reading of the list showed it, where
        the kind is `listed`. `Gone` may be raised in place of `State.GONE`. Where the vendor's search lags, this is the proof.
        """
        kind = self.spec.kind_of(record)
        peeks = kind.peeks
        if not peeks:
            return self._as_last_listed(record) if kind.listed else None
        look = peeks if isinstance(peeks, Look) else Look()
        try:
            return self.state_of(record, await self.on(record, self.http.get, query=look.query))
        except look.unsure:
            return None

    async def still_listed(self, record: Record) -> bool | None:
        """Whether the list of everybody's records of its kind still shows that one; None where there is no such list.

        Asked where `peek` cannot tell and nobody can be searched for: at the end of a hold, years after the person was forgotten.
        Unless overridden: as the kind is `listed`; a list that is not there any more proves nothing.
        """
        kind = self.spec.kind_of(record)
        return None if kind.listed is None else record.ref in [ref async for ref, _ in self._everybody(kind, absent=())]

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
        paging: Paging | None = None,
        call: Callable[..., Awaitable[Answer]] | None = None,
        **values: str,
    ) -> AsyncIterator[T]:
        """Every row of a list, read as `lists` says, unless told: see `rows`. Fields of `path` that name a setting are filled with it."""
        said = self.lists
        if absent is None:
            absent = Gone if said.always and path not in said.always else ()
        asked, where = {**said.query, **(query or {})}, said.at if at is None else at
        filled: dict[str, Any] = {**self._filled(path), **values}
        return rows(call or self.http.get, path, shape, paging or said.paging, at=where, query=asked, absent=absent, **filled)

    async def everyone(self, kind: str) -> AsyncIterator[Any]:
        """Every row of the list of everybody's records of a kind, as it is `listed`; none where there is no such list, as `each` has it."""
        answered, shown = list[int](), dict[str, State]()
        self.__shown.pop(kind, None)  # what is read in part only proves nothing

        async def get(path: str, **given: Any) -> Answer:
            answer = await self.http.get(path, **given)
            answered.append(answer.status)
            return answer

        async for ref, row in self._everybody(next(known for known in self.spec.kinds if known.name == kind), call=get):
            shown[ref] = getattr(row, "state", State.PRESENT)
            yield row
        self.__shown[kind] = shown if answered else None

    async def _everybody(self, kind: Kind, **given: Any) -> AsyncIterator[tuple[str, Any]]:
        listed, path = kind.listed, kind.list_path
        if listed is None or path is None:
            raise TypeError(f"{kind.name} is not declared as listed")
        async for row in self.each(path, listed.shape, listed.query, at=listed.at, paging=listed.paging, **given):
            yield str(getattr(row, listed.ref)), row

    def _as_last_listed(self, record: Record) -> State | None:
        """How the last whole reading of its kind's list showed it; None where that was not read."""
        if record.kind not in self.__shown:
            return None
        shown = self.__shown[record.kind]
        if shown is None:
            raise Misread(f"{self.spec.name} lists no {record.kind}s any more, so nothing is known of this one.")
        return shown.get(record.ref, State.GONE)

    async def on(self, record: Record, call: Callable[..., Awaitable[Answer]], *, at: str | None = None, **given: Any) -> Answer:
        """`call` (`self.http.delete`, …) at the path of one record, with `query` and `json` as given. Raises as the door does.

        `at`: another path than its kind's, filled the same way.
        """
        path = at or self.spec.kind_of(record).at
        if path is None:
            raise Refused(f"{self.spec.name} names no path of {one(record.kind)}.")
        settings = self._filled(path)
        of_ref = [name for name in _fields(path) if name not in settings]
        parts = record.ref.split("/", len(of_ref) - 1) if of_ref else []  # some vendors want it in the query
        return await call(path, **given, **settings, **dict(zip(of_ref, parts, strict=True)))

    async def _make(self, record: Record, said: Call) -> Answer:
        given = {name: value for name, value in (("query", said.query), ("json", said.json)) if value is not None}
        return await self.on(record, getattr(self.http, said.method.lower()), at=said.at, **given)

    def _filled(self, path: str) -> dict[str, str]:
        return {name: str(getattr(self.settings, name)) for name in _fields(path) if name in type(self.settings).model_fields}


def _named_by(by: By, connector: str) -> type[Settings]:
    fields: dict[str, Any] = {name: (Secret if kind is SecretStr else kind, ...) for name, kind in by.wanted.items()}
    return create_model(f"{connector}Settings", __base__=SignInSettings, **fields)


def _fields(path: str) -> Sequence[str]:
    return [name for _, name, _, _ in Formatter().parse(path) if name]
