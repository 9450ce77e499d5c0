"""`decide` broken on purpose: for each invariant at least one small change of `decide.py` or `rounds.py` that the search must find.

A mutant is made in a module of its own, from a copy of the source; a change whose old text no longer stands there fails.
"""

from dataclasses import dataclass
from inspect import getsource
from types import ModuleType

from orchestrator import decide, rounds
from tests.search.explore import Bound
from tests.search.invariants import (
    Invariant,
    a_certificate_agrees_with_the_vendors,
    a_duplicate_changes_nothing,
    a_hold_never_shortens,
    a_last_day_that_has_passed_is_on_the_newest_certificate,
    a_later_revision_supersedes,
    an_open_case_is_woken_or_waits_for_a_person,
    counts_never_shrink,
    exactly_one_open_revision,
    no_complete_certificate_while_a_processor_is_silent,
    nothing_is_claimed_gone_that_was_not_looked_for_again,
)
from tests.search.world import Budget, Decide


@dataclass(frozen=True)
class Mutant:
    """`says` is the wrong rule in words; `bound` is small, and large enough to find it; `caught_by` breaks first."""

    says: str
    old: str
    new: str
    caught_by: Invariant
    bound: Bound

    def broken(self) -> Decide:
        """The broken `decide`."""
        sources = {module: getsource(module) for module in (rounds, decide)}
        times = sum(source.count(self.old) for source in sources.values())
        assert times == 1, f"the text to change stands in rounds.py and decide.py {times} times: {self.old}"
        broken = {module: _made(module, source.replace(self.old, self.new)) for module, source in sources.items()}
        for name, value in vars(rounds).items():  # what the broken decide has from rounds.py is the broken one's
            if vars(decide).get(name) is value:
                setattr(broken[decide], name, getattr(broken[rounds], name))
        made: Decide = broken[decide].decide
        return made


def _made(module: ModuleType, source: str) -> ModuleType:
    made = ModuleType(module.__name__)  # by its own name: dataclasses look their module up
    exec(compile(source, str(module.__file__), "exec"), vars(made))
    return made


_ONE = Bound(1, "x", Budget(crashes=1, faults=1))

MUTANTS = (
    Mutant(
        "an order counts as an answer",
        "round=processor.round + 1, in_flight=True, ordered_at=at,",
        "round=processor.round + 1, in_flight=False, answered_at=at, ordered_at=at,",
        no_complete_certificate_while_a_processor_is_silent,
        _ONE,
    ),
    Mutant(
        "an answer replaces what was known",
        "records=_merged(processor.records, report.records),",
        "records=_merged({}, report.records),",
        counts_never_shrink,
        Bound(1, "x", Budget(crashes=1, blind=1)),
    ),
    Mutant(
        "what was located is counted when it is answered",
        "records=processor.records | new, known",
        "records=processor.records, known",
        counts_never_shrink,
        _ONE,
    ),
    Mutant(
        "the newer hold stands",
        "merged[line.digest] = _as_long_held(before, state) if before else state",
        "merged[line.digest] = state",
        a_hold_never_shortens,
        Bound(1, "xy", Budget(faults=2, waits=2)),
    ),
    Mutant(
        "a failure forgets the hold",
        "state.outcome not in {Outcome.HELD, *_NOTHING_CLAIMED}",
        "state.outcome is not Outcome.HELD",
        a_hold_never_shortens,
        Bound(1, "xy", Budget(faults=2, waits=2)),
    ),
    Mutant(
        "every word brings a revision",
        "if changed and due else ()",
        "if due else ()",
        a_later_revision_supersedes,
        Bound(1, "x", Budget(faults=1, waits=2)),
    ),
    Mutant(
        "the first certificate is the last",
        "if changed and due else ()",
        "if changed and due and not case.certificates else ()",
        exactly_one_open_revision,
        Bound(1, "x", Budget(faults=1, waits=2)),
    ),
    Mutant(
        "a partial certificate closes the case",
        '{"state": "closed" if final else "open"}',
        '{"state": "closed" if final or issued else "open"}',
        exactly_one_open_revision,
        Bound(1, "x", Budget(faults=1, waits=2)),
    ),
    Mutant(
        "a complete certificate stands although more was located",
        "due = final or untrue or",
        "due = final or",
        exactly_one_open_revision,
        Bound(1, "x", Budget(crashes=1, blind=1)),
    ),
    Mutant(
        "a duplicate puts off the next try",
        "if with_changes(changed, answered_at=processor.answered_at) == processor:",
        "if False:",
        a_duplicate_changes_nothing,
        Bound(1, "x", Budget(faults=1)),
    ),
    Mutant(
        "what is located twice is ordered twice",
        "or report.sealed in processor.known:",
        "or False:",
        a_duplicate_changes_nothing,
        _ONE,
    ),
    Mutant(
        "what failed is called gone",
        "    merged = dict(records)\n",
        '    merged = dict(records)\n    lines = [line.model_copy(update={"outcome": Outcome.ERASED}) for line in lines]\n',
        nothing_is_claimed_gone_that_was_not_looked_for_again,
        Bound(1, "x", Budget(faults=1, waits=1)),
    ),
    Mutant(
        "a yes is as good as a look",
        "    merged = dict(records)\n",
        "    merged = dict(records)\n    from topics.outcomes import Evidence\n"
        '    lines = [line.model_copy(update={"evidence": Evidence.VERIFIED}) for line in lines]\n',
        a_certificate_agrees_with_the_vendors,
        _ONE,
    ),
    Mutant(
        "what nobody accounts for is gone",
        "changed = with_changes(changed, again_at=_when_again(case, changed, report, at, policy))",
        "gone = {'outcome': Outcome.ERASED, 'evidence': Evidence.VERIFIED}\n"
        "        known = changed.records.items()\n"
        "        changed = with_changes(changed, records={d: r if r.outcome else r.model_copy(update=gone) for d, r in known})",
        a_certificate_agrees_with_the_vendors,
        Bound(1, "x", Budget(crashes=1, blind=1)),
    ),
    Mutant(
        "nobody is woken",
        "return min((moment for moment in wakes if moment), default=None)",
        "return None",
        an_open_case_is_woken_or_waits_for_a_person,
        Bound(1, "x", Budget(waits=1, faults=1)),
    ),
    Mutant(
        "a last day passes without a word",
        "standing_of(case, today, policy.zone)",
        "standing_of(case, today)",
        a_last_day_that_has_passed_is_on_the_newest_certificate,
        Bound(1, "", Budget(waits=10)),
    ),
)
