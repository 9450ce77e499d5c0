"""Keys by name: made once, found again, destroyed for good."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest

from topics.keyring import KeyMissing, Keyring, case_key, dead_letters_key, hold_key
from topics.sealing import CannotOpen

ID = UUID("0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/keyring.db"


def test_a_key_is_made_once_and_is_the_same_for_every_process(url: str) -> None:
    one, other = Keyring.open(url), Keyring.open(url)
    assert one.ensure(case_key(ID)) == other.ensure(case_key(ID)) == [other.get(case_key(ID))]
    one.close(), other.close()


def test_every_name_has_a_key_of_its_own(url: str) -> None:
    keyring = Keyring.open(url)
    keys = keyring.ensure(case_key(ID), hold_key(ID), "controller")
    assert 3 == len({key.secret for key in keys})
    assert {32} == {len(key.secret) for key in keys}
    keyring.close()


def test_a_key_that_is_not_there_is_missing_and_is_not_made_by_looking(url: str) -> None:
    keyring = Keyring.open(url)
    for _ in range(2):
        with pytest.raises(KeyMissing):
            keyring.get(case_key(ID))
    keyring.close()


def test_what_a_destroyed_key_sealed_opens_never_again(url: str) -> None:
    keyring = Keyring.open(url)
    (key,) = keyring.ensure(case_key(ID))
    token = key.seal("subject", b"jan")
    keyring.destroy(case_key(ID))
    keyring.destroy(case_key(ID))
    with pytest.raises(KeyMissing):
        keyring.get(case_key(ID))
    with pytest.raises(CannotOpen):
        keyring.ensure(case_key(ID))[0].open("subject", token)
    keyring.close()


def test_a_destroyed_secret_is_in_no_file_any_more(url: str, tmp_path: Path) -> None:
    keyring = Keyring.open(url)
    (key,) = keyring.ensure(case_key(ID))
    keyring.destroy(case_key(ID))
    keyring.close()
    assert key.secret not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_many_at_once_get_one_key(url: str) -> None:
    keyring = Keyring.open(url)
    with ThreadPoolExecutor(8) as pool:
        secrets = {keys[0].secret for keys in pool.map(lambda _: keyring.ensure("k"), range(40))}
    assert 1 == len(secrets)
    keyring.close()


def test_a_dead_letters_key_lasts_a_month_in_utc() -> None:
    moment = datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert ("dead-letters/2026-11", "dead-letters/2026-12") == (
        dead_letters_key(moment),
        dead_letters_key(datetime(2026, 12, 1, tzinfo=UTC)),
    )


def test_a_new_keyring_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    Keyring.open(f"sqlite:///{tmp_path}/keyring.db").close()
    assert 0o600 == (tmp_path / "keyring.db").stat().st_mode & 0o777
