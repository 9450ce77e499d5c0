"""Checks of finding: everything of the person, nothing of anybody else, and never "nothing found" from an error."""

from collections import Counter
from datetime import date

import httpx

from connectors.registry import incomplete
from connectors.testing.kit.subject import (
    HOST,
    JAN,
    LOOK_ALIKES,
    KitSubject,
    assert_erased_and_verified,
    assert_failed_openly,
    check,
    outcomes,
)
from connectors.testing.simulator import Fault, Person
from topics.outcomes import Outcome


class FindingChecks(KitSubject):
    """What `locate` must do."""

    @check
    def test_spec_is_complete(self) -> None:
        """Name, kinds, identifiers, pace, docs; every ability that is declared is written."""
        assert incomplete(self.connector.spec.name, self.connector) == []
        assert date(2025, 1, 1) <= self.connector.spec.checked

    @check
    def test_nothing_found_is_an_answer(self) -> None:
        """A person without records: no record, no error, no writing call."""
        bench = self.bench(*LOOK_ALIKES)
        answer = bench.carry_out(JAN.subject())
        assert (answer.outcome, answer.records) == (None, ())
        assert bench.simulator.writing_calls == 0

    @check
    def test_every_declared_kind_is_found(self) -> None:
        """What the simulator holds of a person is located, each record once: the certificate counts them."""
        bench = self.bench(JAN)
        there = +bench.simulator.traces(JAN)
        answer = bench.carry_out(JAN.subject(), mode="dry-run")
        assert answer.outcome is None, f"the processor as a whole answered {answer.outcome}: {answer.reason}"
        found = Counter(record.kind for record in answer.records)
        assert there == found, f"there are {dict(there)}, located are {dict(found)}"
        assert set(found) == {kind.name for kind in self.connector.spec.kinds}, "a declared kind is not seeded"
        assert len({record.digest for record in answer.records}) == len(answer.records)

    @check
    def test_each_identifier_is_enough(self) -> None:
        """What the spec names, `locate` searches by: else a subject with that one alone would be `nothing_found`."""
        known = JAN.subject()
        for kind in self.connector.spec.identifiers:
            if kind in known:
                answer = self.bench(JAN).carry_out({kind: known[kind]}, mode="dry-run")
                assert answer.records, f"nothing is found by {kind} alone"

    @check
    def test_archived_and_restricted_records_are_found(self) -> None:
        """What the vendor's own screens have archived, or a restriction has, is erased like the rest."""
        by_hand = self.bench(JAN)
        by_hand.simulator.archive(JAN)
        by_us = self.bench(JAN)
        by_us.carry_out(JAN.subject(), "restrict")
        for bench in (by_hand, by_us):
            answer = bench.carry_out(JAN.subject())
            assert answer.records
            assert_erased_and_verified(answer, self.undeletable)
            assert not self.left_of(bench, JAN)

    @check
    def test_near_misses_are_untouched(self) -> None:
        """Prefixes, suffixes, plus-addresses, sub-domains and people of the same name stay as they are."""
        bench = self.bench(JAN, *LOOK_ALIKES)
        before = [bench.simulator.traces(person) for person in LOOK_ALIKES]
        assert_erased_and_verified(bench.carry_out(JAN.subject()), self.undeletable)
        assert before == [bench.simulator.traces(person) for person in LOOK_ALIKES]
        assert not self.left_of(bench, JAN)

    @check
    def test_letter_case_of_an_address_is_ignored(self) -> None:
        """`JAN@Voorbeeld.NL` is the same person, on either side."""
        for stored, asked in ((JAN.email, "JAN@Voorbeeld.NL"), ("Jan@Voorbeeld.nl", JAN.email)):
            bench = self.bench(Person(stored))
            subject = {"email": [asked], "customer_id": [JAN.customer_id]}
            if "email" in self.connector.spec.identifiers:
                del subject["customer_id"]  # by which it would be found whatever the case
            answer = bench.carry_out(subject)
            assert_erased_and_verified(answer, self.undeletable)
            assert answer.records and not self.left_of(bench, Person(stored))

    @check
    def test_every_page_is_read(self) -> None:
        """The person's records stand behind many others', and on several pages; the vendor caps its pages."""
        crowd = [Person(f"p{n}@elders.nl", f"Piet {n}", f"P-{n}", f"+3130{n:07d}") for n in range(7)]
        bench = self.bench(*crowd[:4], JAN, *crowd[4:], JAN)
        bench.simulator.largest_page = 1
        assert_erased_and_verified(bench.carry_out(JAN.subject()), self.undeletable)
        assert not self.left_of(bench, JAN)

    @check
    def test_what_the_credential_may_is_asked_without_writing(self) -> None:
        """`rights` reads only; the kit's credential may everything, and each right is named once."""
        bench = self.bench()
        told = bench.rights()
        assert bench.simulator.writing_calls == 0
        assert [right.name for right in told if right.held is False] == []
        assert len({(right.name, right.to) for right in told}) == len(told)

    @check
    def test_a_missing_identifier_is_named(self) -> None:
        """A subject that cannot be searched for is `needs_identifier`, never `nothing_found`."""
        answer = self.bench().carry_out({"shoe_size": ["44"]})
        assert answer.outcome is Outcome.NEEDS_IDENTIFIER
        assert all(kind in (answer.reason or "") for kind in self.connector.spec.identifiers)

    @check
    def test_unreadable_answers_are_never_nothing_found(self) -> None:
        """HTML, an empty body or another shape in place of any answer that is read: `failed`, and nothing is written."""
        clean = self.bench(JAN)
        first = clean.carry_out(JAN.subject(), mode="dry-run")
        assert first.outcome is None, f"without a fault it answered {first.outcome}: {first.reason}"
        strange = [
            httpx.Response(200, html="<html><title>Sign in</title></html>"),
            httpx.Response(200, content=b""),
            httpx.Response(200, json={"unheard": "of"}),
            httpx.Response(200, json=[{"unheard": "of"}]),
            httpx.Response(200, json={"error": "something went wrong"}),
        ]
        for nth in range(len(clean.simulator.calls)):
            for answer in strange:
                bench = self.bench(JAN)
                bench.simulator.faults.append(Fault(answer, skip=nth))
                told = bench.carry_out(JAN.subject())
                assert told.outcome is Outcome.FAILED, f"call {nth} was answered {answer.content[:40]!r}, and read as {outcomes(told)}"
                assert bench.simulator.writing_calls == 0

    @check
    def test_a_vendor_that_knows_no_path_is_never_nothing_found(self) -> None:
        """404 to everything is a wrong base_url, not an absent person."""
        bench = self.bench(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(404, json={"error": "not found"}), times=1000))
        answer = bench.carry_out(JAN.subject())
        assert answer.outcome is Outcome.FAILED and answer.reason

    @check
    def test_a_redirect_is_not_followed(self) -> None:
        """Not to another host, and not with a credential."""
        bench = self.bench(JAN)
        bench.simulator.faults.append(Fault(httpx.Response(302, headers={"location": "https://elsewhere.test/"}), times=1000))
        assert_failed_openly(bench.carry_out(JAN.subject()))
        assert {HOST.removeprefix("https://")} == {call.request.url.host for call in bench.simulator.calls}
