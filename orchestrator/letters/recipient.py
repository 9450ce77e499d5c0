"""The letter to who had the data from us (GDPR art. 19). It holds nothing of the person: whom it is about is filled in by hand."""

from collections.abc import Iterator
from datetime import date

from orchestrator.case import Case
from orchestrator.letters.layout import BLANK, letter, lines, paragraph
from orchestrator.letters.tongues import WORDS
from orchestrator.letters.words import Language, Words
from orchestrator.payload import Controller


def to_recipient(case: Case, controller: Controller, language: Language, on: date) -> str:
    """The letter of that day, with the request's id and the person's pseudonym; the same for every recipient."""
    return letter(_parts(case, controller, WORDS[language], on))


def _parts(case: Case, controller: Controller, words: Words, on: date) -> Iterator[str]:
    to, action = words.recipient, case.action
    yield lines(controller.name, controller.contact)
    yield lines(words.day(on))
    yield lines(to.to, BLANK, BLANK)
    yield lines(
        f"{words.about_word}: {to.about[action]}",
        f"{words.reference}: {case.request_id}",
        f"{to.code}: {case.pseudonym}",
    )
    yield words.greeting
    yield paragraph(f"{to.done[action]} {to.duty}")
    yield paragraph(to.own[action])
    yield paragraph(to.ordered[action])
    asked = to.confirm_by.format(day=words.day(case.due_by)) if on <= case.due_by else to.confirm_soon
    yield paragraph(f"{asked} {to.only_reference}")
    yield lines(words.closing, controller.name)
    yield paragraph(to.who) + "\n\n" + lines(to.name, BLANK, to.known_by, BLANK)
