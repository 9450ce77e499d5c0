"""Signing keys in a folder, the newest of which signs; the old ones stay, so that old certificates verify."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from orchestrator import key_files
from orchestrator.jose import ALG, REGISTRY, TYP
from orchestrator.key_files import KeyFolderError
from topics.model import Clock

__all__ = ["KeyFolderError", "SigningKey", "SigningKeys"]


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
        names = key_files.names(self._folder)
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
            with key_files.locked(self._folder):
                if not self.all:
                    self._make()
        return self.active

    def rotate(self) -> SigningKey:
        """Make a new key, which signs from now on."""
        with key_files.locked(self._folder):
            self._make()
        return self.active

    def _make(self) -> None:
        stamp = key_files.stamp(self._clock(), self.all[-1].created_at if self.all else None)
        key = OKPKey.generate_key("Ed25519")
        kid = key.thumbprint()
        key_files.write(self._folder, f"{stamp}-{kid}.json", {**key.as_dict(private=True), "kid": kid})

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys, all that ever signed, as a JWK set (RFC 7517, section 5)."""
        return {"keys": [key.public for key in self.all]}

    def sign(self, payload: bytes) -> str:
        """`payload` as a compact JWS under the active key."""
        active = self.active
        header = {"alg": ALG, "kid": active.kid, "typ": TYP}
        return jws.serialize_compact(header, payload, active.key, registry=REGISTRY)


def _read(path: Path) -> SigningKey:
    content = key_files.read(path)
    broken = KeyFolderError(f"The key file {path} is broken: it is no Ed25519 key under its own name.")
    try:
        jwk = json.loads(content)
        key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "d")})
        created_at = key_files.made_at(path.name)
        # The public half is computed anew: one that does not belong to the private half would sign what never verifies.
        real = OKPKey.import_key(key.public_key)
    except (JoseError, ValueError, KeyError, TypeError):
        raise broken from None  # the cause could show what the file holds
    kid = path.name.removesuffix(".json").partition("-")[2]
    if jwk["crv"] != "Ed25519" or kid != jwk.get("kid") or not kid == real.thumbprint() == key.thumbprint():
        raise broken
    return SigningKey(kid, created_at, key)
