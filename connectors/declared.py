"""What a connector declares: its records, how they stand, and kind by kind which call erases, restricts, lifts and shows one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from connectors.errors import VendorError
from connectors.lists import Paging
from topics.configuration import ProcessorKind
from topics.model import NotPickled

Key = tuple[str, str]
"""What makes a record the same in two looks: its kind and its reference."""


class State(StrEnum):
    """How a record stands at the vendor."""

    PRESENT = "present"
    RESTRICTED = "restricted"  # archived, blocked, deactivated, suppressed
    PARTLY = "partly"  # it stands in several places, and is restricted in some of them only
    ANONYMISED = "anonymised"  # there, but nothing of the person in it
    GONE = "gone"

    @property
    def can_be_lifted(self) -> bool:
        """Whether it is restricted, wherever it stands or in some places only."""
        return self in (State.RESTRICTED, State.PARTLY)


@dataclass(frozen=True)
class Record(NotPickled):
    """One record of a person at a vendor.

    `ref` is whatever the connector needs to find it again, and may be personal data: it is never printed or pickled. `since` is what a
    legal hold counts from: an invoice's date, or a moment, of which the controller's local day counts. `binds`
    is the `key` of the record that must stay as long as this one is held, or several: the contact that an invoice hangs from. `open`:
    something is still to be settled with the person: an unpaid invoice, a running contract (`[guards] ask_when_open`).
    """

    kind: str
    ref: str = field(repr=False)
    since: date | datetime | None = None
    binds: Key | tuple[Key, ...] | None = field(default=None, repr=False)
    state: State = field(default=State.PRESENT, compare=False)
    open: bool = field(default=False, compare=False)

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


Records = AsyncIterator[Record]
"""What `locate` gives, one after the other."""


@dataclass(frozen=True)
class Call:
    """The one call that erases, restricts or lifts: `method` at `at` (the path of its kind, unless told), with that `json` or `query`."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    json: Any = None
    at: str | None = None
    query: Mapping[str, str] | None = None


class Standing(Protocol):
    """A shape that tells how its record stands."""

    @property
    def state(self) -> State: ...


class RestrictedIf:
    """The `state` of a shape: restricted where that field holds one of these values, else present."""

    def __init__(self, field: str, *values: Any) -> None:
        self._field, self._values = field, values

    def __get__(self, row: Any, of: type) -> State:
        return State.RESTRICTED if row is not None and getattr(row, self._field) in self._values else State.PRESENT


class Dated:
    """The `since` of a shape: what the first of these fields holds that holds anything, of a text the day that it begins with.

    None where nothing does, or no day can be read there: what a hold applies to waits for a person then.
    """

    def __init__(self, *fields: str) -> None:
        self._fields = fields

    def __get__(self, row: Any, of: type) -> date | datetime | None:
        told = next((value for name in self._fields if (value := getattr(row, name, None))), None)
        if isinstance(told, str):
            with suppress(ValueError):  # zeros, say
                return date.fromisoformat(told[:10])
            return None
        return told


@dataclass(frozen=True)
class Look:
    """What GET of one record shows: `shape`, whose `state` tells how it stands (None: present), `at` such a part of the answer.

    `unsure`: errors that prove nothing when they answer it, so that the search decides; 404 and 410 prove it gone unless `Gone` is one.
    """

    shape: type[Standing] | None = None
    at: str = ""
    query: Mapping[str, str] | None = None
    unsure: type[VendorError] | tuple[type[VendorError], ...] = ()


@dataclass(frozen=True)
class Listed:
    """The list of everybody's records of a kind: rows of `shape`, in whose field `ref` stands what `Record.ref` is.

    `path`: the kind's `at` without its last part, unless told (`/contacts` of `/contacts/{id}`). `at`, `query`, `paging`: as the
    connector's `lists` say, unless told. A `state` of the shape tells how the record stands.
    """

    shape: type[Any]
    ref: str = "id"
    at: str | None = None
    query: Mapping[str, Any] | None = None
    paging: Paging | None = None
    path: str | None = None


def one(kind: str) -> str:
    """One record of a kind, for a sentence that stands on certificates: "a contact", "an invoice"."""
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind.replace('_', ' ')}"


@dataclass(frozen=True)
class Kind:
    """A kind of record that a connector finds. `kept_because`: why the vendor offers no way to erase it, else None.

    `at`: the path of one record, which is erased by DELETE (`/contacts/{id}`), or as `erases` says. Fields that name a setting are
    filled with it; the others, in order, with the parts of `Record.ref` between slashes, the last one with all the rest. `peeks`: GET
    there answers 404 or 410 once the record is gone, and never before; `Look` says more. `restricts`, `lifts`: the `Call` that does it,
    or True where the connector's own `restrict` and `lift` do. `how`: what restricting does to it there, in plain words that stand on
    certificates: "archived", "cut off from mail". `strips`: the fields
    that `strip` can empty in a record that the law keeps, or that such a record hangs from. `hidden_days`: how long the vendor hides
    what it is to erase before that is gone. `listed`: the list of everybody's, which `everyone` reads, and `still_listed`: it shows a
    record as long as that is there. Where the kind does not peek, the last whole reading of it tells how a record stands.
    """

    name: str
    kept_because: str | None = None
    restricts: bool | Call = False
    lifts: bool | Call = False
    at: str | None = None
    peeks: bool | Look = False
    how: str = ""
    strips: tuple[str, ...] = ()
    erases: Call | None = None
    hidden_days: int = 0
    listed: Listed | None = None

    @property
    def list_path(self) -> str | None:
        """Where everybody's are listed; None where that is not known."""
        if self.listed is None:
            return None
        return self.listed.path or (self.at.rpartition("/")[0] if self.at else None)

    @property
    def shuts(self) -> bool:
        """Whether what must be kept can be shut off: not by a DELETE, after which nobody knows whether it is still there."""
        return bool(self.restricts) and not (isinstance(self.restricts, Call) and self.restricts.method == "DELETE")


Facts = Literal["specification", "source code", "client library", "documentation", "documentation in part", "community's accounts"]
"""What of the vendor's a connector's facts stand on, the surest first; a specification is written for machines."""


@dataclass(frozen=True)
class Spec:
    """What a connector is. `kinds` stand in the order in which they are erased: what hangs from another comes first.

    `identifiers`: the kinds it can search by, any one of them is enough. `calls_per_minute` is the vendor's own limit
    or a polite pace. `concurrency`: cases at once. `settle_seconds`: how long the vendor's search may lag behind a
    deletion. `not_covered`: what may hold something of a
    person there and is not searched; it stands on every certificate. `docs`, `checked`: the vendor's API page, and when
    these facts were last compared with it. `erased_as_located`: records are erased as `locate` yields them, those that bind most first.
    `facts`: what of the vendor's they stand on. `bare_403_is_busy`: a 403 without JSON means too many calls, not a missing right.
    `searches`: where not, nobody can be looked up, and what is located are the identifiers themselves, whether there is anything or not.
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
    bare_403_is_busy: bool = False
    searches: bool = True

    def kind_of(self, record: Record) -> Kind:
        """The declared kind of a record; an undeclared one is a defect of the connector."""
        return next(kind for kind in self.kinds if kind.name == record.kind)
