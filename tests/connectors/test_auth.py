"""How calls are signed in."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pydantic import SecretStr

from connectors.auth import Basic, Bearer, Certificate, Header, SignedLogin
from connectors.errors import Denied, Misread, VendorError

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> SecretStr:
    encoding, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    return SecretStr(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no_password).decode())


def signed_login() -> SignedLogin:
    return SignedLogin("/auth", ["/things", "/things/{id}"], pem(KEY), lambda nonce: {"login": "me", "nonce": nonce})


class Vendor:
    """Gives the tokens t1, t2, ... to signed logins, and takes only those in `good`."""

    def __init__(self, *good: str) -> None:
        self.good, self.logins, self.calls = set(good), list[httpx.Request](), list[httpx.Request]()
        self.login_answer: httpx.Response | None = None
        self.slow_arrived, self.slow_goes_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if not request.url.path.endswith("/auth"):
            self.calls.append(request)
            if request.url.path.endswith("/slow"):
                self.slow_arrived.set()
                await self.slow_goes_on.wait()
            return httpx.Response(200 if request.headers["authorization"].removeprefix("Bearer ") in self.good else 401)
        self.logins.append(request)
        KEY.public_key().verify(base64.b64decode(request.headers["signature"]), request.content, padding.PKCS1v15(), hashes.SHA512())
        given = self.login_answer or httpx.Response(201, json={"token": f"t{len(self.logins)}"})
        return httpx.Response(given.status_code, headers=given.headers, content=given.content)

    def client(self, auth: httpx.Auth) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="https://vendor.test/v6", auth=auth, transport=httpx.MockTransport(self), timeout=7.0)


def sent_by(auth: httpx.Auth) -> httpx.Headers:
    return next(auth.auth_flow(httpx.Request("GET", "https://vendor.test/"))).headers


def test_a_bearer_token_a_basic_password_and_a_header_are_sent_as_documented() -> None:
    assert "Bearer s" == sent_by(Bearer(SecretStr("s")))["authorization"]
    assert "Basic " + base64.b64encode(b"me:s").decode() == sent_by(Basic("me", SecretStr("s")))["authorization"]
    assert "key s" == sent_by(Header("X-Api-Key", SecretStr("s"), "key "))["x-api-key"]


async def test_one_signed_login_serves_many_calls() -> None:
    vendor = Vendor("t1")
    async with vendor.client(signed_login()) as client:
        assert [200, 200, 200] == [(await client.get("/things")).status_code for _ in range(3)]
    assert (1, 3) == (len(vendor.logins), len(vendor.calls))


async def test_each_login_has_a_nonce_of_its_own_and_goes_below_the_same_base_path() -> None:
    vendor = Vendor()
    async with vendor.client(signed_login()) as client:
        await client.get("/things/1")
    assert {"/v6/auth"} == {login.url.path for login in vendor.logins}
    nonces = [json.loads(login.content)["nonce"] for login in vendor.logins]
    assert 2 == len(set(nonces)) and all(32 == len(nonce) for nonce in nonces)


async def test_a_token_that_has_run_out_is_renewed_once() -> None:
    vendor = Vendor("t1")
    async with vendor.client(signed_login()) as client:
        await client.get("/things")
        vendor.good = {"t2"}
        assert 200 == (await client.get("/things")).status_code
    assert 2 == len(vendor.logins)


async def test_a_second_refusal_after_a_fresh_login_stands() -> None:
    vendor = Vendor()
    async with vendor.client(signed_login()) as client:
        assert 401 == (await client.get("/things")).status_code
    assert (2, 2) == (len(vendor.logins), len(vendor.calls))


async def test_a_call_whose_token_another_has_renewed_meanwhile_makes_no_login_of_its_own() -> None:
    vendor = Vendor("t1")
    async with vendor.client(signed_login()) as client:
        await client.get("/things")
        vendor.good = {"t2"}
        slow = asyncio.create_task(client.get("/things/slow"))
        await vendor.slow_arrived.wait()
        await client.get("/things")
        vendor.slow_goes_on.set()
        assert 200 == (await slow).status_code
    assert 2 == len(vendor.logins)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_vendor_too_busy_for_the_login_is_told_as_busy(status: int) -> None:
    vendor = Vendor("t1")
    vendor.login_answer = httpx.Response(status)
    async with vendor.client(signed_login()) as client:
        assert status == (await client.get("/things")).status_code
        vendor.login_answer = None
        vendor.good = {"t2"}
        assert 200 == (await client.get("/things")).status_code


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(401), Denied),
        (httpx.Response(403), Denied),
        (httpx.Response(404), Denied),
        (httpx.Response(422), Denied),
        (httpx.Response(201, html="<html>"), Misread),
        (httpx.Response(201, content=b""), Misread),
        (httpx.Response(201, json={"other": 1}), Misread),
        (httpx.Response(302, headers={"location": "https://elsewhere.test"}), Misread),
    ],
)
async def test_a_login_that_fails_is_never_the_answer_to_the_call(answer: httpx.Response, error: type[VendorError]) -> None:
    """A 404 to the login would be read as: the record is gone."""
    vendor = Vendor()
    vendor.login_answer = answer
    async with vendor.client(signed_login()) as client:
        with pytest.raises(error):
            await client.delete("/things/1")
    assert [] == vendor.calls


async def test_a_login_carries_the_time_outs_of_its_call() -> None:
    vendor = Vendor("t1")
    async with vendor.client(signed_login()) as client:
        await client.get("/things")
    assert vendor.calls[0].extensions["timeout"] == vendor.logins[0].extensions["timeout"]
    assert 7.0 == vendor.logins[0].extensions["timeout"]["read"]


@pytest.mark.parametrize(
    "given",
    [SecretStr("no key"), SecretStr(""), pem(ec.generate_private_key(ec.SECP256R1())), SecretStr(pem(KEY).get_secret_value()[:300])],
)
def test_a_key_that_cannot_sign_is_refused_at_start_without_showing_it(given: SecretStr) -> None:
    with pytest.raises(ValueError) as error:
        SignedLogin("/auth", ["/things"], given, lambda _: {})
    secret = given.get_secret_value()
    assert not secret or secret not in str(error.value)
    assert secret[30:90] == "" or secret[30:90] not in str(error.value)


def test_no_secret_shows_when_an_auth_is_printed() -> None:
    token = SecretStr("kit-secret-9f3a71")
    assert "kit-secret" not in f"{Bearer(token)!r}{Basic('me', token)!r}{Header('X', token)!r}"


@pytest.mark.parametrize("key", [KEY, ec.generate_private_key(ec.SECP256R1())])
def test_a_signature_is_of_this_certificate_and_over_these_bytes_or_it_is_misread(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
) -> None:
    name, day = x509.Name([]), datetime(2026, 11, 22, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    pem = made.not_valid_before(day).not_valid_after(day).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    certificate, body = Certificate(pem.decode()), b'{"a": 1}'
    if isinstance(key, rsa.RSAPrivateKey):
        signed = base64.b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
    else:
        signed = base64.b64encode(key.sign(body, ec.ECDSA(hashes.SHA256()))).decode()
    certificate.check(body, f"{signed[:9]}\n{signed[9:]}")  # as the specification prints it
    for bytes_, signature in ((b'{"a":1}', signed), (body, None), (body, "x"), (body, signed[4:])):
        with pytest.raises(Misread, match="not signed"):
            certificate.check(bytes_, signature)
