"""Signing keys in a folder, the newest of which signs; the old ones stay, so that old certificates verify."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_IMODE
from typing import Any, Self

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from orchestrator.jose import ALG, REGISTRY, TYP
from topics.model import Clock

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_OTHERS_MAY_WRITE = 0o022
_OTHERS_MAY_ANYTHING = 0o077


class KeyFolderError(Exception):
    """The key folder cannot be used; the message is a sentence that says why, and holds no key."""


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key under its RFC 7638 thumbprint. Never printed."""

    kid: str
    created_at: datetime
    key: OKPKey = field(repr=False)

    @property
    def public(self) -> dict[str, Any]:
        """The public JWK (RFC 8037)."""
        x = self.key.as_dict(private=False)["x"]
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "use": "sig", "alg": ALG}


class SigningKeys:
    """The keys of one folder. A key that another process adds is seen at the next use."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._names: list[str] = []
        self._keys: tuple[SigningKey, ...] = ()

    @classmethod
    def open(cls, folder: Path, clock: Clock = lambda: datetime.now(UTC)) -> Self:
        """The keys of `folder`; there are none yet if it does not exist.

        Raises:
            KeyFolderError: it cannot be read, a file is broken, or others may read a key or write into the folder.
        """
        keys = cls(folder, clock)
        _ = keys.all
        return keys

    @property
    def all(self) -> tuple[SigningKey, ...]:
        """Every key ever made, the oldest first."""
        names = _names(self._folder)
        if names != self._names:
            self._keys = tuple(_read(self._folder / name) for name in names)
            self._names = names
        return self._keys

    @property
    def active(self) -> SigningKey:
        """The newest key, which signs.

        Raises:
            KeyFolderError: there is no key, or the folder cannot be used.
        """
        keys = self.all
        if not keys:
            raise KeyFolderError(f"There is no signing key in {self._folder}; `erasure keys rotate` makes one.")
        return keys[-1]

    def ensure(self) -> SigningKey:
        """The active key; the first one is made if there is none, once even if several processes ask."""
        if not self.all:  # looked at before the lock, so that a folder that is mounted read-only will do
            with _locked(self._folder):
                if not self.all:
                    self._make()
        return self.active

    def rotate(self) -> SigningKey:
        """Make a new key, which signs from now on."""
        with _locked(self._folder):
            self._make()
        return self.active

    def _make(self) -> None:
        now = self._clock().astimezone(UTC)
        if self.all and now <= self.all[-1].created_at:  # a clock set back must not leave the old key active
            now = self.all[-1].created_at + timedelta(microseconds=1)
        key = OKPKey.generate_key("Ed25519")
        kid = key.thumbprint()
        _write(self._folder, f"{now.strftime(_STAMP)}-{kid}.json", {**key.as_dict(private=True), "kid": kid})

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys, all that ever signed, as a JWK set (RFC 7517, section 5)."""
        return {"keys": [key.public for key in self.all]}

    def sign(self, payload: bytes) -> str:
        """`payload` as a compact JWS under the active key."""
        active = self.active
        header = {"alg": ALG, "kid": active.kid, "typ": TYP}
        return jws.serialize_compact(header, payload, active.key, registry=REGISTRY)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process, so a crash leaves none behind."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise KeyFolderError(f"The key folder {folder} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _names(folder: Path) -> list[str]:
    try:
        mode = S_IMODE(folder.stat().st_mode)
        names = sorted(p.name for p in folder.iterdir() if p.suffix == ".json" and not p.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeyFolderError(f"The key folder {folder} cannot be read: {error.strerror}.") from error
    if mode & _OTHERS_MAY_WRITE:
        raise KeyFolderError(f"Others may write into the key folder {folder} (mode {mode:04o}); set it to 0700.")
    return names


def _read(path: Path) -> SigningKey:
    try:
        with path.open("rb") as file:
            mode = S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read()
    except OSError as error:
        raise KeyFolderError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if mode & _OTHERS_MAY_ANYTHING:
        raise KeyFolderError(f"Others may read the key file {path} (mode {mode:04o}); set it to 0600.")
    broken = KeyFolderError(f"The key file {path} is broken: it is no Ed25519 key under its own name.")
    stamp, _, kid = path.name.removesuffix(".json").partition("-")
    try:
        jwk = json.loads(content)
        key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "d")})
        created_at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        # The public half is computed anew: one that does not belong to the private half would sign what never verifies.
        real = OKPKey.import_key(key.public_key)
    except (JoseError, ValueError, KeyError, TypeError):
        raise broken from None  # the cause could show what the file holds
    if jwk["crv"] != "Ed25519" or kid != jwk.get("kid") or not kid == real.thumbprint() == key.thumbprint():
        raise broken
    return SigningKey(kid, created_at, key)


def _write(folder: Path, name: str, jwk: dict[str, Any]) -> None:
    """The whole file or none: written aside, then renamed, both made to last."""
    aside = folder / f".{name}"
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(jwk, file)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(folder / name)
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    except OSError as error:
        raise KeyFolderError(f"The key folder {folder} cannot be written: {error.strerror}.") from error
