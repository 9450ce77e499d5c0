"""Whole cases as users run them: real processes, real brokers, real databases; the vendors' state is held against the certificate."""

import base64
import json
from collections import Counter
from datetime import date
from typing import Any

from connectors.testing.simulator import Fault, Person
from orchestrator.sign import SigningKeys
from orchestrator.verify import verify
from tests.live.installation import Backend, Installation, request_of
from tests.live.vendors import SETTINGS

JAN = Person("jan@voorbeeld.nl", since=date(date.today().year - 1, 6, 1))  # noqa: DTZ011
LOOK_ALIKE = Person("anna.jan@voorbeeld.nl", customer_id="C-1002", phone="+31207654321")
STILL_THERE = {"held", "restricted", "refused", "failed"}


def opened(installation: Installation, jws: str) -> dict[str, Any]:
    """The certificate's payload, its signature checked."""
    verify(jws, SigningKeys.open(installation.folder / "keys").jwks())
    payload = jws.split(".")[1]
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return content


def told_as_left(certificate: dict[str, Any]) -> dict[str, Counter[str]]:
    """What the certificate says is still at each processor, by record kind."""
    left = {processor["name"]: Counter[str]() for processor in certificate["processors"]}
    for processor in certificate["processors"]:
        for line in processor["records"]:
            left[processor["name"]][line["kind"]] += line["count"] * (line["outcome"] in STILL_THERE)
    return {name: +kinds for name, kinds in left.items()}


def really_left(installation: Installation, person: Person) -> dict[str, Counter[str]]:
    return {name: +simulator.traces(person) for name, simulator in installation.vendors.by_name().items()}


def seed(installation: Installation, *people: Person) -> None:
    for simulator in installation.vendors.by_name().values():
        for person in people:
            simulator.seed(person)


async def test_one_event_ends_in_a_certificate_that_agrees_with_every_vendor(installation: Installation, backend: Backend) -> None:
    seed(installation, JAN, LOOK_ALIKE)
    others = really_left(installation, LOOK_ALIKE)
    installation.start("all")
    request = await backend.send(request_of(JAN))
    certificate = opened(installation, await backend.certificate(request))
    assert "complete_with_holds" == certificate["status"]
    assert list(SETTINGS) == [processor["name"] for processor in certificate["processors"]]
    assert told_as_left(certificate) == really_left(installation, JAN)
    assert others == really_left(installation, LOOK_ALIKE)
    assert {"all": 0} == installation.stop()


async def test_duplicates_poison_and_a_dry_run_disturb_nothing(installation: Installation, backend: Backend) -> None:
    seed(installation, JAN, LOOK_ALIKE)
    installation.start("all")
    await backend.send_raw(b"\xff\xfe no json", {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/x", "ce_type": "subject.erase"}, "k")
    await backend.send_raw(b"{}", {"content-type": "application/json"}, "k")
    dry = await backend.send(request_of(LOOK_ALIKE, mode="dry-run"))
    real = request_of(JAN)
    for _ in range(3):
        await backend.send(real)
    await backend.send({**real, "ground": "17(1)(c)"})
    await backend.send(real, type="subject.forget")
    certificate = opened(installation, await backend.certificate(real["request_id"]))
    await backend.until(lambda backend: len(backend.dead_letters) == 4)
    assert 1 == certificate["revision"] == len(set(backend.certificates[real["request_id"]]))
    reasons = sorted(letter["reason"] for letter in backend.dead_letters)
    assert ["conflicting_request", "invalid_envelope", "unknown_type", "unreadable"] == reasons
    assert not any(JAN.email in json.dumps(letter) for letter in backend.dead_letters)
    assert dry not in backend.certificates
    status = json.loads(installation.erasure("status", dry, "--json").stdout)
    assert ("closed", list(SETTINGS)) == (status["state"], [processor["name"] for processor in status["plan"]["processors"]])


async def test_a_lying_vendor_is_told_and_a_retry_supersedes(installation: Installation, backend: Backend) -> None:
    seed(installation, JAN)
    installation.vendors.mailman.liar = True
    installation.start("all")
    request = await backend.send(request_of(JAN))
    first_jws = await backend.certificate(request)
    first = opened(installation, first_jws)
    assert ("partial", 1) == (first["status"], first["revision"])
    assert told_as_left(first) == really_left(installation, JAN)
    installation.vendors.mailman.liar = False
    assert 0 == installation.erasure("retry", request).returncode
    second = opened(installation, await backend.certificate(request, revision=2))
    assert ("complete_with_holds", 2) == (second["status"], second["revision"])
    assert told_as_left(second) == really_left(installation, JAN)
    assert second["supersedes"] == second["register"]["previous"]


async def test_killed_processes_lose_nothing(installation: Installation, backend: Backend) -> None:
    people = [Person(f"p{n}@voorbeeld.nl", f"Piet {n}", f"P-{n}", f"+3130{n:07d}", JAN.since) for n in range(8)]
    seed(installation, *people)
    for simulator in installation.vendors.by_name().values():
        simulator.faults.append(Fault(None, times=2, writing=True, after_effect=True))
    installation.start("orchestrator")
    installation.start("workers", "--no-topics")
    requests = [await backend.send(request_of(person)) for person in people[:4]]
    await backend.certificate(requests[0])
    installation.kill("workers")
    requests += [await backend.send(request_of(person)) for person in people[4:]]
    installation.kill("orchestrator")
    installation.start("orchestrator")
    installation.start("workers")
    certificates = await backend.certificates_of(requests)
    for person, jws in zip(people, certificates.values(), strict=True):
        certificate = opened(installation, jws)
        assert "complete_with_holds" == certificate["status"]
        assert told_as_left(certificate) == really_left(installation, person)
    assert {"orchestrator": 0, "workers": 0} == installation.stop()
