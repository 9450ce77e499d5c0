"""Signing in by a link that works once, sessions that end, and the audit."""

from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.web.access import IDLE_LASTS, LINK_LASTS, SESSION_LASTS, Access, AccessGone, Role
from tests.web.conftest import Office, csrf


def test_a_link_shows_a_button_first_and_works_once(office: Office) -> None:
    link = office.access.link("olga", Role.OFFICER)
    browser = office.stranger()
    assert link in browser.get(f"/sign-in/link/{link}").text  # looked up by a mail program: it is not used by that
    assert 303 == browser.post("/sign-in/link", data={"link": link}).status_code
    assert 200 == browser.get("/").status_code
    assert 403 == office.stranger().post("/sign-in/link", data={"link": link}).status_code


@pytest.mark.parametrize(("waited", "status"), [(LINK_LASTS, 303), (LINK_LASTS + timedelta(seconds=1), 403)])
def test_a_link_lasts_ten_minutes(office: Office, waited: timedelta, status: int) -> None:
    link = office.access.link("olga", Role.OFFICER)
    office.company.time.now += waited
    assert status == office.stranger().post("/sign-in/link", data={"link": link}).status_code


def test_a_session_ends_when_nobody_uses_it_for_an_hour(office: Office) -> None:
    browser = office.visitor()
    for _ in range(3):
        office.company.time.now += IDLE_LASTS - timedelta(minutes=1)
        assert 200 == browser.get("/").status_code
    office.company.time.now += IDLE_LASTS + timedelta(minutes=1)
    assert 303 == browser.get("/").status_code


def test_a_session_ends_after_ten_hours_however_it_is_used(office: Office) -> None:
    browser = office.visitor()
    for _ in range(int(SESSION_LASTS / timedelta(minutes=30))):
        office.company.time.now += timedelta(minutes=30)
        assert 200 == browser.get("/").status_code
    office.company.time.now += timedelta(seconds=1)
    assert 303 == browser.get("/").status_code


@pytest.mark.parametrize("path", ["/cases/0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11", "/tasks"])
def test_who_followed_a_link_comes_to_its_page_after_signing_in_once(office: Office, path: str) -> None:
    browser = office.stranger()
    browser.get(path)
    assert path == browser.post("/sign-in/link", data={"link": office.access.link("olga", Role.OFFICER)}).headers["location"]
    assert "/" == browser.post("/sign-in/link", data={"link": office.access.link("olga", Role.OFFICER)}).headers["location"]


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example/tasks", "/tasks/../sign-out", "/cases/jan@voorbeeld.nl", "/c\u00e9"]
)
def test_nothing_but_a_page_of_ours_is_come_back_to(office: Office, path: str) -> None:
    browser = office.stranger()
    assert "wanted" not in browser.get(path if path.startswith("/") and not path.startswith("//") else "/nowhere").cookies
    browser.cookies.set("wanted", path.encode("ascii", "ignore").decode())
    assert "/" == browser.post("/sign-in/link", data={"link": office.access.link("olga", Role.OFFICER)}).headers["location"]


def test_who_signed_out_is_out_on_the_server_too(office: Office) -> None:
    browser = office.visitor()
    cookie = browser.cookies["erasure"]
    browser.post("/sign-out", data={"csrf": csrf(browser.get("/"))})
    again = office.stranger()
    again.cookies.set("erasure", cookie)
    assert 303 == again.get("/").status_code


def test_the_cookie_is_kept_from_scripts_and_other_sites(office: Office) -> None:
    told = office.stranger().post("/sign-in/link", data={"link": office.access.link("olga", Role.READER)}).headers["set-cookie"].lower()
    assert all(word in told for word in ("httponly", "samesite=lax", "path=/"))
    assert "secure" not in told  # on loopback, without TLS


def test_neither_a_link_nor_a_session_can_be_read_out_of_the_store(office: Office) -> None:
    link = office.access.link("olga", Role.OFFICER)
    token = office.visitor().cookies["erasure"]
    stored = b"".join(path.read_bytes() for path in office.folder.glob("web.db*"))
    assert link.encode() not in stored and token.encode() not in stored
    assert b"olga" in stored


def test_the_audit_names_who_did_what_about_which_request_and_nobody_else(office: Office) -> None:
    request = office.erased()
    browser = office.visitor()
    browser.get(f"/cases/{request}")
    browser.get(f"/cases/{request}/certificate.jws")
    browser.get("/register.csv")
    noted = [(one.account, one.role, one.action, one.request_id) for one in office.access.audit()][::-1]
    mine = ("olga", "officer")
    assert [(*mine, "sign-in", None), (*mine, "case", request), (*mine, "certificate.jws", request), (*mine, "register.csv", None)] == noted
    assert "jan@" not in office.visitor(Role.OPERATOR).get("/audit").text


def test_while_the_store_of_sessions_is_away_nobody_is_let_in_and_it_is_told(office: Office) -> None:
    browser = office.visitor()
    office.access.close()
    for path in office.folder.glob("web.db*"):
        path.unlink()
    answers = [browser.get("/"), browser.get("/sign-in"), browser.get("/api/overview")]
    assert [(503, True)] * 3 == [(answer.status_code, "store of sessions" in answer.text) for answer in answers]
    assert all("default-src 'none'" in answer.headers["content-security-policy"] for answer in answers)


def test_a_store_that_is_away_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AccessGone, match=r"Look at \[web\] store"):
        Access.open(f"sqlite:///{tmp_path}/nowhere/web.db", lambda: None)  # type: ignore[arg-type, return-value]
