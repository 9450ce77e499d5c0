"""How calls are signed in: small `httpx.Auth` classes that connectors choose from."""

import base64
import inspect
import json
import re
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pydantic import BaseModel, SecretStr, ValidationError

from connectors.errors import Denied, Misread

__all__ = ["Basic", "Bearer", "By", "Certificate", "Header", "Login", "SignIn", "SignedLogin", "With"]


@dataclass(frozen=True)
class Login:
    """User and password of a mailbox."""

    user: str = field(repr=False)
    password: SecretStr


SignIn = httpx.Auth | Login
"""What a connector's `auth` gives: for calls over HTTP, or for a mailbox."""


class With(httpx.Auth):
    """Another sign-in, and headers that the vendor wants at every call beside it."""

    def __init__(self, sign_in: httpx.Auth, headers: Mapping[str, str]) -> None:
        self._sign_in, self._headers = sign_in, headers

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        request.headers.update(self._headers)
        return self._sign_in.async_auth_flow(request)


class By:
    """A sign-in that wants nothing but settings, by their names: `By(Basic, "user", "password")`. `headers` go with every call."""

    def __init__(self, sign_in: Callable[..., SignIn], *names: str, headers: Mapping[str, str] | None = None) -> None:
        self.names = names
        self._sign_in, self._headers = sign_in, headers

    @property
    def wanted(self) -> dict[str, Any]:
        """What each named setting is, as the sign-in takes it.

        Raises:
            TypeError: it takes more or fewer.
        """
        takes = [one.annotation for one in inspect.signature(self._sign_in).parameters.values()]
        if len(takes) != len(self.names):
            raise TypeError(f"it signs in by {len(self.names)} settings, where {len(takes)} are wanted")
        return dict(zip(self.names, takes, strict=True))

    def __call__(self, settings: BaseModel) -> SignIn:
        made = self._sign_in(*(getattr(settings, name) for name in self.names))
        return With(made, self._headers) if self._headers and isinstance(made, httpx.Auth) else made


class Basic(httpx.BasicAuth):
    """User and password, or e-mail address and API token (RFC 7617)."""

    def __init__(self, user: str, password: SecretStr) -> None:
        super().__init__(user, password.get_secret_value())


class Header(httpx.Auth):
    """A secret in a header of the vendor's own."""

    def __init__(self, name: str, value: SecretStr, prefix: str = "") -> None:
        self._name = name
        self._value = prefix + value.get_secret_value()

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers[self._name] = self._value
        yield request


class Bearer(Header):
    """A bearer token (RFC 6750)."""

    def __init__(self, token: SecretStr) -> None:
        super().__init__("Authorization", token, "Bearer ")


M = TypeVar("M", bound=BaseModel)


class _Token(BaseModel):
    token: str


class SignedLogin(httpx.Auth):
    """A token for a signed login, as TransIP does: the exact bytes that are sent are signed with RSA and SHA-512.

    The token is kept until the vendor answers 401; then one new login is made, and no more: a second 401 stands.
    """

    def __init__(self, login: str, calls: Iterable[str], private_key_pem: SecretStr, body: Callable[[str], dict[str, Any]]) -> None:
        """`body` makes the login's JSON from a fresh nonce (32 hex characters).

        `login`, `calls`: the paths of the login and of the calls (`/contacts/{id}`; deeper ones are covered). The login goes
        to the same base path as the call that needs it, so that a proxy or a simulator may stand at any.

        Raises:
            ValueError: the key cannot be used; the sentence holds nothing of it.
        """
        self._login_path = login
        self._body = body
        self._key = rsa_key(private_key_pem)
        self._token: str | None = None
        below = "|".join(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) for path in calls)
        self._call = re.compile(rf"(?P<base>.*)(?:{below})(?:/.*)?")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        used = self._token
        if used is None:
            answer = yield self._login(request)
            used = self._token = await self._granted(answer)
            if used is None:
                return  # the vendor is busy: its answer to the login is the answer to the call
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code != 401:
            return
        if self._token == used:  # nobody else has logged in again meanwhile
            answer = yield self._login(request)
            self._token = await self._granted(answer)
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    @staticmethod
    async def _granted(answer: httpx.Response) -> str | None:
        given = await granted(answer, _Token, "look at the login name, its private key and base_url.")
        return given.token if given else None

    def _login(self, request: httpx.Request) -> httpx.Request:
        body = json.dumps(self._body(secrets.token_hex(16))).encode()
        signature = base64.b64encode(self._key.sign(body, padding.PKCS1v15(), hashes.SHA512())).decode()
        call = self._call.fullmatch(request.url.raw_path.decode().partition("?")[0])
        url = request.url.copy_with(raw_path=((call["base"] if call else "") + self._login_path).encode())
        headers = {"Content-Type": "application/json", "Signature": signature}
        login = httpx.Request("POST", url, content=body, headers=headers)
        login.extensions = dict(request.extensions)  # the same time-outs
        return login


async def granted(answer: httpx.Response, shape: type[M], refused: str) -> M | None:
    """What a login is answered with, or None where the vendor is busy. Whatever else it answers says nothing of the call.

    Raises:
        Denied: it was refused (4xx); `refused` says what to look at.
        Misread: neither granted nor refused.
    """
    status = answer.status_code
    if status >= 500 or status in (408, 425, 429):
        return None
    if 400 <= status < 500:
        raise Denied(f"The login was refused ({status}): {refused}")
    if status not in (200, 201):
        raise Misread(f"The login was answered with {status}.")
    try:
        return shape.model_validate_json(await answer.aread())
    except ValidationError:
        raise Misread("The answer to the login has an unknown shape.") from None


def rsa_key(pem: SecretStr) -> rsa.RSAPrivateKey:
    """The key in a PEM text.

    Raises:
        ValueError: it is none; the sentence holds nothing of it.
    """
    try:
        key = serialization.load_pem_private_key(pem.get_secret_value().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # their text may hold a part of it
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("The private key is not an RSA key in PEM without a password; give the key that the vendor handed out, whole.")
    return key


class Certificate:
    """Whose signatures are believed: one certificate, given beforehand."""

    def __init__(self, pem: str) -> None:
        """Raises ValueError where it is none, or one of another kind of key; the sentence holds nothing of it."""
        try:
            key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("The certificate is not one in PEM; give the one that the vendor publishes, whole.") from None
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise ValueError("The certificate's key is neither RSA nor of an elliptic curve.")
        self._key = key

    @classmethod
    def of(cls, given: SecretStr | Path) -> "Certificate":
        """From a setting: the text of the PEM, or its file. Raises ValueError."""
        try:
            return cls(given.get_secret_value() if isinstance(given, SecretStr) else given.read_text())
        except (OSError, UnicodeDecodeError):
            raise ValueError("The file of the certificate cannot be read; write the path of a PEM.") from None

    def check(self, body: bytes, signature: str | None) -> None:
        """Hold a signature (in base64, over SHA-256) against the bytes as they came.

        Raises:
            Misread: it is missing, or not one of this certificate over these bytes.
        """
        try:
            signed = base64.b64decode(signature or "")
            if isinstance(self._key, rsa.RSAPublicKey):
                self._key.verify(signed, body, padding.PKCS1v15(), hashes.SHA256())
            else:
                self._key.verify(signed, body, ec.ECDSA(hashes.SHA256()))
        except (ValueError, InvalidSignature):
            raise Misread("An answer is not signed with the configured certificate.") from None
