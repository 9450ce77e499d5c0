"""Evidence: a keyed digest over what the vendor answered; no bodies, no personal data."""

import hashlib
from collections.abc import Callable
from datetime import datetime

import httpx

from topics.reports import Calls
from topics.sealing import Key


class Evidence:
    """Gathers the calls of one command, in order."""

    def __init__(self, key: Key, moved: Callable[[], None] = lambda: None) -> None:
        """`moved`: told at every answer of the vendor."""
        self._key = key
        self._moved = moved
        self._lines: list[str] = []
        self._answered: set[str] = set()
        self.in_parts = False
        """Whether the same question was asked more than once: then a list was read in parts, and rows may have moved between them."""

    def add(self, call: str, status: int, started: datetime, body: bytes, request: httpx.Request | None = None) -> None:
        """One answered call: method and path template, status, start, and what the body was. Of the request nothing is kept here."""
        self._moved()
        self.in_parts = self.in_parts or (call.startswith("GET ") and call in self._answered)
        self._answered.add(call)
        body_digest = hashlib.sha256(body).hexdigest()
        self._lines.append(f"{call} {status} {started.isoformat(timespec='seconds')} {body_digest}")

    def calls(self) -> Calls:
        """How many calls there were, and one digest over all of them under the case's key."""
        return Calls(count=len(self._lines), digest=self._key.digest("calls", *self._lines))
