"""Checks of long lists: one without an end is told, and a person with a thousand records is found, erased and proven whole."""

from collections import Counter

from connectors.lists import MOST_PAGES
from connectors.testing.harness import Bench
from connectors.testing.kit.subject import JAN, LOOK_ALIKES, KitSubject, assert_erased_and_verified, check
from connectors.testing.simulator import Person
from topics.outcomes import Outcome

MANY = 1_000
CALLS_A_RECORD = 6
"""To find it, to look at it, to erase it, to look again, and what each of these may want beside."""
AND_OTHERS = 3_000


class ListingChecks(KitSubject):
    """What `each` and `rows` do, if a connector reads its lists by them."""

    @check
    def test_a_list_without_end_is_told_and_never_nothing_found(self) -> None:
        """List by list, the vendor always names a next page: `failed` within bounds, or everything is found all the same."""
        whole = self._few()
        found = whole.carry_out(JAN.subject(), mode="dry-run")
        assert found.outcome is None, f"where every list ends it answered {found.outcome}: {found.reason}"
        failed = 0
        for path in sorted(whole.simulator.paged):
            bench = self._few()
            bench.simulator.endless, bench.simulator.most_calls = path, MOST_PAGES + AND_OTHERS
            answer = bench.carry_out(JAN.subject())
            failed += answer.outcome is Outcome.FAILED
            if answer.outcome is not Outcome.FAILED:  # a vendor that shows the same again and again knows no pages
                missed = len(found.records) - len(answer.records)
                assert missed <= 0, f"{path} never ends, which is told as {answer.outcome}, and hides {missed} records"
            else:
                assert answer.reason and not bench.simulator.writing_calls
        assert failed, (
            f"no list without end is noticed; the simulator must cut its lists by `cut`, and cuts {sorted(whole.simulator.paged)}"
        )

    def _few(self) -> Bench:
        bench = self.bench(*LOOK_ALIKES[:2], JAN, JAN)
        bench.simulator.largest_page = 1
        return bench

    @check
    def test_a_thousand_records_are_found_erased_and_looked_for_again(self) -> None:
        """Each is counted, none is lost between two pages, and the calls grow with the records, not with their square.

        Where a person can have only so many, they are one among a thousand others.
        """
        bench = self.bench(JAN)
        before, has = 0, bench.simulator.traces(JAN).total()
        while before < has < MANY:
            for _ in range(50):
                bench.simulator.seed(JAN)
            before, has = has, bench.simulator.traces(JAN).total()
        for number in range(MANY if has < MANY else 0):
            bench.simulator.seed(Person(f"p{number}@elders.nl", f"Piet {number}", f"P-{number}", f"+3130{number:07d}"))
        bench.simulator.most_calls = CALLS_A_RECORD * MANY + AND_OTHERS
        there = +bench.simulator.traces(JAN)
        found = bench.carry_out(JAN.subject(), mode="dry-run")
        assert there == Counter(record.kind for record in found.records)
        answer = bench.carry_out(JAN.subject())
        assert_erased_and_verified(answer, self.undeletable)
        assert there == Counter(record.kind for record in answer.records)
        assert not self.left_of(bench, JAN)
