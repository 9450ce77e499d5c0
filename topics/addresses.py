"""Addresses in a configuration: where a vendor may be called, and whether two URLs lead to one database."""

import ipaddress
import os
import re
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from topics.toml_lines import Wrong

_POSTGRESQL_PORT = 5432


def is_loopback(host: str | None) -> bool:
    """Whether it is this machine, whatever the network."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host == "localhost"
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def read_base_url(raw: str) -> str:
    """The address without a slash at its end.

    Raises:
        Wrong: it is none, or one that must not be called.
    """
    try:
        url = urlsplit(raw)
        host, scheme, _ = url.hostname, url.scheme, url.port
    except ValueError:
        host, scheme = None, ""
    if not host or scheme not in ("http", "https", "imap", "imaps") or not re.fullmatch(r"[!-\[\]-~]+", raw):
        raise Wrong('must be an address; write "https://HOST/PATH", or "imaps://HOST" for a mailbox')
    if "@" in url.netloc:
        raise Wrong("must not hold a user or password; write them under settings")
    if "?" in raw or "#" in raw:
        raise Wrong('must not have a query ("?") or fragment ("#"); write what stands before it')
    if not scheme.endswith("s") and not is_loopback(host):
        raise Wrong(f"{scheme}:// is accepted for loopback addresses only; write {scheme}s://…")
    return raw.rstrip("/")


def one_database(url: str) -> tuple[object, ...]:
    """The same for two URLs that lead to one database, under whatever name of this machine or user."""
    parsed = make_url(url)
    if parsed.drivername == "sqlite":
        return (os.path.realpath(parsed.database or ""),)
    host = parsed.host or parsed.query.get("host")
    host = "localhost" if host is None or is_loopback(str(host)) else host
    return (host, parsed.port or _POSTGRESQL_PORT, parsed.database or parsed.username)
