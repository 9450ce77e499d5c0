"""Leave to destroy: how often it is asked for, that it is not given twice, and that a call at any door waits for it last."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from connectors.auth import Login
from connectors.client import Client
from connectors.database import DatabaseAccount
from connectors.dialects import engine_to
from connectors.evidence import Evidence
from connectors.http import Limits, Vendor
from connectors.leave import HeldBack, Leave
from connectors.mailbox import MailboxAccount
from connectors.pace import Pace
from connectors.testing.harness import START, Time
from tests.connectors.test_mailbox import Imap
from topics.sealing import Key
from topics.stopping import Against

LIMITS = Limits(30.0, timedelta(minutes=10))


async def test_it_is_asked_at_most_twice_a_second_and_again_when_the_clock_was_set_back() -> None:
    time, asked = Time(), []

    async def ask() -> Against | None:
        asked.append(time.now)
        return None

    leave = Leave(ask, time)
    await leave.wanted()
    assert [] == asked  # nothing is destroyed: reading needs no leave
    with leave.destroying():
        for _ in range(11):
            await leave.wanted()
            time.now += timedelta(seconds=0.1)
        assert 3 == len(asked)
        time.now = START - timedelta(hours=1)
        await leave.wanted()
    assert 4 == len(asked)


async def test_what_was_held_back_once_stays_so() -> None:
    """Else a command would do half of its records before a stop and half after it, and its answer say both."""
    answers = [Against.STOPPED, None]

    async def ask() -> Against | None:
        return answers.pop(0)

    time = Time()
    leave = Leave(ask, time)
    with leave.destroying():
        for _ in range(2):
            with pytest.raises(HeldBack):
                await leave.wanted()
            time.now += timedelta(minutes=1)
    assert [None] == answers


Destroy = Callable[[], Awaitable[object]]
Opened = tuple[Destroy, Callable[[], bool]]


@asynccontextmanager
async def http(pace: Pace, time: Time, evidence: Evidence, leave: Leave, _folder: Path) -> AsyncIterator[Opened]:
    called: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        called.append(request)
        return httpx.Response(204)

    async with Client("https://vendor.test", 30.0, httpx.MockTransport(answer)) as client:
        door = Vendor("toy", client, None, pace, LIMITS, time, time.sleep).door(evidence, leave)
        yield lambda: door.delete("/things/{id}", id="1"), lambda: bool(called)


@asynccontextmanager
async def database(pace: Pace, time: Time, evidence: Evidence, leave: Leave, folder: Path) -> AsyncIterator[Opened]:
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        connection.executescript("create table users (id integer primary key); insert into users values (1)")
        account = DatabaseAccount("shop", engine_to(f"sqlite:///{folder}/shop.db", 30.0), pace, LIMITS, time)
        door = account.door(evidence, leave)
        yield lambda: door.delete("users", {"id": 1}), lambda: not connection.execute("select 1 from users").fetchall()
        account.close()


@asynccontextmanager
async def mailbox(pace: Pace, time: Time, evidence: Evidence, leave: Leave, _folder: Path) -> AsyncIterator[Opened]:
    server = Imap()
    door = MailboxAccount("mail", server.connect, Login("me", SecretStr("s")), pace, LIMITS, time, time.sleep).door(evidence, leave)
    yield lambda: door.expunge("Everything", 42, [7]), lambda: 7 not in server.messages


@pytest.mark.parametrize("opens", [http, database, mailbox])
@pytest.mark.parametrize("stopped", [False, True])
async def test_a_call_that_has_waited_for_its_turn_is_not_made_when_everything_was_stopped_meanwhile(
    opens: Callable[..., AbstractAsyncContextManager[Opened]], stopped: bool, tmp_path: Path
) -> None:
    time = Time()

    async def ask() -> Against | None:
        return Against.STOPPED if stopped and time.now > START else None

    pace, leave = Pace(1, time, time.sleep), Leave(ask, time)
    await pace.turn()  # somebody else had this minute's
    async with opens(pace, time, Evidence(Key("case/1", bytes(32))), leave, tmp_path) as (destroy, is_gone):
        with leave.destroying():
            await leave.wanted()
            if stopped:
                with pytest.raises(HeldBack):
                    await destroy()
            else:
                await destroy()
        assert is_gone() is not stopped
    assert [60.0] == time.waits
