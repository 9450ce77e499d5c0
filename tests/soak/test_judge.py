"""The soak's judge finds what is wrong: each lie that a certificate could tell, and each record that must not be touched."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.certificate import Certificate, fingerprint
from tests.orchestrator.certificate_cases import ISSUED, certificate
from tests.soak.judge import Judged, chain, judge, revisions
from tests.soak.plan import OLD, RECENT, Asked, plan

JAN = Asked(0, "r", "jan@voorbeeld.example", "anna.jan@voorbeeld.example")
BEFORE, AFTER = (ISSUED - timedelta(hours=1)).timestamp(), (ISSUED + timedelta(hours=1)).timestamp()


def row(kind: str, *history: float, recent: bool = True, **more: Any) -> dict[str, Any]:
    """A record of Jan's; it went, came back, ... at those moments."""
    since = (RECENT if recent else OLD).isoformat()
    own = {"kind": kind, "email": JAN.email, "since": since, "archived": False, "there": len(history) % 2 == 0}
    return own | {"history": list(history)} | more


def as_certified(**more: Any) -> list[dict[str, Any]]:
    """What `certificate()` says of Moneybird; `more` changes the erased invoice."""
    contact = row("contact", archived=True)
    return [contact, row("invoice"), row("invoice"), row("invoice", *more.pop("history", (BEFORE,)), recent=False, **more)]


def judged(rows: list[dict[str, Any]], jira: tuple[dict[str, Any], ...] = (), given: Certificate | None = None) -> Judged:
    return judge([JAN], {"r": [given or certificate()]}, {"moneybird": rows, "jira": jira})


def test_a_certificate_that_agrees_with_the_vendors_is_right() -> None:
    found = judged(as_certified())
    assert ([], [], 1) == (found.wrong, found.lost, found.compared)


@pytest.mark.parametrize(
    ("rows", "jira", "what"),
    [
        (as_certified(history=()), (), "says gone"),
        (as_certified(history=(AFTER,)), (), "says gone"),
        (as_certified(history=(BEFORE, BEFORE + 1)), (), "says gone"),
        (as_certified()[1:], (), "says"),
        ([*as_certified(), row("ticket")], (), "says"),
        ([row("contact"), *as_certified()[1:]], (), "untouched"),
        ([*as_certified()[:2], row("invoice", BEFORE), as_certified()[3]], (), "the law keeps was deleted"),
        (as_certified(), (row("ticket"),), "nothing was found"),
        ([*as_certified(), row("ticket", BEFORE, email=JAN.look_alike)], (), "similar address"),
    ],
)
def test_what_is_left_hidden_or_touched_is_found(rows: list[dict[str, Any]], jira: tuple[dict[str, Any], ...], what: str) -> None:
    assert any(what in fault for fault in judged(rows, jira).wrong)


def test_a_case_without_a_complete_certificate_is_lost() -> None:
    assert 1 == len(judge([JAN], {}, {}).lost)


def test_a_gap_in_the_register_or_among_revisions_is_found() -> None:
    one = certificate(place={"index": 1, "previous": "0" * 64})
    token = fingerprint("token")
    two = certificate(revision=2, supersedes=token, place={"index": 2, "previous": token})
    assert [] == [*chain([one, two], [token, "x"]), *revisions([one, two], [token, "x"])]
    assert [] != list(chain([two], ["x"]))
    assert [] != list(chain([one, two], ["x", "y"]))
    assert [] != list(revisions([two], ["x"]))
    assert [] != list(revisions([one, two], ["x", "y"]))


def test_a_seed_is_a_plan() -> None:
    assert plan(20, 60, 7) == plan(20, 60, 7)
    assert plan(20, 60, 7) != plan(20, 60, 8)
    assert 60 == len(plan(20, 60, 7).faults)
