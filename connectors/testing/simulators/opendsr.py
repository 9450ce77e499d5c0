"""A processor that speaks OpenDSR 2.0, after specification.md of opengdpr/OpenDSR @ 6c080e2, read on 2026-11-22.

Believed only: RSA with PKCS #1 v1.5 over the body; 404 for a request that is not known; 400 for one that is sent twice.
"""

import base64
import datetime as dt
import json
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.testing.harness import SECRETS, START
from connectors.testing.simulator import Person, Simulator, body_of, route

DOMAIN = "opendsr.voorbeeld.example"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate() -> Path:
    """A file with the processor's certificate."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, DOMAIN)])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(_key().public_key())
    dated = made.serial_number(1).not_valid_before(START - dt.timedelta(days=1)).not_valid_after(START + dt.timedelta(days=3650))
    file = Path(mkdtemp()) / "processor.pem"
    file.write_bytes(dated.sign(_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file


class OpendsrSimulator(Simulator):
    """`takes`: the identities it supports. `polls`: so many looks at a status until a request is completed."""

    base_path = "/v2"

    def __init__(self) -> None:
        super().__init__()
        self.people: list[Person] = []
        self.requests: dict[str, dict[str, Any]] = {}
        self.takes = [("email", "raw"), ("controller_customer_id", "raw")]
        self.types, self.version = ["erasure"], "2.0"
        self.expected: str | None = "2026-12-01T15:00:01Z"
        self.polls = 0
        self.domain = DOMAIN
        self.spoil = False  # a signature over other bytes
        self.forgetful = False  # knows no request any more
        self.speaks_of: str | None = None  # a request of somebody else

    def seed(self, person: Person) -> None:
        self.people.append(person)

    def traces(self, person: Person) -> Counter[str]:
        return Counter(subject=int(any(one.email.lower() == person.email.lower() for one in self.people)))

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == f"Bearer {SECRETS['KIT_SECRET']}")

    @route("GET", "/discovery")
    def discovery(self, request: httpx.Request) -> httpx.Response:
        takes = [{"identity_type": kind, "identity_format": form} for kind, form in self.takes]
        given = {"api_version": self.version, "supported_identities": takes, "supported_subject_request_types": self.types}
        return httpx.Response(200, json=given | {"processor_certificate": f"https://{DOMAIN}/cert.pem"})

    @route("POST", "/requests")
    def create(self, request: httpx.Request) -> httpx.Response:
        given = body_of(request)
        id, needed = given.get("subject_request_id"), {"regulation", "subject_request_type", "submitted_time", "subject_identities"}
        if not needed <= given.keys() or id in self.requests or not given["subject_identities"]:
            return httpx.Response(400, json={"error": {"code": 400, "message": "The request is not well formed, or known already."}})
        self.requests[id] = given | {"left": self.polls, "status": "pending"}
        self._advance(self.requests[id])
        told = {"received_time": START.isoformat(), "encoded_request": base64.b64encode(request.content).decode()}
        return self._signed(201, self._told(id) | told)

    @route("GET", "/requests/{id}")
    def status(self, request: httpx.Request, id: str) -> httpx.Response:
        if id not in self.requests or self.forgetful:
            return httpx.Response(404, json={"error": {"code": 404}})
        self._advance(self.requests[id])
        return self._signed(200, self._told(id) | {"request_status": self.requests[id]["status"], "api_version": "2.0"})

    def _told(self, id: str) -> dict[str, Any]:
        return {
            "controller_id": "voorbeeld",
            "expected_completion_time": self.expected,
            "subject_request_id": self.speaks_of or id,
        }

    def _advance(self, given: dict[str, Any]) -> None:
        if given["status"] == "pending" and given["left"] == 0:
            values = {one["identity_value"].lower() for one in given["subject_identities"]}
            self.people = [one for one in self.people if not {one.email.lower(), one.customer_id.lower()} & values]
            given["status"] = "completed"
        given["left"] = max(0, given["left"] - 1)

    def _signed(self, status: int, told: dict[str, Any]) -> httpx.Response:
        body = json.dumps(told, indent=4).encode()
        signature = _key().sign(body + b" " * self.spoil, padding.PKCS1v15(), hashes.SHA256())
        headers = {"X-OpenDSR-Processor-Domain": self.domain, "X-OpenDSR-Signature": base64.b64encode(signature).decode()}
        return httpx.Response(status, content=body, headers={"content-type": "application/json", **headers})
