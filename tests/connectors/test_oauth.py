"""Signing in with OAuth 2: a refresh token is spent once and its successor is safe first; a service account asserts itself."""

import asyncio
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from connectors.errors import Denied, Misread
from connectors.oauth import RotatingToken, ServiceAccount
from connectors.testing.harness import START, Time
from tests.connectors.test_auth import pem

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Rotating:
    """A vendor that takes each refresh token once (r0, r1, ...), and each access token (a1, a2, ...) until the next is given."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "token.json"
        self.file.write_text(json.dumps({"refresh_token": "r0", "note": "kept"}))
        self.time, self.number, self.asked, self.seen_in_file = Time(), 0, list[httpx.Request](), list[str]()
        self.spent, self.answer, self.lose_answer = list[str](), None, False
        self.lifetime: Any = "600"
        self.good, self.named = set[str](), "access_token"

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        self.asked.append(request)
        if request.url.path.endswith("/oauth2/token"):
            return self.renew(dict(httpx.QueryParams(request.content.decode())))
        used = request.headers["authorization"].removeprefix("Bearer ")
        self.seen_in_file.append(self.kept()["refresh_token"])
        return httpx.Response(200 if used in self.good else 401)

    def renew(self, form: dict[str, str]) -> httpx.Response:
        if self.answer is not None:
            return httpx.Response(self.answer)
        if form["refresh_token"] != f"r{self.number}" or (form["client_id"], form["client_secret"]) != ("me", "s"):
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.spent.append(form["refresh_token"])
        self.number += 1
        self.good = {f"a{self.number}"}
        if self.lose_answer:
            raise httpx.ReadError("the line dropped")
        return httpx.Response(200, json={self.named: f"a{self.number}", "refresh_token": f"r{self.number}", "expires_in": self.lifetime})

    def kept(self) -> dict[str, Any]:
        return json.loads(self.file.read_text())  # type: ignore[no-any-return]

    def client(self) -> httpx.AsyncClient:
        """One worker process."""
        auth = RotatingToken("/api/oauth2/token", "/api/v1", "me", SecretStr("s"), self.file, self.time)
        return httpx.AsyncClient(base_url="https://vendor.test/proxy", auth=auth, transport=httpx.MockTransport(self))


@pytest.fixture
def vendor(tmp_path: Path) -> Rotating:
    return Rotating(tmp_path)


async def test_the_next_refresh_token_stands_in_the_file_before_the_first_call_uses_the_token(vendor: Rotating) -> None:
    async with vendor.client() as client:
        assert 200 == (await client.get("/api/v1/123/crm/Accounts")).status_code
    assert ["r1"] == vendor.seen_in_file
    assert ["/proxy/api/oauth2/token", "/proxy/api/v1/123/crm/Accounts"] == [request.url.path for request in vendor.asked]


async def test_the_file_keeps_what_else_stands_in_it_and_only_its_owner_can_read_it(vendor: Rotating) -> None:
    async with vendor.client() as client:
        await client.get("/api/v1/x")
    assert ("kept", "r1", 0o600) == (vendor.kept()["note"], vendor.kept()["refresh_token"], stat.S_IMODE(vendor.file.stat().st_mode))


async def test_an_access_token_is_used_until_it_ends_and_by_every_process(vendor: Rotating) -> None:
    async with vendor.client() as one, vendor.client() as other:
        for client in (one, other, one):
            assert 200 == (await client.get("/api/v1/x")).status_code
        assert ["r0"] == vendor.spent
        vendor.time.now = START + timedelta(seconds=571)
        assert 200 == (await other.get("/api/v1/x")).status_code
    assert ["r0", "r1"] == vendor.spent


@pytest.mark.parametrize("written", [None, "soon", "599.5", -1, 1e300, "nan", {"seconds": 600}])
async def test_a_lifetime_in_another_form_costs_no_refresh_token(vendor: Rotating, written: Any) -> None:
    vendor.lifetime = written
    async with vendor.client() as client:
        assert 200 == (await client.get("/api/v1/x")).status_code
    assert "r1" == vendor.kept()["refresh_token"]


async def test_an_answer_without_an_access_token_costs_no_refresh_token(vendor: Rotating) -> None:
    vendor.named = "accessToken"
    async with vendor.client() as client:
        with pytest.raises(Misread, match="unknown shape"):
            await client.get("/api/v1/x")
        assert "r1" == vendor.kept()["refresh_token"]
        vendor.named = "access_token"
        assert 200 == (await client.get("/api/v1/x")).status_code


async def test_workers_that_need_a_token_at_once_spend_one_refresh_token_between_them(vendor: Rotating) -> None:
    clients = [vendor.client() for _ in range(5)]
    answers = await asyncio.gather(*(client.get("/api/v1/x") for client in clients))
    assert {200} == {answer.status_code for answer in answers}
    assert ["r0"] == vendor.spent
    await asyncio.gather(*(client.aclose() for client in clients))


async def test_a_token_that_is_refused_is_renewed_once(vendor: Rotating) -> None:
    async with vendor.client() as client:
        await client.get("/api/v1/x")
        vendor.good = {"a2"}
        assert 200 == (await client.get("/api/v1/x")).status_code
        assert ["r0", "r1"] == vendor.spent
        vendor.good, vendor.answer = set(), 429
        assert 429 == (await client.get("/api/v1/x")).status_code


async def test_after_a_crash_before_the_renewal_was_sent_the_token_in_the_file_still_works(vendor: Rotating) -> None:
    async with vendor.client() as client:
        await client.get("/api/v1/x")
    vendor.time.now = START + timedelta(hours=1)
    async with vendor.client() as client:
        assert 200 == (await client.get("/api/v1/x")).status_code
    assert ["r0", "r1"] == vendor.spent


async def test_a_renewal_whose_answer_is_lost_is_told_by_what_a_person_must_do_and_spends_nothing_twice(vendor: Rotating) -> None:
    vendor.lose_answer = True
    async with vendor.client() as client:
        with pytest.raises(httpx.ReadError):
            await client.get("/api/v1/x")
        with pytest.raises(Denied, match="sign in at the vendor anew"):
            await client.get("/api/v1/x")
    assert ["r0"] == vendor.spent
    assert "r0" == vendor.kept()["refresh_token"]


async def test_a_renewal_that_never_reached_the_vendor_is_tried_again(vendor: Rotating) -> None:
    async with vendor.client() as client:
        vendor.answer = 503
        assert 503 == (await client.get("/api/v1/x")).status_code
        vendor.answer = None
        assert 200 == (await client.get("/api/v1/x")).status_code


async def test_where_the_file_cannot_be_rewritten_no_refresh_token_is_spent(vendor: Rotating) -> None:
    async with vendor.client() as client:
        vendor.file.with_name("token.json.new").mkdir()
        with pytest.raises(Denied, match="cannot be written"):
            await client.get("/api/v1/x")
    assert [] == vendor.asked


@pytest.mark.parametrize("text", ["", "{}", "r0", '{"refresh_token": 1}'])
def test_a_file_without_a_refresh_token_is_told_at_start_without_showing_it(vendor: Rotating, text: str) -> None:
    vendor.file.write_text(text)
    with pytest.raises(ValueError, match="is no JSON with a refresh_token"):
        vendor.client()


class Google:
    """Gives a token (a1, a2, ...) for an assertion that is signed with `KEY`."""

    def __init__(self) -> None:
        self.time, self.asserted, self.asked, self.answer = Time(), list[dict[str, Any]](), list[httpx.Request](), httpx.Response(500)
        self.good = {"a1"}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.host != "token.test":
            return httpx.Response(200 if request.headers["authorization"].removeprefix("Bearer ") in self.good else 401)
        form = dict(httpx.QueryParams(request.content.decode()))
        assert "urn:ietf:params:oauth:grant-type:jwt-bearer" == form["grant_type"]
        token = jwt.decode(form["assertion"], RSAKey.import_key(KEY.public_key()), algorithms=["RS256"])
        self.asserted.append({**token.claims, **token.header})
        return httpx.Response(200, json={"access_token": f"a{len(self.asserted)}", "expires_in": 3600})

    def client(self, token_uri: str = "https://token.test/token", mailbox: str | None = "info@bureau.example") -> httpx.AsyncClient:
        key = {"client_email": "bot@x.example", "private_key_id": "k1", "token_uri": token_uri, "type": "service_account"}
        credential = SecretStr(json.dumps({**key, "private_key": pem(KEY).get_secret_value()}))
        auth = ServiceAccount(credential, "https://mail.google.com/", mailbox, self.time)
        return httpx.AsyncClient(base_url="https://vendor.test", auth=auth, transport=httpx.MockTransport(self))


async def test_a_service_account_asserts_who_it_is_for_an_hour_and_for_whose_mailbox() -> None:
    google = Google()
    async with google.client() as client:
        assert 200 == (await client.get("/gmail")).status_code
    [said] = google.asserted
    assert ("bot@x.example", "https://mail.google.com/", "https://token.test/token") == (said["iss"], said["scope"], said["aud"])
    assert (3600, "info@bureau.example", "RS256", "k1") == (said["exp"] - said["iat"], said["sub"], said["alg"], said["kid"])


async def test_without_a_mailbox_it_speaks_for_itself() -> None:
    google = Google()
    async with google.client(mailbox=None) as client:
        await client.get("/x")
    assert "sub" not in google.asserted[0]


async def test_its_token_serves_many_calls_and_is_renewed_when_it_ends_or_is_refused() -> None:
    google = Google()
    async with google.client() as client:
        for _ in range(3):
            assert 200 == (await client.get("/x")).status_code
        assert 1 == len(google.asserted)
        google.time.now = START + timedelta(seconds=3571)
        google.good = {"a2"}
        assert 200 == (await client.get("/x")).status_code
        google.good = {"a3"}
        assert 200 == (await client.get("/x")).status_code
        google.good = set()
        assert 401 == (await client.get("/x")).status_code
    assert 4 == len(google.asserted)


@pytest.mark.parametrize(("status", "error"), [(400, Denied), (403, Denied), (302, Misread)])
async def test_a_refused_assertion_is_told_by_what_to_look_at(status: int, error: type[Exception]) -> None:
    auth = ServiceAccount(SecretStr(json.dumps({"client_email": "b", "private_key": pem(KEY).get_secret_value()})), "s")
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"error_description": "bot@x.example"}))
    async with httpx.AsyncClient(auth=auth, transport=transport) as client:
        with pytest.raises(error) as told:
            await client.get("https://vendor.test/x")
    assert "x.example" not in str(told.value)


@pytest.mark.parametrize("token_uri", ["http://token.test/token", "ftp://token.test", "token.test", "https://u:p@token.test/"])
def test_a_token_address_that_is_not_encrypted_is_refused_at_start(token_uri: str) -> None:
    with pytest.raises(ValueError, match="not the JSON of a key"):
        Google().client(token_uri)


def test_a_token_address_on_loopback_is_accepted() -> None:
    assert Google().client("http://127.0.0.1:9/token")


@pytest.mark.parametrize("text", ["{}", "x", '{"client_email": "b", "private_key": "x"}'])
def test_a_credential_that_cannot_sign_is_told_at_start_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"service account|private key"):
        ServiceAccount(SecretStr(text), "s")
