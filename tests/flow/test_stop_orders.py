"""The stop button by a message: once however often it comes, never a stop that came after it, and never one of the command."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.flow.company import REQUESTS, Company
from tests.flow.test_restored import back_up, restore
from topics.keyring import Keyring
from topics.memory import Moments

REASON = "The shop erases every visitor."


def order(company: Company, type: str, id: UUID | None = None, event_id: str | None = None, **fields: Any) -> UUID:
    id = id or uuid4()
    body = {"request_id": str(id), "by": "olga", **fields}
    company.put(REQUESTS, json.dumps(body).encode(), type, event_id or str(uuid4()), str(id).encode())
    return id


def said(company: Company, type: str, **fields: Any) -> UUID:
    id = order(company, type, **fields)
    company.settle()
    return id


def standing(company: Company) -> list[str]:
    return [one.reason for one in company.keyring.stops.standing()]


def test_it_is_pressed_and_lifted(company: Company) -> None:
    said(company, "stop.ordered", reason=REASON)
    (stop,) = company.keyring.stops.standing()
    assert ("olga", REASON, True) == (stop.began_by, stop.reason, stop.ordered)
    said(company, "stop.lifted", last=stop.number)
    assert ([], "olga") == (standing(company), company.keyring.stops.all()[0].lifted_by)


def test_wherever_a_process_dies_it_is_pressed_once(companies: Callable[..., Company]) -> None:
    company = companies()
    said(company, "stop.ordered", reason=REASON)
    for die_at in range(1, len(company.moments.passed) + 1):
        again = companies(moments=Moments(die_at))
        said(again, "stop.ordered", reason=REASON)
        assert [REASON] == [one.reason for one in again.keyring.stops.all()], company.moments.passed[die_at - 1]


def test_what_comes_again_after_it_was_lifted_presses_nothing(company: Company) -> None:
    """Also under another event id, as a sender does that never heard that the first arrived."""
    id = said(company, "stop.ordered", reason=REASON)
    company.keyring.stops.lift("rik")
    company.hand_out_again(REQUESTS)
    company.settle()
    order(company, "stop.ordered", id, reason=REASON)
    company.settle()
    assert [] == standing(company)


def test_a_lift_that_comes_late_leaves_what_was_pressed_since(company: Company) -> None:
    said(company, "stop.ordered", reason="First.")
    seen = company.keyring.stops.all()[-1].number
    said(company, "stop.ordered", reason="Second.")
    said(company, "stop.lifted", last=seen)
    assert ["Second."] == standing(company)


def test_what_was_pressed_at_the_command_is_not_lifted_by_a_message(company: Company) -> None:
    """Else whoever floods the intake topic could take the stop away, too."""
    company.keyring.stops.press("rik", REASON)
    said(company, "stop.lifted", last=10**6)
    assert [REASON] == standing(company)


def test_a_restored_ledger_neither_presses_nor_lifts_again(company: Company) -> None:
    copy = back_up(company)
    said(company, "stop.ordered", reason="First.")
    said(company, "stop.lifted", last=1)
    said(company, "stop.ordered", reason="Second.")
    restore(company, copy)
    company.settle()
    assert (["Second."], 2) == (standing(company), len(company.keyring.stops.all()))


@pytest.mark.parametrize("fields", [{}, {"reason": "x"}, {"reason": "For jan@voorbeeld.nl"}, {"reason": REASON, "by": " "}])
def test_what_is_not_in_the_right_form_is_a_dead_letter(company: Company, fields: dict[str, str]) -> None:
    said(company, "stop.ordered", **fields)
    assert (["invalid_content"], []) == ([letter["reason"] for letter in company.dead_letters()], standing(company))


def test_a_keyring_of_before_has_the_table_of_orders_made(company: Company) -> None:
    with company.keyring._engine.begin() as connection:
        connection.exec_driver_sql("drop table ordered_stops")
    keyring = Keyring.open(f"sqlite:///{company.folder}/keyring.db")
    keyring.stops.press("olga", REASON, uuid4())
    assert [True] == [one.ordered for one in keyring.stops.standing()]
    keyring.close()
