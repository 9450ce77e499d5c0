"""What a connector reaches a processor through: the vendor's HTTP API, a database of your own, or a mailbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")

Opens = Literal["http", "database", "mailbox", "nothing"]
"""Which door a connector goes through: `Door`, `Database`, `Mailbox`, or none, since a person does it or nothing is held."""


class Answer(Protocol):
    """A vendor's successful (2xx) answer."""

    @property
    def status(self) -> int:
        """200 to 299."""
        ...

    @property
    def body(self) -> bytes:
        """The bytes as they came, for a signature over them."""
        ...

    def header(self, name: str) -> str | None:
        """A header by its name, in whatever case; None where the vendor did not send it."""
        ...

    def read(self, shape: type[T], at: str = "") -> T:
        """The JSON body, or the part of it that stands `at` such a path (`data/results`), as `shape`.

        A step that ends in `?` may be missing or null on the way: the part is null then. Raises `Misread` when it does not fit.
        """
        ...

    def next_query(self, href: str | None = None) -> dict[str, str] | None:
        """The query of the next page: from `href`, or from the `Link: rel="next"` header; None on the last page."""
        ...


class Door(Protocol):
    """The one door to a vendor: host pinned, paced, timed out, retried; status turned into an error.

    `path` is a template (`/contacts/{id}`) and `values` fill it, escaped: only the template is ever logged. Raises
    `Gone` (404, 410), `Denied` (401, 403), `Refused` (other 4xx), `Misread`; a passing fault is retried inside.
    """

    async def get(self, path: str, *, query: Mapping[str, Any] | None = None, **values: str) -> Answer: ...

    async def post(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Answer: ...

    async def put(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Answer: ...

    async def patch(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Answer: ...

    async def delete(self, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None, **values: str) -> Answer: ...


Row = dict[str, Any]


@dataclass(frozen=True)
class Reference:
    """A foreign key: rows of `table` hang from rows of `target`. `cascades`: the database deletes them along (`ON DELETE CASCADE`)."""

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    cascades: bool


class Database(Protocol):
    """A database of your own: tables and columns by name, values always bound, never SQL text.

    `table` is a name, or `schema.name` outside the default schema. Raises `Denied` (no right), `Misread` (no such table or column),
    `Refused` (another row hangs from it, or a rule of the table forbids it), `Transient` (not reachable, or locked).
    """

    async def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table."""
        ...

    async def references(self) -> tuple[Reference, ...]:
        """Every foreign key that the database declares, in whatever table."""
        ...

    async def primary_key(self, table: str) -> tuple[str, ...]:
        """The columns that tell a row from every other; `Misread` where the table has no primary key."""
        ...

    async def select(self, table: str, where: Mapping[str, Sequence[str]]) -> list[Row]:
        """The whole rows in which any of those columns holds one of those texts.

        Letter case and outer blanks are ignored, so these may be more rows than asked for: hold each against the subject.
        """
        ...

    async def referring(self, table: str, column: str, keys: Sequence[str]) -> list[Row]:
        """The whole rows that refer to one of those keys by that column.

        Raises `Misread` where a database that ignores letter case or blanks takes another key for one of them.
        """
        ...

    async def row(self, table: str, key: Mapping[str, Any]) -> Row | None:
        """The one row with that primary key; None where there is none."""
        ...

    async def may(self, verb: Literal["DELETE", "UPDATE"], table: str, columns: Sequence[str] = ()) -> bool | None:
        """Whether our user has that right on a table, or on all those columns of it; None where the database does not tell."""
        ...

    async def delete(self, table: str, key: Mapping[str, Any]) -> None:
        """Delete the one row with that primary key. Raises `Gone` where there is none, `Refused` where others would go along."""
        ...

    async def update(self, table: str, key: Mapping[str, Any], change: Mapping[str, Any]) -> None:
        """Change the one row with that primary key. Raises `Gone` where there is none."""
        ...


class Mailbox(Protocol):
    """A mailbox over IMAP. A message is told by its folder, the folder's UIDVALIDITY and its UID (RFC 9051).

    Raises `Denied` (login), `Refused` (the server says no), `Transient` (not reachable), `Misread`, `Gone` (no such folder,
    or it was made anew since: its UIDs mean other messages now).
    """

    async def folders(self) -> dict[str, tuple[str, ...]]:
        r"""Every folder that holds messages, with its flags (`\All`, `\Trash`, `\Junk`, ...)."""
        ...

    async def validity(self, folder: str) -> int:
        """The folder's UIDVALIDITY: a UID means the same message only while it stays the same."""
        ...

    async def search(self, folder: str, criteria: Sequence[str]) -> list[int]:
        """UIDs of the messages that fit, such as `["OR", "FROM", address, "TO", address]`; may find parts of words."""
        ...

    async def headers(self, folder: str, uids: Sequence[int]) -> dict[int, bytes]:
        """The header of each of those messages that is still there."""
        ...

    async def expunge(self, folder: str, validity: int, uids: Sequence[int]) -> None:
        """Delete exactly those messages for good (`UID EXPUNGE`); `Refused` where the server cannot."""
        ...

    async def move(self, folder: str, validity: int, uids: Sequence[int], target: str) -> None:
        """Move exactly those messages to another folder, which is made if it is not there; `Refused` where the server cannot."""
        ...
