"""Offline check of a certificate, in numbered steps; needs the certificate and the public keys, and nothing else.

1. It is a compact JWS (RFC 7515, section 7.1): three parts in base64url, each in its one possible form.
2. Its protected header says `typ` and `alg` as ours do, names a key, and says nothing more: no other algorithm, no
   `none`, no `crit`, no key that comes along (`jwk`, `jku`, `x5c`, `x5u`).
3. The key of that name stands in the given key set, once, and is an Ed25519 public key.
4. The signature over header and payload holds under that key.
5. The payload is a certificate: JSON, no name twice, no field missing, wrong or unknown.
6. It agrees with itself: `agreement.faults` finds nothing.
7. If another certificate is given: it is the one that this one supersedes, or the one before it in the register.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from orchestrator.agreement import faults
from orchestrator.jose import ALG, REGISTRY, TYP, Unreadable, decode, key_list, read_jwks, read_token, strict_json
from orchestrator.payload import Certificate, fingerprint
from topics.names import LARGEST_MESSAGE_BYTES

__all__ = ["STEPS", "NotValid", "Report", "StepResult", "Unreadable", "read_jwks", "read_token", "report", "verify"]

STEPS = (
    "It is a compact JWS",
    "Type and algorithm are those of a certificate",
    "The key is in the key set",
    "The signature holds",
    "The content is a certificate",
    "The certificate agrees with itself",
    "It follows the certificate given as the one before",
)
_ED25519_BYTES = 32


class NotValid(Exception):
    """A step failed: its title, its number (from 1) and a sentence that says what was found."""

    def __init__(self, step: str, number: int, sentence: str) -> None:
        super().__init__(f"Step {number}, {step.lower()}: {sentence}")
        self.step, self.number, self.sentence = step, number, sentence


@dataclass(frozen=True)
class StepResult:
    """One step for display; `sentence` is given where it failed."""

    number: int
    step: str
    result: Literal["passed", "failed", "not reached", "not asked"]
    sentence: str | None = None


@dataclass(frozen=True)
class Report:
    """Every step in order, and the certificate if it is valid."""

    steps: tuple[StepResult, ...]
    certificate: Certificate | None

    @property
    def valid(self) -> bool:
        """Whether no step failed."""
        return self.certificate is not None


def verify(token: str, jwks: Mapping[str, Any], previous: str | None = None) -> Certificate:
    """The certificate in a compact JWS, after every step of this module's docstring.

    Args:
        token: the compact JWS; blanks around it are allowed.
        jwks: a JWK set with the controller's public keys, from a source that the caller trusts.
        previous: the compact JWS that it supersedes, or that stands before it in the register.

    Raises:
        NotValid: a step failed.
        Unreadable: `jwks` is no JWK set.
    """
    keys, token = key_list(jwks), token.strip()
    header, payload, signature = _parts(token)  # 1
    kid = _kid(header)  # 2
    key = _key(keys, kid)  # 3
    _check_signature(token, key, signature)  # 4
    certificate = _certificate(payload)  # 5
    if found := faults(certificate):  # 6
        _fail(6, " ".join(found))
    if previous is not None:  # 7
        _check_previous(certificate, previous.strip())
    return certificate


def report(token: str, jwks: Mapping[str, Any], previous: str | None = None) -> Report:
    """The same check as `verify`, with what came of each step.

    Raises:
        Unreadable: `jwks` is no JWK set.
    """
    last = len(STEPS) if previous is not None else len(STEPS) - 1
    try:
        certificate, failed, sentence = verify(token, jwks, previous), last + 1, None
    except NotValid as failure:
        certificate, failed, sentence = None, failure.number, failure.sentence
    steps = []
    for number, step in enumerate(STEPS, start=1):
        if number == failed and sentence is not None:
            steps.append(StepResult(number, step, "failed", sentence))
        elif number > last:
            steps.append(StepResult(number, step, "not asked"))
        else:
            steps.append(StepResult(number, step, "passed" if number < failed else "not reached"))
    return Report(tuple(steps), certificate)


def _fail(number: int, sentence: str) -> NoReturn:
    raise NotValid(STEPS[number - 1], number, sentence) from None


def _parts(token: str) -> tuple[bytes, bytes, bytes]:
    parts = token.split(".")
    if len(parts) != 3 or not all(parts) or len(token) > 2 * LARGEST_MESSAGE_BYTES:
        _fail(1, "It does not consist of three parts with dots between.")
    try:
        header, payload, signature = (decode(part) for part in parts)
    except ValueError:
        _fail(1, "A part of it is not base64url: it was changed or cut off.")
    return header, payload, signature


def _kid(header: bytes) -> str:
    try:
        fields = strict_json(header)
    except ValueError:
        _fail(2, "The header is not JSON, or says something twice.")
    if not isinstance(fields, dict) or fields.get("typ") != TYP:
        _fail(2, f"The header does not say that this is a certificate (typ: {TYP}).")
    if fields.get("alg") != ALG:
        _fail(2, f"It is not signed with the algorithm of certificates (alg: {ALG}).")
    kid = fields.get("kid")
    if set(fields) != {"alg", "kid", "typ"} or not isinstance(kid, str):
        _fail(2, "The header must say typ, alg and kid and nothing more; a key that comes along proves nothing.")
    return kid


def _key(keys: list[Mapping[str, Any]], kid: str) -> OKPKey:
    named = [key for key in keys if key.get("kid") == kid]
    if len(named) != 1:
        _fail(3, "The key set does not hold the key that it names." if not named else "The key set holds it twice.")
    key = named[0]
    if key.get("kty") != "OKP" or key.get("crv") != "Ed25519" or "d" in key or key.get("use", "sig") != "sig":
        _fail(3, "The key of that name is not an Ed25519 public key for signatures.")
    x = key.get("x")
    try:
        whole = isinstance(x, str) and len(decode(x)) == _ED25519_BYTES
        # Only these three: what else the key set says of the key must not steer the check.
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": str(x) if whole else ""})
    except (JoseError, ValueError):
        _fail(3, "The key of that name is broken.")


def _check_signature(token: str, key: OKPKey, signature: bytes) -> None:
    try:
        jws.deserialize_compact(token, key, registry=REGISTRY)
    except (JoseError, ValueError):
        _fail(4, "The signature does not fit: the certificate was changed, or another key signed it.")


def _certificate(payload: bytes) -> Certificate:
    try:
        strict_json(payload)  # only looked at here: pydantic would take the last of two equal names
    except ValueError:
        _fail(5, "The content is not JSON, or says something twice.")
    try:
        # strict: a text is no number, and a number no date
        return Certificate.model_validate_json(payload, strict=True)
    except ValidationError as error:
        places = sorted({".".join(map(str, e["loc"])) or "the whole" for e in error.errors(include_input=False)})
        _fail(5, f"The content is no certificate of the form that this program knows; look at: {', '.join(places)}.")


def _check_previous(certificate: Certificate, previous: str) -> None:
    if fingerprint(previous) not in {certificate.supersedes, certificate.place.previous}:
        _fail(7, "The certificate given is neither the one that it supersedes nor the one before it in the register.")
