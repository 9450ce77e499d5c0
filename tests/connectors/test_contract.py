"""What a connector gets for nothing: what its kinds, its lists and its settings say is done without a method of its own."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from connectors.auth import Basic, By
from connectors.contract import (
    Address,
    ApiKeySettings,
    Call,
    CamelShape,
    Connector,
    Dated,
    Gone,
    Kind,
    Listed,
    Lists,
    Look,
    Misread,
    NoSettings,
    Record,
    Refused,
    RestrictedIf,
    Right,
    Secret,
    Settings,
    Shape,
    SignInSettings,
    Spec,
    State,
    Subject,
    by_offset,
    by_page,
    for_both,
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


class Written(Shape):
    id: str
    email_address: str | None = None
    mails_sent: int = 0
    reached_at: Address | None = None


def test_a_number_is_read_as_text_but_never_as_an_address() -> None:
    assert Written(id="7", email_address="a@b.example", mails_sent=3) == Written.model_validate(
        {"id": 7, "email_address": "a@b.example", "mails_sent": 3}
    )
    for field, number in (("email_address", 7), ("email_address", 0.5), ("reached_at", 7)):
        with pytest.raises(ValidationError):
            Written.model_validate({"id": 7, field: number})


def test_camel_case_is_read_by_the_names_of_ours() -> None:
    class Sent(CamelShape):
        message_id: str

    assert "7" == Sent.model_validate({"messageId": 7}).message_id


class Guest(Shape):
    number: str
    status: str = "active"
    state = RestrictedIf("status", "blocked")


class Hall(Connector[SignInSettings]):
    """Its guests and bills are listed, and cannot be asked for one by one."""

    spec = Spec(
        "hall", "other",
        (
            Kind("bill", at="/bills/{id}", listed=Listed(Member, at="bills")),
            Kind("guest", at="/guests/{id}", listed=Listed(Guest, "number", query={"all": 1}, paging=by_offset("from", total="count"))),
            Kind("note", "Notes stay.", listed=Listed(Member, path="/log/notes")), Kind("card", at="/cards/{id}"),
        ),
        ("email",), 600, "https://hall.example", date(2026, 11, 22),
    )  # fmt: skip
    signs_in = By(Basic, "login", "pin")
    lists = Lists(query={"size": 10}, at="guests", always=("/guests",))

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        async for guest in self.everyone("guest"):
            yield Record("guest", guest.number, state=guest.state)


def hall(*answers: Any) -> tuple[Hall, Bench]:
    bench = Bench(*answers)
    settings = Hall.settings_model.model_validate({"login": "u", "pin": SecretStr("p")}, context={})
    return Hall(settings, bench.door), bench  # type: ignore[arg-type]


def guests(*rows: dict[str, Any], count: int | None = None) -> httpx.Response:
    return httpx.Response(200, json={"guests": list(rows), "count": len(rows) if count is None else count})


async def test_everyone_of_a_kind_is_read_where_its_records_are_as_its_list_says() -> None:
    connector, bench = hall(guests({"number": 1}, count=2), guests({"number": 2, "status": "blocked"}, count=2))
    assert ["1", "2"] == [row.number async for row in connector.everyone("guest")]
    assert ["GET /v1/guests?size=10&all=1", "GET /v1/guests?size=10&all=1&from=1"] == told(bench)
    connector, bench = hall(httpx.Response(200, json={"guests": []}))
    assert [] == [row async for row in connector.everyone("note")]
    assert ["GET /v1/log/notes?size=10"] == told(bench)


async def test_how_a_record_stands_is_what_the_last_whole_reading_of_its_list_showed() -> None:
    connector, bench = hall(guests({"number": 1}, {"number": 2, "status": "blocked"}), guests({"number": 2}))
    assert await connector.peek(Record("guest", "1")) is None  # not read yet
    for states in ([State.PRESENT, State.RESTRICTED, State.GONE], [State.GONE, State.PRESENT, State.GONE]):
        [record async for record in connector.locate(Subject({"email": ("jan@voorbeeld.nl",)}))]
        assert states == [await connector.peek(Record("guest", ref)) for ref in "123"]
    assert 2 == len(bench.requests)
    assert await connector.peek(Record("card", "1")) is None


async def test_a_list_that_was_read_in_part_only_tells_nothing() -> None:
    connector, _ = hall(guests({"number": 1}), guests({"number": 1}, count=2), status(400))
    [row async for row in connector.everyone("guest")]
    with pytest.raises(Refused):
        [row async for row in connector.everyone("guest")]
    assert await connector.peek(Record("guest", "2")) is None


async def test_a_list_that_is_not_there_proves_nobody_gone() -> None:
    connector, _ = hall(status(404), status(404))
    assert [] == [row async for row in connector.everyone("bill")]
    with pytest.raises(Misread, match=r"hall lists no bills any more"):
        await connector.peek(Record("bill", "7"))
    with pytest.raises(Gone):
        await connector.still_listed(Record("bill", "7"))


async def test_whether_a_record_is_still_listed_is_told_by_the_list_of_everybodys() -> None:
    for ref, there in (("1", True), ("2", False)):
        assert there is await hall(guests({"number": 1}))[0].still_listed(Record("guest", ref))
    assert await hall()[0].still_listed(Record("card", "1")) is None


async def test_everyone_of_a_kind_that_is_not_listed_is_a_defect_and_no_call() -> None:
    connector, bench = hall()
    with pytest.raises(TypeError, match="card is not declared as listed"):
        [row async for row in connector.everyone("card")]
    assert [] == bench.requests


def test_settings_that_are_only_for_signing_in_are_made_of_it_and_its_secrets_are_secrets() -> None:
    context = {"folder": None, "environ": {"PIN": "1234"}}
    settings = Hall.settings_model.model_validate({"login": 7, "pin": {"env": "PIN"}}, context=context)
    assert "HallSettings(login='7', pin=SecretStr('**********'))" == repr(settings)
    assert isinstance(Hall.auth(settings), Basic)  # type: ignore[arg-type]
    for wrong in ({"login": "u"}, {"login": "u", "pin": {"env": "PIN"}, "more": "x"}, {"login": "u", "pin": {"env": "NONE"}}):
        with pytest.raises(ValidationError):
            Hall.settings_model.model_validate(wrong, context=context)


def test_a_sign_in_by_too_few_settings_is_told_when_the_connector_is_loaded() -> None:
    with pytest.raises(TypeError, match="it signs in by 1 settings, where 2 are wanted"):

        class Half(Connector[SignInSettings]):
            signs_in = By(Basic, "login")


class Sold(Shape):
    sent: str | None = None
    paid: datetime | None = None
    since = Dated("paid", "sent")


@pytest.mark.parametrize(
    ("row", "since"),
    [
        ({}, None),
        ({"sent": ""}, None),
        ({"sent": "0000-00-00"}, None),
        ({"sent": "soon"}, None),
        ({"sent": 20250601}, date(2025, 6, 1)),
        ({"sent": "2025-06-01 23:59:59"}, date(2025, 6, 1)),
        ({"sent": "2025-06-01", "paid": "2025-05-01T10:00:00Z"}, datetime(2025, 5, 1, 10, tzinfo=UTC)),
    ],
)
def test_the_day_of_a_row_is_the_first_that_it_tells_and_an_unreadable_one_is_none(row: dict[str, Any], since: Any) -> None:
    assert since == Sold.model_validate(row).since


async def test_a_record_is_shown_as_its_look_says() -> None:
    connector, bench = club(httpx.Response(200, json={"data": {"id": 12, "status": "blocked"}}))
    assert State.RESTRICTED is (await connector.shown_as(Record("member", "12"), Member)).state
    assert ["GET /v1/f%20c/members/12?archived=any"] == told(bench)


def test_rights_that_are_needed_for_both_are_told_for_both() -> None:
    assert [Right("read", "erase", True), Right("read", "restrict", True)] == for_both({"read": True})
