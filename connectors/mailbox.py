"""The door to a mailbox, by IMAPClient in threads: one connection for all commands, one at a time, made anew when it breaks."""

import asyncio
import json
import logging
import re
import ssl
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from imapclient import IMAPClient  # type: ignore[import-untyped]
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError  # type: ignore[import-untyped]

from connectors.auth import Login
from connectors.errors import Denied, Gone, Misread, Refused, Transient
from connectors.evidence import Evidence
from connectors.http import Limits
from connectors.leave import READING, Leave
from connectors.pace import Pace
from connectors.patience import Patience
from connectors.waiting import Sleep
from topics.model import Clock
from topics.steps import Step, passed

log = logging.getLogger(__name__)
for _name in ("imapclient.imapclient", "imapclient.imaplib"):  # they log whole lines at level debug: a search holds an address
    logging.getLogger(_name).disabled = True  # each by itself: it does not go down from the package's

T = TypeVar("T")
Connect = Callable[[], Any]
"""Makes a connection that has not signed in yet."""

_HEADER = b"BODY[HEADER]"
_PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|SERVERBUG)\]", re.IGNORECASE)  # said of itself, not of what was asked (RFC 5530)


class MailboxAccount:
    """One mailbox, shared by all commands of a processor; they take turns, since a connection has one folder open."""

    def __init__(self, name: str, connect: Connect, login: Login, pace: Pace, limits: Limits, clock: Clock, sleep: Sleep) -> None:
        self.name = name
        self.pace = pace
        self.limits = limits
        self.clock = clock
        self.sleep = sleep
        self.turn = asyncio.Lock()
        self._connect = connect
        self._login = login
        self._client: Any = None

    def door(self, evidence: Evidence, leave: Leave = READING) -> "MailboxDoor":
        """The door for one command."""
        return MailboxDoor(self, evidence, leave)

    def use(self, work: Callable[[Any], T]) -> T:
        """`work` with the connection, in a thread. A connection that failed is not used again."""
        try:
            if self._client is None:
                self._client = self._connect()
                self._client.login(self._login.user, self._login.password.get_secret_value())
            return work(self._client)
        except (OSError, IMAPClientAbortError, LoginError):
            self.close()
            raise

    def close(self) -> None:
        """Drop the connection without a word: a sign-off may wait for a server that is gone."""
        client, self._client = self._client, None
        if client is not None:
            client.shutdown()


class MailboxDoor:
    """The door for one command (`connectors.ports.Mailbox`); its retries end together.

    Each exchange may be made again, whatever came of it before: it names its messages by their numbers, and those that are gone are none.
    """

    def __init__(self, account: MailboxAccount, evidence: Evidence, leave: Leave = READING) -> None:
        self._account = account
        self._evidence = evidence
        self._leave = leave
        self._patience = Patience(account.name, account.clock() + account.limits.give_up_after, account.clock, account.sleep)

    async def folders(self) -> dict[str, tuple[str, ...]]:
        def read(client: Any) -> dict[str, tuple[str, ...]]:
            listed = {name: tuple(flag.decode() for flag in flags) for flags, _, name in client.list_folders()}
            if not listed:
                raise Misread(f"{self._account.name} lists no folder at all, where every account has its INBOX.")
            return {name: flags for name, flags in listed.items() if not {"\\noselect", "\\nonexistent"} & {flag.lower() for flag in flags}}

        return await self._do("LIST", read)

    async def validity(self, folder: str) -> int:
        return await self._do("EXAMINE", lambda client: _opened(client, folder, readonly=True))

    async def search(self, folder: str, criteria: Sequence[str]) -> list[int]:
        def read(client: Any) -> list[int]:
            _opened(client, folder, readonly=True)
            return [int(uid) for uid in client.search(list(criteria), charset=None if "".join(criteria).isascii() else "UTF-8")]

        return await self._do("UID SEARCH", read)

    async def headers(self, folder: str, uids: Sequence[int]) -> dict[int, bytes]:
        def read(client: Any) -> dict[int, bytes]:
            _opened(client, folder, readonly=True)
            fetched = client.fetch(list(uids), ["BODY.PEEK[HEADER]"]) if uids else {}
            return {int(uid): row[_HEADER] for uid, row in fetched.items() if _HEADER in row}

        return await self._do("UID FETCH", read)

    async def expunge(self, folder: str, validity: int, uids: Sequence[int]) -> None:
        def write(client: Any) -> None:
            _reopened(client, folder, validity)
            _expunge(client, uids)

        await self._do("UID EXPUNGE", write)

    async def move(self, folder: str, validity: int, uids: Sequence[int], target: str) -> None:
        def moved(client: Any) -> bool:
            if not client.folder_exists(target):
                client.create_folder(target)
            _reopened(client, folder, validity)
            if client.has_capability("MOVE"):
                client.move(list(uids), target)
                return True
            _can_expunge(client)  # asked first: a copy that stays beside its original is no restriction
            client.copy(list(uids), target)
            return False

        if not await self._do("UID MOVE", moved):  # an exchange of its own, so that one that is made again copies nothing twice
            await self.expunge(folder, validity, uids)

    async def _do(self, call: str, work: Callable[[Any], T]) -> T:
        """One exchange, made again while it fails in passing and time is left: a server ends a connection that was quiet for long."""
        return await self._patience(lambda: self._once(call, work))

    async def _once(self, call: str, work: Callable[[Any], T]) -> T:
        """One exchange in a thread; the connection's own time-outs end it."""
        account = self._account
        await account.pace.turn()
        started = account.clock()
        async with account.turn:
            await self._leave.wanted()
            try:
                passed(Step.CALLING)
                done = await asyncio.to_thread(account.use, work)
                passed(Step.CALLED)
            except LoginError as error:
                if isinstance(error.__context__, IMAPClientAbortError) or _PASSING.search(str(error)):
                    raise Transient(f"{account.name} did not answer the login.") from None
                raise Denied(f"{account.name} does not accept the login: look at settings.user and settings.password.") from None
            except CapabilityError:
                raise Refused(f"{account.name} cannot do {call}.") from None
            except (OSError, IMAPClientAbortError, ssl.SSLError) as error:
                raise Transient(f"{account.name} did not answer {call} ({type(error).__name__}).") from None
            except IMAPClientError as error:
                if _PASSING.search(str(error)):
                    raise Transient(f"{account.name} is too busy for {call}.") from None
                raise Refused(f"{account.name} refused {call} ({type(error).__name__}).") from None
            except (KeyError, ValueError) as error:
                raise Misread(f"{account.name} answered {call} with something unknown ({type(error).__name__}).") from None
        count = len(done) if isinstance(done, dict | list) else int(done is not None)
        log.info("%s %s %d", account.name, call, count)
        self._evidence.add(call, count, started, json.dumps(done, default=str).encode())
        return done


def _opened(client: Any, folder: str, *, readonly: bool) -> int:
    """Open a folder; its UIDVALIDITY."""
    if not client.folder_exists(folder):
        raise Gone("The folder is not there.")
    return int(client.select_folder(folder, readonly=readonly)[b"UIDVALIDITY"])


def _reopened(client: Any, folder: str, validity: int) -> None:
    if _opened(client, folder, readonly=False) != validity:
        raise Gone("The folder was made anew since it was searched: its numbers mean other messages now.")


def _can_expunge(client: Any) -> None:
    if not client.has_capability("UIDPLUS"):  # a plain EXPUNGE would take along what others marked
        raise Refused("The mail server cannot delete single messages for good (UIDPLUS, RFC 4315).")


def _expunge(client: Any, uids: Sequence[int]) -> None:
    _can_expunge(client)
    client.add_flags(list(uids), [b"\\Deleted"], silent=True)
    client.uid_expunge(list(uids))


def connection_to(base_url: str, limits: Limits) -> Connect:
    """How a connection to `imaps://HOST` (or `imap://` on loopback) is made: TLS with the system's authorities, time-outs set."""
    url = urlsplit(base_url)
    secure = url.scheme == "imaps"
    context = ssl.create_default_context() if secure else None
    return lambda: IMAPClient(url.hostname, port=url.port, ssl=secure, ssl_context=context, timeout=limits.timeout)
