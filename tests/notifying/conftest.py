"""A mail server and a webhook's receiver, for as long as a test."""

from collections.abc import Iterator

import pytest

from tests.notifying.post import Post, posting
from tests.notifying.receiver import Receiver, receiving


@pytest.fixture
def post() -> Iterator[Post]:
    with posting() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server
