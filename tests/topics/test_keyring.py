"""Keys by name: made once, found again, destroyed for good."""

import asyncio
import base64
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest

from topics.database import engine_for
from topics.keyring import CONTROLLER_KEY, KeyDestroyed, KeyMissing, Keyring, KeyringGone, case_key, dead_letters_key, hold_key
from topics.sealing import CannotOpen, Key
from topics.stopping import Against
from topics.wrapping import KeyEncryptionKey, Wrapper

GONE = Against.RECALLED
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
    with pytest.raises(KeyDestroyed):
        keyring.ensure(case_key(ID), hold_key(ID))
    with pytest.raises(CannotOpen):
        keyring.ensure(hold_key(ID))[0].open("subject", token)
    assert ({case_key(ID)}, {hold_key(ID)}) == (keyring.destroyed([case_key(ID), hold_key(ID)]), keyring.names())
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


def as_another_process_reads(url: str, wrappers: Sequence[Wrapper], *kids: str) -> list[Key]:
    keyring = Keyring.open(url, wrappers)
    keys = keyring.get_all(*kids)
    keyring.close()
    return keys


OLD, NEW = KeyEncryptionKey(b"o" * 32), KeyEncryptionKey(b"n" * 32)


def secrets_in(folder: Path, *keys: Key) -> int:
    """How many of the keys' secrets stand in the files of the keyring as they are."""
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    return sum(key.secret in written for key in keys)


def test_a_wrapped_keyring_holds_no_key_as_it_is_and_opens_with_its_key_encryption_key_only(url: str, tmp_path: Path) -> None:
    keyring = Keyring.open(url, [OLD])
    keys = keyring.ensure(CONTROLLER_KEY, case_key(ID), hold_key(ID))
    assert (0, True) == (secrets_in(tmp_path, *keys), keyring.is_wrapped())
    assert keys == as_another_process_reads(url, [NEW, OLD], CONTROLLER_KEY, case_key(ID), hold_key(ID))
    for others in ([], [NEW]):
        with pytest.raises(KeyringGone, match="key-encryption key that this process does not have"):
            Keyring.open(url, others)
    keyring.close()


def test_a_bare_keyring_stays_readable_until_it_is_wrapped_and_leaves_no_bare_key_behind(url: str, tmp_path: Path) -> None:
    bare = Keyring.open(url)
    keys = bare.ensure(CONTROLLER_KEY, case_key(ID))
    wrapping = Keyring.open(url, [NEW])
    keys += wrapping.ensure(hold_key(ID))
    assert (keys, False) == (bare.get_all(*(key.kid for key in keys)), wrapping.is_wrapped())
    assert 3 == secrets_in(tmp_path, *keys)
    assert (3, 0, True) == (wrapping.rewrap(), wrapping.rewrap(), wrapping.is_wrapped())
    assert (0, keys) == (secrets_in(tmp_path, *keys), wrapping.get_all(*(key.kid for key in keys)))
    with pytest.raises(KeyringGone):
        bare.get(case_key(ID))
    bare.close(), wrapping.close()


def test_while_both_key_encryption_keys_are_known_a_rotation_stops_nobody(url: str) -> None:
    """A process that still has the old one only goes on until the rotation, since new keys are wrapped as the others are."""
    not_restarted, restarted = Keyring.open(url, [OLD]), Keyring.open(url, [NEW, OLD])
    before = not_restarted.ensure(CONTROLLER_KEY, case_key(ID))
    made = restarted.ensure(hold_key(ID))
    assert made == not_restarted.get_all(hold_key(ID))
    assert 3 == restarted.rewrap()
    assert [*before, *made] == restarted.get_all(CONTROLLER_KEY, case_key(ID), hold_key(ID))
    assert restarted.ensure("new") == as_another_process_reads(url, [NEW], "new")
    with pytest.raises(KeyringGone, match="it has another one"):
        not_restarted.get(case_key(ID))
    not_restarted.close(), restarted.close()


def test_a_wrapped_key_that_is_put_under_another_name_does_not_open(url: str) -> None:
    keyring = Keyring.open(url, [NEW])
    keyring.ensure(CONTROLLER_KEY, case_key(ID), hold_key(ID))
    taken = "(SELECT secret FROM keys WHERE substr(kid, 1, 5) = 'hold/')"
    with keyring._engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE keys SET secret = {taken} WHERE substr(kid, 1, 5) = 'case/'")
    with pytest.raises(KeyringGone, match="stands under another's name"):
        keyring.get(case_key(ID))
    keyring.close()


def test_a_key_management_service_can_stand_in_the_place_of_a_key(url: str) -> None:
    class Service:
        id = b"kms-0001"
        known: ClassVar[dict[bytes, tuple[str, bytes]]] = {}

        def wrap(self, kid: str, secret: bytes) -> bytes:
            self.known[ticket := b"ticket-%d" % len(self.known)] = kid, secret
            return ticket

        def unwrap(self, kid: str, wrapped: bytes) -> bytes:
            name, secret = self.known[wrapped]
            if name != kid:
                raise ValueError
            return secret

    keyring = Keyring.open(url, [Service()])
    assert keyring.ensure(case_key(ID)) == as_another_process_reads(url, [Service()], case_key(ID))
    keyring.close()


@pytest.mark.parametrize("text", ["", "abc", "A" * 43, base64.b64encode(b"k" * 31).decode(), base64.b64encode(b"k" * 33).decode()])
def test_what_is_not_32_bytes_in_base64_is_no_key_encryption_key(text: str) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        KeyEncryptionKey.read(text)


def test_a_key_encryption_key_is_read_in_both_alphabets_of_base64() -> None:
    secret = bytes(range(224, 256))
    assert 1 == len({KeyEncryptionKey.read(encode(secret).decode()).id for encode in (base64.b64encode, base64.urlsafe_b64encode)})


def test_a_reader_that_holds_the_log_keeps_the_traces_and_that_is_told(url: str, tmp_path: Path) -> None:
    keyring = Keyring.open(url)
    (key,) = keyring.ensure(case_key(ID))
    other = engine_for(url)
    with other.connect().execution_options(read_only=True) as reader:
        reader.exec_driver_sql("SELECT count(*) FROM keys").one()
        assert not keyring.destroy(case_key(ID))
    other.dispose()
    assert keyring.destroy(case_key(ID))
    assert 0 == secrets_in(tmp_path, key)
    keyring.close()


def test_a_recalled_round_stays_recalled_until_the_hold_key_is_destroyed(url: str) -> None:
    keyring = Keyring.open(url)

    def recalled() -> list[Against | None]:
        return [asyncio.run(keyring.against(ID, name, round)) for name in ("books", "list") for round in (1, 2, 3)]

    assert [None] * 6 == recalled()
    for round in (2, 1, 2):
        keyring.recall(ID, "books", round)
    keyring.destroy(case_key(ID))
    assert [GONE, GONE, None, None, None, None] == recalled()
    keyring.destroy(hold_key(ID))
    assert [None] * 6 == recalled()
    keyring.close()


def test_the_keys_of_a_command_come_in_order_along_with_whether_it_was_recalled(url: str) -> None:
    keyring = Keyring.open(url)
    keys = keyring.ensure(case_key(ID), hold_key(ID))

    def asked(round: int, *kids: str) -> tuple[list[Key], Against | None]:
        return asyncio.run(keyring.for_command(ID, "books", round, *kids))

    assert (keys, None) == asked(1, case_key(ID), hold_key(ID))
    assert (keys[::-1], None) == asked(1, hold_key(ID), case_key(ID))
    keyring.recall(ID, "books", 2)
    assert [GONE, GONE, None] == [asked(round, hold_key(ID))[1] for round in (1, 2, 3)]
    keyring.destroy(case_key(ID))
    with pytest.raises(KeyDestroyed):
        asked(3, case_key(ID), hold_key(ID))
    assert (keys[1:], GONE) == asked(2, hold_key(ID))
    keyring.close()
