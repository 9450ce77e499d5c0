"""The letter to the person: what a certificate says, and nothing else, without a name of ours or theirs (GDPR art. 12(1), 12(4))."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from orchestrator.case import Decision, Status
from orchestrator.clock import Extension
from orchestrator.deadlines import Pause, local_day
from orchestrator.letters.layout import bullets, letter, lines, paragraph
from orchestrator.letters.tongues import WORDS
from orchestrator.letters.words import Language, Seat, Section, Words
from orchestrator.not_claimed import SEALED
from orchestrator.own import intake_line, readable_on_intake
from orchestrator.payload import KEY, SUPPRESSION, Certificate, ProcessorEntry, RecordLine
from orchestrator.sentences import DOUBTFUL, Waits, ruled_by, told_by_letter, waits_for
from topics.commands import LEGAL_CLAIM
from topics.events import ENDED, Right, is_against_marketing
from topics.outcomes import Evidence, Hold, Outcome

SECTIONS = {
    Outcome.SILENT: Section.OPEN,
    Outcome.FAILED: Section.OPEN,
    Outcome.DEFERRED: Section.OPEN,
    Outcome.REFUSED: Section.IMPOSSIBLE,
    Outcome.NEEDS_PERSON: Section.BY_HAND,
    Outcome.NEEDS_IDENTIFIER: Section.UNKNOWN,
    Outcome.ACCEPTED: Section.PROMISED,
    Outcome.EXPIRING: Section.AGEING,
    Outcome.HELD: Section.KEPT,
    Outcome.RESTRICTED: Section.SHUT,
    Outcome.LIFTED: Section.FREE,
    Outcome.ANONYMISED: Section.ANONYMOUS,
    Outcome.ERASED: Section.GONE,
    Outcome.NOT_APPLICABLE: Section.NEEDLESS,
    Outcome.NOTHING_FOUND: Section.ABSENT,
}
"""Under which heading an outcome is told."""
_MUST_BE_CHECKED = {Section.GONE, Section.ANONYMOUS, Section.SHUT, Section.FREE}


class _Item(NamedTuple):
    """What one line of a list is about. `kind` None: a kind of processor as a whole."""

    section: Section
    area: str
    kind: str | None = None
    hold: Hold | None = None
    bound_to: str | None = None
    until: date | None = None
    source: str | None = None


def to_subject(certificate: Certificate, language: Language, seat: Seat) -> str:
    """The letter, as text of 78 columns. The same certificate always makes the same letter."""
    return letter(_parts(certificate, WORDS[language], seat))


def _parts(certificate: Certificate, words: Words, seat: Seat) -> Iterator[str]:
    controller = certificate.controller
    yield lines(controller.name, controller.contact)
    yield lines(words.day(certificate.issued_at.date()))
    yield lines(f"{words.about_word}: {words.about[certificate.right]}", f"{words.reference}: {certificate.request_id}")
    yield words.greeting
    yield paragraph(received(certificate.right, certificate.ground, certificate.received_at.date(), words))
    yield from map(paragraph, _answer(certificate, words))
    yield from map(paragraph, _delays(certificate, words, seat))
    yield from _sections(certificate, words)
    yield lines(words.disagree) + "\n" + bullets(remedies(controller.contact, words, seat))
    yield lines(words.limits) + "\n" + bullets(_limits(certificate, words))
    yield paragraph(words.address)
    yield lines(words.closing, controller.name)


def received(right: Right, ground: str | None, on: date, words: Words) -> str:
    """What was asked, and on which day."""
    ended = right is Right.ERASURE and ground in ENDED.values()  # nobody may have asked: a contract ended
    return (words.no_longer_needed if ended else words.received[right]).format(day=words.day(on))


def _answer(certificate: Certificate, words: Words) -> Iterator[str]:
    """What became of the request as a whole, and why."""
    decision = certificate.decision
    waits = decision is None and certificate.right is Right.OBJECTION and not _against_marketing(certificate)
    if decision is not None:
        yield _decided(certificate, decision, words)
    yield from _late(certificate, words)
    if _turned_down(certificate):
        return
    paused = next((pause for pause in certificate.pauses if pause.ended is None), None)
    if paused is not None:
        yield doubted(paused, words)
        return
    found = dict.fromkeys(one for entry in certificate.processors if (one := _waits(entry)))
    yield from (words.waits[one] for one in Waits if one in found)
    if waits:
        yield words.examining
    elif certificate.status is Status.PARTIAL:
        yield words.not_done
    else:
        yield words.done if certificate.status is Status.COMPLETE else words.done_but_kept
    if certificate.status is Status.PARTIAL and not certificate.deadline_met:  # met: a hold has ended, years after the answer
        late = certificate.issued_at.date() > certificate.due_by
        yield (words.late if late else words.until).format(day=words.day(certificate.due_by))


def _decided(certificate: Certificate, decision: Decision, words: Words) -> str:
    if decision.decision == "refer":
        return words.referred  # its reason is ours, and always the same
    objection = certificate.right is Right.OBJECTION
    if decision.decision == "uphold":
        said = words.objection_upheld if objection else words.upheld
    elif decision.decision == "reject" and objection:
        said = words.objection_rejected
    else:
        some = {Section.GONE, Section.ANONYMOUS, Section.SHUT, Section.FREE, Section.PROMISED, Section.UNCHECKED}
        done = any(item.section in some for item in _items(certificate))
        said = words.rest_turned_down if done else words.turned_down
    return f"{said} {words.because(decision.reason)}"


def _turned_down(certificate: Certificate) -> bool:
    """Whether the officer's word is that it is not carried out, or no further; see `Case.refused`."""
    word = certificate.decision.decision if certificate.decision else None
    return word in ("refuse", "refer") or (word == "reject" and certificate.right is not Right.OBJECTION)


def _waits(entry: ProcessorEntry) -> Waits | None:
    return waits_for(entry.reason) if entry.outcome is Outcome.NEEDS_PERSON else None


def _late(certificate: Certificate, words: Words) -> Iterator[str]:
    """A last day that was not kept by what is answered now; of what is still open, `_answer` says so."""
    if certificate.promise_kept is False and certificate.promised_by is not None:
        yield words.promise_broken.format(day=words.day(certificate.promised_by))
    word, tell_by = certificate.decision, certificate.refuse_by or certificate.due_by
    if certificate.deadline_met is not False:
        return
    if word is not None and word.decision != "uphold" and word.at.astimezone(certificate.issued_at.tzinfo).date() > tell_by:
        yield words.refused_late.format(day=words.day(tell_by))
    elif certificate.status is not Status.PARTIAL:
        yield words.answered_late.format(day=words.day(certificate.due_by))


def doubted(pause: Pause, words: Words) -> str:
    """Why the person is asked for proof; the ground, unless it is a sentence of ours."""
    return words.paused + ("" if pause.ground == DOUBTFUL else " " + words.because(pause.ground))


def extended(extension: Extension, words: Words, seat: Seat) -> str:
    """That it takes longer, noted on which day, and why."""
    told = words.extended.format(day=words.day(local_day(extension.told_at, seat.zone)))
    return f"{told} {words.because(extension.reason)}"


def _delays(certificate: Certificate, words: Words, seat: Seat) -> Iterator[str]:
    if certificate.extension is not None:
        yield extended(certificate.extension, words, seat)
    for pause in certificate.pauses:
        if pause.ended is not None:
            began, ended = (words.day(local_day(moment, seat.zone)) for moment in (pause.began, pause.ended))
            yield words.was_paused.format(began=began, ended=ended)


def _sections(certificate: Certificate, words: Words) -> Iterator[str]:
    counts = Counter(_items(certificate))
    for section, (heading, intro) in words.sections.items():
        found = sorted((_line(item, count, certificate, words) for item, count in counts.items() if item.section is section))
        if found:
            notes = [intro, *_notes(section, certificate, words)]
            yield lines(heading) + "\n" + paragraph(" ".join(notes)) + "\n" + bullets(found)


def _items(certificate: Certificate) -> Iterator[_Item]:
    """Every record and every processor of which more is to be said than its records say, each as often as it is there."""
    for entry in certificate.processors:
        for line in entry.records:
            yield from [_item(entry, line, certificate)] * line.count
        if entry.outcome not in {line.outcome for line in entry.records}:
            yield _Item(_section(entry.outcome, certificate), entry.kind)


def _section(outcome: Outcome, certificate: Certificate, unconfirmed: bool = False) -> Section:
    if outcome is Outcome.REFUSED and _turned_down(certificate):
        return Section.TURNED_DOWN
    if unconfirmed:  # once there is a word, it is not carried out yet
        return Section.OPEN if certificate.decision else Section.TO_DECIDE
    return SECTIONS[outcome]


def _item(entry: ProcessorEntry, line: RecordLine, certificate: Certificate) -> _Item:
    told = told_by_letter(line.outcome, line.reason)
    if told is not None:
        return _Item(Section.TOLD, entry.kind, until=told.on)
    section = _section(line.outcome, certificate, line.unconfirmed)
    if section in _MUST_BE_CHECKED and line.evidence is not Evidence.VERIFIED:
        section = Section.UNCHECKED
    if section is Section.NEEDLESS and line.until is not None:
        section = Section.AGED
    bound_to = line.bound_to if section is Section.SHUT else None
    hold = line.hold if section is Section.KEPT else _longest(entry, bound_to) if bound_to else None
    ages = section in {Section.AGEING, Section.AGED}
    until = line.until if bound_to is not None or ages else None
    return _Item(section, entry.kind, line.kind, hold, bound_to, until, ruled_by(line.reason) if ages else None)


def _longest(entry: ProcessorEntry, kind: str) -> Hold | None:
    """What keeps the records of that kind the longest there."""
    held = [line.hold for line in entry.records if line.hold and line.kind == kind]
    return max(held, key=lambda hold: (hold.until, hold.statute), default=None)


def _line(item: _Item, count: int, certificate: Certificate, words: Words) -> str:
    area = words.area(item.area)
    if item.section is Section.TOLD and item.until is not None:
        return words.told_on.format(area=area, day=words.day(item.until))
    what = area if item.kind is None else f"{area}: {words.counted(item.kind, count)}"
    today = certificate.issued_at.date()
    if item.hold is not None and item.bound_to is None:
        return _kept(what, item.hold, today, words)
    if item.until is None:
        unwanted = item.section is Section.SHUT and _to_erase(certificate)
        return f"{what}. {words.not_yet_erased}" if unwanted else f"{what}."
    day = words.day(item.until)
    if item.bound_to is not None:
        belongs = words.belongs_to.format(what=what, day=day, kinds=words.several(item.bound_to))
        law = f" {_law(item.hold, words)}" if item.hold else ""
        return f"{belongs} {words.over if item.until < today else words.stays_shut}{law}"
    gone = (words.should_be_gone if item.section is Section.AGED else words.gone_after).format(what=what, day=day)
    return f"{gone} {words.rule_stands.format(source=item.source)}" if item.source else gone


def _to_erase(certificate: Certificate) -> bool:
    """Whether all that can go is to go, so that shut off is less than was due; see `Case.action`."""
    if certificate.right is Right.OBJECTION:
        upheld = certificate.decision is not None and certificate.decision.decision == "uphold"
        return upheld or _against_marketing(certificate)
    return certificate.right in (Right.ERASURE, Right.WITHDRAWAL)


def _against_marketing(certificate: Certificate) -> bool:
    """An objection to direct marketing, which nobody examines (GDPR art. 21(2), (3))."""
    return is_against_marketing(certificate.right, certificate.ground)


def _kept(what: str, hold: Hold, today: date, words: Words) -> str:
    claim = hold.statute == LEGAL_CLAIM
    said = [(words.claim_until if claim else words.kept_until).format(what=what, day=words.day(hold.until)), _law(hold, words)]
    said += [words.because(hold.reason)] if hold.reason else []
    said += [words.over] if hold.until < today and not claim else []
    return " ".join(said)


def _law(hold: Hold, words: Words) -> str:
    """The statute and the exception that it is."""
    exception = words.article(hold.exception)
    if hold.statute == LEGAL_CLAIM:
        return words.claim.format(exception=exception)
    return words.law.format(statute=words.statute(hold.statute), exception=exception)


def _notes(section: Section, certificate: Certificate, words: Words) -> Iterator[str]:
    """Why nothing is done, and whether what is shut off can be freed."""
    referred = certificate.decision is None or certificate.decision.decision == "refer"
    if section is Section.TURNED_DOWN and certificate.decision and not referred:
        yield words.because(certificate.decision.reason)
    if section is not Section.SHUT:
        return
    if certificate.right is Right.RESTRICTION:
        yield words.can_be_lifted
    elif certificate.right is Right.OBJECTION and not _to_erase(certificate) and certificate.decision is None:
        yield words.until_decided


def remedies(contact: str, words: Words, seat: Seat) -> Iterator[str]:
    """Where the person can go (GDPR art. 12(4), 77, 79)."""
    yield words.tell_us.format(contact=contact)
    yield words.complaint.format(authority=seat.authority or words.authorities.get(seat.country, words.any_authority))
    yield " ".join(filter(None, (words.court, words.courts_of.get(seat.country))))


def _limits(certificate: Certificate, words: Words) -> Iterable[str]:
    yield words.limits_of
    yield words.we_keep
    if SEALED in certificate.not_claimed:
        yield words.we_keep_sealed
    days = [line.until for line in certificate.orchestrator.records if line.kind == KEY and line.until]
    yield from (words.we_keep_key.format(day=words.day(day)) for day in days)
    line = intake_line(certificate.orchestrator.records)
    if line is not None and line.until is not None:
        said = words.we_keep_request if readable_on_intake(line) else words.we_keep_request_sealed
        yield said.format(day=words.day(line.until))
    for own in certificate.orchestrator.records:
        if own.kind == SUPPRESSION and own.until is not None:
            yield words.we_keep_tokens.format(day=words.day(own.until))
