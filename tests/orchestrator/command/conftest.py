"""Stages without and with a broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.command.stage import Stage
from topics.broker import EmbeddedBroker


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """An installation whose broker does not answer."""
    return Stage(tmp_path)


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    with EmbeddedBroker() as running:
        yield running.bootstrap_servers


@pytest.fixture
def live(tmp_path: Path, broker: str) -> Stage:
    """An installation with a broker, and topics of its own on it."""
    stage = Stage(tmp_path, broker)
    stage.make_topics()
    return stage
