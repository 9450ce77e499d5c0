"""The answer of a dry run to who asks for access: which processors hold data of the person, and of which kind (GDPR art. 15(1)(b), (c))."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from orchestrator.case import Case, ProcessorState, RecordState
from orchestrator.letters.layout import bullets, letter, lines, paragraph
from orchestrator.letters.subject import SECTIONS, remedies
from orchestrator.letters.tongues import WORDS
from orchestrator.letters.words import Language, Seat, Section, Words
from orchestrator.payload import Controller
from topics.outcomes import Outcome


def of_holders(case: Case, controller: Controller, language: Language, seat: Seat, on: date) -> str:
    """The letter of that day. The processors stand in it by the names of erasure.toml: who holds the data is what was asked."""
    return letter(_parts(case, controller, WORDS[language], seat, on))


def _parts(case: Case, controller: Controller, words: Words, seat: Seat, on: date) -> Iterator[str]:
    yield lines(controller.name, controller.contact)
    yield lines(words.day(on))
    yield lines(f"{words.about_word}: {words.access.about}", f"{words.reference}: {case.request_id}")
    yield words.greeting
    yield paragraph(words.access.received.format(day=words.day(case.received_at.astimezone(seat.zone).date())))
    holding = [(one, found) for one in case.processors if (found := _found(one))]
    if holding:
        yield _part(words.access.holders, [_holds(one, found, words) for one, found in holding])
    for section, heading in words.sections.items():
        yield _part(heading, [_named(one, words) + "." for one in case.processors if section in _sections(one)])
    yield lines(words.disagree) + "\n" + bullets(remedies(controller.contact, words, seat))
    yield lines(words.limits) + "\n" + bullets([words.limits_of, words.access.no_copy])
    yield paragraph(words.address)
    yield lines(words.closing, controller.name)


def _part(heading: tuple[str, str], items: list[str]) -> str:
    return lines(heading[0]) + "\n" + paragraph(heading[1]) + "\n" + bullets(items) if items else ""


def _found(processor: ProcessorState) -> list[RecordState]:
    """What was seen there, whatever would become of it; what goes by itself was looked up by nobody."""
    return [record for record in processor.records.values() if record.outcome not in (Outcome.EXPIRING, Outcome.NOT_APPLICABLE)]


def _sections(processor: ProcessorState) -> set[Section]:
    """What is to be said of it besides what was found: it could not be searched, nothing is there, or it goes by itself."""
    by_rule = {Outcome.EXPIRING for record in processor.records.values() if record.outcome is Outcome.EXPIRING}
    whole = set() if processor.records and not processor.answer else {processor.outcome}
    return {SECTIONS[outcome] for outcome in by_rule | whole}


def _named(processor: ProcessorState, words: Words) -> str:
    area = words.area(processor.kind)
    return f"{processor.name} ({area[0].lower()}{area[1:]})"


def _holds(processor: ProcessorState, found: list[RecordState], words: Words) -> str:
    counts = Counter(record.kind for record in found)
    return f"{_named(processor, words)}: {', '.join(words.counted(kind, count) for kind, count in sorted(counts.items()))}."
