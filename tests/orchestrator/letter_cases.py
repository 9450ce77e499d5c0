"""Cases whose letters stand in docs/officer.md, and what the tests of letters read them with."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from orchestrator.case import Case, Decision, Extension
from orchestrator.letters import Language, Seat, of_holders, to_recipient, to_subject, while_under_way
from orchestrator.sentences import done_by_a_person
from tests.orchestrator.certificate_cases import AWR, ISSUED, case, certificate, processor, record
from topics.orders import Prove
from topics.outcomes import Outcome

SEAT = Seat(ZoneInfo("Europe/Amsterdam"))
SHREDDED_FROM = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WHY = "Facturen horen bij de boekhouding, die de Belastingdienst zeven jaar mag inzien."


def told_by_letter() -> str:
    """What stands on a certificate of a recipient that was told on 24 November 2026."""
    task = {"request_id": case().request_id, "processor": "ing", "outcome": Outcome.NOT_APPLICABLE, "on": "2026-11-24", "proof": "ab" * 32}
    return done_by_a_person(Prove.model_validate(task))


def mixed() -> Case:
    """Erased, held, bound to what is held, ageing, nothing found, and a recipient that was told."""
    books = processor(
        record(Outcome.HELD, "invoice", hold=AWR.model_copy(update={"reason": WHY})),
        record(Outcome.RESTRICTED, bound_to="invoice"),
        *[record(Outcome.ERASED, "estimate")] * 3,
    )
    tickets = processor(*[record(Outcome.ERASED, "ticket")] * 12, record(Outcome.ANONYMISED, "user"), name="jira", kind="ticketing")
    backups = processor(record(Outcome.EXPIRING, "backup", until=date(2026, 11, 29)), name="backups", kind="hosting")
    ing = processor(record(Outcome.NOT_APPLICABLE, "record", reason=told_by_letter()), name="ing", connector="manual", kind="payments")
    return case(books, tickets, backups, ing, processor(name="mailman", kind="mailing_list"), shred_at=SHREDDED_FROM)


def refused() -> Case:
    """Refused as a whole, after an extension."""
    reason = "You asked the same last month, and nothing has been added since."
    waiting = processor(answer=Outcome.REFUSED, reason=reason)
    decision = Decision(decision="refuse", reason=reason, at=ISSUED)
    extension = Extension(reason="Your request reaches back to 2009.", told_at=datetime(2026, 11, 21, 23, 30, tzinfo=UTC))
    return case(waiting, decision=decision, extension=extension, shred_at=SHREDDED_FROM)


def letter(of: Case, language: Language = Language.NL, seat: Seat = SEAT) -> str:
    """The letter to the person, of a certificate issued on 22 November 2026."""
    return to_subject(certificate(of), language, seat)


def letter_to_recipient(of: Case, language: Language = Language.NL, on: date = date(2026, 11, 22)) -> str:
    """The letter to a recipient."""
    return to_recipient(of, certificate(mixed()).controller, language, on)


def letter_of_holders(of: Case, language: Language = Language.NL) -> str:
    """The answer to who asked for access."""
    return of_holders(of, certificate(mixed()).controller, language, SEAT, date(2026, 11, 22))


def extended() -> Case:
    """Not answered yet, and extended on 1 December."""
    extension = Extension(reason="Uw gegevens staan in veertien systemen.", told_at=datetime(2026, 12, 1, 9, tzinfo=UTC))
    return case(processor(answered=False), extension=extension, due_by=date(2027, 2, 22))


def letter_under_way(of: Case, language: Language = Language.NL, on: date = date(2026, 12, 1)) -> str | None:
    """The letter to the person while there is no answer."""
    return while_under_way(of, certificate(mixed()).controller, language, SEAT, on)


def read(text: str) -> str:
    """Without its line breaks, as an eye reads it."""
    return " ".join(text.split())


SHOWN = {
    "Partly kept, in Dutch": lambda: letter(mixed()),
    "Refused, in English": lambda: letter(refused(), Language.EN),
    "It takes longer, in Dutch": lambda: letter_under_way(extended()),
    "To a recipient, in Dutch": lambda: letter_to_recipient(mixed()),
    "On access, in Dutch": lambda: letter_of_holders(mixed().model_copy(update={"mode": "dry-run"})),
}
"""The letters on the page, by the heading above each."""
