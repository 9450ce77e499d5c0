"""No history makes a certificate wrong or loses a case: all of the small ones, twenty thousand long ones; and the search can fail."""

import os

import pytest

from tests.search.bounds import QUICK
from tests.search.explore import Bound, Found, Walked, breadth_first, search, walk
from tests.search.invariants import INVARIANTS, a_certificate_agrees_with_itself
from tests.search.mutants import MUTANTS, Mutant
from tests.search.world import Budget

HISTORIES = 20_000


@pytest.mark.parametrize("bound", QUICK, ids=str)
def test_every_invariant_holds_in_every_world_that_can_be_reached(bound: Bound) -> None:
    found = breadth_first(bound)
    assert 0 < found.certificates
    assert found.states < found.histories


def test_every_invariant_holds_in_twenty_thousand_histories_and_every_case_ends_complete() -> None:
    *_, total = search(HISTORIES, seed=1, processes=os.cpu_count() or 1)
    assert HISTORIES == total.histories
    assert all(count > HISTORIES // 20 for count in total.spent.values()), "a kind of bad luck hardly ever happened"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.says)
def test_the_search_finds_a_decide_that_is_broken_on_purpose(mutant: Mutant) -> None:
    with pytest.raises(Found) as found:
        breadth_first(mutant.bound, mutant.broken())
    assert mutant.caught_by.__name__ == found.value.invariant


def test_every_invariant_of_a_case_is_proven_able_to_fail() -> None:
    proven = {mutant.caught_by for mutant in MUTANTS}
    assert {a_certificate_agrees_with_itself} == set(INVARIANTS) - proven, "that one is tested by tests/orchestrator/test_verify.py"


def test_the_same_seed_is_the_same_history() -> None:
    totals = [Walked(), Walked()]
    for total in totals:
        walk(11, total)
    assert totals[0] == totals[1]


def test_an_exhaustive_search_ends_where_the_budget_does() -> None:
    assert 1 == breadth_first(Bound(1, "", Budget())).certificates
