"""The API is as its own description says: tried with whatever schemathesis makes of that."""

import os
from collections.abc import Iterator
from datetime import timedelta
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


@pytest.mark.parametrize("way", ["session", "token"])
def test_every_answer_is_as_described(office: Office, way: str) -> None:
    request = aside(office.erased)
    aside(office.company.settle, minutes=20)
    headers = {
        "session": {"Cookie": f"erasure={office.access.begin('portal', Role.READER)}"},
        "token": {"Authorization": f"Bearer {office.access.make_token('portal', Role.READER, timedelta(days=1))}"},
    }[way]
    described = httpx.get(f"{office.address}/api/openapi.json", headers=headers).json()
    operations = [one.ok() for one in schemathesis.openapi.from_dict(described).get_all_operations()]
    assert 6 == len(operations)
    for operation in operations:

        @MANY
        @given(case=operation.as_strategy())
        def answers_as_described(case: Any) -> None:
            case.call_and_validate(base_url=office.address, headers=headers)

        answers_as_described()
    assert str(request) == httpx.get(f"{office.address}/api/cases/{request}", headers=headers).json()["request_id"]
