"""Every route there is, from the router's own list: who is let in, what a form must carry, and what every answer says."""

import hashlib
import io
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute

from orchestrator.web import actions, api, pages, signing_in, stopping
from orchestrator.web.access import Role
from orchestrator.web.actions import ORDERS
from orchestrator.web.site import HEADERS, MOST_BYTES
from tests.web.conftest import Office, csrf

OPEN_TO_ALL = {
    ("GET", "/sign-in"),
    ("GET", "/sign-in/link/{link}"),
    ("POST", "/sign-in/link"),
    ("GET", "/sign-in/provider"),
    ("GET", "/sign-in/back"),
}
"""The ways in. The third is good for a link that was not used, and for nothing else; the last two where a provider is configured."""

ONE = "0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11"
PROOF = b"Shredded on Friday."
OFFICERS = {"/cases/{request_id}/proofs/{digest}"}
"""What is looked at by officers alone."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, keep_proofs=True)
    yield made
    made.close()


def erased_with_proof(office: Office) -> UUID:
    """A request that is carried out, of which a proof is kept."""
    request = office.erased()
    assert office.ports.proofs
    office.ports.proofs.keep(request, hashlib.sha256(PROOF).hexdigest(), io.BytesIO(PROOF))
    return request


def routes() -> Iterator[tuple[str, str]]:
    for part in (signing_in.router, pages.router, actions.router, stopping.router, api.router):
        for route in part.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods or ()):
                yield method, route.path


CLOSED = sorted(set(routes()) - OPEN_TO_ALL)
WRITING = [path for method, path in CLOSED if method != "GET"]


def filled(path: str, request: object = ONE) -> str:
    return path.format(request_id=request, name="refuse", link="x", digest=hashlib.sha256(PROOF).hexdigest())


def test_the_list_is_whole_and_the_application_has_no_other_route(office: Office) -> None:
    assert OPEN_TO_ALL <= set(routes())
    assert len(WRITING) >= 3 and len(CLOSED) >= 15
    mounted = {route.path for route in office.site.routes if not isinstance(route, APIRoute) and hasattr(route, "path")}
    assert {"/static"} == mounted


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_without_a_session_nobody_gets_further_than_the_door(office: Office, method: str, path: str) -> None:
    answer = office.stranger().request(method, filled(path))
    wanted = (401, None) if path.startswith("/api/") else (303, "/sign-in")
    assert wanted == (answer.status_code, answer.headers.get("location"))


@pytest.mark.parametrize("path", WRITING)
@pytest.mark.parametrize("token", [None, "x" * 43, "other's"])
def test_what_changes_something_wants_the_token_of_this_session(office: Office, path: str, token: str | None) -> None:
    request = office.erased()
    other = csrf(office.visitor().get("/"))
    form = {} if token is None else {"csrf": other if token == "other's" else token}
    assert 403 == office.visitor().post(filled(path, request), data={"reason": "Not proven."} | form).status_code
    assert [] == office.sent


@pytest.mark.parametrize("path", WRITING)
def test_a_form_on_somebody_elses_page_is_refused(office: Office, path: str) -> None:
    browser = office.visitor()
    form = {"csrf": csrf(browser.get("/"))}
    assert 403 == browser.post(filled(path), data=form, headers={"origin": "https://elsewhere.example"}).status_code


@pytest.mark.parametrize("role", [Role.READER, Role.OPERATOR])
@pytest.mark.parametrize("name", ORDERS)
def test_only_an_officer_acts(office: Office, role: Role, name: str) -> None:
    request, browser = office.erased(), office.visitor(role)
    form = {"csrf": csrf(browser.get("/")), "reason": "Not proven.", "ground": "Not proven."}
    assert 403 == browser.post(f"/cases/{request}/orders/{name}", data=form).status_code
    assert "/orders/" not in browser.get(f"/cases/{request}").text
    assert [] == office.sent


UNNOTED = {"/cases/{request_id}/progress", "/api/openapi.json"}
"""The one follows a page that was noted; the other tells nothing of a request."""


@pytest.mark.parametrize("path", sorted({path for method, path in CLOSED if method == "GET"} - UNNOTED))
def test_every_view_is_an_entry_of_the_audit(office: Office, path: str) -> None:
    role = Role.OFFICER if path in OFFICERS else Role.OPERATOR
    request, browser = erased_with_proof(office), office.visitor(role)
    before = len(office.access.audit())
    assert 200 == browser.get(filled(path, request)).status_code
    (noted,) = office.access.audit()[: len(office.access.audit()) - before]
    about = request if "{request_id}" in path else None
    assert ("olga", role, about) == (noted.account, noted.role, noted.request_id)


@pytest.mark.parametrize("path", [path for path in WRITING if path != "/sign-out"])
def test_what_somebody_tried_without_the_role_for_it_is_an_entry_of_the_audit(office: Office, path: str) -> None:
    request, browser = office.erased(), office.visitor(Role.READER)
    form = {"csrf": csrf(browser.get("/")), "reason": "Not proven."}
    assert 403 == browser.post(filled(path, request), data=form).status_code
    noted = office.access.audit()[0]
    assert ("olga", "reader", True) == (noted.account, noted.role, noted.action.startswith("denied: "))
    assert [] == office.sent


@pytest.mark.parametrize("role", [Role.READER, Role.OPERATOR])
@pytest.mark.parametrize("path", sorted(OFFICERS))
def test_what_is_the_officers_to_look_at_nobody_else_does_and_who_tried_is_an_entry_of_the_audit(
    office: Office, role: Role, path: str
) -> None:
    request = erased_with_proof(office)
    assert 403 == office.visitor(role).get(filled(path, request)).status_code
    noted = office.access.audit()[0]
    assert ("olga", role, True) == (noted.account, noted.role, noted.action.startswith("denied: "))


@pytest.mark.parametrize("role", [Role.OFFICER, Role.READER])
def test_only_an_operator_sees_the_audit(office: Office, role: Role) -> None:
    assert (403, 200) == (office.visitor(role).get("/audit").status_code, office.visitor(Role.OPERATOR).get("/audit").status_code)


@pytest.mark.parametrize("id", [str(uuid4()), "no-id", "jan@voorbeeld.nl"])
@pytest.mark.parametrize("path", [path for method, path in CLOSED if method == "GET" and "{request_id}" in path])
def test_a_request_that_is_not_there_is_not_found_and_not_repeated(office: Office, path: str, id: str) -> None:
    answer = office.visitor().get(filled(path, id))
    assert 404 == answer.status_code
    assert id not in answer.text


@pytest.mark.parametrize(("method", "path"), sorted(routes()))
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_answer_carries_the_headers(office: Office, method: str, path: str, signed_in: bool) -> None:
    browser = office.visitor() if signed_in else office.stranger()
    answer = browser.request(method, filled(path))
    assert (
        HEADERS.items() <= dict(answer.headers).items()
        or {k.lower(): v for k, v in HEADERS.items()}.items() <= dict(answer.headers).items()
    )
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/register", "/cases/{request_id}", "/api/overview"])
def test_an_answer_that_tells_of_a_defect_of_ours_carries_the_headers_and_nothing_of_it(
    office: Office, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> datetime:
        raise ValueError("jan@voorbeeld.nl")

    request, browser = office.erased(), office.visitor()
    object.__setattr__(office.ports, "clock", broken)
    answer = browser.get(filled(path, request))
    assert 500 == answer.status_code
    assert {k.lower(): v for k, v in HEADERS.items()}.items() <= dict(answer.headers).items()
    assert path.startswith("/api/") == ("application/json" == answer.headers["content-type"])
    assert "jan@" not in answer.text + caplog.text
    assert "ValueError" in caplog.text


@pytest.mark.parametrize("path", ["/sign-in/link", *WRITING])
def test_more_than_a_proof_may_be_is_turned_away_before_it_is_taken_in(office: Office, path: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("it was taken in")
        yield b""

    lengths = {"too long": ({"content-length": str(MOST_BYTES + 1)}, 413), "unknown": ({"transfer-encoding": "chunked"}, 411)}
    for headers, status in lengths.values():
        kind = {"content-type": "multipart/form-data; boundary=x"}
        assert status == office.stranger().post(filled(path), content=endless(), headers=headers | kind).status_code


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/style.css", "/nowhere", "/api/overview"])
def test_no_other_host_name_is_answered(office: Office, path: str) -> None:
    assert 421 == office.visitor().get(path, headers={"host": "evil.example"}).status_code


@pytest.mark.parametrize("path", ["/", "/register", "/holds", "/tasks", "/stop", "/sign-in", "/nowhere"])
def test_no_page_asks_anything_of_a_third_party(office: Office, path: str) -> None:
    text = office.visitor().get(path).text
    assert "://" not in text.replace("http://www.w3.org", "")
    assert "style=" not in text and "<script>" not in text


def test_what_is_served_beside_the_pages_is_open_and_holds_nothing(office: Office) -> None:
    stranger = office.stranger()
    assert [200, 200] == [stranger.get(f"/static/{name}").status_code for name in ("style.css", "progress.js")]
