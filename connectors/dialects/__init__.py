"""What differs between databases: how one connects, which foreign keys there are, who may write, why one refuses."""

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from connectors.dialects.dialect import Dialect
from connectors.dialects.mysql import Mysql
from connectors.dialects.postgresql import Postgresql
from connectors.dialects.sqlite import Sqlite
from topics.database_urls import with_our_driver

_OWN_WAYS: dict[str, Dialect] = {"sqlite": Sqlite(), "postgresql": Postgresql(), "mysql": Mysql(), "mariadb": Mysql()}


def dialect_of(name: str) -> Dialect:
    """How the database of that SQLAlchemy name is dealt with."""
    return _OWN_WAYS.get(name) or Dialect()


def engine_to(url: str, timeout: float) -> Engine:
    """An engine for somebody else's database: nothing of its setup is changed, and a SQLite file is never made. `timeout` in seconds."""
    parsed = with_our_driver(make_url(url))
    return dialect_of(parsed.get_backend_name()).engine(parsed, timeout)
