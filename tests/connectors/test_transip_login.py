"""TransIP's signed login: where it goes, when it is made anew, and what its answers mean."""

import re

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr

from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Fault
from connectors.testing.simulators.transip import LOGIN, TransipSimulator
from connectors.vendors.transip import Transip
from tests.connectors.vendors.test_transip import HOW, JAN, PLAIN, bench, calls, fates
from topics.outcomes import Outcome


class Elsewhere(TransipSimulator):
    base_path = "/proxy/domains/transip"


class AtTheRoot(TransipSimulator):
    base_path = ""


@pytest.mark.parametrize("place", [Elsewhere, AtTheRoot])
def test_the_login_goes_to_whatever_base_path_the_calls_go_to(place: type[TransipSimulator]) -> None:
    simulator = place()
    simulator.seed(JAN)
    assert [Outcome.ERASED] == fates(bench(simulator).carry_out(JAN.subject()), "mailbox")
    assert [f"{simulator.base_path}/auth"] == calls(simulator, "POST")


def test_a_token_that_runs_out_in_mid_case_is_renewed_with_a_fresh_nonce_each_time() -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    simulator.calls_per_token = 2
    answer = bench(simulator).carry_out(JAN.subject())
    assert {Outcome.ERASED} == {record.outcome for record in answer.records}
    assert len(simulator.nonces) > 10 and len(set(simulator.nonces)) == len(simulator.nonces)
    assert len(simulator.nonces) == len(calls(simulator, "POST")), "a login was refused"


def test_the_simulator_refuses_a_login_that_was_sent_before_or_altered() -> None:
    simulator = TransipSimulator()
    bench(simulator).carry_out(JAN.subject())
    login = simulator.calls[0].request
    assert 401 == simulator.handle(login).status_code
    altered = login.content.replace(b"1 day", b"9 day")
    assert 401 == simulator.handle(httpx.Request("POST", login.url, headers=login.headers, content=altered)).status_code
    assert 1 == len(simulator.nonces)


def test_a_call_that_is_401_with_a_fresh_token_too_is_denied_after_one_more_login() -> None:
    simulator = TransipSimulator()
    simulator.calls_per_token = 0
    run = bench(simulator)
    answer = run.carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "credential" in (answer.reason or "")
    assert (2, []) == (len(simulator.nonces), run.time.waits)


def test_a_refused_login_is_denied_and_not_tried_again() -> None:
    other = rsa.generate_private_key(65537, 2048).private_bytes(*HOW, PLAIN).decode()
    for changed in ({"login": "somebody-else"}, {"private_key": SecretStr(other)}):
        run = bench(TransipSimulator(), **changed)
        answer = run.carry_out(JAN.subject())
        assert Outcome.FAILED is answer.outcome and "login" in (answer.reason or "")
        assert (1, []) == (len(run.simulator.calls), run.time.waits)


@pytest.mark.parametrize("status", [204, 400, 404, 410])
def test_what_a_login_is_answered_in_mid_case_is_never_taken_for_the_answer_to_the_call(status: int) -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    clean = bench(simulator)
    clean.carry_out(JAN.subject(), mode="dry-run")
    simulator.calls_per_token = len(simulator.calls) - 1  # all but the login: the first deletion needs a new one
    run = bench(simulator)
    simulator.faults.append(Fault(httpx.Response(status), method="POST", times=100, skip=1))
    answer = run.carry_out(JAN.subject())
    assert {Outcome.FAILED} == {record.outcome for record in answer.records}
    assert all("The login was" in (record.reason or "") for record in answer.records)
    assert 1 == simulator.traces(JAN)["mailbox"]


def test_a_busy_login_is_asked_again_with_another_nonce() -> None:
    simulator = TransipSimulator()
    simulator.seed(JAN)
    simulator.faults += [Fault(httpx.Response(503), method="POST"), Fault(None, method="POST", after_effect=True)]
    assert [Outcome.ERASED] == fates(bench(simulator).carry_out(JAN.subject()), "mailbox")
    sent = [re.findall(rb"[0-9a-f]{32}", call.request.content)[0] for call in simulator.calls if call.request.method == "POST"]
    assert 3 == len(sent) == len(set(sent))


def test_a_key_that_cannot_be_used_is_refused_in_a_sentence_without_it() -> None:
    whole = SECRETS["TRANSIP_SECRET"]
    inside = whole.splitlines()[3]
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    bad = [
        "kit-secret", "", "-----BEGIN PRIVATE KEY-----\n" + inside, whole.replace(inside, inside[:-9]), public,
        key.private_bytes(*HOW, serialization.BestAvailableEncryption(b"x")).decode(),
        ec.generate_private_key(ec.SECP256R1()).private_bytes(*HOW, PLAIN).decode(), whole.replace("M", "\udcff"),
    ]  # fmt: skip
    for pem in bad:
        with pytest.raises(ValueError, match="private key") as caught:
            Transip.auth(Transip.settings_model(login=LOGIN, private_key=SecretStr(pem)))
        assert not any(line in str(caught.value) for line in pem.splitlines() if len(line) > 4)
        assert caught.value.__cause__ is None and caught.value.__context__ is None
