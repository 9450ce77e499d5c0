"""The door to a mailbox: what is asked of the server, and that only the meant messages go. On a toy of a server's client."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError
from pydantic import SecretStr

from connectors.auth import Login
from connectors.errors import Denied, Gone, Misread, Refused, Transient, VendorError
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.mailbox import MailboxAccount, MailboxDoor, connection_to
from connectors.pace import Pace
from connectors.testing.harness import Time
from topics.sealing import Key


class Imap:
    """One folder with messages by UID. `fault` is raised by the next command; `can` are the server's extensions."""

    def __init__(self) -> None:
        self.messages = {7: b"From: jan@voorbeeld.nl\r\n\r\n", 8: b"From: els@x.nl\r\n\r\n", 9: b"From: jan@voorbeeld.nl\r\n\r\n"}
        self.marked = {8}  # by somebody else's program
        self.fault: Exception | None = None
        self.can = {"UIDPLUS"}
        self.validity, self.connections, self.password = 42, 0, "s"
        self.login_fault: Exception | None = None
        self.opened: bool | None = None
        self.moved: dict[str, list[int]] = {}

    def connect(self) -> "Imap":
        self.connections += 1
        return self

    def login(self, user: str, password: str) -> None:
        if self.login_fault:
            fault, self.login_fault = self.login_fault, None
            try:
                raise fault
            except IMAPClientError as error:
                raise LoginError(str(error))  # noqa: B904 - as the library does
        if (user, password) != ("me", self.password):
            raise LoginError("no such user me")

    def list_folders(self) -> list[Any]:
        self._fail()
        return [((b"\\HasNoChildren", b"\\All"), b"/", "Everything"), ((b"\\Noselect",), b"/", "[Gmail]")]

    def folder_exists(self, folder: str) -> bool:
        return folder == "Everything" or folder in self.moved

    def select_folder(self, folder: str, readonly: bool) -> dict[bytes, int]:
        self._fail()
        self.opened = readonly
        return {b"UIDVALIDITY": self.validity}

    def search(self, criteria: list[str], charset: str | None) -> list[int]:
        return [uid for uid, header in self.messages.items() if criteria[-1].encode() in header]

    def fetch(self, uids: list[int], what: list[str]) -> dict[int, dict[bytes, bytes]]:
        return {uid: {b"BODY[HEADER]": self.messages[uid]} for uid in uids if uid in self.messages}

    def has_capability(self, name: str) -> bool:
        return name in self.can

    def add_flags(self, uids: list[int], flags: list[bytes], silent: bool) -> None:
        assert not self.opened and [b"\\Deleted"] == flags
        self.marked |= set(uids)

    def uid_expunge(self, uids: list[int]) -> None:
        for uid in self.marked & set(uids):
            self.messages.pop(uid, None)

    def create_folder(self, folder: str) -> None:
        self.moved[folder] = []

    def move(self, uids: list[int], folder: str) -> None:
        self.moved[folder] += [uid for uid in uids if self.messages.pop(uid, None)]

    def copy(self, uids: list[int], folder: str) -> None:
        self.moved[folder] += uids

    def shutdown(self) -> None:
        pass

    def _fail(self) -> None:
        if self.fault:
            fault, self.fault = self.fault, None
            raise fault


def door(server: Imap, evidence: Evidence | None = None, patience: timedelta = timedelta(0)) -> MailboxDoor:
    time = Time()
    pace, limits = Pace(1_000_000, time, time.sleep), Limits(1.0, patience)
    account = MailboxAccount("mail", server.connect, Login("me", SecretStr("s")), pace, limits, time, time.sleep)
    return account.door(evidence or Evidence(Key("case/1", bytes(32))))


async def test_folders_that_hold_no_messages_are_left_out() -> None:
    assert {"Everything": ("\\HasNoChildren", "\\All")} == await door(Imap()).folders()


async def test_a_mailbox_that_lists_no_folder_at_all_is_misread_and_never_empty() -> None:
    server = Imap()
    server.list_folders = list  # type: ignore[method-assign]
    with pytest.raises(Misread):
        await door(server).folders()


async def test_messages_are_found_and_their_headers_read_without_marking_them_as_seen() -> None:
    server = Imap()
    box = door(server)
    uids = await box.search("Everything", ["FROM", "jan@voorbeeld.nl"])
    assert {7: server.messages[7], 9: server.messages[9]} == await box.headers("Everything", uids)
    assert server.opened is True


async def test_every_answer_of_a_mailbox_moves_its_command() -> None:
    """Else a long healthy case there would look stuck (`Consumer.hung`)."""
    moved: list[bool] = []
    box = door(Imap(), Evidence(Key("case/1", bytes(32)), lambda: moved.append(True)))
    await box.folders()
    await box.search("Everything", ["FROM", "jan@voorbeeld.nl"])
    assert 2 == len(moved)


async def test_exactly_the_meant_messages_go_and_not_what_somebody_else_marked() -> None:
    server = Imap()
    await door(server).expunge("Everything", 42, [7])
    assert {8, 9} == set(server.messages)


async def test_a_folder_that_was_made_anew_or_is_not_there_is_gone_and_nothing_is_deleted() -> None:
    server = Imap()
    for folder, validity in (("Everything", 41), ("Elsewhere", 42)):
        with pytest.raises(Gone):
            await door(server).expunge(folder, validity, [7])
    assert 3 == len(server.messages)


async def test_a_server_that_can_only_expunge_a_whole_folder_is_refused() -> None:
    server = Imap()
    server.can = set()
    with pytest.raises(Refused, match="UIDPLUS"):
        await door(server).expunge("Everything", 42, [7])
    assert 3 == len(server.messages) and {8} == server.marked


@pytest.mark.parametrize("can", [{"MOVE"}, {"UIDPLUS"}])
async def test_exactly_the_meant_messages_are_moved_to_a_folder_that_is_made(can: set[str]) -> None:
    server = Imap()
    server.can = can
    await door(server).move("Everything", 42, [7], "Aside")
    assert ({8, 9}, {"Aside": [7]}) == (set(server.messages), server.moved)


async def test_a_line_that_breaks_between_copying_and_deleting_makes_no_second_copy() -> None:
    server = Imap()
    lost = [IMAPClientAbortError("socket error: EOF")]
    done = server.add_flags

    def add_flags(*given: Any, **named: Any) -> None:
        if lost:
            raise lost.pop()
        done(*given, **named)

    server.add_flags = add_flags  # type: ignore[method-assign]
    await door(server, patience=timedelta(minutes=10)).move("Everything", 42, [7], "Aside")
    assert ({8, 9}, {"Aside": [7]}) == (set(server.messages), server.moved)


async def test_a_server_that_can_only_copy_moves_nothing() -> None:
    server = Imap()
    server.can = set()
    with pytest.raises(Refused, match="UIDPLUS"):
        await door(server).move("Everything", 42, [7], "Aside")
    assert {"Aside": []} == server.moved and 3 == len(server.messages)


FAULTS: list[tuple[Exception, type[VendorError]]] = [
    (TimeoutError("timed out"), Transient),
    (ConnectionResetError(), Transient),
    (IMAPClientAbortError("bye jan@voorbeeld.nl"), Transient),
    (IMAPClientError("no jan@voorbeeld.nl"), Refused),
    (IMAPClientError("select failed: [UNAVAILABLE] jan@voorbeeld.nl"), Transient),
    (IMAPClientError("select failed: [INUSE] jan@voorbeeld.nl"), Transient),
    (IMAPClientError("expunge failed: [SERVERBUG] Internal error occurred."), Transient),
    (IMAPClientError("select failed: [NOPERM] jan@voorbeeld.nl"), Refused),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
async def test_every_fault_is_named_by_what_happens_next_without_the_servers_words(fault: Exception, error: type[VendorError]) -> None:
    server = Imap()
    box, server.fault = door(server), fault
    with pytest.raises(error) as told:
        await box.folders()
    assert "jan" not in str(told.value)


async def test_a_connection_that_broke_is_made_anew_for_the_next_exchange() -> None:
    server = Imap()
    box, server.fault = door(server), IMAPClientAbortError("bye")
    with pytest.raises(Transient):
        await box.folders()
    assert await box.folders()
    assert 2 == server.connections


@pytest.mark.parametrize("fault", [fault for fault, error in FAULTS if error is Transient])
async def test_an_exchange_that_fails_in_passing_is_made_again_so_that_no_quiet_hour_before_a_case_fails_it(fault: Exception) -> None:
    server = Imap()
    box = door(server, patience=timedelta(minutes=10))
    await box.folders()
    server.fault = fault
    assert {"Everything": ("\\HasNoChildren", "\\All")} == await box.folders()


@pytest.mark.parametrize("fault", [IMAPClientAbortError("socket error: EOF"), IMAPClientError("[UNAVAILABLE] Temporary failure")])
async def test_a_line_that_breaks_or_a_server_that_is_busy_in_the_middle_of_a_login_is_no_wrong_password(fault: Exception) -> None:
    server = Imap()
    server.login_fault = fault
    with pytest.raises(Transient):
        await door(server).folders()
    server.login_fault = fault
    assert await door(server, patience=timedelta(minutes=10)).folders()


async def test_a_deletion_of_which_the_answer_was_lost_is_made_again_and_takes_no_other_message() -> None:
    server = Imap()
    lost = [IMAPClientAbortError("socket error: EOF")]
    done = server.uid_expunge

    def expunge(uids: list[int]) -> None:
        done(uids)
        if lost:
            raise lost.pop()

    server.uid_expunge = expunge  # type: ignore[method-assign]
    await door(server, patience=timedelta(minutes=10)).expunge("Everything", 42, [7])
    assert {8, 9} == set(server.messages)


async def test_a_refused_login_is_denied_and_not_remembered() -> None:
    server = Imap()
    server.password = "other"
    box = door(server)
    with pytest.raises(Denied, match=r"settings\.user"):
        await box.folders()
    server.password = "s"
    assert await box.folders()


async def test_exchanges_are_kept_as_evidence_and_no_address_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    evidence = Evidence(Key("case/1", bytes(32)))
    with caplog.at_level(logging.DEBUG):
        await door(Imap(), evidence).search("Everything", ["FROM", "jan@voorbeeld.nl"])
    assert 1 == evidence.calls().count
    assert "mail UID SEARCH 2" in caplog.text and "jan" not in caplog.text


@pytest.mark.parametrize("name", ["imapclient.imapclient", "imapclient.imaplib"])
def test_no_log_of_the_library_prints_what_was_said_whatever_the_level(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(name).critical("UID SEARCH FROM jan@voorbeeld.nl")
    assert "" == caplog.text


async def test_a_server_that_is_not_there_is_told_as_out_of_reach() -> None:
    time = Time()
    limits = Limits(1.0, timedelta(0))
    connect = connection_to("imap://127.0.0.1:9", limits)
    account = MailboxAccount("mail", connect, Login("me", SecretStr("s")), Pace(1_000_000, time, time.sleep), limits, time, time.sleep)
    with pytest.raises(Transient):
        await account.door(Evidence(Key("case/1", bytes(32)))).folders()
