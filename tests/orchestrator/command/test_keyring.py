"""`erasure keyring rotate`, and what `erasure status` and an officer see of a case whose key is destroyed."""

import base64
import json
from datetime import timedelta

import pytest

from orchestrator.register import register_key
from orchestrator.wiring import _keyring
from tests.orchestrator.command.stage import Stage
from topics.configuration import load
from topics.keyring import CONTROLLER_KEY, Keyring
from topics.wrapping import KeyEncryptionKey

OLD, NEW = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))


def configured(stage: Stage, *names: str) -> None:
    section = "".join(f'{name} = {{env = "{name.upper()}"}}\n' for name in names)
    stage.config.write_text(stage.config.read_text().partition("[keyring]")[0] + f"\n[keyring]\n{section}")


def opens(stage: Stage, *keks: str) -> bool:
    keyring = Keyring.open(f"sqlite:///{stage.folder}/keyring.db", [KeyEncryptionKey.read(kek) for kek in keks])
    found = keyring.get_all(CONTROLLER_KEY, register_key(2026))
    keyring.close()
    return [32, 32] == [len(key.secret) for key in found]


def test_a_keyring_is_wrapped_and_then_wrapped_by_another_key(stage: Stage) -> None:
    stage.completed()
    configured(stage, "key_encryption_key")
    wrapped = stage.erasure("keyring", "rotate", KEY_ENCRYPTION_KEY=OLD)
    configured(stage, "key_encryption_key", "previous_key_encryption_key")
    rotated = stage.erasure("keyring", "rotate", KEY_ENCRYPTION_KEY=NEW, PREVIOUS_KEY_ENCRYPTION_KEY=OLD)

    assert (0, 0) == (wrapped.exit_code, rotated.exit_code), wrapped.stderr + rotated.stderr
    assert "4 keys were wrapped anew" in wrapped.stdout and "4 keys were wrapped anew" in rotated.stdout
    assert "then rotate once more and remove it" in rotated.stderr
    assert opens(stage, NEW)


def test_without_the_key_that_it_is_wrapped_by_nothing_is_done_and_that_is_told(stage: Stage) -> None:
    stage.completed()
    configured(stage, "key_encryption_key")
    stage.erasure("keyring", "rotate", KEY_ENCRYPTION_KEY=OLD)
    other = stage.erasure("keyring", "rotate", KEY_ENCRYPTION_KEY=NEW)

    assert 2 == other.exit_code
    assert "wrapped by a key-encryption key that this process does not have (it has another one)" in other.stderr
    assert opens(stage, OLD)


def test_rotating_needs_a_key_encryption_key(stage: Stage) -> None:
    stage.completed()
    result = stage.erasure("keyring", "rotate")

    assert 2 == result.exit_code
    assert "openssl rand -base64 32" in result.stderr


def test_status_says_when_the_key_goes_and_when_it_went(stage: Stage) -> None:
    id = stage.completed()
    before = stage.erasure("status", str(id)).stdout
    stage.later(timedelta(days=40))
    after, read = stage.erasure("status", str(id)).stdout, json.loads(stage.erasure("status", str(id), "--json").stdout)

    assert "Key         destroyed at the latest on" in before
    assert "Key         destroyed 20" in after
    assert (0, "closed", "complete") == (read["late"], read["state"], read["status"])


def test_a_shredded_case_has_its_certificate_and_its_letter(stage: Stage) -> None:
    id = stage.completed()
    stage.later(timedelta(days=40))
    certificate, letter = stage.erasure("certificate", str(id)), stage.erasure("certificate", str(id), "--for", "subject")

    assert (0, 0) == (certificate.exit_code, letter.exit_code), certificate.stderr + letter.stderr


def test_the_orchestrator_wraps_a_bare_keyring_at_its_start_and_says_once_where_nothing_wraps_it(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.completed()
    _keyring(stage.configuration()).close()
    configured(stage, "key_encryption_key")
    secrets = {"MONEYBIRD_TOKEN": "kit-secret-9f3a71", "JIRA_TOKEN": "x", "KEY_ENCRYPTION_KEY": OLD}
    for _ in range(2):
        _keyring(load(stage.config, secrets)).close()

    assert opens(stage, OLD)
    assert ["The keyring is not wrapped", "4 keys are wrapped by the "] == [record.message[:26] for record in caplog.records]
