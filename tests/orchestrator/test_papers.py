"""A certificate as a PDF: every fact on its pages, the signed file inside, and what is changed is noticed."""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText

from orchestrator.case import Decision
from orchestrator.certificate import Certificate, canonical
from orchestrator.clock import Extension
from orchestrator.deadlines import Pause
from orchestrator.letters.layout import blocks, bullets, letter, lines, paragraph
from orchestrator.letters.words import Language
from orchestrator.papers import NoCertificate, attached, certificate_pdf, letter_pdf, pages
from orchestrator.papers.certificate import ON_PAPER, content
from orchestrator.papers.typesetting import typeset
from orchestrator.readable import printable
from orchestrator.tongue import Tongue
from tests.orchestrator.certificate_cases import AWR, ISSUED, case, certificate, keys, processor, record
from topics.outcomes import Outcome

HOSTILE = '#panic("x") *bold* _it_ $x$ <label> @ref [a] \\ `raw` // comment "quoted"'


def signed(folder: Path, of: Certificate | None = None) -> str:
    return keys(folder).sign(canonical(of or certificate()))


def words(pdf: bytes) -> str:
    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def full() -> Certificate:
    """One with everything that a certificate can say."""
    told = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    of = case(
        processor(record(Outcome.HELD, "invoice", reason="The shop's rule."), record(Outcome.RESTRICTED, bound_to="invoice")),
        processor(record(Outcome.EXPIRING, "backup", until=date(2026, 12, 24)), name="host"),
        processor(name="jira", answered=False),
        promised_by=date(2026, 11, 21),
        refuse_by=date(2026, 12, 22),
        decision=Decision(decision="uphold", reason="The objection is right.", at=told),
        extension=Extension(told_at=told, reason="Many systems."),
        pauses=(Pause(told, ISSUED, "The address was new."),),
    )
    return certificate(of, supersedes="b" * 64, revision=2)


def facts(value: Any, name: str = "") -> Iterator[str]:
    """Every text and number of a JSON document, but for what is said in words."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from facts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from facts(inner, name)
    elif isinstance(value, str) and name not in _IN_WORDS and not re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", value):
        yield value


_IN_WORDS = {"right", "status", "outcome", "evidence", "decision", "kind", "bound_to"}


@pytest.mark.parametrize("language", Language)
def test_no_fact_of_the_json_is_left_out_on_the_pages(tmp_path: Path, language: Language) -> None:
    one, t = full(), Tongue(language)
    shown = words(certificate_pdf(signed(tmp_path, one), language))
    told = list(facts(one.model_dump(mode="json")))
    assert len(told) > 25
    assert [] == [fact for fact in told if re.sub(r"\s", "", fact) not in shown]
    days = [one.due_by, one.promised_by, one.refuse_by, date(2026, 12, 24), AWR.until]
    assert [] == [day for day in days if day is None or re.sub(r"\s", "", t.day(day)) not in shown]
    assert False is one.promise_kept and re.sub(r"\s", "", f"{t.day(date(2026, 11, 21))}: {t('not_met')}") in shown
    outcomes = [line.outcome.value for entry in one.processors for line in entry.records] + ["silent"]
    assert [] == [word for word in outcomes if re.sub(r"\s", "", t.outcome(word)) not in shown]


def test_the_same_certificate_is_typeset_as_the_same_bytes(tmp_path: Path) -> None:
    jws = signed(tmp_path)
    assert certificate_pdf(jws, Language.NL) == certificate_pdf(f" {jws}\n", Language.NL) != certificate_pdf(jws, Language.EN)


@pytest.mark.parametrize("language", Language)
def test_the_signed_file_is_inside_and_the_pages_are_what_it_says(tmp_path: Path, language: Language) -> None:
    jws = signed(tmp_path)
    pdf = certificate_pdf(jws, language)
    assert jws == attached(pdf)
    assert "unchanged" == pages(pdf, jws)


def test_it_is_tagged_titled_and_says_its_language(tmp_path: Path) -> None:
    pdf = certificate_pdf(signed(tmp_path), Language.NL)
    root = PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert ("nl", True, True) == (root["/Lang"], root["/MarkInfo"]["/Marked"], root["/ViewerPreferences"]["/DisplayDocTitle"])  # type: ignore[index]
    assert b"pdfuaid:part" in pdf and b"pdfaid:part" in pdf


def saved_again(pdf: bytes, note: str | None = None, creator: str | None = None) -> bytes:
    """By another program, perhaps with a note on the first page, perhaps said to be made by another version."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    if note:
        writer.add_annotation(0, FreeText(text=note, rect=(50, 550, 400, 650)))
    if creator:
        writer.add_metadata({"/Creator": creator})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_pages_that_were_changed_beside_an_intact_certificate_are_noticed(tmp_path: Path) -> None:
    jws = signed(tmp_path)
    pdf = certificate_pdf(jws, Language.EN)
    other = PdfWriter(clone_from=io.BytesIO(certificate_pdf(signed(tmp_path, full()), Language.EN)))
    other.add_attachment("certificate.jws", jws.encode())
    assert ["changed", "changed"] == [pages(saved_again(pdf), jws), pages(saved_again(pdf, "PAID IN FULL"), jws)]
    assert "changed" == pages(certificate_pdf(signed(tmp_path, full()), Language.EN), jws)


def test_of_another_versions_pages_the_words_are_compared(tmp_path: Path) -> None:
    jws = signed(tmp_path)
    pdf = certificate_pdf(jws, Language.EN)
    assert "same words" == pages(saved_again(pdf, creator="Typst 9.9"), jws)
    other = certificate_pdf(signed(tmp_path, full()), Language.EN)
    assert "changed" == pages(saved_again(other, creator="Typst 9.9"), jws)


def test_a_note_is_noticed_also_where_the_pages_are_said_to_be_another_versions(tmp_path: Path) -> None:
    jws = signed(tmp_path)
    assert "changed" == pages(saved_again(certificate_pdf(jws, Language.EN), "ALL IS ERASED", creator="Typst 9.9"), jws)


def test_a_file_with_any_byte_changed_is_never_unchanged_and_never_ends_in_another_error(tmp_path: Path) -> None:
    jws = signed(tmp_path)
    pdf = certificate_pdf(jws, Language.EN)
    for at in range(0, len(pdf), 1009):
        changed = pdf[:at] + bytes([pdf[at] ^ 0x55]) + pdf[at + 1 :]
        with suppress(NoCertificate):
            attached(changed)
            assert "unchanged" != pages(changed, jws)


@pytest.mark.parametrize(
    "text", ["中文 🙂", "\x1b[2J", "a\u202eb", "x" * 400, "~ -- --- ... 'a' \"b\"", "= Heading", "- item", '#read("a")']
)
@pytest.mark.parametrize("language", Language)
def test_whatever_a_text_holds_a_pdf_is_made_and_says_it(tmp_path: Path, text: str, language: Language) -> None:
    made = certificate(case(processor(record(Outcome.FAILED, reason=text))))
    shown = words(certificate_pdf(signed(tmp_path, made), language)).replace("\u200b", "")
    spelled = "".join(f"[U+{ord(c):04X}]" if c in "中文🙂" else c for c in printable(text))
    assert re.sub(r"\s", "", spelled) in shown
    assert re.sub(r"\s", "", spelled) in words(letter_pdf(text, "A letter", language, date(2026, 1, 1))).replace("\u200b", "")


@pytest.mark.parametrize("language", Language)
def test_a_ground_that_is_no_article_is_not_called_one_and_what_is_unconfirmed_is_said(tmp_path: Path, language: Language) -> None:
    refused = record(Outcome.REFUSED, reason="It could not be lifted again.", unconfirmed=True)
    shown = words(certificate_pdf(signed(tmp_path, certificate(case(processor(refused), ground="contract_ended"))), language))
    assert "art.contract_ended" not in shown and "(contract_ended)" in shown
    assert re.sub(r"\s", "", ON_PAPER[language]["unconfirmed"]) in shown


def test_what_has_no_evidence_is_called_not_proven_and_a_referral_has_a_word(tmp_path: Path) -> None:
    referred = Decision(decision="refer", reason="Another one decides.", at=ISSUED)
    of = case(processor(record(Outcome.ERASED, evidence=None), record(Outcome.FAILED, "invoice")), decision=referred)
    shown = words(certificate_pdf(signed(tmp_path, certificate(of)), Language.EN))
    assert 1 == shown.count("erasednotproven") and "referredtoanothercontroller:Anotheronedecides." in shown


def test_a_letter_is_set_anew_with_its_headings_and_lists() -> None:
    long = " ".join(["word"] * 40)
    section = "\n".join((lines("Kept"), paragraph(long), bullets([long, "b"])))
    text = letter([lines("Perfacilis", "privacy@example.nl"), paragraph(long), section])
    assert [(None, ["Perfacilis", "privacy@example.nl"], []), (None, [long], []), ("Kept", [long], [long, "b"])] == blocks(text)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (b"%PDF-1.7\nnot at all", "damaged"),
        (b"%PDF-" + b"0" * (20 * 1024 * 1024), "over 20 MB"),
    ],
)
def test_what_is_no_readable_pdf_is_told(broken: bytes, sentence: str) -> None:
    with pytest.raises(NoCertificate, match=sentence):
        attached(broken)


def test_a_pdf_without_a_certificate_with_two_or_with_a_password_is_told(tmp_path: Path) -> None:
    pdf = certificate_pdf(signed(tmp_path), Language.EN)
    with pytest.raises(NoCertificate, match="no signed certificate"):
        attached(letter_pdf("Hello", "A letter", Language.EN, date(2026, 11, 20)))
    twice = PdfWriter(clone_from=io.BytesIO(pdf))
    twice.add_attachment("certificate.jws", b"other")
    locked = PdfWriter(clone_from=io.BytesIO(pdf))
    locked.encrypt("secret", algorithm="AES-256")
    for writer, sentence in ((twice, "2 files"), (locked, "encrypted")):
        out = io.BytesIO()
        writer.write(out)
        with pytest.raises(NoCertificate, match=sentence):
            attached(out.getvalue())


def test_what_an_officer_or_a_vendor_wrote_is_never_taken_for_markup(tmp_path: Path) -> None:
    of = case(processor(record(Outcome.HELD, "invoice", reason=HOSTILE)), decision=Decision(decision="refuse", reason=HOSTILE, at=ISSUED))
    one = certificate(of)
    pdf = certificate_pdf(signed(tmp_path, one), Language.EN)
    assert 2 <= words(pdf).count(re.sub(r"\s", "", HOSTILE))
    assert re.sub(r"\s", "", HOSTILE) in words(
        letter_pdf(f"Dear,\n\n- {HOSTILE}\n  goes on\n\n{HOSTILE}", HOSTILE, Language.EN, date(2026, 1, 1))
    )


def test_a_usual_certificate_fits_on_two_pages_and_hundreds_of_lines_on_more(tmp_path: Path) -> None:
    assert 2 >= len(PdfReader(io.BytesIO(certificate_pdf(signed(tmp_path), Language.NL))).pages)
    data = content(certificate(), "f" * 64, Tongue(Language.EN))
    data["processors"][0]["lines"] *= 200
    assert 10 < len(PdfReader(io.BytesIO(typeset("certificate", data, date(2026, 1, 1)))).pages)


def test_the_digest_of_a_proof_stays_on_the_paper_and_whole(tmp_path: Path) -> None:
    digest = "315d429b7714cedb6ad04ac3124014525769" + "8" * 28
    of = case(processor(record(Outcome.ERASED, reason=f"Done by a person on 2026-12-15; proof: SHA-256 {digest}")))
    pdf = certificate_pdf(signed(tmp_path, certificate(of)), Language.EN)
    lines = [line for page in PdfReader(io.BytesIO(pdf)).pages for line in page.extract_text().splitlines()]
    assert [] == [line for line in lines if digest in line]  # that line would run out of its column, and of the paper
    assert digest in words(pdf)
