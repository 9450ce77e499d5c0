"""Letters: whatever became of a request, the person reads it in plain words, with reasons, dates and remedies, and no word of ours."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ageing import RetentionRule
from connectors.contract import Kind, Record, Spec
from connectors.plan import Duties, plan
from connectors.registry import Registry
from orchestrator.case import Block, Case, Decision, Status
from orchestrator.certificate import certify
from orchestrator.deadlines import Pause
from orchestrator.letters import Language, Seat, language_of, to_subject
from orchestrator.letters.layout import BLANK
from orchestrator.letters.tongues import WORDS
from orchestrator.letters.words import Section
from orchestrator.sentences import DOUBTFUL, Waits, waits_for
from tests.orchestrator.certificate_cases import AWR, ISSUED, VERIFIED, case, certificate, facts, processor, record
from tests.orchestrator.letter_cases import (
    SEAT,
    SHOWN,
    extended,
    letter,
    letter_of_holders,
    letter_to_recipient,
    letter_under_way,
    mixed,
    read,
    refused,
    told_by_letter,
)
from topics.commands import LEGAL_CLAIM
from topics.configuration import ProcessorKind
from topics.events import Right, SubjectRequest
from topics.outcomes import Evidence, Hold, Outcome

CONNECTORS = tuple(Registry().names())
OURS = ("orchestrator", "processor", "connector", "certificate", "evidence", "verified", "outcome", "kafka", "ledger", "sha", "dry", "null")
INTERNAL = re.compile(rf"\b({'|'.join((*map(re.escape, Outcome), *CONNECTORS, *OURS))})\b|_", re.IGNORECASE)
WORDED = {None: None} | {word: f"Weighed for {word}." for word in ("uphold", "reject", "refuse", "refer")}


def decision(word: str | None) -> Decision | None:
    return Decision.model_validate({"decision": word, "reason": WORDED[word], "at": ISSUED}) if word else None


def one(outcome: Outcome, **more: object) -> Case:
    kind = "invoice" if outcome is Outcome.HELD else "contact"
    until = {"until": date(2027, 1, 15)} if outcome is Outcome.EXPIRING else {}
    whole = processor(answer=outcome, reason="HTTP 500 of moneybird", name="jira", connector="jira", kind="ticketing")
    return case(processor(record(outcome, kind, reason="connector said: failed", **until)), whole, **more)  # type: ignore[arg-type]


# Plain words


@pytest.mark.parametrize("word", WORDED)
@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("language", Language)
def test_no_letter_names_an_outcome_or_anything_of_ours(language: Language, outcome: Outcome, right: Right, word: str | None) -> None:
    text = letter(one(outcome, right=right, decision=decision(word)), language)

    assert [] == [found.group() for found in INTERNAL.finditer(text)]
    assert {"privacy@example.nl"} == set(re.findall(r"[^\s]*@[^\s]*\w", text))
    assert "500" not in text and "said" not in text and "{" not in text
    assert 78 >= max(len(line) for line in text.splitlines())


@pytest.mark.parametrize("language", Language)
def test_a_language_has_words_for_everything_that_there_is(language: Language) -> None:
    words = WORDS[language]
    kinds = {kind.name for name in CONNECTORS for kind in Registry().get(name).spec.kinds}
    assert set() == kinds - words.nouns.keys()
    assert set(get_args(ProcessorKind)) == words.areas.keys()
    assert list(Section) == list(words.sections)
    assert set(Right) == words.about.keys() == words.received.keys()
    for texts in (words.recipient.about, words.recipient.done, words.recipient.own, words.recipient.ordered):
        assert {"erase", "restrict", "lift"} == texts.keys()
    assert words.nouns.keys() == WORDS[Language.NL].nouns.keys()


def test_what_has_no_word_in_our_language_is_still_counted() -> None:
    assert "Onze boekhouding: 2 andere gegevens." in letter(case(processor(*[record(Outcome.ERASED, "order_row")] * 2)))


def test_a_letter_is_the_same_whenever_it_is_made_and_in_whatever_order_it_was_reported() -> None:
    turned = mixed().model_copy(update={"processors": tuple(reversed(mixed().processors))})
    assert letter(mixed()) == letter(mixed()) == letter(turned)


# Nothing more than the certificate, and nothing less


OUTCOMES = st.lists(st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.SILENT]), min_size=1, max_size=5)


@given(OUTCOMES, OUTCOMES, st.sampled_from(list(Language)), st.sampled_from([*Evidence, None]))
def test_only_what_is_complete_is_called_done_and_every_record_is_counted(
    books: list[Outcome], tickets: list[Outcome], language: Language, evidence: Evidence | None
) -> None:
    def lines(outcomes: list[Outcome]) -> list[object]:
        return [record(outcome, "ticket", evidence=evidence, until=date(2030, 1, 1)) for outcome in outcomes]

    of = case(processor(*lines(books)), processor(*lines(tickets), name="jira", kind="ticketing"))  # type: ignore[arg-type]
    made, words, text = certificate(of), WORDS[language], read(letter(of, language))
    assert (made.status is not Status.PARTIAL) == (words.done in text or words.done_but_kept in text)
    for area, outcomes in (("accounting", books), ("ticketing", tickets)):
        counted = re.findall(rf"- {words.area(area)}: (\d+) ", text)
        assert len(outcomes) == sum(map(int, counted))


@pytest.mark.parametrize("evidence", [Evidence.ACCEPTED, Evidence.EXECUTED, None])
@pytest.mark.parametrize("outcome", [Outcome.ERASED, Outcome.ANONYMISED, Outcome.RESTRICTED, Outcome.LIFTED])
def test_what_was_not_looked_at_again_is_not_told_as_done(outcome: Outcome, evidence: Evidence | None) -> None:
    text = letter(case(processor(record(outcome, evidence=evidence))))
    assert "nog niet gecontroleerd dat het is gebeurd" in read(text)
    assert [] == [
        heading for heading in ("gewist\n", "over u gaat", "hebben afgeschermd", "weer mogen gebruiken") if f"Wat {heading}" in text
    ]


def test_a_silent_processor_is_not_hidden_behind_what_it_did_before() -> None:
    of = case(processor(record(Outcome.ERASED), in_flight=True))
    text = letter(of)
    assert "Wat nog niet klaar is\nHier kunnen nog gegevens van u staan.\n- Onze boekhouding.\n" in text
    assert "De wet geeft ons hiervoor de tijd tot en met 21 december 2026." in read(text)


def test_what_is_late_is_called_late() -> None:
    late = certify(one(Outcome.FAILED), facts(issued_at=datetime(2026, 12, 22, 9, tzinfo=UTC)))
    assert "Wij hadden uiterlijk op 21 december 2026 klaar moeten zijn." in read(to_subject(late, Language.NL, SEAT))


# What is kept, and why


@pytest.mark.parametrize("language", Language)
def test_every_held_record_stands_there_with_its_law_its_reason_and_its_last_day(language: Language) -> None:
    holds = [AWR.model_copy(update={"statute": f"Act {n}", "until": date(2030 + n, 5, n), "reason": f"Reason {n}."}) for n in (1, 2, 3)]
    text = read(letter(case(processor(*[record(Outcome.HELD, "invoice", hold=hold) for hold in holds])), language))
    for hold in holds:
        assert hold.statute in text and str(hold.reason) in text
        assert WORDS[language].day(hold.until) in text
    assert WORDS[language].article("GDPR art. 17(3)(b)") in text


def test_a_legal_claim_is_told_as_a_dispute_with_its_review() -> None:
    claim = Hold(statute=LEGAL_CLAIM, exception="GDPR art. 17(3)(e)", until=date(2027, 6, 30), reason="De levering van mei.")
    text = read(letter(case(processor(record(Outcome.HELD, "invoice", hold=claim)))))
    assert "1 factuur. Uiterlijk op 30 juni 2027 beoordelen wij dit opnieuw." in text
    assert "Wij hebben dit nodig voor een juridisch geschil (AVG art. 17(3)(e)). Onze reden: “De levering van mei.”" in text


def test_a_hold_that_is_over_is_not_told_as_a_reason_to_keep() -> None:
    over = AWR.model_copy(update={"until": date(2026, 11, 21)})
    assert "Die dag is voorbij" in read(letter(case(processor(record(Outcome.HELD, "invoice", hold=over)))))


def test_what_is_restricted_says_whether_it_can_be_lifted() -> None:
    shut = processor(record(Outcome.RESTRICTED))
    assert "U kunt ons vragen de beperking op te heffen." in read(letter(case(shut, right=Right.RESTRICTION)))
    assert "tot wij over uw bezwaar hebben beslist" in read(letter(case(shut, right=Right.OBJECTION)))
    assert "Wissen is hier nog niet gelukt." in read(letter(case(shut)))
    assert "hoort bij facturen die wij moeten bewaren. De afscherming blijft zolang dat duurt." in read(letter(mixed()))


def test_what_hangs_from_a_held_record_names_the_law_that_keeps_that() -> None:
    told = read(letter(mixed(), Language.EN)).partition("What we have shut off")[2]
    assert (
        "belongs to invoices that we must keep. It stays shut off for as long as that lasts. The law that demands this: AWR art. 52(4)"
        in told
    )


@pytest.mark.parametrize("language", Language)
def test_a_statute_that_is_known_is_told_in_plain_words_and_another_as_it_was_written(language: Language) -> None:
    for statute, plain in WORDS[language].statutes.items():
        held = processor(record(Outcome.HELD, "invoice", hold=AWR.model_copy(update={"statute": statute})))
        assert f"{statute}, {plain} (" in read(letter(case(held), language))
    assert WORDS[language].statutes.keys() == WORDS[Language.NL].statutes.keys()
    other = processor(record(Outcome.HELD, "invoice", hold=AWR.model_copy(update={"statute": "Archiefwet art. 3"})))
    assert "Archiefwet art. 3 (" in read(letter(case(other), language))


@pytest.mark.parametrize("name", ["backups", "backups (daily)"])
def test_what_goes_by_itself_names_where_the_rule_stands(name: str) -> None:
    """The reason is the one that a worker gives, so that the letter notices when its form changes."""
    rule = RetentionRule(frozenset({"backup"}), name, "Perfacilis privacy statement (1.1)", days=7)
    backup = Kind("backup", kept_because="One person cannot be erased from it.")
    spec = Spec(name="x", kind="hosting", identifiers=(), calls_per_minute=60, docs="", checked=ISSUED.date(), kinds=(backup,))
    (item,) = plan("erase", [Record("backup", "*")], spec, Duties(retention=(rule,)), ISSUED.date(), SEAT.zone)
    ages = processor(record(item.outcome, "backup", until=item.until, reason=item.reason), kind="hosting")
    said = "gone after 29 November 2026 at the latest. This rule stands in: “Perfacilis privacy statement (1.1)”"
    text = read(letter(case(ages), Language.EN))
    assert (said in text) is (name == "backups") and ("This rule stands in" in text) is (name == "backups")


# What is not done, and why


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("word", ["refuse", "reject"])
def test_a_refusal_has_its_reason_and_both_remedies(language: Language, right: Right, word: str) -> None:
    text = read(letter(one(Outcome.REFUSED, right=right, decision=decision(word)), language))
    assert f"“Weighed for {word}.”" in text
    gdpr = WORDS[language].gdpr
    assert f"{gdpr} art. 77" in text and f"{gdpr} art. 79" in text
    assert "Autoriteit Persoonsgegevens" in text


def test_a_refusal_of_the_rest_says_what_was_done() -> None:
    of = case(processor(record(Outcome.ERASED), record(Outcome.REFUSED, "payment")), decision=decision("refuse"))
    text = letter(of)
    assert "Wij voeren dit niet verder uit." in text
    assert "Wat wij hebben gewist" in text and "Wat wij niet doen" in text


def test_what_is_held_for_another_controller_is_told_as_passed_on() -> None:
    text = read(letter(one(Outcome.REFUSED, decision=decision("refer"))))
    assert "naar die organisatie doorverwezen" in text and "Weighed" not in text


@pytest.mark.parametrize("language", Language)
def test_an_extension_is_told_with_its_reason_and_the_controllers_day(language: Language) -> None:
    text, words = read(letter(refused(), language)), WORDS[language]
    assert "“Your request reaches back to 2009.”" in text
    assert words.extended.format(day=words.day(date(2026, 11, 22))) in text


def test_a_pause_is_told_with_its_ground_unless_it_is_ours() -> None:
    paused = one(Outcome.NEEDS_PERSON, pauses=(Pause(ISSUED, None, "De handtekening wijkt af."),))
    assert "(AVG art. 12(6)). Onze reden: “De handtekening wijkt af.”" in read(letter(paused))
    ours = one(Outcome.NEEDS_PERSON, pauses=(Pause(ISSUED, None, DOUBTFUL),))
    assert "zeker weten dat dit verzoek van u komt" in read(letter(ours)) and "Onze reden" not in letter(ours)
    over = one(Outcome.ERASED, pauses=(Pause(ISSUED, datetime(2026, 11, 25, 9, tzinfo=UTC), DOUBTFUL),))
    assert "Van 22 november 2026 tot 25 november 2026 stond de termijn stil." in read(letter(over))


@pytest.mark.parametrize("ground", ["17(1)(a)", "5(1)(e), 17(1)(a)"])
def test_what_ended_by_itself_is_not_told_as_asked_for(ground: str) -> None:
    said = read(letter(case(processor(record(Outcome.ERASED)), ground=ground)))
    assert "ontvingen wij het verzoek" not in said and "omdat wij ze niet meer nodig hebben" in said


# What is late


def test_a_refusal_that_comes_too_late_says_so_by_the_day_of_a_refusal() -> None:
    late = datetime(2026, 12, 23, 9, tzinfo=UTC)
    word = Decision(decision="refuse", reason="Weighed.", at=late)
    for more in ({}, {"due_by": date(2027, 2, 22), "refuse_by": date(2026, 12, 21), "extension": extended().extension}):
        made = certify(one(Outcome.REFUSED, decision=word, **more), facts(issued_at=late))
        assert "uiterlijk op 21 december 2026 moeten laten weten (AVG art. 12(4)). Dat is niet gelukt." in read(
            to_subject(made, Language.NL, SEAT)
        )
    assert "moeten laten weten" not in letter(one(Outcome.REFUSED, decision=decision("refuse")))


def test_what_is_done_too_late_and_a_promise_that_was_broken_are_told() -> None:
    of = case(processor(record(Outcome.ERASED)), promised_by=date(2026, 12, 18))
    text = read(to_subject(certify(of, facts(issued_at=datetime(2026, 12, 22, 9, tzinfo=UTC))), Language.EN, SEAT))
    assert "We had promised to answer you by 18 December 2026. We did not keep that promise." in text
    assert "We should have answered you by 21 December 2026." in text
    assert "promise" not in letter(of, Language.EN)


# What waits for another request of the person


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("waits", Waits)
def test_what_waits_says_for_what_and_what_the_person_can_do(waits: Waits, language: Language) -> None:
    block = Block(by=case().request_id, reason=waits("18(1)(c), by the form of 3 May"))
    waiting = case(processor(answer=Outcome.NEEDS_PERSON, reason=block.reason), block=block)
    for text in (letter(waiting, language), letter_under_way(waiting, language) or ""):
        assert WORDS[language].waits[waits] in read(text)
        assert [] == [found.group() for found in INTERNAL.finditer(text)]
    assert re.search(r"(Laat het ons weten\.|[Tt]ell us( why)?\.|[Vv]raag ons dan|ask us|Laat ons weten)", WORDS[language].waits[waits])


def test_what_waits_for_a_person_for_another_reason_is_not_told_as_waiting_for_a_request() -> None:
    assert "Wij wachten nog" not in letter(one(Outcome.NEEDS_PERSON))
    assert None is waits_for("A restriction under GDPR art. ") and None is waits_for(None)


# Before there is an answer


def test_an_extension_is_told_before_there_is_a_certificate_with_its_reason_the_last_day_and_the_remedies() -> None:
    text = read(letter_under_way(extended()) or "")
    assert "twee maanden extra nodig hebben (AVG art. 12(3)). Onze reden: “Uw gegevens staan in veertien systemen.”" in text
    assert "tot en met 22 februari 2027" in text and "AVG art. 77" in text and "AVG art. 79" in text


def test_an_extended_time_that_is_over_is_not_told_as_still_to_come() -> None:
    late = read(letter_under_way(extended(), on=date(2027, 2, 23)) or "")
    assert "Wij hadden uiterlijk op 22 februari 2027 klaar moeten zijn." in late and "tot en met 22 februari 2027" not in late


def test_a_lifting_is_told_before_it_happens_with_the_day() -> None:
    from_then = {"again_at": datetime(2026, 12, 3, 23, 30, tzinfo=UTC), "answered": False}
    lifting = case(processor(**from_then), right=Right.LIFTING, ground=None)
    assert "From 4 December 2026 on we end the restriction" in read(letter_under_way(lifting, Language.EN) or "")
    rejected = case(processor(record(Outcome.RESTRICTED), **from_then), right=Right.OBJECTION, decision=decision("reject"))
    text = read(letter_under_way(rejected, Language.EN) or "")
    assert "do not find it justified. Our reason: “Weighed for reject.” From 4 December 2026 on" in text
    assert "We are ending the restriction" in read(
        letter_under_way(case(processor(in_flight=True), right=Right.LIFTING), Language.EN) or ""
    )


def test_who_is_asked_for_proof_reads_why() -> None:
    doubted = case(processor(answered=False), pauses=(Pause(ISSUED, None, "De handtekening wijkt af."),))
    assert "staat de termijn stil (AVG art. 12(6)). Onze reden: “De handtekening wijkt af.”" in read(letter_under_way(doubted) or "")


def test_what_is_answered_or_refused_has_no_letter_but_that_of_its_certificate() -> None:
    for of in (
        case(processor(answered=False)),
        refused(),
        extended().model_copy(update={"state": "closed"}),
        case(processor(), mode="dry-run"),
    ):
        assert None is letter_under_way(of)


# Access


def test_who_asks_for_access_reads_who_holds_their_data_and_of_which_kind() -> None:
    text = letter_of_holders(mixed().model_copy(update={"mode": "dry-run"}))
    holders, _, rest = text.partition("Wat vanzelf verdwijnt")
    assert "- moneybird (onze boekhouding): 1 contactgegeven, 3 offertes, 1 factuur." in read(holders)
    assert "- jira (onze klantenservice): 12 meldingen, 1 gebruiker." in read(holders)
    assert "- backups (onze website en e-mailvoorzieningen)." in read(rest)
    assert "- mailman (onze mailinglijst)." in read(rest) and "Het is geen kopie van uw gegevens." in read(rest)
    assert "Autoriteit Persoonsgegevens" in read(rest)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.FAILED, "What is not finished yet"), (Outcome.NEEDS_IDENTIFIER, "Where we could not look you up"),
        (Outcome.NEEDS_PERSON, "one of our staff"), (Outcome.NOT_APPLICABLE, "Where nothing needs to be done"),
    ],
)  # fmt: skip
def test_where_nobody_could_look_is_not_told_as_nothing_found(outcome: Outcome, said: str) -> None:
    text = read(letter_of_holders(case(processor(answer=outcome), mode="dry-run"), Language.EN))
    assert said in text and "found nothing" not in text and "Who holds data" not in text


def test_what_a_vendor_would_not_let_go_is_held_there_all_the_same() -> None:
    text = read(letter_of_holders(case(processor(record(Outcome.REFUSED)), mode="dry-run"), Language.EN))
    assert "- moneybird (our bookkeeping): 1 contact entry." in text and "What did not work" not in text


# The authority


def test_the_authority_is_the_configured_one_else_that_of_the_country_else_the_persons_own() -> None:
    belgian = Seat(SEAT.zone, "BE", "de Gegevensbeschermingsautoriteit, Drukpersstraat 35, Brussel")
    assert "Gegevensbeschermingsautoriteit" in letter(mixed(), seat=belgian) and "UAVG" not in letter(mixed(), seat=belgian)
    assert "Autoriteit Persoonsgegevens" in letter(mixed())
    assert "in het land waar u woont of werkt" in read(letter(mixed(), seat=Seat(SEAT.zone, "FR")))
    assert [Language.NL, Language.EN] == [language_of(country) for country in ("NL", "FR")]


# Recipients


def test_the_person_reads_who_was_told_by_day_and_not_by_name() -> None:
    text = letter(mixed())
    assert "- Onze betalingen: op 24 november 2026.\n" in text
    assert "Wilt u weten welke organisaties dit zijn?" in read(text)
    assert "Wie wij hebben ingelicht" not in letter(case(processor(record(Outcome.FAILED, reason=told_by_letter()))))


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("language", Language)
def test_the_letter_to_a_recipient_names_the_request_and_leaves_the_person_blank(language: Language, right: Right) -> None:
    of = case(processor(), right=right, ground=None)
    text = letter_to_recipient(of, language)
    assert str(of.request_id) in text and of.pseudonym in text and "privacy@example.nl" == " ".join(re.findall(r"\S*@\S*", text))
    assert 4 == text.splitlines().count(BLANK)
    assert [] == [found.group() for found in INTERNAL.finditer(text.replace("_", ""))]
    assert WORDS[language].day(of.due_by) in text


@pytest.mark.parametrize(
    ("right", "said"), [(Right.ERASURE, "Wij wissen"), (Right.OBJECTION, "Wij beperken"), (Right.LIFTING, "Wij heffen")]
)
def test_a_recipient_is_told_what_is_ordered_here(right: Right, said: str) -> None:
    assert said in letter_to_recipient(case(processor(), right=right))


def test_a_recipient_that_is_told_late_is_asked_to_answer_soon() -> None:
    assert "zo snel mogelijk" in letter_to_recipient(mixed(), on=date(2026, 12, 22))


# The page


@pytest.mark.parametrize("heading", SHOWN)
def test_the_letters_on_the_page_are_what_is_printed(heading: str) -> None:
    page = (Path(__file__).parents[2] / "docs/officer.md").read_text()
    assert f"### {heading}\n\n```text\n{SHOWN[heading]()}```\n" in page


def test_the_letters_on_the_page_are_those_of_real_certificates() -> None:
    assert [Status.COMPLETE_WITH_HOLDS, Status.PARTIAL] == [certificate(of).status for of in (mixed(), refused())]
    assert VERIFIED in {line.evidence for entry in certificate(mixed()).processors for line in entry.records}


@pytest.mark.parametrize("language", Language)
def test_the_letter_goes_to_the_address_that_is_known_and_no_message_has_room_for_another(language: Language) -> None:
    said = {Language.NL: "gaat naar het adres dat wij al van u hebben", Language.EN: "goes to the address that we already have"}
    assert said[language] in read(letter(mixed(), language))
    fields = {
        "request_id",
        "received_at",
        "subject",
        "ground",
        "verified_by",
        "processors",
        "mode",
        "identity",
        "role",
        "contract_ended_on",
    }
    assert fields == set(SubjectRequest.model_fields)
