"""What a test names, and how a check runs a case: the ground under all checks."""

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from connectors.contract import Connector
from connectors.holds import HoldRule
from connectors.testing.harness import Bench
from connectors.testing.simulator import EndlessCalls, Person, Simulator
from topics.outcomes import Evidence, Outcome
from topics.reports import Answered

HOST = "https://vendor.test"
"""Where the simulated vendor lives; nothing may be called outside it."""

JAN = Person("jan@voorbeeld.nl")
MOST_CALLS = 3_000
"""No case of the kit needs so many."""

LOOK_ALIKES = (
    Person("anna.jan@voorbeeld.nl", customer_id="XC-1001", phone="+31201234568"),
    Person("jan@voorbeeld.nl.example", customer_id="C-10011", phone="+312012345671"),
    Person("jan+family@voorbeeld.nl", customer_id="C-100", phone="+31201234569"),
    Person("jan@mail.voorbeeld.nl", customer_id="c1001", phone="+31201234560"),
    Person("jan@voorbeeld.n", customer_id="1001", phone="+31201234561"),
)
"""Other people, some of the same name: a loose match would take them along."""


HTTP_ONLY = frozenset(
    {
        "a_busy_vendor_is_asked_again_when_it_says", "a_long_wait_is_deferred", "a_dropped_line_is_tried_again",
        "a_redirect_is_not_followed", "an_outage_ends_in_failed_after_the_cap", "an_outage_in_mid_case_is_told",
        "a_refused_credential_is_not_tried_again", "a_credential_without_the_right_to_delete_is_told",
        "a_look_again_that_fails_claims_nothing", "a_look_that_fails_is_no_proof", "one_refusal_does_not_hide_the_rest",
        "unreadable_answers_are_never_nothing_found", "a_crash_at_any_writing_call_is_harmless",
        "a_vendor_that_knows_no_path_is_never_nothing_found", "only_the_declared_host_is_called", "every_call_has_a_time_out",
        "a_late_effect_is_never_claimed_early", "a_field_with_a_new_name_is_never_nothing_found",
        "a_list_without_end_is_told_and_never_nothing_found", "an_address_that_comes_as_a_number_is_never_nothing_found",
    }
)  # fmt: skip
"""Checks that answer a call with a status, or look at a call as it was sent. Through another door its own tests stand for them."""


def check(test: Callable[..., None]) -> Callable[..., None]:
    """A check of the kit; skipped, with its reason, where the test's `exempt` names it."""

    @functools.wraps(test)
    def run(self: "KitSubject", *args: Any, **kwargs: Any) -> None:
        name = test.__name__.removeprefix("test_")
        reason = self.exempt.get(name)
        if name in HTTP_ONLY and self.connector.opens != "http":
            reason = "it speaks of HTTP, and this connector opens none"
        if reason:
            pytest.skip(f"exempt: {reason}")
        try:
            test(self, *args, **kwargs)
        except EndlessCalls as endless:
            raise AssertionError(str(endless)) from None

    return run


class KitSubject:
    """What a test names.

    `settings` as in `erasure.toml`, secrets as `{"env": "KIT_SECRET"}`. `dated`: the record kinds that a hold may count
    from. `accepted`: kinds whose erasure the vendor accepts and never proves. `restrictable`: kinds that a restriction reaches,
    where they are fewer than the spec's. `exempt`: check → reason.
    `optional`: a field of the vendor's that may be left out → why its absence cannot be told from there being none.
    """

    connector: ClassVar[type[Connector[Any]]]
    simulator: ClassVar[Callable[[], Simulator]]
    settings: ClassVar[Mapping[str, Any]] = {}
    dated: ClassVar[tuple[str, ...]] = ()
    accepted: ClassVar[tuple[str, ...]] = ()
    exempt: ClassVar[Mapping[str, str]] = {}
    optional: ClassVar[Mapping[str, str]] = {}

    def bench(self, *people: Person, rules: Sequence[HoldRule] = ()) -> Bench:
        """A fresh vendor that holds those people's records."""
        simulator = type(self).simulator()
        simulator.most_calls = MOST_CALLS
        for person in people:
            simulator.seed(person)
        return Bench(self.connector, simulator, self.settings, HOST + simulator.base_path, rules)

    @property
    def undeletable(self) -> dict[str, Outcome]:
        """Kinds that are never told as erased, and how they are told: refused, or accepted at most."""
        kept = {kind.name: Outcome.REFUSED for kind in self.connector.spec.kinds if kind.kept_because}
        return kept | dict.fromkeys(self.accepted, Outcome.ACCEPTED)

    def left_of(self, bench: Bench, person: Person) -> Counter[str]:
        """What of the person could have been erased and is still there."""
        traces = bench.simulator.traces(person)
        return Counter({kind: count for kind, count in traces.items() if count and kind not in self.undeletable})

    def hold(self, *kinds: str) -> HoldRule:
        """The seven years of Dutch tax law on those kinds."""
        return HoldRule(frozenset(kinds), "AWR art. 52(4)", "GDPR art. 17(3)(b)", 7, "end_of_financial_year")


def outcomes(answer: Answered) -> Counter[str]:
    """How many records came to which outcome."""
    return Counter(record.outcome.value for record in answer.records)


def assert_failed_openly(answer: Answered) -> None:
    """The answer says that it could not be done, with a reason, and claims nothing."""
    whole = [] if answer.outcome is None else [answer.outcome]
    all_outcomes = {*whole, *(record.outcome for record in answer.records)}
    assert all_outcomes & {Outcome.FAILED, Outcome.DEFERRED, Outcome.REFUSED}, f"no failure is told: {sorted(all_outcomes)}"
    assert answer.outcome is None or answer.reason, "a failure without a reason"


def assert_erased_and_verified(answer: Answered, undeletable: Mapping[str, Outcome] = MappingProxyType({})) -> None:
    """Every record that can be erased is, and was looked for again; every other is told as what it is."""
    assert answer.outcome is None, f"the processor as a whole answered {answer.outcome}: {answer.reason}"
    for record in answer.records:
        if record.kind in undeletable:
            assert record.outcome is undeletable[record.kind], f"{record.kind} cannot be erased, but is {record.outcome}: {record.reason}"
            continue
        told = (record.kind, record.outcome.value, record.evidence, record.reason)
        assert record.outcome in (Outcome.ERASED, Outcome.ANONYMISED), told
        assert record.evidence is Evidence.VERIFIED, told
