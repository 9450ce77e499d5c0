"""A certificate in plain words, for a privacy officer who is no programmer."""

from collections.abc import Iterable
from datetime import date, datetime
from io import StringIO

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.case import Status
from orchestrator.own import intake_line
from orchestrator.payload import UNCLAIMED, Certificate, OwnLine, ProcessorEntry, RecordLine
from orchestrator.sentences import told_by_letter
from topics.events import Right
from topics.outcomes import Evidence, Outcome

_WIDTH = 100
_MONTHS = dict(enumerate(("January", "February", "March", "April", "May", "June"), start=1))
_MONTHS |= enumerate(("July", "August", "September", "October", "November", "December"), start=7)

_TITLES = {
    Right.ERASURE: "Erasure (GDPR art. 17)",
    Right.RESTRICTION: "Restriction of processing (GDPR art. 18)",
    Right.LIFTING: "Lifting of a restriction (GDPR art. 18(3))",
    Right.OBJECTION: "Objection to processing (GDPR art. 21)",
    Right.WITHDRAWAL: "Withdrawal of consent (GDPR art. 7(3))",
}
_STATUSES = {
    Status.COMPLETE: "COMPLETE. Every processor listed has answered, and nothing is left to do.",
    Status.COMPLETE_WITH_HOLDS: "COMPLETE, WITH HOLDS. Every processor listed has answered; what is still there is "
    "kept for the reason and until the date given below.",
    Status.PARTIAL: "PARTIAL. Not everything is done or known; the lines below say where. A new certificate follows when that changes.",
}
_WORDS = {
    Outcome.SILENT: "NO ANSWER: what is there is not known",
    Outcome.FAILED: "FAILED: may still be there",
    Outcome.REFUSED: "REFUSED by the processor: still there",
    Outcome.NEEDS_PERSON: "WAITS for a person to do it",
    Outcome.NEEDS_IDENTIFIER: "WAITS for an identifier to look it up by",
    Outcome.DEFERRED: "PUT OFF: is tried again later",
    Outcome.ACCEPTED: "PROMISED, not proven: the processor does it later",
    Outcome.EXPIRING: "goes by itself when its time is over",
    Outcome.HELD: "kept by law",
    Outcome.RESTRICTED: "shut off from use",
    Outcome.LIFTED: "free for use again",
    Outcome.ANONYMISED: "made anonymous",
    Outcome.ERASED: "erased",
    Outcome.NOT_APPLICABLE: "does not apply",
    Outcome.NOTHING_FOUND: "nothing was found",
}
_DECISIONS = {"uphold": "Upheld", "reject": "Rejected", "refuse": "Refused", "refer": "Referred"}
_TOLD = "told by letter"
_PROOFS = {
    Evidence.ACCEPTED: "not proven: the processor only said yes",
    Evidence.EXECUTED: "not proven: done, but not looked at again",
    Evidence.VERIFIED: "looked again: it is so",
}


def as_text(certificate: Certificate, jws_sha256: str | None = None) -> str:
    """The certificate as plain text of 100 columns, without any code for colour.

    `jws_sha256` is the fingerprint of its compact JWS, printed if given, so that paper and file can be compared.
    """
    out = StringIO()
    console = Console(file=out, width=_WIDTH, no_color=True, force_terminal=False, markup=False, emoji=False)
    for part in _parts(certificate, jws_sha256):
        console.print(part, highlight=False)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _parts(certificate: Certificate, jws_sha256: str | None) -> Iterable[RenderableType]:
    yield _plain(f"CERTIFICATE: {_TITLES[certificate.right]}")
    yield _plain("=" * _WIDTH)
    yield _pairs(_head(certificate))
    yield ""
    yield _plain(_STATUSES[certificate.status])
    for entry in certificate.processors:
        yield ""
        yield from _processor(entry)
    yield ""
    yield _plain("What the orchestrator itself still holds (this does not count for the status)")
    yield Padding(_own(certificate), (0, 0, 0, 2))
    yield ""
    yield _plain("What this certificate does not claim")
    yield from (_bullet(sentence) for sentence in certificate.not_claimed)
    yield ""
    yield _plain("How to check that it is genuine")
    yield from (_bullet(sentence) for sentence in _how_to_verify(jws_sha256))


def _head(certificate: Certificate) -> Iterable[tuple[str, str]]:
    yield "Controller", f"{certificate.controller.name}, {certificate.controller.contact}"
    yield "Request", str(certificate.request_id)
    yield "Person", f"{certificate.subject} (a pseudonym: this certificate names nobody)"
    if certificate.ground is not None:
        article = certificate.ground[0].isdigit()
        yield "Ground", f"GDPR art. {certificate.ground}" if article else certificate.ground
    yield "Received", _moment(certificate.received_at)
    yield "To be answered by", f"{_day(certificate.due_by)}, the whole of that day"
    if certificate.promised_by is not None:
        kept = {None: "", True: ": kept", False: ": NOT KEPT"}[certificate.promise_kept]
        yield "Promised by", f"{_day(certificate.promised_by)}, by the controller's own promise{kept}"
    if certificate.extension is not None:
        told = _day(certificate.extension.told_at.date())
        yield "Extended", f"by two months (GDPR art. 12(3)), told on {told}: {certificate.extension.reason}"
    if certificate.refuse_by is not None:
        yield "To be refused by", f"{_day(certificate.refuse_by)}, extended or not (GDPR art. 12(4))"
    for pause in certificate.pauses:
        until = "today" if pause.ended is None else _day(pause.ended.date())
        yield "Stood still", f"from {_day(pause.began.date())} until {until} (GDPR art. 12(6)): {pause.ground}"
    if certificate.decision is not None:
        yield _DECISIONS[certificate.decision.decision], f"{_day(certificate.decision.at.date())}: {certificate.decision.reason}"
    if certificate.again_of is not None:
        yield "Erased before", f"by request {certificate.again_of}; the person's data were seen again since"
    yield "Issued", _moment(certificate.issued_at)
    yield "Deadline", _deadline(certificate.deadline_met)
    supersedes = "" if certificate.supersedes is None else f"; replaces the one with SHA-256 {certificate.supersedes}"
    yield "Certificate", f"{certificate.certificate_id}, revision {certificate.revision}{supersedes}"
    yield "Register", f"number {certificate.place.index}, after SHA-256 {certificate.place.previous}"


def _deadline(met: bool | None) -> str:
    return {None: "not over yet, and not all is done", True: "met", False: "NOT MET"}[met]


def _processor(entry: ProcessorEntry) -> Iterable[RenderableType]:
    answered = "has not answered" if entry.answered_at is None else f"answered {_moment(entry.answered_at)}"
    yield _plain(f"{entry.name} ({entry.kind.replace('_', ' ')}, by {entry.connector}), {answered}")
    label = "Least good outcome" if len(entry.records) > 1 else "Outcome"
    reason = "" if entry.reason is None else f" {entry.reason}"
    yield Padding(_plain(f"{label}: {_became_of(entry)}.{reason}"), (0, 0, 0, 2))
    if entry.records:
        yield _records(entry.records)


def _became_of(entry: ProcessorEntry) -> str:
    told = entry.records and all(told_by_letter(line.outcome, line.reason) for line in entry.records)
    return _TOLD if told else _WORDS[entry.outcome]


def _records(lines: Iterable[RecordLine]) -> Table:
    table = Table(box=box.ASCII2, width=_WIDTH, show_edge=True)
    table.add_column("Records", ratio=3)
    table.add_column("Count", justify="right", min_width=5)
    table.add_column("What became of them", ratio=5)
    table.add_column("Why", ratio=6)
    table.add_column("Until", min_width=16)
    for line in lines:
        until = line.until if line.hold is None else line.hold.until
        day = "" if until is None else _day(until)
        table.add_row(*map(_plain, (line.kind.replace("_", " "), str(line.count), _became(line), _why(line), day)))
    return table


def _became(line: RecordLine) -> str:
    """The outcome in words; where something is claimed, how well it is known."""
    if told_by_letter(line.outcome, line.reason):
        return f"{_TOLD} (a person says so, and keeps the proof)"
    if line.evidence is not None and line.outcome is not Outcome.ACCEPTED:
        return f"{_WORDS[line.outcome]} ({_PROOFS[line.evidence]})"
    needs_none = UNCLAIMED | {Outcome.ACCEPTED, Outcome.EXPIRING, Outcome.NOT_APPLICABLE}
    return _WORDS[line.outcome] + ("" if line.outcome in needs_none else " (not proven)")


def _why(line: RecordLine) -> str:
    reasons = []
    if line.hold is not None:
        reasons.append(f"{line.hold.statute}, an exception under {line.hold.exception}")
        reasons += [line.hold.reason] if line.hold.reason else []
    if line.bound_to is not None:
        reasons.append(f"belongs to a kept {line.bound_to.replace('_', ' ')}")
    if line.reason is not None:
        reasons.append(line.reason)
    return "; ".join(reasons)


def _own(certificate: Certificate) -> Text:
    lines = [_own_line(line) for line in certificate.orchestrator.records]
    if intake_line(certificate.orchestrator.records) is None:
        lines.insert(0, "No copy of the request on the intake topic.")
    return _plain("\n".join(lines))


def _own_line(line: OwnLine) -> str:
    if line.outcome is Outcome.NOT_APPLICABLE and line.reason is not None:
        return line.reason
    until = "" if line.until is None else f", at the latest after {_day(line.until)}"
    reason = "" if line.reason is None else f". {line.reason}"
    return f"{line.count} {line.kind}, {_WORDS[line.outcome]}{until}{reason}"


def _how_to_verify(jws_sha256: str | None) -> Iterable[str]:
    yield "This text is a reading of the certificate; what is signed is the file of the format jws."
    yield "Run: erasure verify FILE --keys KEYS. It works without a network and says of every step whether it holds."
    yield "Any program for JWS (RFC 7515) with Ed25519 checks it too. Get KEYS from the controller by a way you trust."
    if jws_sha256 is not None:
        yield f"The SHA-256 of the signed file is {jws_sha256}."


def _pairs(pairs: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in pairs:
        table.add_row(_plain(name), _plain(value))
    return table


def _bullet(sentence: str) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_row(Text(" -"), _plain(sentence))
    return table


def _plain(text: str) -> Text:
    return Text(printable(text))


def printable(text: str) -> str:
    """Nothing that a terminal would obey: a certificate from elsewhere is shown too, before it is believed."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _moment(moment: datetime) -> str:
    # The month is a word, so that no reader takes day and month for each other; not strftime, which follows the locale.
    return f"{_day(moment.date())}, {moment:%H:%M} ({moment.isoformat()[-6:]} from UTC)"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month]} {day.year}"
