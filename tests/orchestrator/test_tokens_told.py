"""What stays to notice a re-import is told by every reading of a certificate: the officer's, the person's, and the check."""

from datetime import date
from uuid import UUID

import pytest

from orchestrator.agreement import faults
from orchestrator.letters import Language, to_subject
from orchestrator.payload import Tokens
from orchestrator.readable import as_text
from tests.orchestrator.certificate_cases import case, certificate, processor, record
from tests.orchestrator.letter_cases import SEAT, read
from topics.outcomes import Outcome

TOKENS = Tokens(count=2, until=date(2028, 11, 22), ground="6(1)(f), 21(3)")
EARLIER = UUID("0198c7a2-0000-7000-8000-00000000000a")
ERASED = case(processor(record(Outcome.ERASED)))


def test_the_officer_reads_how_many_until_when_and_on_what_ground() -> None:
    told = read(as_text(certificate(ERASED, tokens=TOKENS)))
    assert "2 suppression" in told and "Keyed tokens of identifiers, to notice a re-import" in told
    assert "at the latest after 22 November 2028" in told and "(ground: 6(1)(f), 21(3))" in told


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.NL, "bewaren wij er tot en met 22 november 2028 een onleesbaar kenmerk van"),
        (Language.EN, "until the end of 22 November 2028"),
    ],
)
def test_the_person_reads_it_with_the_right_to_object(language: Language, words: str) -> None:
    letter = read(to_subject(certificate(ERASED, tokens=TOKENS), language, SEAT))
    assert words in letter and "21" in letter
    assert words not in read(to_subject(certificate(ERASED), language, SEAT))


def test_a_certificate_with_tokens_agrees_with_itself_and_one_past_their_end_does_not() -> None:
    assert [] == faults(certificate(ERASED, tokens=TOKENS))
    late = certificate(ERASED, tokens=TOKENS).orchestrator.records[-1].model_copy(update={"until": date(2026, 11, 21)})
    own = certificate(ERASED).orchestrator.model_copy(update={"records": (late,)})
    assert 1 == len(faults(certificate(ERASED).model_copy(update={"orchestrator": own})))


def test_a_certificate_after_somebody_was_seen_again_names_the_erasure_before() -> None:
    again = certificate(ERASED.model_copy(update={"again_of": EARLIER}))
    assert str(EARLIER) in as_text(again)
    assert "again_of" not in certificate(ERASED).model_dump(mode="json")
