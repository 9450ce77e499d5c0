"""Requests that their sender sealed: a compact JWE to the orchestrator's public key, bound to its event (ADR 15)."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from orchestrator import key_files
from orchestrator.jose import decode, strict_json
from orchestrator.key_files import KeyFolder, KeyFolderError
from topics.bus import Delivery, Headers, Message
from topics.envelope import Poison, Unreadable
from topics.model import Clock
from topics.names import DEAD_LETTERS_KEPT, INTAKE_KEPT, LARGEST_REQUEST_BYTES

log = logging.getLogger(__name__)

ALG, ENC, CURVE = "ECDH-ES+A256KW", "A256GCM", "P-256"
BOUND = ("ce_id", "ce_source", "ce_type")
"""They stand in the protected header as they stand in Kafka's headers, so that nobody sends the request on as another event."""

KEPT = INTAKE_KEPT + DEAD_LETTERS_KEPT
"""How long a replaced key still opens: what stood on the intake topic then, and what of that became a dead letter to replay."""

_FOLDER = "intake"
_REGISTRY = jwe.JWERegistry(algorithms=[ALG, ENC], strict_check_header=False)
_REGISTRY.max_ciphertext_length = LARGEST_REQUEST_BYTES  # joserfc opens 64 KB by default, and seals more without a word
_DOES_NOT_OPEN = (JoseError, InvalidTag, InvalidUnwrap, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class IntakeKey:
    """A key on P-256 under its RFC 7638 thumbprint. Never printed."""

    kid: str
    created_at: datetime
    key: ECKey = field(repr=False)

    @property
    def public(self) -> dict[str, Any]:
        """The public JWK."""
        known = self.key.as_dict(private=False)
        return {**{name: known[name] for name in ("kty", "crv", "x", "y")}, "kid": self.kid, "use": "enc", "alg": ALG}


class IntakeKeys(KeyFolder[IntakeKey]):
    """The keys that open sealed requests, in a folder beside the signing keys. The newest is the one to seal with.

    A replaced key opens what is under way until `ends`.
    """

    def __init__(self, signing: Path, clock: Clock) -> None:
        super().__init__(signing / _FOLDER, clock)
        self._kept_back: set[str] = set()

    def jwks(self) -> list[dict[str, Any]]:
        """The public key to seal with now, as the keys of a JWK set; empty if there is none."""
        return [key.public for key in self.all[-1:]]

    def ends(self, key: IntakeKey) -> datetime | None:
        """When that key is destroyed; None while nothing has replaced it."""
        after = [one.created_at for one in self.all if one.created_at > key.created_at]
        return min(after) + KEPT if after else None

    def retire(self) -> None:
        """Destroy the keys whose time is over. What cannot be removed is told once, and opens nothing any more."""
        now = self._clock()
        for key, name in zip(self.all, tuple(self._names), strict=True):
            if name in self._kept_back or (end := self.ends(key)) is None or now < end:
                continue
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as error:
                self._kept_back.add(name)
                log.error("the key %s of sealed requests is over its time and cannot be destroyed: %s", key.kid, error.strerror)

    def opened(self, delivery: Delivery) -> Delivery:
        """The delivery with its request in plain, if it was sealed; else as it is.

        Raises:
            Poison: it is sealed, and cannot be opened; the detail says why, and holds nothing of the person.
        """
        headers = {name.lower(): value or b"" for name, value in delivery.headers}
        if not is_sealed(delivery.headers) or not delivery.value or len(delivery.value) > LARGEST_REQUEST_BYTES:
            return delivery  # what is empty or too large is told where everything is read
        token, header = _parts(delivery.value)
        if any(header.get(name, "").encode() != headers.get(name, b"") for name in BOUND):
            what = f"The protected header of the JWE must hold {', '.join(BOUND)} as Kafka's headers do."
            raise Poison(Unreadable.INVALID_ENVELOPE, what)
        plain = self._open(token, header["kid"])
        rest = tuple((name, value) for name, value in delivery.headers if name.lower() != "content-type")
        return replace(delivery, value=plain, headers=(*rest, ("content-type", b"application/json")))

    def _open(self, token: str, kid: str) -> bytes:
        now, named = self._clock(), [key for key in self.all if key.kid == kid]
        if not named or now >= (self.ends(named[0]) or now + KEPT):
            what = (
                "The key that the JWE names is not here: never made, or its time was over. Seal to what `erasure keys export` prints now."
            )
            raise Poison(Unreadable.SEALED, what)
        try:
            plain = jwe.decrypt_compact(token, named[0].key, registry=_REGISTRY).plaintext
        except _DOES_NOT_OPEN:
            plain = None
        if not plain:
            raise Poison(Unreadable.SEALED, "The JWE does not open with the key that it names: sealed wrongly, or changed on the way.")
        return plain

    def _generated(self) -> ECKey:
        return ECKey.generate_key(CURVE)

    def _read(self, path: Path) -> IntakeKey:
        content = key_files.read(path)
        broken = KeyFolderError(f"The key file {path} is broken: it is no key on {CURVE} under its own name.")
        try:
            jwk = json.loads(content)
            key = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y", "d")})
            created_at = key_files.made_at(path.name)
        except (JoseError, ValueError, KeyError, TypeError):
            raise broken from None  # the cause could show what the file holds
        kid = path.name.removesuffix(".json").partition("-")[2]
        if jwk["crv"] != CURVE or not kid == jwk.get("kid") == key.thumbprint():
            raise broken
        return IntakeKey(kid, created_at, key)


def is_sealed(headers: Headers) -> bool:
    """Whether a message says that its value is sealed."""
    types = [(value or b"").split(b";")[0].strip().lower() for name, value in headers if name.lower() == "content-type"]
    return types == [b"application/jose"]


def sealed(message: Message, jwk: Mapping[str, Any]) -> Message:
    """A request in binary mode, with its value sealed to a public key of `erasure keys export`. What a sender does."""
    headers = dict(message.headers)
    header = {"alg": ALG, "enc": ENC, "kid": jwk["kid"], **{name: headers[name].decode() for name in BOUND}}
    token = jwe.encrypt_compact(header, message.value, ECKey.import_key(dict(jwk)), registry=_REGISTRY)
    return replace(message, value=token.encode(), headers=(*(headers | {"content-type": b"application/jose"}).items(),))


def _parts(value: bytes) -> tuple[str, dict[str, str]]:
    """The token, and what its protected header says; of a header that is not ours nothing is repeated."""
    try:
        token = value.decode("ascii")
        if token.count(".") != 4:
            raise ValueError
        header = strict_json(decode(token.partition(".")[0]))
    except ValueError:
        raise Poison(Unreadable.UNREADABLE, "content-type is application/jose, and the value is no JWE in compact form.") from None
    if not isinstance(header, dict) or (header.get("alg"), header.get("enc")) != (ALG, ENC) or {"zip", "crit"} & header.keys():
        raise Poison(Unreadable.UNREADABLE, f"The JWE must be made with alg {ALG} and enc {ENC}, without zip and crit.")
    told = {name: header.get(name) for name in ("kid", *BOUND)}
    if not all(isinstance(text, str) for text in told.values()):
        what = f"The protected header of the JWE must hold kid, {', '.join(BOUND)}, each a text."
        raise Poison(Unreadable.INVALID_ENVELOPE, what)
    return token, {name: str(text) for name, text in told.items()}
