"""Databases by their SQLAlchemy URL: our own stores (SQLite or PostgreSQL), and a company's (any)."""

from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from topics.addresses import is_loopback
from topics.setting_types import HOW_TO_GIVE_A_SECRET, read_path, secret_of
from topics.toml_lines import Wrong

_OUR_DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
_SECRET_QUERY = {"password", "passwd", "pwd", "odbc_connect"}


def with_our_driver(url: URL) -> URL:
    """The URL with the driver that comes with us, whichever it names; that of another database as it is."""
    backend = url.get_backend_name()
    return url.set(drivername=f"{backend}+{_OUR_DRIVERS[backend]}") if backend in _OUR_DRIVERS else url


def _database_url(raw: object, info: ValidationInfo) -> str:
    given, url = _read(raw, info)
    if url.drivername not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise Wrong('names no database that is supported; write "sqlite:///FILE" or "postgresql://HOST/NAME"')
    return _checked(given, url, raw, info)


def _any_database_url(raw: object, info: ValidationInfo) -> str:
    given, url = _read(raw, info)
    try:
        dialect = with_our_driver(url).get_dialect()
        if not dialect.is_async:
            dialect.import_dbapi()
    except (NoSuchModuleError, ImportError):
        raise Wrong(
            'names no database that can be spoken to; write "sqlite:///FILE", "postgresql://HOST/NAME" or "mysql://HOST/NAME",'
            " or install the database's SQLAlchemy dialect and driver beside us"
        ) from None
    if dialect.is_async:
        raise Wrong("names a driver for asyncio; name the ordinary one")
    return _checked(given, url, raw, info)


def _read(raw: object, info: ValidationInfo) -> tuple[str, URL]:
    given = secret_of(raw, info) if isinstance(raw, dict) else str(raw)
    try:
        return given, make_url(given)
    except (ArgumentError, ValueError):
        return given, URL.create("none")


def _checked(given: str, url: URL, raw: object, info: ValidationInfo) -> str:
    if url.get_backend_name() == "sqlite":
        if url.host or url.query or url.database in (None, "", ":memory:"):
            raise Wrong('must name a file; write "sqlite:///FILE", with three slashes and nothing after the file')
        return f"sqlite:///{read_path(url.database, info)}"
    if (url.password or _SECRET_QUERY & url.query.keys()) and not isinstance(raw, dict) and not is_loopback(url.host):
        raise Wrong(f"holds a password; put the whole URL elsewhere and {HOW_TO_GIVE_A_SECRET}")
    return given


DatabaseUrl = Annotated[str, BeforeValidator(_database_url)]
"""Where one of our own stores is."""
AnyDatabaseUrl = Annotated[str, BeforeValidator(_any_database_url)]
"""Where a database of the company's own is: any that SQLAlchemy has a dialect and a driver for here."""
