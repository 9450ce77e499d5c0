"""Our one signature form, compact JWS with `EdDSA` on Ed25519, and how its parts are read from files."""

import copy
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from topics.names import LARGEST_MESSAGE_BYTES

TYP = "erasure-certificate+jwt"
ALG = "EdDSA"


class Unreadable(Exception):
    """What was given cannot be read as a certificate or a key set at all, so that there is nothing to check."""


def _registry() -> JWSRegistry:
    # joserfc warns at every use of `EdDSA` (RFC 9864 prefers `Ed25519`, which few libraries know yet). A copy without
    # the warning touches neither the process's warning filters, which are not thread-safe, nor anybody else's use.
    algorithm = copy.copy(JWSRegistry.algorithms[ALG])
    algorithm.security_warning = None
    registry = JWSRegistry(algorithms=[ALG])
    registry.algorithms = {ALG: algorithm}
    registry.max_payload_length = LARGEST_MESSAGE_BYTES
    return registry


REGISTRY = _registry()


def decode(text: str) -> bytes:
    """What base64url `text` stands for. There is one text for the same bytes: no padding, no unused bits, no blanks.

    Raises:
        ValueError: it is not base64url, or not in that one form.
    """
    return urlsafe_b64decode(text.encode("ascii"))


def read_token(content: bytes) -> str:
    """The compact JWS in a file's content.

    Raises:
        Unreadable: it is no text of three parts with dots between, so that it was never a certificate.
    """
    try:
        token = content.decode("ascii").strip()
    except UnicodeDecodeError:
        raise Unreadable("The file is not text: a certificate is one long line of letters, digits and dots.") from None
    if token.count(".") != 2 or len(token.split()) != 1:
        raise Unreadable("The file holds no certificate: that is one long line, in three parts with dots between.")
    return token


def read_jwks(content: bytes) -> dict[str, Any]:
    """The JWK set in a file's content.

    Raises:
        Unreadable: it is not JSON, or no JWK set.
    """
    try:
        jwks = strict_json(content)
    except ValueError:
        raise Unreadable("The key file is not JSON; `erasure keys export` writes one.") from None
    return {"keys": key_list(jwks)}


def strict_json(content: bytes) -> Any:
    """JSON without a name twice in one object and without NaN; a ValueError otherwise."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    def constant(_name: str) -> NoReturn:
        raise ValueError("not a number")

    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=once, parse_constant=constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def key_list(jwks: object) -> list[Mapping[str, Any]]:
    """The keys of a JWK set (RFC 7517, section 5).

    Raises:
        Unreadable: it is none.
    """
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, list) or not all(isinstance(key, Mapping) for key in keys):
        raise Unreadable('The key file is no JWK set: {"keys": [...]}; `erasure keys export` writes one.')
    return keys
