"""Tokens of programs: good for the API until they end or are revoked, and for nothing else."""

from datetime import timedelta

import pytest
from httpx import Response

from orchestrator.web.access import Role
from tests.web.conftest import Office
from tests.web.test_routes import CLOSED, WRITING, filled

LASTS = timedelta(days=90)
API = sorted(path for method, path in CLOSED if path.startswith("/api/"))
PAGES = [(method, path) for method, path in CLOSED if not path.startswith("/api/")]


def made(office: Office, role: Role = Role.READER) -> str:
    token = office.access.make_token("portal", role, LASTS)
    assert token is not None
    return token


def asked(office: Office, token: str, path: str = "/api/overview", method: str = "GET", scheme: str = "Bearer") -> Response:
    return office.stranger().request(method, path, headers={"authorization": f"{scheme} {token}"})


@pytest.mark.parametrize("path", API)
def test_a_token_reads_the_api_and_the_audit_names_it(office: Office, path: str) -> None:
    request, token = office.erased(), made(office)
    before = len(office.access.audit())
    assert 200 == asked(office, token, filled(path, request)).status_code
    noted = office.access.audit()[: len(office.access.audit()) - before]
    assert ([] if path == "/api/openapi.json" else [("token portal", "reader")]) == [(one.account, one.role) for one in noted]


@pytest.mark.parametrize("role", [Role.READER, Role.OFFICER])
@pytest.mark.parametrize(("method", "path"), PAGES)
def test_no_page_knows_a_token_whatever_its_role(office: Office, method: str, path: str, role: Role) -> None:
    answer = asked(office, made(office, role), filled(path), method)
    assert (303, "/sign-in") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize("path", WRITING)
def test_a_token_beside_a_session_does_not_stand_in_for_what_a_form_must_carry(office: Office, path: str) -> None:
    request, token, browser = office.erased(), made(office, Role.OFFICER), office.visitor()
    browser.get("/")
    headers = {"authorization": f"Bearer {token}"}
    for form in ({}, {"csrf": ""}, {"csrf": token}):
        assert 403 == browser.post(filled(path, request), data=form | {"reason": "Not proven."}, headers=headers).status_code
    assert [] == office.sent


def test_the_api_has_nothing_that_changes_anything() -> None:
    assert {("GET", path) for path in API} == {(method, path) for method, path in CLOSED if path.startswith("/api/")}


@pytest.mark.parametrize("wrong", ["", "x" * 43, "\x7f", "é"])
def test_what_is_no_token_is_told_how_to_send_one(office: Office, wrong: str) -> None:
    made(office)
    answer = office.stranger().get("/api/overview", headers={"authorization": f"Bearer {wrong}".encode()})
    assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])


def test_neither_a_link_nor_a_session_is_a_token_and_a_token_is_no_session(office: Office) -> None:
    token, browser = made(office), office.visitor()
    assert 401 == asked(office, browser.cookies["erasure"]).status_code
    assert 401 == asked(office, office.access.link("olga", Role.OFFICER)).status_code
    assert 403 == office.stranger().post("/sign-in/link", data={"link": token}).status_code
    assert 401 == office.stranger().get("/api/overview", headers={"cookie": f"erasure={token}"}).status_code
    assert 401 == asked(office, token, scheme="Basic").status_code


def test_a_token_that_is_wrong_is_not_made_good_by_a_session(office: Office) -> None:
    for wrong in ("Bearer x", "Bearer", "Basic eDp5", ""):
        assert 401 == office.visitor().get("/api/overview", headers={"authorization": wrong}).status_code


@pytest.mark.parametrize(("waited", "status"), [(LASTS, 200), (LASTS + timedelta(seconds=1), 401)])
def test_a_token_ends(office: Office, waited: timedelta, status: int) -> None:
    token = made(office)
    office.company.time.now += waited
    assert status == asked(office, token).status_code


def test_a_token_is_revoked_at_once_and_both_are_entries_of_the_audit(office: Office) -> None:
    token = made(office)
    assert office.access.revoke("portal")
    assert 401 == asked(office, token).status_code
    assert not office.access.revoke("portal")
    assert ["token revoked", "token made"] == [one.action for one in office.access.audit() if one.account == "token portal"]


def test_a_name_has_one_token(office: Office) -> None:
    first = made(office)
    assert office.access.make_token("portal", Role.READER, LASTS) is None
    assert 200 == asked(office, first).status_code
    office.access.revoke("portal")
    second = made(office)
    assert (401, 200) == (asked(office, first).status_code, asked(office, second).status_code)


def test_a_token_cannot_be_read_out_of_the_store(office: Office) -> None:
    token = made(office)
    assert token.encode() not in b"".join(path.read_bytes() for path in office.folder.glob("web.db*"))


def test_a_foreign_page_cannot_use_a_session_by_the_api(office: Office) -> None:
    """A browser adds the cookie by itself, but no answer lets another origin read it."""
    answer = office.visitor().get("/api/overview", headers={"origin": "https://elsewhere.example"})
    assert [] == [name for name in answer.headers if name.startswith("access-control")]


def test_the_description_says_both_ways_in_for_every_operation(office: Office) -> None:
    described = asked(office, made(office), "/api/openapi.json").json()
    schemes = {(one["type"], one.get("scheme") or one["in"]) for one in described["components"]["securitySchemes"].values()}
    assert {("http", "bearer"), ("apiKey", "cookie")} == schemes
    ways = [operation["security"] for path in described["paths"].values() for operation in path.values()]
    assert len(API) - 1 == len(ways)
    assert all([{"token": []}, {"session": []}] == one for one in ways)
