"""The certificate in words: all that it says stands there, and nothing that a terminal would obey."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.case import Case
from orchestrator.certificate import canonical
from orchestrator.readable import as_text
from orchestrator.sentences import done_by_a_person, told_by_letter
from tests.orchestrator.certificate_cases import case, certificate, processor, record, with_holds
from topics.events import Right
from topics.orders import Prove
from topics.outcomes import Evidence, Hold, Outcome


def words(of: Case | None = None, **facts: object) -> str:
    """The text with its line breaks and table borders taken out, as an eye reads it."""
    return " ".join(as_text(certificate(of, **facts)).replace("|", " ").split())


def test_it_says_who_which_right_and_when() -> None:
    read = words()

    for said in (
        "Erasure (GDPR art. 17)",
        "Perfacilis, privacy@example.nl",
        "0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11",
        "Received 20 November 2026, 09:12 (+01:00 from UTC)",
        "To be answered by 21 December 2026, the whole of that day",
        "Issued 22 November 2026, 12:00 (+01:00 from UTC)",
        "Ground GDPR art. 17(1)(b)",
        "Deadline met",
        "COMPLETE, WITH HOLDS.",
    ):
        assert said in read


def test_it_says_of_every_record_what_became_of_it_why_and_until_when() -> None:
    rows = [line for line in as_text(certificate()).splitlines() if line.startswith("| ") and "2033" in line]

    assert ["contact", "1", "shut off from use", "belongs to a kept invoice", "31 December 2033"] == cells(rows[0])
    assert ["invoice", "2", "kept by law (looked", "AWR art. 52(4), an", "31 December 2033"] == cells(rows[1])
    assert "exception under GDPR art." in as_text(certificate())


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_a_silent_processor_and_a_failure_are_as_plain_as_what_is_gone() -> None:
    failed = processor(name="mailman", kind="mailing_list", answer=Outcome.FAILED, reason="No answer in 10 minutes.")
    read = words(case(processor(record(Outcome.ERASED)), processor(name="jira", answered=False), failed))

    assert "PARTIAL. Not everything is done or known" in read
    assert "jira (accounting, by jira), has not answered" in read
    assert "NO ANSWER: what is there is not known." in read
    assert "mailman (mailing list, by mailman)" in read
    assert "FAILED: may still be there. No answer in 10 minutes." in read


def test_what_was_not_looked_for_again_is_called_not_proven() -> None:
    for evidence, said in (
        (Evidence.EXECUTED, "erased (not proven: done, but not looked at again)"),
        (Evidence.ACCEPTED, "erased (not proven: the processor only said yes)"),
        (None, "erased (not proven)"),
    ):
        text = as_text(certificate(case(processor(record(Outcome.ERASED, evidence=evidence)))))
        column = " ".join(cells(row)[2] for row in text.splitlines() if row.startswith("| "))

        assert said in " ".join(column.split())


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("right", Right)
def test_every_outcome_and_every_right_has_words(outcome: Outcome, right: Right) -> None:
    assert "CERTIFICATE: " in words(case(processor(record(outcome), answer=outcome), right=right))


def test_every_sentence_of_what_is_not_claimed_stands_there_and_how_to_verify() -> None:
    made = certificate(case(*with_holds().processors, not_asked=("mollie",)))
    read = " ".join(as_text(made, "f" * 64).split())

    for sentence in made.not_claimed:
        assert sentence in read
    assert "erasure verify FILE --keys KEYS" in read
    assert f"The SHA-256 of the signed file is {'f' * 64}." in read


def test_the_deadline_missed_and_the_certificate_replaced_are_named() -> None:
    read = words(issued_at=datetime(2026, 12, 22, 9, 0, tzinfo=UTC), revision=2, supersedes="b" * 64)

    assert "Deadline NOT MET" in read
    assert f"revision 2; replaces the one with SHA-256 {'b' * 64}" in read


def test_lines_are_100_wide_without_colour_even_where_a_narrow_terminal_and_colour_are_forced(tmp_path: Path) -> None:
    made = tmp_path / "certificate.json"
    made.write_bytes(canonical(certificate()))
    read = f"Certificate.model_validate_json(open({str(made)!r}).read())"
    program = "from orchestrator.readable import as_text\nfrom orchestrator.certificate import Certificate\n"
    forced = {"FORCE_COLOR": "1", "COLUMNS": "40", "PYTHONPATH": os.pathsep.join(sys.path)}
    run = [sys.executable, "-c", f"{program}print(as_text({read}), end='')"]
    text = subprocess.run(run, env=forced, capture_output=True, check=True).stdout.decode()

    assert as_text(certificate()) == text
    assert 100 == max(len(line) for line in text.splitlines())
    assert text.replace("\n", "").isprintable()


def test_what_a_terminal_would_obey_or_rich_would_take_for_markup_is_shown_as_it_is() -> None:
    controller = certificate().controller.model_copy(update={"name": "[red]Evil\x1b[2J :smile:"})
    text = as_text(certificate().model_copy(update={"controller": controller}))

    assert "\x1b" not in text
    assert "[red]Evil\N{REPLACEMENT CHARACTER}[2J :smile:" in text


def test_a_request_no_longer_on_the_intake_is_said_to_be_gone_from_there() -> None:
    assert "No copy of the request on the intake topic." in words(intake_retained_until=date(2026, 11, 21))


def test_the_reason_of_a_class_of_records_stands_beside_its_law() -> None:
    hold = Hold(statute="AWR art. 52(4)", exception="GDPR art. 17(3)(b)", until=date(2033, 12, 31), reason="Sales are in the books.")
    read = words(case(processor(record(Outcome.HELD, hold=hold, evidence=Evidence.VERIFIED))))
    assert "Sales are in" in read


def told(on: str = "2026-11-20") -> str:
    task = {"request_id": UUID(int=1), "processor": "ing", "outcome": Outcome.NOT_APPLICABLE, "on": on, "proof": "ab" * 32}
    return done_by_a_person(Prove.model_validate(task))


def test_who_was_told_by_letter_is_said_with_the_day_and_the_digest_of_the_proof() -> None:
    ing = processor(record(Outcome.NOT_APPLICABLE, "record", reason=told()), name="ing", connector="manual", kind="payments")
    read = words(case(ing))

    assert "ing (payments, by manual), answered" in read and "Outcome: told by letter." in read
    assert "Told by letter" in read and "2026-11-20" in read and "SHA-256" in read
    assert "looked again" not in read and "does not apply" not in read


def test_only_our_own_sentence_is_read_back_as_a_letter() -> None:
    other = (None, "Told by letter on 2026-11-20.", f"Not: {told()}", f"{told()} Perhaps.")
    assert (date(2026, 11, 20), "ab" * 32) == told_by_letter(Outcome.NOT_APPLICABLE, told())
    assert [None] * 4 == [told_by_letter(Outcome.NOT_APPLICABLE, reason) for reason in other]
    assert {None} == {told_by_letter(outcome, told()) for outcome in Outcome if outcome is not Outcome.NOT_APPLICABLE}
