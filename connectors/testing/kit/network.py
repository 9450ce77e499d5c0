"""Watches the real network, which no case of the kit needs: a connector with a client of its own is seen here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_LOOPBACK = ("127.", "::1", "localhost")
_lists: list[list[str]] = []


@contextmanager
def touched_hosts() -> Iterator[list[str]]:
    """The hosts beyond loopback that were looked up or connected to meanwhile; each such try fails."""
    _install()
    hosts: list[str] = []
    _lists.append(hosts)
    try:
        yield hosts
    finally:
        _lists.pop()


@cache
def _install() -> None:
    sys.addaudithook(_watch)  # cannot be taken out again, so it does nothing while nobody watches


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if not _lists or event not in ("socket.connect", "socket.getaddrinfo"):
        return
    host = args[0] if event == "socket.getaddrinfo" else args[1][0] if isinstance(args[1], tuple) else "localhost"
    host = host.decode() if isinstance(host, bytes) else str(host)
    if not host.startswith(_LOOPBACK):
        for hosts in _lists:
            hosts.append(host)
        raise ConnectionRefusedError("the kit lets nothing out")
