"""What the header of a message says: whose it is, when it was sent, and what makes it the same message elsewhere. Pure."""

import hashlib
import re
from contextlib import suppress
from datetime import datetime
from email import message_from_string
from email.utils import parsedate_to_datetime


def listed(value: str) -> set[str]:
    """The addresses in one header. Never what stands only in a name or a comment: the library's parser takes that for one too."""
    value = re.sub(r"\s*@\s*", "@", value)  # white space around the @ is allowed, if old (RFC 5322, section 4.4)
    value = re.sub(r'"([^"\\\s]+)"@', r"\1@", value)  # a quoted local part is the same address (RFC 5321, section 4.1.2)
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\([^()]*\)', "", value)
    return {part.rpartition("<")[2].partition(">")[0].strip().lower() for part in re.split("[,;:]", bare)} - {""}


def addresses(header: str, names: tuple[str, ...]) -> set[str]:
    """The addresses in all headers of those names."""
    message = message_from_string(header)
    return {address for name in names for value in message.get_all(name, []) for address in listed(str(value)) if "@" in address}


def reference(raw: bytes, shared: bool) -> str:
    """The same wherever copies of a message stand: its whole header, and by what it can be searched."""
    id = str(message_from_string(raw.decode(errors="replace")).get("Message-ID", "")).strip()
    return f"{hashlib.sha256(raw).hexdigest()} {'shared' if shared else 'own'} {id if id.isascii() and len(id.split()) == 1 else ''}"


def since_of(header: str) -> datetime | None:
    """Its `Date`, as its sender wrote it; None where it cannot be read."""
    with suppress(ValueError):
        return parsedate_to_datetime(str(message_from_string(header)["Date"]))
    return None
