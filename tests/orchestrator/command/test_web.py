"""`erasure web`: tokens for programs are shown once, listed by name, and revoked."""

import json
from contextlib import closing

import pytest

from orchestrator.web.access import Access
from tests.orchestrator.command.stage import Stage
from topics.model import utc_now


def test_a_token_is_shown_once_listed_by_name_and_revoked(stage: Stage) -> None:
    done = stage.erasure("web", "token", "portal", "--days", "30")
    token = done.stdout.strip()
    with closing(Access.open(stage.configuration().web.store, utc_now)) as access:
        found = access.bearer(token)
    assert found is not None and ("token portal", "reader") == (found.account, found.role)
    listed = stage.erasure("web", "tokens", "--json").stdout
    (one,) = json.loads(listed)
    assert (["name", "role", "made_at", "until"], "portal") == (list(one), one["name"])
    assert token not in listed + stage.erasure("web", "tokens").stdout
    assert 1 == stage.erasure("web", "token", "portal").exit_code
    assert [0, 1] == [stage.erasure("web", "revoke", "portal").exit_code for _ in range(2)]
    assert [] == json.loads(stage.erasure("web", "tokens", "--json").stdout)
    assert "token revoked" in stage.erasure("web", "audit").stdout


@pytest.mark.parametrize("wrong", [[" "], ["x" * 101], ["portal", "--role", "king"], ["portal", "--days", "0"], ["a\nb"]])
def test_a_token_of_no_name_role_or_end_is_wrong_use(stage: Stage, wrong: list[str]) -> None:
    assert 2 == stage.erasure("web", "token", *wrong).exit_code
