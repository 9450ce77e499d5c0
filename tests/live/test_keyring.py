"""The keyring in PostgreSQL: what a worker asks it at every command, also when the server is away."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy.exc import SQLAlchemyError

from tests.live.servers.postgres import Postgres
from topics.keyring import KeyDestroyed, KeyMissing, Keyring, case_key, hold_key
from topics.stopping import Against

GONE = Against.RECALLED
ID = UUID("0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11")


def test_a_worker_reads_its_keys_and_what_was_recalled_from_postgresql(postgres: Postgres) -> None:
    keyring = Keyring.open(postgres.new_database())
    kids = case_key(ID), hold_key(ID)
    keys = keyring.ensure(*kids)

    def asked(round: int) -> object:
        return asyncio.run(keyring.for_command(ID, "books", round, *kids))

    assert (keys, None) == asked(1)
    keyring.recall(ID, "books", 2)
    assert (keys, GONE) == asked(2)
    assert (keys, None) == asked(3)
    assert [GONE, None] == [asyncio.run(keyring.against(ID, "books", round)) for round in (2, 3)]
    keyring.destroy(case_key(ID))
    with pytest.raises(KeyDestroyed):
        asked(3)
    with pytest.raises(KeyMissing):
        asyncio.run(keyring.for_command(UUID(int=1), "books", 1, case_key(UUID(int=1))))
    keyring.close()


def test_a_stop_that_is_ordered_is_pressed_once_and_lifted_up_to_its_number_in_postgresql(postgres: Postgres) -> None:
    keyring = Keyring.open(postgres.new_database())
    for _ in range(2):
        keyring.stops.press("olga", "First.", ID)
    keyring.stops.press("rik", "Second.")
    assert [("First.", True), ("Second.", False)] == [(one.reason, one.ordered) for one in keyring.stops.all()]
    assert [True, False] == [keyring.stops.lift("olga", 9) for _ in range(2)]
    assert Against.STOPPED == asyncio.run(keyring.against(ID, "books", 1))
    assert keyring.stops.lift("rik") and asyncio.run(keyring.against(ID, "books", 1)) is None
    keyring.close()


def test_a_server_that_went_away_is_told_as_what_the_workers_wait_for_and_its_return_is_noticed() -> None:
    with Postgres() as own:
        keyring = Keyring.open(own.new_database())
        keys = keyring.ensure(hold_key(ID))
        own.kill()
        with pytest.raises(SQLAlchemyError):
            asyncio.run(keyring.against(ID, "books", 1))
        own.start()
        assert (keys, None) == asyncio.run(keyring.for_command(ID, "books", 1, hold_key(ID)))
        keyring.close()
