"""Signing keys in a folder, the newest of which signs; the old ones stay, so that old certificates verify."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from orchestrator import key_files
from orchestrator.jose import ALG, REGISTRY, TYP
from orchestrator.key_files import KeyFolder, KeyFolderError

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


class SigningKeys(KeyFolder[SigningKey]):
    """The keys of one folder, the newest of which signs."""

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

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys, all that ever signed, as a JWK set (RFC 7517, section 5)."""
        return {"keys": [key.public for key in self.all]}

    def sign(self, payload: bytes) -> str:
        """`payload` as a compact JWS under the active key."""
        active = self.active
        header = {"alg": ALG, "kid": active.kid, "typ": TYP}
        return jws.serialize_compact(header, payload, active.key, registry=REGISTRY)

    def _generated(self) -> OKPKey:
        return OKPKey.generate_key("Ed25519")

    def _read(self, path: Path) -> SigningKey:
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
