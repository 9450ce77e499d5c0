"""A vendor's lists are read to the end, whichever way its pages are turned; and no list ends without saying so."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connectors.contract import (
    MOST_PAGES,
    Gone,
    Misread,
    Paging,
    Refused,
    Shape,
    by_cursor,
    by_href,
    by_link,
    by_offset,
    by_page,
    found,
    rows,
)
from connectors.testing.simulator import body_of
from tests.connectors.test_http import Bench, status


class Row(Shape):
    id: int


ROWS = [{"id": number} for number in range(1, 8)]


def json(body: Any, **headers: str) -> httpx.Response:
    return httpx.Response(200, json=body, headers=headers)


def vendor(answer: Callable[[dict[str, str]], httpx.Response]) -> Bench:
    """A vendor that answers by the query alone."""
    return Bench(lambda request: answer(dict(request.url.params)))


async def ids(bench: Bench, paging: Paging = by_link, **given: Any) -> list[int]:
    return [row.id async for row in rows(bench.door.get, "/things", Row, paging, **given)]


def linked(query: dict[str, str]) -> httpx.Response:
    page = int(query.get("page", 1))
    return json(ROWS[page * 3 - 3 : page * 3], **({"link": f'</things?page={page + 1}>; rel="next"'} if page < 3 else {}))


def numbered(query: dict[str, str]) -> httpx.Response:
    page = int(query.get("page", 1))
    return json({"data": {"results": ROWS[page * 3 - 3 : page * 3], "total": 7}})


def shifted(query: dict[str, str]) -> httpx.Response:
    start = int(query.get("offset", 0))
    return json({"count": 7, "rows": ROWS[start : start + 3]})


def cursored(query: dict[str, str]) -> httpx.Response:
    start = int(query.get("token", 0))
    return json({"rows": ROWS[start : start + 3], "next": start + 3 if start < 6 else None})


def odata(query: dict[str, str]) -> httpx.Response:
    start = int(query.get("$skiptoken", 0))
    more = {"__next": f"https://elsewhere.test/x?$skiptoken={start + 3}"} if start < 6 else {}
    return json({"d": {"results": ROWS[start : start + 3], **more}})


STYLES: list[tuple[Any, Paging, str, int]] = [
    (linked, by_link, "", 3),
    (numbered, by_page(), "data/results", 4),
    (numbered, by_page(total="data/total"), "data/results", 3),
    (shifted, by_offset(), "rows", 4),
    (shifted, by_offset(total="count"), "rows", 3),
    (cursored, by_cursor("token", "next"), "rows", 3),
    (odata, by_href("d/__next?"), "d/results", 3),
]


@pytest.mark.parametrize(("answer", "paging", "at", "calls"), STYLES)
async def test_every_row_is_read_whichever_way_the_pages_are_turned(answer: Any, paging: Paging, at: str, calls: int) -> None:
    bench = vendor(answer)
    assert [1, 2, 3, 4, 5, 6, 7] == await ids(bench, paging, at=at)
    assert calls == len(bench.requests)


async def test_the_first_query_is_kept_on_every_page() -> None:
    bench = vendor(linked)
    await ids(bench, query={"q": "x"})
    assert [{"q": "x"}, {"q": "x", "page": "2"}, {"q": "x", "page": "3"}] == [dict(request.url.params) for request in bench.requests]


async def test_pages_counted_from_nought_are_read_from_nought() -> None:
    bench = vendor(lambda query: numbered({"page": str(int(query.get("page", 0)) + 1)}))
    assert [1, 2, 3, 4, 5, 6, 7] == await ids(bench, by_page(first=0), at="data/results")


async def test_a_list_that_is_asked_for_by_a_body_turns_its_pages_there() -> None:
    bench = Bench(lambda request: cursored({name: str(value) for name, value in body_of(request).items()}))
    found = [row.id async for row in rows(bench.door.post, "/search", Row, by_cursor("token", "next"), at="rows", json={"q": "x"})]
    assert [1, 2, 3, 4, 5, 6, 7] == found
    assert {""} == {request.url.query.decode() for request in bench.requests}


async def test_a_vendor_that_knows_no_pages_is_read_once_and_asked_once_more() -> None:
    bench = vendor(lambda _: json(ROWS))
    assert [1, 2, 3, 4, 5, 6, 7] == await ids(bench, by_page())
    assert 2 == len(bench.requests)


async def test_a_page_that_is_shorter_than_asked_for_does_not_end_a_list() -> None:
    pages = {1: ROWS[:1], 2: ROWS[1:6], 3: ROWS[6:]}
    assert [1, 2, 3, 4, 5, 6, 7] == await ids(vendor(lambda query: json(pages.get(int(query.get("page", 1)), []))), by_page())


@pytest.mark.parametrize(
    "paging", [by_cursor("token", "next"), by_href("next/href"), by_page(total="total"), by_offset(total="meta/total")]
)
async def test_a_list_that_no_longer_tells_how_it_goes_on_is_misread_and_not_at_its_end(paging: Paging) -> None:
    with pytest.raises(Misread):
        await ids(vendor(lambda _: json({"rows": ROWS})), paging, at="rows")


@pytest.mark.parametrize("body", [{"rows": None}, {}, {"rows": {}}, [], "x", {"rows": [{"name": "x"}]}])
async def test_what_is_no_list_of_such_rows_is_misread(body: Any) -> None:
    with pytest.raises(Misread):
        await ids(vendor(lambda _: json(body)), at="rows")


@pytest.mark.parametrize("body", [{"size": 0}, {"rows": None}])
async def test_a_list_that_a_vendor_leaves_out_when_it_is_empty_is_marked_so(body: Any) -> None:
    assert [] == await ids(vendor(lambda _: json(body)), at="rows?")


async def test_a_list_that_ends_before_its_total_is_misread() -> None:
    with pytest.raises(Misread, match="ends before the total"):
        await ids(
            vendor(lambda query: json({"total": 9, "rows": ROWS if query.get("page", "1") == "1" else []})),
            by_page(total="total"),
            at="rows",
        )


async def test_a_list_that_becomes_shorter_while_it_is_read_is_misread_since_a_row_may_have_been_passed_over() -> None:
    pages = {"1": {"total": 7, "rows": ROWS[:4]}, "2": {"total": 6, "rows": ROWS[5:]}}
    with pytest.raises(Misread, match="became shorter"):
        await ids(vendor(lambda query: json(pages[query.get("page", "1")])), by_page(total="total"), at="rows")


async def test_a_list_that_leads_to_the_same_page_again_is_misread() -> None:
    bench = vendor(lambda _: json([], link='</things?page=2>; rel="next"'))
    with pytest.raises(Misread, match="leads to a page that was read already"):
        await ids(bench)
    assert 2 == len(bench.requests)


async def test_a_list_that_goes_round_in_a_circle_is_misread_when_it_comes_back() -> None:
    bench = vendor(lambda query: json({"rows": ROWS[:3], "next": int(query.get("token", 0)) % 3 + 1}))
    with pytest.raises(Misread, match="leads to a page that was read already"):
        await ids(bench, by_cursor("token", "next"), at="rows")
    assert 4 == len(bench.requests)


@pytest.mark.parametrize("paging", [by_page(), by_offset()])
async def test_a_full_page_that_repeats_is_misread_since_what_lies_behind_it_is_never_shown(paging: Paging) -> None:
    many = [{"id": number} for number in range(50)]
    with pytest.raises(Misread, match="repeats a full page"):
        await ids(vendor(lambda _: json(many)), paging, query={"per_page": len(many)})


async def test_one_row_that_repeats_beside_the_number_of_a_page_is_a_list_that_knows_no_pages() -> None:
    assert [1] == await ids(vendor(lambda _: json(ROWS[:1])), by_page(), query={"page": 1})


async def test_pages_that_are_alike_only_in_what_is_read_of_them_are_not_the_same() -> None:
    pages = [[{"id": 1, "from": name} for name in names] for names in ("ab", "cd", "")]
    assert [1, 1, 1, 1] == await ids(vendor(lambda query: json(pages[int(query.get("page", 1)) - 1])), by_page())


async def test_a_list_without_an_end_is_misread() -> None:
    bench = vendor(lambda query: json([], link=f'</things?page={int(query.get("page", 1)) + 1}>; rel="next"'))
    with pytest.raises(Misread, match=f"more than {MOST_PAGES} pages"):
        await ids(bench)
    assert MOST_PAGES == len(bench.requests)


async def test_a_list_that_an_account_does_not_have_is_empty_where_that_is_said() -> None:
    assert [] == await ids(Bench(status(404)), absent=Gone)
    assert [] == await ids(Bench(status(400)), absent=(Gone, Refused))


async def test_a_list_that_is_missing_once_only_is_read_since_what_a_slip_hides_may_never_be_found_again() -> None:
    assert [row["id"] for row in ROWS] == await ids(Bench(status(404), json(ROWS)), absent=Gone)


async def test_a_missing_list_is_an_error_where_nothing_is_said() -> None:
    with pytest.raises(Gone):
        await ids(Bench(status(404)))


async def test_a_later_page_that_is_missing_is_misread_even_of_a_list_that_may_be_absent() -> None:
    bench = Bench(json(ROWS, link='</things?page=2>; rel="next"'), status(404))
    with pytest.raises(Misread, match="Page 2 of /things is not there"):
        await ids(bench, absent=Gone)


async def test_a_record_that_is_not_there_is_none_and_every_other_error_is_raised() -> None:
    assert await found(Bench(status(410)).door.get("/things/{id}", id="1"), Row) is None
    assert Row(id=1) == await found(Bench(json({"data": {"id": 1}})).door.get("/things/{id}", id="1"), Row, "data")
    with pytest.raises(Refused):
        await found(Bench(status(400)).door.get("/things/{id}", id="1"), Row)
