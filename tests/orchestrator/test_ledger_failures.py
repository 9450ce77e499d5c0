"""The ledger locked, full, damaged, or killed in the middle: nothing half is written or acknowledged, and it goes on afterwards."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event

from orchestrator.handle import Handler
from orchestrator.ledger import Ledger, LedgerGone
from tests.orchestrator.process_cases import Installation, request
from topics.bus import Message
from topics.database import engine_for

ID = uuid4()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def with_pragma(path: Path, pragma: str) -> Iterator[Installation]:
    """An installation whose every connection to the ledger begins with a pragma."""
    Ledger.open(f"sqlite:///{path}").close()
    engine: Engine = engine_for(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: connection.execute(pragma))
    yield Installation(Ledger(engine), path.parent)
    engine.dispose()


@pytest.fixture
def impatient(path: Path) -> Iterator[Installation]:
    """It waits for a lock no longer than 50 ms."""
    yield from with_pragma(path, "PRAGMA busy_timeout = 50")


def when_waited(installation: Installation, act: Callable[[], object]) -> Handler:
    """A handler that, once it has waited three times, finds the failure mended."""

    wait = installation.time.sleep

    async def sleep(seconds: float) -> None:
        await wait(seconds)
        if len(installation.time.waits) == 3:
            act()

    return Handler(installation.process, installation.broker.publisher(), installation.time, sleep)


def test_a_locked_ledger_is_waited_for(impatient: Installation, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        handler = when_waited(impatient, lambda: other.execute("ROLLBACK"))
        assert asyncio.run(handler.take([request(ID)]))
    assert (None, 3) == (handler.stopping, len(impatient.time.waits))
    assert 1 == len(impatient.broker.messages("processor.commands.a"))


def test_a_ledger_that_stays_locked_stops_the_process_and_the_sentence_names_the_lock(impatient: Installation, path: Path) -> None:
    handler = impatient.handler()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not asyncio.run(handler.take([request(ID)]))
    assert handler.stopping is not None and "SQLITE_BUSY" in handler.stopping
    assert impatient.case(ID) is None


def test_a_full_disk_writes_nothing_in_part_and_is_waited_for(path: Path) -> None:
    """`max_page_count` makes SQLite give the very error of a full disk; the test on a real one is in tests/live."""
    sizes: dict[str, Any] = {}
    (installation,) = with_pragma(path, "PRAGMA journal_size_limit = -1")
    with installation.ledger._engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        sizes["full"] = raw.execute("PRAGMA page_count").fetchone()[0]

    @event.listens_for(installation.ledger._engine, "begin")
    def limit(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {sizes['full']}")

    large = Message("t", None, b"x" * 100_000, ())
    with pytest.raises(LedgerGone, match="SQLITE_FULL"), installation.ledger.transaction() as transaction:
        transaction.remember([("/s", "1", "c")], installation.time.now)
        transaction.send([large], installation.time.now)
    with installation.ledger.reading() as reading:
        assert ({}, []) == (reading.seen([("/s", "1")]), reading.unsent())
    sizes["full"] = 1_000_000
    with installation.ledger.transaction() as transaction:
        assert 1 == len(transaction.send([large], installation.time.now))


def overwrite(path: Path, start: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\x7f" * size)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "cut off in the middle": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut off in the first page": lambda path: os.truncate(path, 100),
    "its head overwritten": lambda path: overwrite(path, 0, 100),
    "a page overwritten that opening does not read": lambda path: overwrite(path, path.stat().st_size // 4096 // 2 * 4096, 4096),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_ledger_is_refused_with_the_way_to_restore(path: Path, damage: str) -> None:
    ledger = Ledger.open(f"sqlite:///{path}")
    with ledger.transaction() as transaction:
        transaction.remember([("/s", str(number), "c" * 22) for number in range(2000)], Installation(ledger, path.parent).time.now)
    ledger.close()
    DAMAGES[damage](path)
    with pytest.raises(LedgerGone, match=r"damaged: restore the last backup, .* docs/reliability\.md"):
        Ledger.open(f"sqlite:///{path}")


def test_a_server_killed_in_the_middle_of_a_transaction_has_written_nothing_and_is_used_again(postgres: Any, tmp_path: Path) -> None:
    installation = Installation(Ledger.open(postgres.new_database()), tmp_path)
    with pytest.raises(LedgerGone), installation.ledger.transaction() as transaction:
        transaction.remember([("/s", "1", "c")], installation.time.now)
        transaction.send([Message("t", None, b"v", ())], installation.time.now)
        postgres.kill()
    handler = when_waited(installation, postgres.start)
    assert asyncio.run(handler.take([request(ID)]))
    with installation.ledger.reading() as reading:
        assert ({}, []) == (reading.seen([("/s", "1")]), [message for _, message in reading.unsent() if message.topic == "t"])
    assert 1 == len(installation.broker.messages("processor.commands.a"))
    installation.ledger.close()
