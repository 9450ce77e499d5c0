"""A sealed request opens for the orchestrator only, as the event it was made for, and while its key lasts."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey

from connectors.testing.harness import Time
from orchestrator.ledger import Ledger
from orchestrator.sealed_requests import ALG, ENC, KEPT, IntakeKeys, KeyFolderError, sealed
from tests.orchestrator.process_cases import Installation, reasons, request
from topics.bus import Delivery, Message
from topics.envelope import Poison, Unreadable
from topics.names import INTAKE_KEPT, LARGEST_REQUEST_BYTES

ID = UUID("0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11")
CANARY = "jan.canary@voorbeeld.nl"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def keys(tmp_path: Path, time: Time) -> IntakeKeys:
    keys = IntakeKeys.open(tmp_path / "keys", time)
    keys.ensure()
    return keys


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    installed = Installation(ledger, tmp_path)
    installed.intake_keys.ensure()
    yield installed
    installed.keyring.close()
    ledger.close()


def seal(keys: IntakeKeys, given: Delivery) -> Delivery:
    message = sealed(Message(given.topic, given.key, given.value or b"", given.headers), keys.jwks()[0])
    return replace(given, value=message.value, headers=message.headers)


def asked(**fields: Any) -> Delivery:
    return request(ID, subject={"email": [CANARY]}, **fields)


def reason(keys: IntakeKeys, given: Delivery) -> Unreadable:
    with pytest.raises(Poison) as poison:
        keys.opened(given)
    assert CANARY not in poison.value.detail and poison.value.detail.endswith(".")
    return poison.value.reason


def test_what_was_sealed_opens_as_the_same_request(keys: IntakeKeys) -> None:
    given = asked()
    assert given.value == keys.opened(seal(keys, given)).value
    assert dict(given.headers) | {"content-type": b"application/json"} == dict(keys.opened(seal(keys, given)).headers)
    assert given is keys.opened(given)
    assert CANARY not in str(base64.urlsafe_b64decode(b"".join((seal(keys, given).value or b"").split(b".")) + b"=="))


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type"])
def test_it_is_not_taken_as_another_event(keys: IntakeKeys, name: str) -> None:
    given = seal(keys, asked())
    other = tuple((header, b"subject.restrict" if header == name else value) for header, value in given.headers)
    without = tuple((header, value) for header, value in given.headers if header != name)
    assert Unreadable.INVALID_ENVELOPE is reason(keys, replace(given, headers=other))
    assert Unreadable.INVALID_ENVELOPE is reason(keys, replace(given, headers=without))


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"alg": "ECDH-ES"}, "unreadable"),
        ({"enc": "A128GCM"}, "unreadable"),
        ({"zip": "DEF"}, "unreadable"),
        ({"kid": "another"}, "sealed"),
        ({"kid": CANARY}, "sealed"),
        ({"ce_id": CANARY}, "invalid_envelope"),
        ({"ce_type": ""}, "invalid_envelope"),
    ],
)
def test_a_jwe_of_another_make_is_refused_with_a_reason_and_nothing_of_the_person(
    keys: IntakeKeys, changed: dict[str, str], wanted: str
) -> None:
    given = asked()
    header = {"alg": ALG, "enc": ENC, "kid": keys.all[0].kid, **{n: v.decode() for n, v in given.headers if n.startswith("ce_")}, **changed}
    public = ECKey.import_key(keys.jwks()[0])
    registry = jwe.JWERegistry(algorithms=["ECDH-ES", ALG, "A128GCM", ENC, "DEF"], strict_check_header=False)
    token = jwe.encrypt_compact(header, given.value or b"", public, registry=registry).encode()
    assert wanted == reason(keys, replace(given, value=token, headers=(*given.headers, ("content-type", b"application/jose"))))


@pytest.mark.parametrize("value", [b"\xff", CANARY.encode(), b"{}", b"a.b.c", b"....", b"e30....", b"bm8.a.b.c.d"])
def test_what_is_no_jwe_is_unreadable(keys: IntakeKeys, value: bytes) -> None:
    assert Unreadable.UNREADABLE is reason(keys, Delivery("subject.requests", 0, 0, None, value, (("Content-Type", b"Application/JOSE"),)))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_one_changed_letter_is_poison_and_never_another_error(keys: IntakeKeys, data: st.DataObject) -> None:
    given = seal(keys, asked(event_id="1"))
    value = bytearray(given.value or b"")
    place = data.draw(st.integers(0, len(value) - 1))
    value[place] = data.draw(st.sampled_from(list(b"AZaz09-_.{")).filter(lambda letter: letter != value[place]))
    assert reason(keys, replace(given, value=bytes(value))) in (Unreadable.SEALED, Unreadable.UNREADABLE, Unreadable.INVALID_ENVELOPE)


def test_what_fits_opens_however_large_and_what_does_not_is_told_to_be_too_large(installation: Installation) -> None:
    def of(length: int) -> Delivery:
        return seal(installation.intake_keys, asked(verified_by="x" * length))

    fits, over = of(150 * 1024), of(200 * 1024)
    assert len(fits.value or b"") < LARGEST_REQUEST_BYTES < len(over.value or b"")
    assert [] == reasons(installation.take(fits))
    assert ["too_large"] == reasons(installation.take(over))


def test_a_replaced_key_opens_what_is_under_way_and_is_destroyed_after_that(keys: IntakeKeys, time: Time, tmp_path: Path) -> None:
    given, old = seal(keys, asked()), keys.all[0]
    time.now += timedelta(days=400)
    keys.retire()
    assert keys.opened(given).value
    new = keys.rotate()
    assert (time.now + KEPT, None) == (keys.ends(old), keys.ends(new))
    assert [new.kid] == [key["kid"] for key in keys.jwks()]
    time.now += KEPT - timedelta(seconds=1)
    keys.retire()
    assert keys.opened(given).value
    time.now += timedelta(seconds=1)
    assert Unreadable.SEALED is reason(keys, given)
    keys.retire()
    assert [new.kid] == [key.kid for key in keys.all]
    assert [new.kid] == [json.loads(file.read_text())["kid"] for file in (tmp_path / "keys/intake").glob("*.json")]
    assert keys.opened(seal(keys, asked())).value


def test_a_key_made_elsewhere_or_open_to_others_is_refused(keys: IntakeKeys, tmp_path: Path, time: Time) -> None:
    (file,) = (tmp_path / "keys/intake").glob("*.json")
    jwk = json.loads(file.read_text())
    file.chmod(0o644)
    with pytest.raises(KeyFolderError, match="Others may read"):
        IntakeKeys.open(tmp_path / "keys", time)
    file.chmod(0o600)
    file.write_text(json.dumps({**ECKey.generate_key("P-256").as_dict(private=True), "kid": jwk["kid"]}))
    with pytest.raises(KeyFolderError, match="broken") as error:
        IntakeKeys.open(tmp_path / "keys", time)
    assert jwk["d"] not in str(error.value)


def test_a_sealed_request_is_the_same_as_the_plain_one_and_the_case_knows_how_it_came(installation: Installation) -> None:
    given = asked()
    installation.take(seal(installation.intake_keys, given))
    case = installation.case(ID)
    assert case and (True, installation.time.now) == (case.sent_sealed, case.sent_at)
    installation.time.now += timedelta(days=2)
    assert [] == reasons(installation.take(seal(installation.intake_keys, given)))
    again = installation.case(ID)
    assert again and (True, installation.time.now) == (again.sent_sealed, again.sent_at)
    assert [] == reasons(installation.take(given))
    plain = installation.case(ID)
    assert plain and not plain.sent_sealed


@pytest.mark.parametrize(("event_id", "told"), [("again", "conflicting_request"), ("first", "conflicting_event")])
def test_a_plain_request_of_the_same_id_with_other_content_is_not_said_to_be_sealed(
    installation: Installation, event_id: str, told: str
) -> None:
    installation.take(seal(installation.intake_keys, asked(event_id="first")))
    installation.time.now += timedelta(days=2)
    assert [told] == reasons(installation.take(asked(event_id=event_id, mode="dry-run")))
    case = installation.case(ID)
    assert case and (False, installation.time.now, "execute") == (case.sent_sealed, case.sent_at, case.mode)


def test_a_bad_jwe_is_a_dead_letter_with_its_original(installation: Installation) -> None:
    given = seal(installation.intake_keys, asked())
    (letter,) = installation.take(replace(given, value=(given.value or b"")[:-4] + b"AAAA"))
    assert ["sealed"] == reasons([letter])
    assert installation.case(ID) is None
    assert CANARY.encode() not in letter.value


def test_a_request_sent_again_stays_on_the_topic_as_long_as_its_last_copy(installation: Installation) -> None:
    installation.take(asked())
    installation.time.now += timedelta(days=5)
    installation.take(asked())
    case = installation.case(ID)
    assert case and case.sent_at == case.opened_at + timedelta(days=5)
    assert timedelta(days=7) < INTAKE_KEPT < timedelta(days=8)
