"""After acting the worker looks again: as often as it helps, no longer than it was told, and what is left is told."""

from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from connectors.act import LOOK_AGAIN_SECONDS, LOOK_LATER
from connectors.contract import Kind, Outcome, Record
from connectors.testing.simulator import Fault
from tests.connectors.shoebox import Box, Shoebox, ShoeboxSimulator
from tests.connectors.test_worker import ERASED, JAN, SEVEN, bench, told


def test_after_acting_it_looks_at_once_and_waits_only_where_something_is_left() -> None:
    box = bench()
    box.carry_out(JAN.subject())
    assert [] == box.time.waits


def test_it_looks_again_four_times_and_then_tells_what_is_left() -> None:
    box = bench()
    box.simulator.liar = True
    box.carry_out(JAN.subject())
    assert list(LOOK_AGAIN_SECONDS[1:]) == box.time.waits == [1.0, 4.0, 15.0]


class Unpeeked(Shoebox):
    async def peek(self, record: Record) -> None:
        return None


@pytest.mark.parametrize(("lag", "waits"), [(1, [1.0]), (2, [1.0]), (3, [1.0, 4.0]), (6, [1.0, 4.0, 15.0])])
def test_it_stops_looking_as_soon_as_everything_is_gone(lag: int, waits: list[float]) -> None:
    """Each look searches twice here, by address and by customer number; without `peek` only the search can tell."""
    box = bench(Unpeeked)
    box.simulator.lag = lag
    assert ERASED == told(box.carry_out(JAN.subject()), "customer")
    assert waits == box.time.waits


def test_a_search_that_lags_longer_than_it_is_waited_for_ends_as_failed() -> None:
    box = bench(Unpeeked)
    box.simulator.lag = 7
    assert {(Outcome.FAILED, None)} == told(box.carry_out(JAN.subject()), "customer")


def test_what_the_vendor_said_yes_to_and_still_shows_is_worth_a_round_in_five_minutes_then_in_an_hour_then_daily() -> None:
    box = bench()
    box.simulator.liar = True
    waits = []
    for _ in range(4):
        again_at = box.carry_out(JAN.subject()).again_at
        waits.append(again_at and again_at - box.time.now)
    assert [*LOOK_LATER, None, None] == waits == [timedelta(minutes=5), timedelta(hours=1), None, None]


def test_a_plain_refusal_is_not_hurried() -> None:
    box = bench()
    box.simulator.faults.append(Fault(httpx.Response(422), times=1000, writing=True))
    assert box.carry_out(JAN.subject()).again_at is None


def test_no_late_effect_is_waited_for_past_the_end_of_our_patience() -> None:
    box = bench()
    box.simulator.liar = True
    box.give_up_after = timedelta(seconds=3)
    assert {(Outcome.FAILED, None)} == told(box.carry_out(JAN.subject()), "customer")
    assert [1.0, 4.0] == box.time.waits


def test_a_vendor_that_needs_time_gets_it_before_the_first_look() -> None:
    settling = type("Settling", (Shoebox,), {"spec": replace(Shoebox.spec, settle_seconds=9.0)})
    box = bench(settling)
    box.carry_out(JAN.subject())
    assert [9.0] == box.time.waits


def test_nothing_done_is_nothing_to_look_at_again() -> None:
    box = bench(rules=(replace(SEVEN, kinds=frozenset({"invoice", "note", "customer"})),))
    plain = replace(Shoebox.spec, kinds=tuple(Kind(kind.name) for kind in Shoebox.spec.kinds))
    dated = {"spec": plain, "record": lambda self, kind, row, **more: Record(kind, row.id, date(2025, 6, 1))}
    box.connector = type("Dated", (Shoebox,), dated)
    answer = box.carry_out(JAN.subject())
    assert {Outcome.HELD} == {record.outcome for record in answer.records}
    assert (0, 4) == (box.simulator.writing_calls, len(box.simulator.calls))  # two searches, two lists; and no more


class Filling(ShoeboxSimulator):
    """A new customer of the same person comes in with each of the first `left` deletions of a customer."""

    left = 1

    def delete_customer(self, request: httpx.Request, id: str) -> httpx.Response:
        if self.left:
            self.left -= 1
            self.boxes["9" + id] = Box("9" + id, JAN.email, JAN.customer_id, JAN.name)
        return super().delete_customer(request, id)

    delete_customer.route = ShoeboxSimulator.delete_customer.route  # type: ignore[attr-defined]


def test_what_came_in_meanwhile_is_reported_ahead_and_erased_in_another_pass() -> None:
    box = bench(simulator=Filling())
    answer = box.carry_out(JAN.subject())
    assert [7, 1] == [len(report.records) for report in box.located]
    assert ERASED == told(answer, "customer") and 2 == sum(record.kind == "customer" for record in answer.records)
    assert {} == box.simulator.boxes  # type: ignore[attr-defined]


def test_a_vendor_that_fills_faster_than_it_is_emptied_ends_as_failed() -> None:
    simulator = Filling()
    simulator.left = 100
    answer = bench(simulator=simulator).carry_out(JAN.subject())
    (left,) = [record for record in answer.records if record.outcome is Outcome.FAILED]
    assert "New records kept appearing" in (left.reason or "") and left.evidence is None
