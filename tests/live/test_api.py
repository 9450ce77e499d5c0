"""The API is as its own description says: tried with whatever schemathesis makes of that."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from orchestrator.web.access import Role
from tests.live.pages import aside, served
from tests.web.conftest import Office

MANY = settings(
    max_examples=40,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with served(tmp_path) as made:
        yield made


def test_every_answer_is_as_described(office: Office) -> None:
    request = aside(office.erased)
    aside(office.company.settle, minutes=20)
    cookie = {"Cookie": f"erasure={office.access.begin('portal', Role.READER)}"}
    described = httpx.get(f"{office.address}/api/openapi.json", headers=cookie).json()
    operations = [one.ok() for one in schemathesis.openapi.from_dict(described).get_all_operations()]
    assert 5 == len(operations)
    for operation in operations:

        @MANY
        @given(case=operation.as_strategy())
        def answers_as_described(case: Any) -> None:
            case.call_and_validate(base_url=office.address, headers=cookie)

        answers_as_described()
    assert str(request) == httpx.get(f"{office.address}/api/cases/{request}", headers=cookie).json()["request_id"]
