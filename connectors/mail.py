"""What the header of a message says: whose it is, when it was sent, what makes it the same message elsewhere; and searching by it."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from email import message_from_string
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from connectors.ports import Mailbox

SENT_BY, SENT_TO = ("From", "Sender", "Reply-To"), ("To", "Cc", "Bcc")
_VIEWS = frozenset({"\\all", "\\flagged", "\\important"})
_AT_ONCE = 200  # headers asked for in one command: servers limit its length


def listed(value: str) -> set[str]:
    """The addresses in one header. Never what stands only in a name or a comment: the library's parser takes that for one too."""
    value = re.sub(r"\s*@\s*", "@", value)  # white space around the @ is allowed, if old (RFC 5322, section 4.4)
    value = re.sub(r'"([^"\\\s]+)"@', r"\1@", value)  # a quoted local part is the same address (RFC 5321, section 4.1.2)
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\([^()]*\)', "", value)
    return {part.rpartition("<")[2].partition(">")[0].strip().lower() for part in re.split("[,;:]", bare)} - {""}


def addresses(raw: bytes, names: tuple[str, ...]) -> set[str]:
    """The addresses in all headers of those names."""
    header = _read(raw)
    return {address for name in names for value in header.get_all(name, []) for address in listed(str(value)) if "@" in address}


def reference(raw: bytes, shared: bool) -> str:
    """The same wherever copies of a message stand: its whole header, and by what it can be searched."""
    id = str(_read(raw).get("Message-ID", "")).strip()
    return f"{hashlib.sha256(raw).hexdigest()} {'shared' if shared else 'own'} {id if id.isascii() and len(id.split()) == 1 else ''}"


def since_of(raw: bytes) -> datetime | None:
    """Its `Date`, as its sender wrote it; None where it cannot be read."""
    with suppress(ValueError):
        return parsedate_to_datetime(str(_read(raw)["Date"]))
    return None


def _read(raw: bytes) -> Message:
    return message_from_string(raw.decode(errors="replace"))


class Place(NamedTuple):
    """Where a copy of a message stands: its folder, the folder's UIDVALIDITY, and its UID there.

    `view`: the folder shows what stands in others (RFC 6154, 8457), though some servers keep there what stands in no other.
    """

    folder: str
    validity: int
    uid: int
    view: bool = False


def real(places: list[Place]) -> list[Place]:
    """Those where the message itself stands: a view shows it whatever is done with it there. All, where only views show it."""
    return [place for place in places if not place.view] or places


def naming(address: str) -> list[str]:
    """The search for messages from and to an address; it finds others too."""
    criteria: list[str] = []
    for part in address.rsplit("@", 1):  # apart, since quotes, blanks or a line's end may stand between them
        criteria += ["OR"] * 5 + [word for name in (*SENT_BY, *SENT_TO) for word in ("HEADER", name, part)]
    return criteria


async def everywhere(mailbox: Mailbox, *searches: list[str]) -> AsyncIterator[tuple[Place, bytes]]:
    """Where each message stands that any of the searches finds in any folder, and its header."""
    for folder, flags in (await mailbox.folders()).items():
        view = not _VIEWS.isdisjoint(flag.lower() for flag in flags)
        validity, headers = await mailbox.validity(folder), dict[int, bytes]()
        for criteria in searches:
            uids = await mailbox.search(folder, criteria)
            for first in range(0, len(uids), _AT_ONCE):
                headers |= await mailbox.headers(folder, uids[first : first + _AT_ONCE])
        for uid, raw in headers.items():
            yield Place(folder, validity, uid, view), raw


async def copies(mailbox: Mailbox, ref: str) -> list[Place]:
    """Where the message of a `reference` stands."""
    _, kind, id = ref.split(" ", 2)
    searched = everywhere(mailbox, ["HEADER", "Message-ID", id] if id else ["ALL"])
    return [place async for place, raw in searched if reference(raw, kind == "shared") == ref]
