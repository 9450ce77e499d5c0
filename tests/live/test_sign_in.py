"""Signing in at a real OpenID provider, as a browser does it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestrator.web.access import Role
from tests.live.conftest import or_left_out
from tests.live.servers.identity_provider import IdentityProvider
from tests.web.conftest import ADDRESS, Browser, Office
from topics.configuration import SignIn

ACCOUNTS = {"olga": ["staff", "privacy-officer"], "rik": ["auditor"], "gast": ["staff"], "leeg": []}
ROLES = {"officer": "privacy-officer", "reader": "auditor"}


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with or_left_out(lambda: IdentityProvider(f"{ADDRESS}/sign-in/back", ACCOUNTS)) as server:
        yield server


@pytest.fixture
def office(provider: IdentityProvider, tmp_path: Path) -> Iterator[Office]:
    secret = SecretStr(provider.client_secret)
    given = SignIn(issuer=provider.issuer, client_id=provider.client_id, client_secret=secret, roles=ROLES)  # type: ignore[arg-type]
    made = Office(tmp_path, sign_in=given)
    yield made
    made.close()


def come_back(office: Office, provider: IdentityProvider, account: str) -> tuple[Browser, int]:
    browser = office.stranger()
    away = browser.get("/sign-in/provider")
    assert 302 == away.status_code
    back = provider.sign_in(away.headers["location"], account)
    return browser, browser.get(back.removeprefix(ADDRESS)).status_code


@pytest.mark.parametrize(("account", "role"), [("olga", Role.OFFICER), ("rik", Role.READER)])
def test_who_has_a_role_at_the_provider_has_it_here(office: Office, provider: IdentityProvider, account: str, role: Role) -> None:
    browser, status = come_back(office, provider, account)
    assert (303, 200) == (status, browser.get("/").status_code)
    assert [(account, role.value, "overview"), (account, role.value, "sign-in")] == [
        (one.account, one.role, one.action) for one in office.access.audit()
    ]


@pytest.mark.parametrize("account", ["gast", "leeg"])
def test_who_has_no_role_is_not_let_in(office: Office, provider: IdentityProvider, account: str) -> None:
    browser, status = come_back(office, provider, account)
    assert (403, 303) == (status, browser.get("/").status_code)
    assert [] == office.access.audit()


def test_an_answer_works_once_and_in_the_browser_that_asked(office: Office, provider: IdentityProvider) -> None:
    browser, other = office.stranger(), office.stranger()
    back = provider.sign_in(browser.get("/sign-in/provider").headers["location"], "olga").removeprefix(ADDRESS)
    assert 403 == other.get(back).status_code
    assert [303, 403] == [browser.get(back).status_code for _ in range(2)]


def test_the_question_carries_a_state_a_nonce_and_a_challenge(office: Office, provider: IdentityProvider) -> None:
    asked = office.stranger().get("/sign-in/provider").headers["location"]
    assert asked.startswith(provider.issuer)
    assert all(f"{name}=" in asked for name in ("state", "nonce", "code_challenge", "redirect_uri"))
    assert "code_challenge_method=S256" in asked


def test_a_provider_that_is_away_is_told_and_nobody_is_let_in(tmp_path: Path) -> None:
    gone = SignIn(issuer="http://127.0.0.1:9", client_id="x", client_secret=SecretStr("x"), roles=ROLES)  # type: ignore[arg-type]
    office = Office(tmp_path, sign_in=gone)
    answer = office.stranger().get("/sign-in/provider")
    assert (503, True) == (answer.status_code, "cannot be reached" in answer.text)
    office.close()
