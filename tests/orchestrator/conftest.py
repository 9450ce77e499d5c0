"""The ledgers of the tests: each body runs on SQLite and on PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.ledger import Ledger
from tests.live.servers import ServerUnavailable
from tests.orchestrator.process_cases import Installation


@pytest.fixture(scope="session")
def postgres() -> Iterator[object]:
    try:
        from tests.live.servers.postgres import Postgres

        server = Postgres().start()
    except (ServerUnavailable, ImportError) as error:
        if os.environ.get("ERASURE_TEST_ALL") == "1":
            pytest.fail(str(error))
        pytest.skip(f"PostgreSQL is not here: {error}")
    yield server
    server.__exit__(None, None, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("postgres").new_database())


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger.open(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def installation(ledger: Ledger, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(ledger, tmp_path)
    yield made
    made.keyring.close()
