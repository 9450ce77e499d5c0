"""What the header of a message says: whose it is, when it was sent, and what makes it the same message elsewhere. Pure."""

import hashlib
from contextlib import suppress
from datetime import datetime
from email import message_from_string, policy
from email.errors import HeaderParseError
from email.utils import getaddresses, parsedate_to_datetime


def addresses(header: str, names: tuple[str, ...]) -> set[str]:
    """By the grammar of the header, never what stands in a name; and as lenient programs read a list that breaks it."""
    strict, plain = message_from_string(header, policy=policy.default), message_from_string(header)
    found = {address for _, address in getaddresses([str(value) for name in names for value in plain.get_all(name, [])])}
    with suppress(HeaderParseError, IndexError, ValueError, AttributeError):  # some junk overwhelms the stricter one
        found |= {address.addr_spec for name in names for value in strict.get_all(name, []) for address in value.addresses}
    return {address.lower() for address in found if "@" in address}


def reference(raw: bytes, shared: bool) -> str:
    """The same wherever copies of a message stand: its whole header, and by what it can be searched."""
    id = str(message_from_string(raw.decode(errors="replace")).get("Message-ID", "")).strip()
    return f"{hashlib.sha256(raw).hexdigest()} {'shared' if shared else 'own'} {id if id.isascii() and len(id.split()) == 1 else ''}"


def since_of(header: str) -> datetime | None:
    """Its `Date`, as its sender wrote it; None where it cannot be read."""
    with suppress(ValueError):
        return parsedate_to_datetime(str(message_from_string(header)["Date"]))
    return None
