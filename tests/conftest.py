"""Names of tests: the same in every process that collects them, and without anybody's address."""

import re
from typing import Any
from uuid import UUID

import pytest

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w")
_DRAWN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|[\w-]{40}")
"""An id or a key that was drawn for this run."""


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """A value that is a person's, or another one in every run, is named by what it stands for."""
    text = val.decode("latin-1") if isinstance(val, bytes) else val
    drawn = isinstance(val, UUID) or (isinstance(text, str) and ("@" in text or len(text) > 60 or _DRAWN.search(text)))
    return argname if drawn else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What names a person would stand in every report of the tests."""
    named = [item.nodeid.partition("[")[0] for item in items if _ADDRESS.search(item.nodeid)]
    if named:
        raise pytest.UsageError(f"An address stands in the names of: {', '.join(dict.fromkeys(named))}. Give ids.")
