"""The fixtures of whole cases."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flow.company import Company


@pytest.fixture
def companies(tmp_path: Path) -> Iterator[Callable[..., Company]]:
    """Makes companies, each in a folder of its own."""
    made: list[Company] = []

    def make(**fields: Any) -> Company:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Company(folder, **fields))
        return made[-1]

    yield make
    for company in made:
        company.close()


@pytest.fixture
def company(companies: Callable[..., Company]) -> Company:
    return companies()
