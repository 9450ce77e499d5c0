"""The mailbox connector against a real Dovecot: the whole kit over a socket, and what only a server can show."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.auth import Login
from connectors.contract import Record, State
from connectors.errors import Gone
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.leave import READING, Leave
from connectors.mail import reference
from connectors.mailbox import MailboxAccount, MailboxDoor, connection_to
from connectors.pace import Pace
from connectors.testing.harness import Bench, Time, settings_of
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import JAN
from connectors.testing.simulator import Call
from connectors.vendors.imap import Imap
from tests.live.conftest import or_left_out
from tests.live.servers.dovecot import Dovecot
from tests.live.servers.mailbox import RealMailbox
from topics.outcomes import Outcome
from topics.sealing import Key


class Real(RealMailbox):
    """As the kit drives it: over the real account."""

    def account(self, time: Any) -> Any:
        limits, login = Limits(30.0, timedelta(minutes=1)), Login(self.user, SecretStr(self.server.password))
        pace = Pace(1_000_000, time, time.sleep)
        return Watched(self, connection_to(self.server.base_url, limits), login, pace, limits, time, time.sleep)


class Watched(MailboxAccount):
    """The real account; what is written is counted, and on order not done."""

    def __init__(self, simulator: Real, *given: Any) -> None:
        super().__init__("imap", *given)
        self.simulator = simulator

    def door(self, evidence: Evidence, leave: Leave = READING) -> "WatchedDoor":
        return WatchedDoor(self, evidence, leave)


class WatchedDoor(MailboxDoor):
    async def expunge(self, *given: Any) -> None:
        if self._told_to_write():
            await super().expunge(*given)

    async def move(self, *given: Any) -> None:
        if self._told_to_write():
            await super().move(*given)

    def _told_to_write(self) -> bool:
        assert isinstance(self._account, Watched)
        self._account.simulator.calls.append(Call(httpx.Request("POST", "https://mailbox.test/"), writing=True))
        return not self._account.simulator.liar


@pytest.fixture(scope="module", autouse=True)
def dovecot() -> Iterator[Dovecot]:
    with or_left_out(Dovecot) as server:
        TestImapOnDovecot.simulator = staticmethod(lambda: Real(server))
        yield server


class TestImapOnDovecot(ConformanceKit):
    connector = Imap
    settings = {"user": "info@voorbeeld.example", "password": {"env": "KIT_SECRET"}}
    dated = ("message",)


def case(server: Dovecot, **settings: Any) -> tuple[Bench, Real]:
    mailbox = Real(server)
    return Bench(Imap, mailbox, TestImapOnDovecot.settings | settings, server.base_url), mailbox


def test_a_message_that_somebody_else_marked_as_deleted_stays(dovecot: Dovecot) -> None:
    bench, mailbox = case(dovecot)
    mailbox.put("INBOX", to="els@x.nl")
    mailbox.put("INBOX", to=JAN.email)
    with dovecot.client(mailbox.user) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(["TO", "els@x.nl"]), [b"\\Deleted"])
    assert [Outcome.ERASED] == [record.outcome for record in bench.carry_out(JAN.subject()).records]
    assert 1 == len(mailbox.read()["INBOX"])


def test_what_a_user_has_marked_as_deleted_or_hidden_in_a_folder_nobody_subscribed_to_is_found(dovecot: Dovecot) -> None:
    bench, mailbox = case(dovecot)
    with dovecot.client(mailbox.user) as client:
        client.create_folder("Oud/2019 (100% *)")
        client.append("Oud/2019 (100% *)", f"To: {JAN.email}\r\n\r\n".encode(), [b"\\Deleted"])
    assert [Outcome.ERASED] == [record.outcome for record in bench.carry_out(JAN.subject()).records]
    assert not any(mailbox.read().values())


@pytest.mark.parametrize(
    "to", ['"jan"@voorbeeld.nl', "Els <els@x.nl>,\r\n <JAN@Voorbeeld.NL>", "jan @\r\n voorbeeld.nl", "x: jan@voorbeeld.nl;"]
)
def test_the_search_finds_at_least_what_the_grammar_of_a_header_allows(dovecot: Dovecot, to: str) -> None:
    bench, mailbox = case(dovecot, shared="erase")
    mailbox.put("INBOX", to=to)
    assert [Outcome.ERASED] == [record.outcome for record in bench.carry_out(JAN.subject()).records]


def test_flags_and_the_text_survive_a_restriction_and_its_end(dovecot: Dovecot) -> None:
    bench, mailbox = case(dovecot)
    with dovecot.client(mailbox.user) as client:
        client.append("Archive/2025", f"To: {JAN.email}\r\n\r\nHallo".encode(), [b"\\Seen", b"\\Flagged"])
        bench.carry_out(JAN.subject(), "restrict")
        assert 0 == client.folder_status("Archive/2025", ["MESSAGES"])[b"MESSAGES"]
        bench.carry_out(JAN.subject(), "lift")
        client.select_folder("Archive/2025", readonly=True)
        kept = next(iter(client.fetch(client.search(), ["FLAGS", "BODY.PEEK[TEXT]"]).values()))
    assert {b"\\Seen", b"\\Flagged"} <= set(kept[b"FLAGS"]) and b"Hallo" == kept[b"BODY[TEXT]"]


def test_a_folder_that_was_made_anew_meanwhile_loses_nothing(dovecot: Dovecot) -> None:
    _, mailbox = case(dovecot)
    mailbox.put("Sent", to=JAN.email)
    with closing(mailbox.account(Time())) as account:
        door = account.door(Evidence(Key("case/1", bytes(32))))
        validity = asyncio.run(door.validity("Sent"))
        with pytest.raises(Gone):
            asyncio.run(door.expunge("Sent", validity + 1, [1]))
    assert 1 == len(mailbox.read()["Sent"])


def test_a_message_whose_hold_ends_is_found_without_its_person(dovecot: Dovecot) -> None:
    _, mailbox = case(dovecot)
    mailbox.put("Archive/2025", to=JAN.email)
    (header,) = mailbox.read()["Archive/2025"].values()
    with closing(mailbox.account(Time())) as account:
        door = account.door(Evidence(Key("case/1", bytes(32))))
        connector = Imap(settings_of(Imap, TestImapOnDovecot.settings), door)
        record = Record("message", reference(header, shared=False))
        assert State.PRESENT is asyncio.run(connector.peek(record))
        asyncio.run(connector.erase(record))
    assert {} == mailbox.read()["Archive/2025"]


def test_a_wrong_password_is_told_as_such(dovecot: Dovecot) -> None:
    bench, mailbox = case(dovecot)
    mailbox.server = Dovecot()
    mailbox.server.port, mailbox.server.password = dovecot.port, "other"
    answer = bench.carry_out(JAN.subject())
    assert Outcome.FAILED is answer.outcome and "settings.password" in (answer.reason or "")
