"""`erasure emit`: what is sent, and what is refused before anything is sent."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.orchestrator.command.stage import VALUES, Stage
from tests.test_architecture import ROOT
from topics.names import Topic

WHO = ("--email", "jan@voorbeeld.nl")


def test_it_sends_one_event_in_binary_mode_and_prints_only_the_id(live: Stage) -> None:
    before = datetime.now(UTC)
    result = live.erasure("emit", "erase", *WHO)

    (sent,) = live.on_topic(Topic.REQUESTS)
    headers = {name: value.decode() for name, value in sent.headers}
    body = json.loads(sent.value or b"")
    assert 0 == result.exit_code
    assert f"{UUID(body['request_id'])}\n" == result.stdout
    assert body["request_id"].encode() == sent.key
    assert "1.0" == headers["ce_specversion"]
    assert "/erasure/emit" == headers["ce_source"]
    assert "subject.erase" == headers["ce_type"]
    assert body["request_id"] == headers["ce_correlationid"]
    assert "application/json" == headers["content-type"]
    assert {"email": ["jan@voorbeeld.nl"]} == body["subject"]
    assert abs(datetime.fromisoformat(body["received_at"]) - before) < timedelta(minutes=1)


def test_everything_that_can_be_given_stands_in_the_event(live: Stage) -> None:
    email, customer, phone, name, iban = VALUES
    who = (
        "--email",
        email,
        "--email",
        "j@x.nl",
        "--customer-id",
        customer,
        "--phone",
        phone,
        "--name",
        name,
        "--identifier",
        f"iban={iban}",
    )
    how = ("--ground", "17(1)(b)", "--verified-by", "seen at the desk", "--received-at", "2026-01-20T09:12:00+01:00", "--processor", "jira")
    id = "0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11"
    result = live.erasure("emit", "erase", *who, *how, "--request-id", id, "--dry-run")

    (sent,) = live.on_topic(Topic.REQUESTS)
    assert f"{id}\n" == result.stdout
    assert {
        "request_id": id,
        "received_at": "2026-01-20T09:12:00+01:00",
        "subject": {"email": [email, "j@x.nl"], "customer_id": [customer], "phone": [phone], "name": [name], "iban": [iban]},
        "ground": "17(1)(b)",
        "verified_by": "seen at the desk",
        "processors": ["jira"],
        "mode": "dry-run",
        "identity": "proven",
        "role": "controller",
    } == json.loads(sent.value or b"")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--doubtful",), {"identity": "doubtful", "role": "controller"}),
        (("--as-processor",), {"identity": "proven", "role": "processor"}),
        (("--contract-ended-on", "2026-03-31"), {"contract_ended_on": "2026-03-31"}),
    ],
)
def test_what_an_officer_knows_of_the_request_is_said_with_it(live: Stage, words: tuple[str, ...], expected: dict[str, str]) -> None:
    live.erasure("emit", "erase", *WHO, *words)
    (sent,) = live.on_topic(Topic.REQUESTS)
    body = json.loads(sent.value or b"")
    assert expected == {key: body[key] for key in expected}


@pytest.mark.parametrize("what", ["contract", "application", "retention"])
def test_what_ended_has_its_own_type(live: Stage, what: str) -> None:
    live.erasure("emit", f"{what}-ended", *WHO)
    (sent,) = live.on_topic(Topic.REQUESTS)
    assert f"{what}.ended".encode() == dict(sent.headers)["ce_type"]


@pytest.mark.parametrize("right", ["erase", "restrict", "unrestrict", "object", "withdraw"])
def test_every_right_has_its_own_type_and_is_carried_out(live: Stage, right: str) -> None:
    result = live.erasure("emit", right, *WHO, "--processor", "jira")  # without, nothing here rests on consent

    (sent,) = live.on_topic(Topic.REQUESTS)
    assert f"subject.{right}".encode() == dict(sent.headers)["ce_type"]
    assert "does not carry out" not in result.stderr


def test_the_orchestrator_takes_in_what_was_sent(live: Stage) -> None:
    result = live.erasure("emit", "erase", *WHO)
    live.take(*live.on_topic(Topic.REQUESTS))

    assert 0 == live.erasure("status", result.stdout.strip()).exit_code


def test_a_sealed_request_shows_nothing_on_kafka_and_is_taken_in(live: Stage) -> None:
    jwks = live.folder / "jwks.json"
    jwks.write_text(live.erasure("keys", "export").stdout)
    results = [live.erasure("emit", "erase", *WHO, "--sealed"), live.erasure("emit", "restrict", *WHO, "--sealed", "--keys", str(jwks))]

    sent = live.on_topic(Topic.REQUESTS)
    live.take(*sent)
    assert [b"application/jose"] * 2 == [dict(one.headers)["content-type"] for one in sent]
    assert [] == [one for one in sent if b"voorbeeld" in (one.value or b"")]
    assert [0, 0] == [live.erasure("status", result.stdout.strip()).exit_code for result in results]


def test_the_example_of_a_sealed_request_is_taken_in(live: Stage) -> None:
    jwks = live.folder / "jwks.json"
    jwks.write_text(live.erasure("keys", "export").stdout)
    program = [sys.executable, str(ROOT / "examples/emit_sealed.py"), WHO[1], str(jwks), live.names.of(Topic.REQUESTS)]
    ran = subprocess.run(program, env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": live.broker}, capture_output=True, text=True, check=False)

    live.take(*live.on_topic(Topic.REQUESTS))
    assert 0 == live.erasure("status", ran.stdout.strip()).exit_code, ran.stderr


@pytest.mark.parametrize("keys", [[], [{"kty": "EC", "use": "enc", "crv": "P-256", "kid": "1"}], [{"use": "enc"}, {"use": "enc"}]])
def test_without_one_key_to_seal_to_nothing_is_sent(live: Stage, keys: list[dict[str, str]]) -> None:
    jwks = live.folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": keys}))
    for result in (live.erasure("emit", "erase", *WHO, "--sealed", "--keys", str(jwks)), live.erasure("emit", "erase", *WHO, "--sealed")):
        assert 2 == result.exit_code
        assert "Nothing was sent." in result.stderr and "erasure keys export" in result.stderr
    assert [] == live.on_topic(Topic.REQUESTS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say who it is"),
        (("--email", ""), "none empty"),
        (("--identifier", "NL91ABNA0417164300"), "Write --identifier as KIND=VALUE."),
        (("--identifier", "iban="), "Write --identifier as KIND=VALUE."),
        (("--identifier", "IBAN=NL91ABNA0417164300"), "lower-case letters"),
        (("--email", "x" * 600), "none over 512 characters"),
        ((*WHO, "--received-at", "yesterday"), "received_at"),
        ((*WHO, "--received-at", "2026-01-20T09:12:00"), "timezone"),
        ((*WHO, "--received-at", "2999-01-20T09:12:00Z"), "a day in the future"),
        ((*WHO, "--request-id", "7"), "request_id"),
        ((*WHO, "--ground", "jan@voorbeeld.nl"), "ground"),
        ((*WHO, "--processor", "nowhere"), "configured are: moneybird, jira"),
        ((*WHO, "--verified-by", "x" * 300_000), "over 262144 bytes"),
        ((*WHO, "--sealed"), "`erasure keys export` makes and prints it"),
    ],
)
def test_bad_input_is_refused_with_a_sentence_and_nothing_is_sent(live: Stage, arguments: tuple[str, ...], sentence: str) -> None:
    result = live.erasure("emit", "erase", *arguments)

    assert 2 == result.exit_code
    assert "Nothing was sent." in result.stderr
    assert sentence in result.stderr
    assert "" == result.stdout
    assert [] == live.on_topic(Topic.REQUESTS)


def test_without_its_topic_it_says_what_to_do_and_makes_none(tmp_path, broker: str) -> None:
    stage = Stage(tmp_path, broker)
    result = stage.erasure("emit", "erase", *WHO)

    assert 2 == result.exit_code
    assert "Run `erasure topics apply` first." in result.stderr
    assert 1 == stage.erasure("topics", "diff").exit_code
    assert "subject.requests does not exist." in stage.erasure("topics", "diff").stdout


def test_without_a_broker_it_says_so(stage: Stage) -> None:
    result = stage.erasure("emit", "erase", *WHO)

    assert 2 == result.exit_code
    assert "No Kafka broker answers at 127.0.0.1:1." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("withdraw", *WHO), "No processor in erasure.toml rests on consent: set legal_basis there."),
        (("object", *WHO, "--ground", "21(2)"), "No processor in erasure.toml does direct marketing: set marketing there."),
        (("seen", *WHO), "subject.seen needs [suppression] in erasure.toml"),
    ],
)
def test_what_nobody_could_be_asked_about_is_refused_before_an_id_is_printed(
    live: Stage, arguments: tuple[str, ...], sentence: str
) -> None:
    result = live.erasure("emit", *arguments)

    assert 2 == result.exit_code
    assert f"Nothing was sent. {sentence}" in result.stderr
    assert "" == result.stdout
    assert [] == live.on_topic(Topic.REQUESTS)
