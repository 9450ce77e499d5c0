"""What a certificate says, and above all what it does not dare to say."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agreement import faults
from orchestrator.case import Case, CertificateRef, ProcessorState, RecordState, Status
from orchestrator.certificate import Certificate, canonical, certify, entries, standing_of
from orchestrator.deadlines import Pause
from tests.orchestrator.certificate_cases import AWR, ISSUED, case, certificate, facts, processor, record, with_holds
from topics.events import Right
from topics.outcomes import Evidence, Hold, Outcome

ERASED, HELD, RESTRICTED = Outcome.ERASED, Outcome.HELD, Outcome.RESTRICTED
EARLY = Hold(statute="AWR art. 52(4)", exception="GDPR art. 17(3)(b)", until=date(2030, 12, 31))


def wire(made: Certificate) -> Any:
    return json.loads(canonical(made))


def test_the_payload_reads_as_in_the_contract() -> None:
    silent = processor(name="jira", kind="ticketing", answered=False)
    said = wire(certificate(case(with_holds().processors[0], silent)))
    hold = {"statute": "AWR art. 52(4)", "exception": "GDPR art. 17(3)(b)", "until": "2033-12-31"}
    bound = {"bound_to": "invoice", "until": "2033-12-31"}

    assert said["processors"][0]["records"] == [
        {"kind": "contact", "outcome": "restricted", "count": 1, "evidence": "verified", **bound},
        {"kind": "invoice", "outcome": "held", "count": 2, "evidence": "verified", "hold": hold},
        {"kind": "invoice", "outcome": "erased", "count": 1, "evidence": "verified"},
    ]
    jira = {"name": "jira", "connector": "jira", "kind": "ticketing", "answered_at": None}
    assert said["processors"][1] == {**jira, "outcome": "silent", "records": []}
    own = {"kind": "request", "outcome": "expiring", "count": 1, "until": "2026-11-27"}
    first, *others = said["orchestrator"]["records"]
    assert own == {name: value for name, value in first.items() if name != "reason"}
    assert ["case", "log"] == [line["kind"] for line in others]
    assert said["register"] == {"index": 41, "previous": "a" * 64}


def test_every_name_of_the_contract_is_there_and_times_carry_the_controllers_offset() -> None:
    said = wire(certificate())
    names = "certificate_id revision supersedes request_id right ground controller subject received_at due_by issued_at"
    more = "status deadline_met processors orchestrator not_claimed register"

    assert set(said) == {*names.split(), *more.split()}
    assert said["supersedes"] is None
    assert said["received_at"] == "2026-11-20T09:12:00+01:00"
    assert said["issued_at"] == "2026-11-22T12:00:00+01:00"
    assert said["processors"][0]["answered_at"] == "2026-11-22T11:59:00+01:00"
    assert said["due_by"] == "2026-12-21"


def test_the_bytes_are_canonical_and_survive_reading() -> None:
    made = certificate(case(*with_holds().processors, ground=None))
    read = Certificate.model_validate_json(canonical(made), strict=True)

    assert canonical(made) == canonical(read)
    assert canonical(made) == json.dumps(wire(made), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


STATUSES = [
    (Status.COMPLETE, Right.ERASURE, [record(ERASED), record(Outcome.ANONYMISED)]),
    (Status.COMPLETE, Right.WITHDRAWAL, [record(ERASED)]),
    (Status.COMPLETE, Right.ERASURE, []),
    (Status.COMPLETE, Right.ERASURE, [record(Outcome.NOT_APPLICABLE, evidence=None)]),
    (Status.COMPLETE, Right.RESTRICTION, [record(RESTRICTED)]),
    (Status.PARTIAL, Right.OBJECTION, [record(RESTRICTED)]),  # until it is decided
    (Status.COMPLETE, Right.LIFTING, [record(Outcome.LIFTED)]),
    (Status.COMPLETE_WITH_HOLDS, Right.ERASURE, [record(ERASED), record(HELD, "invoice")]),
    (Status.COMPLETE_WITH_HOLDS, Right.ERASURE, [record(RESTRICTED, bound_to="invoice"), record(HELD, "invoice")]),
    (Status.COMPLETE_WITH_HOLDS, Right.ERASURE, [record(Outcome.EXPIRING, until=date(2026, 12, 1))]),
    (Status.PARTIAL, Right.ERASURE, [record(RESTRICTED)]),
    (Status.PARTIAL, Right.ERASURE, [record(RESTRICTED, bound_to="invoice")]),
    (Status.PARTIAL, Right.ERASURE, [record(RESTRICTED, bound_to="order"), record(HELD, "invoice")]),
    (Status.PARTIAL, Right.LIFTING, [record(RESTRICTED)]),
    (Status.PARTIAL, Right.ERASURE, [record(Outcome.LIFTED)]),
    (Status.PARTIAL, Right.RESTRICTION, [record(Outcome.LIFTED)]),
    (Status.PARTIAL, Right.ERASURE, [record(HELD, hold=None)]),
    (Status.PARTIAL, Right.ERASURE, [record(Outcome.EXPIRING)]),
    (Status.PARTIAL, Right.ERASURE, [record(None)]),
    *(
        (Status.PARTIAL, Right.ERASURE, [record(ERASED), record(left)])
        for left in (Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.NEEDS_IDENTIFIER, Outcome.NEEDS_PERSON)
    ),
    (Status.PARTIAL, Right.ERASURE, [record(ERASED), record(Outcome.REFUSED)]),
    (Status.PARTIAL, Right.ERASURE, [record(ERASED), record(Outcome.FAILED)]),
]


@pytest.mark.parametrize(("expected", "right", "records"), STATUSES)
def test_the_status_follows_from_what_became_of_the_records(expected: Status, right: Right, records: list[RecordState]) -> None:
    assert expected is standing_of(case(processor(*records), right=right))[0]


@pytest.mark.parametrize("outcome", [ERASED, Outcome.ANONYMISED, HELD, Outcome.NOTHING_FOUND])
@pytest.mark.parametrize("evidence", [None, Evidence.ACCEPTED, Evidence.EXECUTED])
def test_nothing_is_complete_that_was_not_looked_for_again(outcome: Outcome, evidence: Evidence | None) -> None:
    assert Status.PARTIAL is standing_of(case(processor(record(outcome, evidence=evidence))))[0]


@pytest.mark.parametrize("evidence", [None, Evidence.ACCEPTED, Evidence.EXECUTED])
def test_no_restriction_is_complete_that_was_not_looked_at_again(evidence: Evidence | None) -> None:
    restricted = record(RESTRICTED, evidence=evidence)

    assert Status.PARTIAL is standing_of(case(processor(restricted), right=Right.RESTRICTION))[0]


def test_one_silent_processor_makes_it_partial_and_is_named() -> None:
    made = certificate(case(processor(record(ERASED)), processor(name="jira", answered=False)))

    assert Status.PARTIAL is made.status
    assert ("jira", Outcome.SILENT, None) == (made.processors[1].name, *_answer(made.processors[1]))


def _answer(entry: Any) -> tuple[Outcome, Any]:
    return entry.outcome, entry.answered_at


def test_a_case_that_asked_nobody_is_never_complete() -> None:
    assert Status.PARTIAL is standing_of(case())[0]


@pytest.mark.parametrize("own", [o for o in Outcome if list(Outcome).index(o) <= list(Outcome).index(Outcome.ACCEPTED)])
def test_a_processors_own_bad_answer_outweighs_its_good_records(own: Outcome) -> None:
    made = certificate(case(processor(record(ERASED), answer=own)))

    assert Status.PARTIAL is made.status
    assert (Outcome.FAILED if own is Outcome.SILENT else own) is made.processors[0].outcome


def test_nothing_found_and_not_applicable_can_be_a_processors_whole_answer() -> None:
    for own in (Outcome.NOTHING_FOUND, Outcome.NOT_APPLICABLE):
        made = certificate(case(processor(answer=own, reason="Only hashed patterns.")))

        assert (Status.COMPLETE, own) == (made.status, made.processors[0].outcome)
        assert "Only hashed patterns." == made.processors[0].reason


@pytest.mark.parametrize("own", [ERASED, Outcome.ANONYMISED, RESTRICTED, HELD, Outcome.EXPIRING, Outcome.LIFTED])
def test_a_claim_about_no_record_is_a_failure(own: Outcome) -> None:
    made = certificate(case(processor(answer=own)))

    assert (Status.PARTIAL, Outcome.FAILED) == (made.status, made.processors[0].outcome)


def test_a_located_record_of_which_nothing_more_is_known_stands_as_failed() -> None:
    entry = entries(case(processor(record(ERASED), record(None), record(None))))[0]

    assert [(Outcome.FAILED, 2, None), (ERASED, 1, Evidence.VERIFIED)] == [
        (line.outcome, line.count, line.evidence) for line in entry.records
    ]
    assert Outcome.FAILED is entry.outcome


def test_a_silent_processors_located_records_are_counted_too() -> None:
    entry = entries(case(processor(record(None), answered=False)))[0]

    assert Outcome.SILENT is entry.outcome
    assert [(Outcome.FAILED, 1)] == [(line.outcome, line.count) for line in entry.records]


def test_evidence_is_null_where_nothing_is_claimed() -> None:
    unclaimed = [Outcome.FAILED, Outcome.REFUSED, Outcome.DEFERRED, Outcome.NEEDS_PERSON, Outcome.NEEDS_IDENTIFIER]
    entry = entries(case(processor(*(record(o, evidence=Evidence.EXECUTED) for o in unclaimed))))[0]

    assert {None} == {line.evidence for line in entry.records}


def test_holds_that_end_on_different_days_are_different_lines() -> None:
    entry = entries(case(processor(record(HELD, "invoice"), record(HELD, "invoice", hold=EARLY))))[0]

    assert [(EARLY, 1), (AWR, 1)] == [(line.hold, line.count) for line in entry.records]


def test_a_bound_record_carries_the_end_of_the_longest_hold_it_may_hang_from() -> None:
    holds = [record(HELD, "invoice", hold=EARLY), record(HELD, "invoice"), record(HELD, "order", hold=EARLY)]
    entry = entries(case(processor(record(RESTRICTED, bound_to="invoice"), *holds)))[0]

    assert AWR.until == entry.records[0].until


def test_a_bound_record_keeps_the_date_that_the_processor_gave() -> None:
    bound = record(RESTRICTED, bound_to="invoice", until=EARLY.until)

    assert EARLY.until == entries(case(processor(bound, record(HELD, "invoice"))))[0].records[0].until


def test_what_is_held_on_the_day_after_its_hold_ended_is_held_no_longer() -> None:
    last_moment, after = (datetime(y, m, d, 22, 59, tzinfo=UTC) for y, m, d in ((2033, 12, 31), (2034, 1, 1)))

    assert Status.COMPLETE_WITH_HOLDS is certificate(issued_at=last_moment).status
    assert Status.PARTIAL is certificate(issued_at=last_moment + timedelta(minutes=1)).status
    assert Status.PARTIAL is certificate(issued_at=after).status


def test_a_certificate_that_follows_when_holds_end_is_complete_although_another_processors_logs_expired() -> None:
    logs = processor(record(Outcome.EXPIRING, "visit", until=date(2026, 12, 1)), name="transip")
    made = certificate(case(processor(record(ERASED)), logs), issued_at=datetime(2034, 1, 2, tzinfo=UTC))

    assert Status.COMPLETE_WITH_HOLDS is made.status


def test_the_same_claims_have_the_same_digest_whenever_and_in_whatever_order_they_came() -> None:
    moneybird, jira = with_holds().processors
    later = jira.model_copy(update={"answered_at": ISSUED, "round": 3})
    reordered = moneybird.model_copy(update={"records": dict(reversed(moneybird.records.items()))})

    assert standing_of(with_holds())[1] == standing_of(case(later, reordered))[1]


@pytest.mark.parametrize(
    "other",
    [
        case(with_holds().processors[0], processor(name="jira", kind="ticketing", answered=False)),
        case(with_holds().processors[0]),
        case(*with_holds().processors, due_by=date(2026, 12, 22)),
        case(processor(record(ERASED), record(HELD, "invoice", hold=EARLY)), with_holds().processors[1]),
    ],
)
def test_other_claims_have_another_digest(other: Case) -> None:
    assert standing_of(with_holds())[1] != standing_of(other)[1]
    assert 64 == len(standing_of(other)[1])


LATE = datetime(2026, 12, 21, 23, 0, tzinfo=UTC)  # midnight after the last day, in Amsterdam


@pytest.mark.parametrize(
    ("expected", "issued_at", "done"),
    [(True, LATE - timedelta(seconds=1), True), (False, LATE, True), (None, ISSUED, False), (False, LATE, False)],
)
def test_the_deadline_is_met_until_the_last_day_is_over(expected: bool | None, issued_at: datetime, done: bool) -> None:
    assert expected is certificate(case(processor(answered=done)), issued_at=issued_at).deadline_met


def test_while_the_time_stands_still_no_deadline_is_missed_and_what_was_missed_before_is() -> None:
    for doubted, met in ((datetime(2026, 12, 21, 22, 59, tzinfo=UTC), None), (LATE, False)):
        made = certificate(
            case(processor(answered=False), pauses=(Pause(doubted, None, "A strange address."),)), issued_at=LATE + timedelta(days=9)
        )
        assert met is made.deadline_met
        assert [] == faults(made)


def test_a_certificate_years_later_does_not_unsay_that_the_deadline_was_met() -> None:
    ref: dict[str, Any] = {
        "certificate_id": uuid4(),
        "revision": 1,
        "sha256": "b" * 64,
        "claims": "c" * 64,
        "issued_at": ISSUED,
    }
    years_later = {"issued_at": datetime(2034, 1, 2, tzinfo=UTC), "revision": 2, "supersedes": "b" * 64}
    for status, met in ((Status.COMPLETE_WITH_HOLDS, True), (Status.PARTIAL, False)):
        for outcome in (ERASED, Outcome.FAILED):  # when the hold has ended, at once or not
            earlier = CertificateRef(**ref, status=status)
            made = certificate(case(processor(record(outcome)), certificates=(earlier,)), **years_later)

            assert met is made.deadline_met
            assert [] == faults(made)


def test_what_is_not_claimed_names_processors_not_asked_and_promises_not_proven() -> None:
    analytics = processor(record(Outcome.ACCEPTED, "visit", evidence=Evidence.ACCEPTED), name="google_analytics")
    said = certificate(case(analytics, not_asked=("transip", "mollie"))).not_claimed

    assert "Not asked, so that nothing is known of them: mollie, transip." in said
    assert any("google_analytics said yes and does it later" in sentence for sentence in said)


def test_what_is_not_claimed_covers_our_own_stores_backups_and_disk_blocks() -> None:
    said = " ".join(certificate().not_claimed)

    for word in ("backups", "disk blocks", "pseudonym", "2026-11-27", "held record", "not listed here"):
        assert word in said
    assert "the key that opens it" in said
    assert "disk blocks" not in " ".join(certificate(case(processor(), right=Right.LIFTING)).not_claimed)


def test_a_request_that_the_intake_no_longer_holds_is_not_said_to_expire() -> None:
    made = certificate(intake_retained_until=date(2026, 11, 21))

    assert ["case", "log"] == [line.kind for line in made.orchestrator.records]
    assert "intake topic" not in " ".join(made.not_claimed)


def test_our_own_lines_tell_what_is_held_where_how_and_until_when() -> None:
    ordered = with_holds().processors[0].model_copy(update={"round": 3})
    kept = {key: one.model_copy(update={"sealed": "a..b.c.d"}) for key, one in ordered.records.items() if one.outcome is Outcome.HELD}
    made = certificate(case(ordered.model_copy(update={"records": ordered.records | kept}), sent_sealed=True))
    lines = {line.kind: line for line in made.orchestrator.records}
    assert ["request", "command", "case", "reference", "log"] == list(lines)
    assert (3, date(2026, 11, 29), len(kept)) == (lines["command"].count, lines["command"].until, lines["reference"].count)
    assert "sealed by its sender" in (lines["request"].reason or "") and "sealed by its sender, until" in " ".join(made.not_claimed)
    assert "until that is destroyed" in (lines["case"].reason or "")
    assert [] == faults(made)


def test_commands_are_said_to_be_sealed_under_the_keys_that_seal_them_also_after_the_case_has_lost_its_own() -> None:
    ordered = with_holds().processors[0].model_copy(update={"round": 3})
    for shredded_at, says in ((None, "under the case's key;"), (ISSUED, "while the case had its key")):
        made = certificate(case(ordered, shredded_at=shredded_at))
        (reason,) = [line.reason or "" for line in made.orchestrator.records if line.kind == "command"]
        assert says in reason and "under the hold's key" in reason
        assert [] == faults(made)


def test_a_request_that_came_in_plain_is_said_to_stand_there_readable() -> None:
    made = certificate(case(processor()))
    assert "readable" in (made.orchestrator.records[0].reason or "")
    assert "as it was sent, until 2026-11-27" in " ".join(made.not_claimed)


def test_a_dry_run_never_becomes_a_certificate() -> None:
    with pytest.raises(ValueError, match="dry run"):
        certify(case(processor(), mode="dry-run"), facts())


def test_a_pseudonym_that_is_an_address_is_refused_without_repeating_it() -> None:
    slipped = with_holds().model_copy(update={"pseudonym": "jan@voorbeeld.nl"})
    with pytest.raises(ValueError, match="subject") as refused:
        certify(slipped, facts())

    assert "jan@" not in str(refused.value)


days = st.dates(date(2024, 1, 1), date(2040, 12, 31))
kinds = st.sampled_from(["contact", "invoice", "order"])
records = st.builds(
    RecordState,
    kind=kinds,
    outcome=st.none() | st.sampled_from(Outcome),
    evidence=st.none() | st.sampled_from(Evidence),
    hold=st.none() | st.sampled_from([AWR, EARLY]),
    bound_to=st.none() | kinds,
    until=st.none() | days,
    reason=st.none() | st.just("Because."),
)
processors = st.builds(
    lambda several, answered, answer: processor(*several, answered=answered, answer=answer),
    st.lists(records, max_size=4),
    st.booleans(),
    st.none() | st.sampled_from(Outcome),
)
issue_moments = st.dates(date(2026, 11, 22), date(2040, 1, 1)).map(lambda d: datetime(d.year, d.month, d.day, 23, 30, tzinfo=UTC))


@settings(max_examples=300, deadline=None)
@given(st.lists(processors, max_size=3, unique_by=id), st.sampled_from(Right), issue_moments, st.booleans())
def test_whatever_came_of_a_case_its_certificate_agrees_with_itself(
    several: list[ProcessorState], right: Right, issued_at: datetime, asked: bool
) -> None:
    named = [p.model_copy(update={"name": f"p{number}"}) for number, p in enumerate(several)]
    made = certificate(case(*named, right=right, not_asked=("jira",) if asked else ()), issued_at=issued_at)

    assert [] == faults(made)
    assert sum(len(p.records) for p in named) == sum(line.count for e in made.processors for line in e.records)
    assert made.status is standing_of(case(*named, right=right), made.issued_at.date())[0]
    if made.status is not Status.PARTIAL:
        assert all(p.answered_at is not None for p in named)
