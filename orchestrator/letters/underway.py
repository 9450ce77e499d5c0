"""What the person is told before there is an answer: that it takes longer (GDPR art. 12(3)), waits, or that a lifting comes (18(3))."""

from collections.abc import Iterator
from datetime import date

from orchestrator.case import Case
from orchestrator.letters.layout import bullets, letter, lines, paragraph
from orchestrator.letters.subject import doubted, extended, received, remedies
from orchestrator.letters.tongues import WORDS
from orchestrator.letters.words import Language, Seat, Words
from orchestrator.payload import Controller
from orchestrator.sentences import waits_for
from topics.events import Right
from topics.outcomes import Outcome

_TRIED = {Outcome.FAILED, Outcome.DEFERRED, Outcome.ACCEPTED}


def while_under_way(case: Case, controller: Controller, language: Language, seat: Seat, on: date) -> str | None:
    """The letter of that day; None: there is nothing to tell that a certificate would not say."""
    words = WORDS[language]
    told = [] if case.mode == "dry-run" or case.refused or case.state == "closed" else list(_told(case, words, seat, on))
    return letter(_parts(case, told, controller, words, seat, on)) if told else None


def _parts(case: Case, told: list[str], controller: Controller, words: Words, seat: Seat, on: date) -> Iterator[str]:
    yield lines(controller.name, controller.contact)
    yield lines(words.day(on))
    yield lines(f"{words.about_word}: {words.about[case.right]}", f"{words.reference}: {case.request_id}")
    yield words.greeting
    yield paragraph(received(case.right, case.ground, case.received_at.astimezone(seat.zone).date(), words))
    yield from map(paragraph, told)
    yield lines(words.disagree) + "\n" + bullets(remedies(controller.contact, words, seat))
    yield paragraph(words.address)
    yield lines(words.closing, controller.name)


def _told(case: Case, words: Words, seat: Seat, on: date) -> Iterator[str]:
    if case.stopped:
        yield from _stands(case, words)
    elif case.action == "lift":
        yield from _lifting(case, words, seat)
    if case.extension is not None:
        yield extended(case.extension, words, seat)
        if not case.stands_still(seat.zone):
            yield (words.late if on > case.due_by else words.until).format(day=words.day(case.due_by))


def _stands(case: Case, words: Words) -> Iterator[str]:
    """Why nothing is done now, and what the person can do."""
    waits = waits_for(case.block.reason) if case.block else None
    if case.paused:
        yield doubted(case.pauses[-1], words)
    elif waits is not None:
        yield words.waits[waits]


def _lifting(case: Case, words: Words, seat: Seat) -> Iterator[str]:
    """That the restriction ends, from when on, and after a rejected objection why; a certificate that came since says what was done."""
    announced = [p.again_at for p in case.processors if p.again_at and not p.in_flight and p.outcome not in _TRIED]
    since = case.decision.at if case.decision else case.opened_at
    if not announced and any(one.issued_at >= since for one in case.certificates):
        return
    if case.right is Right.OBJECTION and case.decision is not None:
        yield f"{words.objection_rejected} {words.because(case.decision.reason)}"
    day = min(announced, default=None)
    yield words.lifting_now if day is None else words.lifting_from.format(day=words.day(day.astimezone(seat.zone).date()))
