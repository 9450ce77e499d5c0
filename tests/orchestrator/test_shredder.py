"""What the ledger orders to be destroyed is destroyed in the keyring and noted, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from orchestrator.ledger import Ledger
from orchestrator.shredder import Shredder
from tests.topics import test_keyring as on_sqlite
from topics.keyring import CONTROLLER_KEY, Keyring, KeyringGone, case_key, hold_key

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
ID = UUID("0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11")
KEYS = (case_key(ID), hold_key(ID))


def ordered(ledger: Ledger, *kids: str) -> None:
    with ledger.transaction() as transaction:
        transaction.destroyed_keys.order(kids, NOW)


def noted(ledger: Ledger) -> list[datetime | None]:
    with ledger.reading() as transaction:
        return [transaction.destroyed_keys.destroyed_at(kid) for kid in KEYS]


def test_what_was_ordered_is_destroyed_and_noted_once(ledger: Ledger, tmp_path: Path) -> None:
    keyring = Keyring.open(f"sqlite:///{tmp_path}/keyring.db")
    keyring.ensure(CONTROLLER_KEY, *KEYS)
    shredder = Shredder(ledger, keyring)
    shredder.tick(NOW)
    assert {CONTROLLER_KEY, *KEYS} == keyring.names()
    for _ in range(2):
        ordered(ledger, *KEYS)
        shredder.tick(NOW + timedelta(hours=1))
        shredder.tick(NOW + timedelta(hours=2))
    assert ({CONTROLLER_KEY}, [NOW + timedelta(hours=1)] * 2) == (keyring.names(), noted(ledger))
    keyring.close()


def test_what_a_reader_still_holds_is_noted_only_when_its_traces_are_gone(ledger: Ledger, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/keyring.db"
    keyring, other = Keyring.open(url), Keyring.open(url)
    keyring.ensure(*KEYS)
    ordered(ledger, *KEYS)
    with other._engine.connect().execution_options(read_only=True) as reader:
        reader.exec_driver_sql("SELECT count(*) FROM keys").one()
        Shredder(ledger, keyring).tick(NOW)
        assert ([None, None], set()) == (noted(ledger), keyring.names())
    Shredder(ledger, keyring).tick(NOW)
    assert [NOW, NOW] == noted(ledger)
    keyring.close(), other.close()


def test_what_a_reader_of_the_ledger_keeps_in_its_log_is_gone_at_the_tick_after_it(tmp_path: Path) -> None:
    ledger, other = (Ledger.open(f"sqlite:///{tmp_path}/ledger.db") for _ in range(2))
    keyring, log = Keyring.open(f"sqlite:///{tmp_path}/keyring.db"), tmp_path / "ledger.db-wal"
    shredder = Shredder(ledger, keyring)
    shredder.tick(NOW)
    with other.reading() as transaction:
        transaction.destroyed_keys.waiting()
        ordered(ledger, *KEYS)
        shredder.tick(NOW)
        shredder.tick(NOW)
        assert log.stat().st_size and NOW == noted(ledger)[0]
    shredder.tick(NOW)
    assert 0 == log.stat().st_size
    with other.transaction() as transaction:
        transaction.forget_events(NOW)
        transaction.destroyed_keys.order(["register/2020"], NOW)
        transaction.destroyed_keys.done(["register/2020"], NOW)
    shredder.tick(NOW)
    assert log.stat().st_size
    shredder.tick(NOW + timedelta(hours=1))
    assert 0 == log.stat().st_size
    keyring.close(), ledger.close(), other.close()


def test_a_keyring_that_is_away_is_told_without_its_address(ledger: Ledger) -> None:
    class Away(Keyring):
        def names(self, prefix: str = "") -> set[str]:
            raise OperationalError("select", {}, Exception("password=secret"))

    away = Away.open("sqlite://")
    with pytest.raises(KeyringGone, match=r"^The keyring failed \(Exception\)\.$"):
        Shredder(ledger, away).tick(NOW)
    away.close()


@pytest.mark.parametrize(
    "name",
    [
        "test_a_key_is_made_once_and_is_the_same_for_every_process",
        "test_what_a_destroyed_key_sealed_opens_never_again",
        "test_many_at_once_get_one_key",
        "test_while_both_key_encryption_keys_are_known_a_rotation_stops_nobody",
        "test_a_wrapped_key_that_is_put_under_another_name_does_not_open",
    ],
)
def test_a_keyring_on_a_server_does_what_one_in_a_file_does(ledger_url: str, name: str) -> None:
    getattr(on_sqlite, name)(ledger_url)
