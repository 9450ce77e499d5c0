"""OAuth 2 for a worker without a browser: a refresh token that rotates at every use, and Google's service accounts."""

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from connectors.auth import granted, rsa_key
from connectors.errors import Denied, Misread
from topics.configuration import BaseUrl
from topics.model import Clock, utc_now

__all__ = ["RotatingToken", "ServiceAccount"]

_MARGIN = timedelta(seconds=30)
"""A token is not used in its last half minute: the call may take a while."""
_LOCK_LOOK_SECONDS = 0.05
_ASSERTED_FOR = timedelta(hours=1)  # the longest that Google accepts
_UNTOLD_SECONDS, _LONGEST_SECONDS = 600.0, 31 * 86_400.0


def _lifetime(told: Any) -> float:
    """How long an access token lasts, in seconds. What cannot be read costs no refresh token, since the one before is spent by now."""
    try:
        seconds = float(told)
    except (TypeError, ValueError, OverflowError):
        return _UNTOLD_SECONDS
    return min(max(seconds, 0.0), _LONGEST_SECONDS) if isfinite(seconds) else _UNTOLD_SECONDS


class _Granted(BaseModel):
    access_token: str
    expires_in: Annotated[float, BeforeValidator(_lifetime)] = _UNTOLD_SECONDS


class _Rotated(BaseModel):
    """Everything else may be missing: what is kept is the refresh token, since the one before is spent by now."""

    access_token: str | None = None
    expires_in: Annotated[float, BeforeValidator(_lifetime)] = _UNTOLD_SECONDS
    refresh_token: str | None = None


class _Kept(BaseModel):
    """What stands in the token file; what else stands there stays."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)
    refresh_token: str
    access_token: str | None = None
    expires_at: datetime | None = None

    def usable(self, now: datetime, refused: str | None) -> bool:
        """Whether the access token may be tried."""
        fresh = self.expires_at is not None and now < self.expires_at - _MARGIN
        return fresh and self.access_token not in (None, refused)


class RotatingToken(httpx.Auth):
    """An access token for a refresh token that is spent by its use: its successor stands safely in the file before anything goes on.

    The file is JSON with a `refresh_token`, in a folder that can be written. Processes take turns by a lock file beside it, and
    share the access token that it keeps. Where the vendor's answer is lost (a dropped line, or a crash before its first byte is
    written), the refresh token is tried once more: either it was not spent, or it is refused, and a person signs in anew.
    """

    def __init__(self, token: str, calls: str, client_id: str, client_secret: SecretStr, file: Path, clock: Clock = utc_now) -> None:
        """`token`, `calls`: the path of the token, and what the paths of the calls begin with. The token is asked for below the same base.

        Raises:
            ValueError: the file cannot be read; the sentence holds nothing of it.
        """
        self._token, self._calls, self._file, self._clock = token, calls, file, clock
        self._new = file.with_name(file.name + ".new")
        self._client = {"client_id": client_id, "client_secret": client_secret.get_secret_value()}
        try:
            self._read()
        except Denied as error:
            raise ValueError(error.reason) from None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        refused: str | None = None
        for _ in range(2):
            kept = self._read()
            if not kept.usable(self._clock(), refused):
                async with self._alone():
                    kept = self._read()  # another process may have renewed it meanwhile
                    if not kept.usable(self._clock(), refused):
                        self._write(kept)  # a folder that cannot be written must not cost the token
                        given = await granted(
                            (yield self._renewal(request, kept)), _Rotated, "sign in at the vendor anew, and write its refresh_token."
                        )
                        if given is None:
                            return  # the vendor is busy: its answer to this is the answer to the call
                        kept = self._renewed(kept, given)
                        self._write(kept)
                        if given.access_token is None:
                            raise Misread("The answer to the login has an unknown shape.")
            request.headers["Authorization"] = f"Bearer {kept.access_token}"
            response = yield request
            if response.status_code != 401:
                return
            refused = kept.access_token

    def _renewal(self, request: httpx.Request, kept: _Kept) -> httpx.Request:
        base = request.url.raw_path.decode().partition("?")[0].partition(self._calls)[0]
        url = request.url.copy_with(raw_path=(base + self._token).encode())
        body = {"grant_type": "refresh_token", "refresh_token": kept.refresh_token, **self._client}
        return httpx.Request("POST", url, data=body, extensions=dict(request.extensions))  # the same time-outs

    def _renewed(self, kept: _Kept, given: _Rotated) -> _Kept:
        expires_at = self._clock() + timedelta(seconds=given.expires_in)
        refresh_token = given.refresh_token or kept.refresh_token
        return kept.model_copy(update={"refresh_token": refresh_token, "access_token": given.access_token, "expires_at": expires_at})

    def _read(self) -> _Kept:
        """What was written last, also by a process that died before its new file had taken the old one's place."""
        with suppress(OSError, ValidationError):  # there is none, or it is not whole
            if self._new.stat().st_mtime_ns >= self._file.stat().st_mtime_ns:  # else a person has signed in since
                return _Kept.model_validate_json(self._new.read_bytes())
        try:
            return _Kept.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            raise Denied("The token file cannot be read, or is no JSON with a refresh_token: write that of a new sign-in to it.") from None

    def _write(self, kept: _Kept) -> None:
        """All or nothing, and on the disk when it returns: a crash at any point leaves the old file or the new one."""
        try:
            with os.fdopen(os.open(self._new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                file.write(kept.model_dump_json(exclude_none=True).encode())
                file.flush()
                os.fsync(file.fileno())
            self._new.replace(self._file)
            folder = os.open(self._file.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Denied(f"The token file cannot be written ({error.strerror}); make its folder writable for this user.") from None

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """While no other worker renews it. The lock ends with the process, however that ends."""
        try:
            lock = os.open(self._file.with_name(self._file.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise Denied(f"The token file cannot be locked ({error.strerror}); make its folder writable for this user.") from None
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(_LOCK_LOOK_SECONDS)  # the door's time-out ends this too
            yield
        finally:
            os.close(lock)


class _Credential(BaseModel):
    """A service account's key, as Google's console hands it out."""

    client_email: str
    private_key: SecretStr
    private_key_id: str | None = None
    token_uri: BaseUrl = "https://oauth2.googleapis.com/token"


class ServiceAccount(httpx.Auth):
    """An access token for a signed assertion (RFC 7523), as Google's service accounts get one; kept until it ends or is refused."""

    def __init__(self, credential: SecretStr, scope: str, mailbox: str | None = None, clock: Clock = utc_now) -> None:
        """`credential`: the key file's JSON. `mailbox`: whose data is asked for (domain-wide delegation).

        The token is asked for at the credential's `token_uri`, the one other host that is called: over TLS, or on loopback.

        Raises:
            ValueError: the credential cannot be used; the sentence holds nothing of it.
        """
        try:
            self._credential = _Credential.model_validate_json(credential.get_secret_value())
        except ValidationError:
            raise ValueError("The service account is not the JSON of a key that Google handed out; give that file, whole.") from None
        rsa_key(self._credential.private_key)
        self._scope, self._mailbox, self._clock = scope, mailbox, clock
        self._kept: tuple[str, datetime] | None = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        refused: str | None = None
        for _ in range(2):
            if self._kept is None or self._kept[0] == refused or self._kept[1] - _MARGIN <= self._clock():
                given = await granted((yield self._login(request)), _Granted, "look at the service account, its scopes and the mailbox.")
                if given is None:
                    return  # busy: its answer to this is the answer to the call
                self._kept = given.access_token, self._clock() + timedelta(seconds=given.expires_in)
            used = self._kept[0]
            request.headers["Authorization"] = f"Bearer {used}"
            response = yield request
            if response.status_code != 401:
                return
            refused = used

    def _login(self, request: httpx.Request) -> httpx.Request:
        body = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self._assertion()}
        return httpx.Request("POST", self._credential.token_uri, data=body, extensions=dict(request.extensions))

    def _assertion(self) -> str:
        given, now = self._credential, self._clock()
        about: dict[str, Any] = {"iss": given.client_email, "scope": self._scope, "aud": given.token_uri}
        about |= {"iat": int(now.timestamp()), "exp": int((now + _ASSERTED_FOR).timestamp())}
        about |= {"sub": self._mailbox} if self._mailbox else {}
        header = {"alg": "RS256", "typ": "JWT"} | ({"kid": given.private_key_id} if given.private_key_id else {})
        return jwt.encode(header, about, RSAKey.import_key(given.private_key.get_secret_value()))
