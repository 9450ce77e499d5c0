"""What a connector gets for nothing: what its kinds, its lists and its settings say is done without a method of its own."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.auth import Basic, By
from connectors.contract import (
    ApiKeySettings,
    Call,
    CamelShape,
    Connector,
    Gone,
    Kind,
    Lists,
    Look,
    Misread,
    NoSettings,
    Record,
    Refused,
    RestrictedIf,
    Secret,
    Settings,
    Shape,
    Spec,
    State,
    Subject,
    by_page,
)
from tests.connectors.test_http import Bench, status


class BooksSettings(Settings):
    division: str


KINDS = (
    Kind("contact", at="/api/{division}/contacts/{id}", peeks=True),
    Kind("card", at="/contacts/{contact}/cards/{id}"),
    Kind("account", at="/{division}/Accounts(guid'{id}')", peeks=True),
    Kind("log", kept_because="Logs cannot be erased."),
)


class Books(Connector[BooksSettings]):
    spec = Spec("books", "other", KINDS, ("email",), 600, "https://books.example", date(2026, 11, 22))
    settings_model = BooksSettings

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for kind in self.spec.kinds:
            yield Record(kind.name, "1")


def books(*answers: Any) -> tuple[Books, Bench]:
    bench = Bench(*answers)
    return Books(BooksSettings(division="7 a"), bench.door), bench


def called(bench: Bench) -> list[str]:
    return [f"{request.method} {request.url.raw_path.decode()}" for request in bench.requests]


@pytest.mark.parametrize(
    ("kind", "ref", "call"),
    [
        ("contact", "12", "DELETE /v1/api/7%20a/contacts/12"),
        ("contact", "a/b@c", "DELETE /v1/api/7%20a/contacts/a%2Fb%40c"),
        ("card", "12/3", "DELETE /v1/contacts/12/cards/3"),
        ("card", "12/3/4", "DELETE /v1/contacts/12/cards/3%2F4"),
        ("account", "f-1", "DELETE /v1/7%20a/Accounts(guid'f-1')"),
    ],
)
async def test_a_record_is_erased_at_its_kinds_path(kind: str, ref: str, call: str) -> None:
    connector, bench = books(status(204))
    await connector.erase(Record(kind, ref))
    assert [call] == called(bench)


async def test_a_reference_with_too_few_parts_is_a_defect_and_no_call() -> None:
    connector, bench = books(status(204))
    with pytest.raises(ValueError, match="shorter"):
        await connector.erase(Record("card", "12"))
    assert [] == bench.requests


async def test_a_kind_that_peeks_is_asked_for_at_its_path() -> None:
    connector, bench = books(status(200))
    assert State.PRESENT is await connector.peek(Record("contact", "12"))
    assert ["GET /v1/api/7%20a/contacts/12"] == called(bench)
    with pytest.raises(Gone):
        await books(status(404))[0].peek(Record("contact", "12"))


async def test_a_kind_that_does_not_peek_is_not_asked_for() -> None:
    """A path that knows no GET answers 404 always: that must never be taken for gone."""
    connector, bench = books(status(404))
    assert await connector.peek(Record("card", "12/3")) is None
    assert [] == bench.requests


async def test_what_is_no_object_is_not_taken_for_a_record() -> None:
    for body in (b"<html></html>", b"[]", b""):
        with pytest.raises(Misread):
            await books(httpx.Response(200, content=body))[0].peek(Record("contact", "12"))


async def test_a_kind_without_a_path_is_refused() -> None:
    connector, bench = books(status(204))
    with pytest.raises(Refused, match="no path of a log"):
        await connector.erase(Record("log", "1"))
    assert [] == bench.requests


class Member(Shape):
    id: str
    status: str
    state = RestrictedIf("status", "blocked", "archived")


class ClubSettings(Settings):
    club: str
    user: str
    password: Secret


_MEMBERS = "/{club}/members/{id}"


class Club(Connector[ClubSettings]):
    """Writes nothing but `locate`."""

    spec = Spec(
        "club", "other",
        (
            Kind("fee", at="/fees/{id}", peeks=Look(unsure=(Gone, Refused))),
            Kind("card", at="/{club}/members/{member}/cards/{id}", erases=Call("POST", {"really": True}, at="/cards/{member}/{id}/shred")),
            Kind("member", at=_MEMBERS, peeks=Look(Member, "data", query={"archived": "any"}), erases=Call("DELETE", query={"for": "good"}),
                 restricts=Call("PATCH", {"status": "blocked"}), lifts=Call("POST", at=f"{_MEMBERS}/unblock")),
        ),
        ("email",), 600, "https://club.example", date(2026, 11, 22),
    )  # fmt: skip
    signs_in = By(Basic, "user", "password", headers={"Accept": "application/json"})
    lists = Lists(by_page(), {"size": 2, "page": 1}, at="rows", always=("/{club}/members",))

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        async for row in self.each("/{club}/members", Member, {"archived": "any"}):
            yield Record("member", row.id, state=row.state)


CLUB = ClubSettings(club="f c", user="u", password=SecretStr("p"))


def club(*answers: Any) -> tuple[Club, Bench]:
    bench = Bench(*answers)
    return Club(CLUB, bench.door), bench


def told(bench: Bench) -> list[str]:
    return [f"{request.method} {request.url.raw_path.decode()} {request.content.decode()}".strip() for request in bench.requests]


@pytest.mark.parametrize(
    ("ability", "record", "call"),
    [
        ("erase", Record("member", "12"), "DELETE /v1/f%20c/members/12?for=good"),
        ("erase", Record("card", "12/3"), 'POST /v1/cards/12/3/shred {"really":true}'),
        ("erase", Record("fee", "5"), "DELETE /v1/fees/5"),
        ("restrict", Record("member", "12"), 'PATCH /v1/f%20c/members/12 {"status":"blocked"}'),
        ("lift", Record("member", "12"), "POST /v1/f%20c/members/12/unblock"),
    ],
)
async def test_a_kind_says_by_which_call_it_is_erased_restricted_and_lifted(ability: str, record: Record, call: str) -> None:
    connector, bench = club(status(204))
    await getattr(connector, ability)(record)
    assert [call] == told(bench)


async def test_what_a_kind_does_not_say_is_refused_without_a_call() -> None:
    connector, bench = club(status(204))
    for ability in (connector.restrict, connector.lift):
        with pytest.raises(Refused, match="club offers no way to"):
            await ability(Record("fee", "5"))
    assert [] == bench.requests


@pytest.mark.parametrize(("standing", "state"), [("active", State.PRESENT), ("blocked", State.RESTRICTED), ("archived", State.RESTRICTED)])
async def test_what_a_look_shows_tells_how_the_record_stands(standing: str, state: State) -> None:
    connector, bench = club(httpx.Response(200, json={"data": {"id": "12", "status": standing}}))
    assert state is await connector.peek(Record("member", "12"))
    assert ["GET /v1/f%20c/members/12?archived=any"] == told(bench)


async def test_a_look_that_shows_another_shape_is_misread() -> None:
    bodies: tuple[Any, ...] = ({"data": {"id": "12"}}, {"id": "12", "status": "active"}, [])
    for body in bodies:
        with pytest.raises(Misread):
            await club(httpx.Response(200, json=body))[0].peek(Record("member", "12"))


async def test_an_error_that_a_look_is_unsure_of_proves_nothing_and_any_other_stands() -> None:
    for answer in (status(404), status(400)):
        assert await club(answer)[0].peek(Record("fee", "5")) is None
    assert State.PRESENT is await club(httpx.Response(200, json={}))[0].peek(Record("fee", "5"))
    with pytest.raises(Gone):
        await club(status(404))[0].peek(Record("member", "12"))
    with pytest.raises(Refused):
        await club(status(400))[0].peek(Record("member", "12"))


async def test_a_list_is_read_as_all_of_the_vendors_are() -> None:
    rows = [{"id": "1", "status": "active"}, {"id": "2", "status": "blocked"}]
    connector, bench = club(httpx.Response(200, json={"rows": rows}), httpx.Response(200, json={"rows": []}))
    records = [record async for record in connector.locate(Subject({"email": ("jan@voorbeeld.nl",)}))]
    assert [("1", State.PRESENT), ("2", State.RESTRICTED)] == [(record.ref, record.state) for record in records]
    assert [f"GET /v1/f%20c/members?size=2&page={page}&archived=any" for page in (1, 2)] == told(bench)


async def test_only_a_list_that_not_every_account_has_may_be_missing() -> None:
    assert [] == [row async for row in club(status(404))[0].each("/{club}/guests", Member)]
    with pytest.raises(Gone):
        [row async for row in club(status(404))[0].each("/{club}/members", Member)]
    with pytest.raises(Gone):
        [row async for row in club(status(404))[0].each("/{club}/guests", Member, absent=())]


async def test_where_no_list_is_said_to_be_always_there_none_may_be_missing() -> None:
    connector = type("Careless", (Club,), {"lists": Lists(by_page(), at="rows")})(CLUB, Bench(status(404)).door)
    with pytest.raises(Gone):
        [row async for row in connector.each("/{club}/guests", Member)]


async def test_calls_are_signed_in_by_the_named_settings_with_the_headers_beside() -> None:
    sign_in = Club.auth(CLUB)
    assert isinstance(sign_in, httpx.Auth)
    request = await anext(sign_in.async_auth_flow(httpx.Request("GET", "https://club.example")))
    assert ("application/json", "Basic dTpw") == (request.headers["accept"], request.headers["authorization"])


def test_the_settings_are_those_between_the_brackets_unless_told() -> None:
    class Told(Connector[ApiKeySettings]):
        settings_model = NoSettings

    class Below(Club):
        pass

    assert [ClubSettings, NoSettings, ClubSettings] == [Club.settings_model, Told.settings_model, Below.settings_model]


def test_camel_case_is_read_by_the_names_of_ours() -> None:
    class Sent(CamelShape):
        message_id: str

    assert "7" == Sent.model_validate({"messageId": 7}).message_id
