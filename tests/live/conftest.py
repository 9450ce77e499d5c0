"""Live tests run on the embedded broker and on Apache Kafka, on SQLite and on PostgreSQL: the same bodies for all."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.live.installation import Backend, Installation
from tests.live.servers import ServerUnavailable
from tests.live.servers.kafka import Kafka
from tests.live.servers.postgres import Postgres
from tests.live.vendors import Vendors
from topics.broker import BrokerUnavailable, EmbeddedBroker

BROKERS: dict[str, Callable[[], AbstractContextManager[Any]]] = {"embedded": EmbeddedBroker, "kafka": Kafka}


def or_left_out(make: Callable[[], AbstractContextManager[Any]]) -> AbstractContextManager[Any]:
    """The server, or the test is left out; in CI that is a failure."""
    try:
        return make()
    except (ServerUnavailable, BrokerUnavailable) as error:
        if os.environ.get("ERASURE_TEST_ALL") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session", params=list(BROKERS))
def bootstrap_servers(request: pytest.FixtureRequest) -> Iterator[str]:
    with or_left_out(BROKERS[request.param]) as broker:
        yield broker.bootstrap_servers


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with or_left_out(Postgres) as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_ledger(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    if request.param == "sqlite":
        return lambda folder: f"sqlite:///{folder}/erasure.db"
    postgres: Postgres = request.getfixturevalue("postgres")
    return lambda _folder: postgres.new_database()


@pytest.fixture
def installation(bootstrap_servers: str, new_ledger: Callable[[Path], str], tmp_path: Path) -> Iterator[Installation]:
    """Configured, not yet started; everything is stopped at the end."""
    with Vendors() as vendors:
        installed = Installation(tmp_path, bootstrap_servers, vendors, new_ledger(tmp_path), f"t{uuid4().hex[:8]}.")
        installed.configure()
        yield installed
        installed.stop()


@pytest.fixture
async def backend(installation: Installation) -> AsyncIterator[Backend]:
    """A backend beside an installation whose topics are there."""
    applied = installation.erasure("topics", "apply")
    assert 0 == applied.returncode, applied.stderr
    async with Backend(installation.bootstrap_servers, installation.prefix) as backend:
        yield backend
