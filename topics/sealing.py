"""Sealing: AES-256-GCM as a compact JWE (`alg: dir`), bound to the key and to the place where it stands.

The protected header is the associated data: `kid` names the key in the keyring, `ctx` the place ("command.subject",
"located.records", ...). A token moved to another place, or sealed for another case, does not open there.
"""

import base64
import hmac
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from topics.model import NotPickled

Place = Literal["subject", "verified_by", "located.records", "hold.record", "dead_letter", "ledger.original", "proof"]

_ALGORITHMS = ["dir", "A256GCM"]
_REGISTRY = jwe.JWERegistry(algorithms=_ALGORITHMS, strict_check_header=False)
_REGISTRY.max_ciphertext_length = 64 * 1024 * 1024  # joserfc opens 64 KB only by default, and seals more without a word


class CannotOpen(Exception):
    """What is sealed here cannot be opened: another key, another place, or changed on the way."""


@dataclass(frozen=True)
class Key(NotPickled):
    """256 bits under a name. Never printed or pickled."""

    kid: str
    secret: bytes

    @cached_property
    def _jwk(self) -> OctKey:
        return OctKey.import_key(self.secret)

    def seal(self, place: Place, plain: bytes) -> str:
        """`plain` as a compact JWE that opens only with this key and at this `place`."""
        header = {"alg": "dir", "enc": "A256GCM", "kid": self.kid, "ctx": place}
        return jwe.encrypt_compact(header, plain, self._jwk, registry=_REGISTRY)

    def open(self, place: Place, token: str) -> bytes:
        """What `seal` was given.

        Raises:
            CannotOpen: another key, another place, or a changed token.
        """
        try:
            opened = jwe.decrypt_compact(token, self._jwk, registry=_REGISTRY)
        except (JoseError, ValueError) as error:
            raise CannotOpen from error
        header = opened.headers()
        if header.get("ctx") != place or header.get("kid") != self.kid or opened.plaintext is None:
            raise CannotOpen
        return opened.plaintext

    def digest(self, *parts: str) -> str:
        """A keyed digest (HMAC-SHA-256, its first 128 bits, base64url) that stands for `parts`."""
        message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        mac = hmac.digest(self.secret, message, "sha256")[:16]
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def __repr__(self) -> str:
        return f"Key({self.kid})"
