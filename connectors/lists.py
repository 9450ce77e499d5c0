"""Reading a vendor's lists to the end: five ways of turning pages, one loop, and no list that ends without saying so."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from connectors.errors import Denied, Gone, Misread, VendorError
from connectors.ports import Answer

T = TypeVar("T")

_SMALLEST_FULL = 10
"""Nobody asks for pages of fewer rows: a smaller number in the question is a page's, and not a size."""
MOST_PAGES = 2_000
"""A list longer than this is a paging fault: `Misread` says so instead of turning for ever."""


@dataclass(frozen=True)
class Turn:
    """How far a list was read: `pages` pages, `rows` rows in all, `new` ones on the last page (none, where it repeats the one before)."""

    first: Answer
    answer: Answer
    pages: int
    rows: int
    new: int


Change = Mapping[str, Any] | None
"""What the next page's query (or JSON body) changes; None on the last page."""
Paging = Callable[[Turn], Change]
"""How a vendor's pages are turned."""


def by_link(turn: Turn) -> Change:
    """The `Link: rel="next"` header leads on."""
    return turn.answer.next_query()


def by_href(at: str) -> Paging:
    """A whole address in the body leads on (`_links/next/href`, `d/__next?`). Only its query is used: no other host is called."""
    return lambda turn: turn.answer.next_query(turn.answer.read(str | None, at) or "")  # type: ignore[arg-type]


def by_cursor(name: str, at: str) -> Paging:
    """The body tells what to send back as `name`; null, an empty text or, after a `?`, nothing at all on the last page."""

    def following(turn: Turn) -> Change:
        cursor = turn.answer.read(str | int | None, at)  # type: ignore[arg-type]
        return None if cursor in (None, "") else {name: cursor}

    return following


def by_page(name: str = "page", first: int = 1, total: str = "") -> Paging:
    """Numbered pages, from `first`, until one brings nothing new, or until the `total` that the body tells is read."""
    return lambda turn: {name: first + turn.pages} if _goes_on(turn, total) else None


def by_offset(name: str = "offset", total: str = "") -> Paging:
    """So many rows are passed over as were read, until a page brings nothing new, or until the `total` that the body tells is read."""
    return lambda turn: {name: turn.rows} if _goes_on(turn, total) else None


def _goes_on(turn: Turn, total: str) -> bool:
    """A page may hold fewer rows than were asked for, so a short one ends nothing."""
    if not total:
        return turn.new > 0
    now = turn.answer.read(int, total)
    if now < turn.first.read(int, total):  # what follows has moved up, so that a row may have been passed over
        raise Misread("The list became shorter while it was read.")
    if now > turn.rows and not turn.new:
        raise Misread("The list ends before the total that it tells.")
    return now > turn.rows


@dataclass(frozen=True)
class Lists:
    """What a vendor's lists have in common: how pages are turned, what each is asked with, and where in the body the rows stand.

    `always`: the paths of lists that every account has. Where such are named, 404 at any other means that there is no such list;
    a wrong `base_url` answers so too, and is told by these.
    """

    paging: Paging = by_link
    query: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""
    always: tuple[str, ...] = ()


async def rows(
    call: Callable[..., Awaitable[Answer]],
    path: str,
    shape: type[T],
    paging: Paging = by_link,
    *,
    at: str = "",
    query: Mapping[str, Any] | None = None,
    json: Mapping[str, Any] | None = None,
    absent: type[VendorError] | tuple[type[VendorError], ...] = (),
    **values: str,
) -> AsyncIterator[T]:
    """Every row of a list, as `shape`. `call` is `self.http.get`, or `self.http.post` where `json` asks for the list.

    `at`: where in the body the rows stand (`data/results`); the body itself unless told. With `json` the pages are turned in
    it, else in `query`. `absent`: errors that mean, at the first page and there only, that there is no such list; it is asked twice.

    Raises:
        Misread: the list does not end, leads back, repeats a full page, ends in the middle, or is no list.
    """
    given: dict[str, Any] = {"query": query} | ({} if json is None else {"json": json})
    turned, read, before, first, last = "query" if json is None else "json", 0, list[T](), None, None
    wanted: Any = list[shape] | None if "?" in at else list[shape]  # type: ignore[valid-type]
    asked = {str(given[turned] or {})}
    for number in range(1, MOST_PAGES + 1):
        answer = await _page(partial(call, path, **given, **values), number, path, absent)
        if answer is None:
            return
        page: list[T] = answer.read(wanted, at) or []
        again = last is not None and page == before and answer.read(Any, at) == last.read(Any, at)  # rows may differ in what we do not read
        new = 0 if again else len(page)
        for row in page[:new]:
            yield row
        read, before, last = read + new, page, answer
        first = first or answer
        change = paging(Turn(first, answer, number, read, new))
        if change is None:
            if again and len(page) >= _SMALLEST_FULL and str(len(page)) in map(str, (given[turned] or {}).values()):
                raise Misread(f"The list {path} repeats a full page: there may be more, which it does not show.")
            return
        given[turned] = {**(given[turned] or {}), **change}
        if str(given[turned]) in asked:
            raise Misread(f"The list {path} leads to a page that was read already.")
        asked.add(str(given[turned]))
    raise Misread(f"The list {path} has more than {MOST_PAGES} pages.")


async def _page(
    call: Callable[[], Awaitable[Answer]], number: int, path: str, absent: type[VendorError] | tuple[type[VendorError], ...]
) -> Answer | None:
    """One page; None where it was said, twice, that there is no such list: what one slip hides, no later look might find again."""
    for _ in range(2):
        try:
            return await call()
        except absent as error:
            if number > 1:
                raise Misread(f"Page {number} of {path} is not there ({type(error).__name__}).") from None
    return None


async def found(call: Awaitable[Answer], shape: type[T], at: str = "") -> T | None:
    """The answer as `shape`; None where the vendor knows no such record (404, 410).

    A wrong `base_url` answers so too: use it only beside a call that any account answers.
    """
    try:
        return (await call).read(shape, at)
    except Gone:
        return None


async def allowed(call: Awaitable[Answer]) -> bool:
    """Whether our credential may make that reading call (else 401, 403)."""
    try:
        await call
    except Denied:
        return False
    return True
