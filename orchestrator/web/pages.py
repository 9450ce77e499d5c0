"""The pages that are read: overview, case, certificate, register, holds, tasks, audit, and the progress of a case."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import chain, islice
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from orchestrator.case import Case
from orchestrator.handled import entries
from orchestrator.handled import page as register_page
from orchestrator.issued import Issued
from orchestrator.jose import decode
from orchestrator.letters import to_subject
from orchestrator.papers import certificate_pdf, letter_pdf
from orchestrator.payload import Certificate
from orchestrator.register import STANDINGS, Entry, Wanted
from orchestrator.spreadsheet import write
from orchestrator.verify import report
from orchestrator.web.asked import Given, Operator, Refused, SignedIn, TheCase, Watched, file, show, tongue
from orchestrator.web.ports import Ports
from orchestrator.web.views import case_view, held, lines, overview, tasks, version_of
from topics.events import Right
from topics.orders import FIXED_REASONS

router = APIRouter()

_MOST_ENTRIES = 200
_ROWS_AT_ONCE = 500
MOST_PAGES = 100_000
A_MONTH = timedelta(days=31)
_LOOK_SECONDS = 1.0
_LOOKS = 600
"""A browser asks again by itself when the stream ends."""
_COLUMNS = ("pseudonym", "right", "ground", "received", "due", "answered", "status", "deadline_met", "outcomes")


@router.get("/")
def front(request: Request, who: SignedIn, given: Given, watched: Watched) -> Response:
    """What is open, what is late, what waits for the officer."""
    watched.note(who, "overview")
    with given.ledger.reading() as transaction:
        found = overview(transaction, given.clock(), given.zone)
    return show(request, "overview.html", found=found, stop=given.keyring.stops.now())


@router.get("/cases/{request_id}")
def one_case(request: Request, who: SignedIn, case: TheCase, given: Given, watched: Watched, said: bool = False) -> Response:
    """A case, from the order to the evidence."""
    watched.note(who, "case", case.request_id)
    return case_page(request, given, case, said=said)


def case_page(request: Request, given: Ports, case: Case, status: int = 200, said: bool = False, fault: str | None = None) -> Response:
    """The page of a case; with what was wrong with an order."""
    found = case_view(case, given.clock(), given.clock_of(case))
    today = given.clock().astimezone(given.zone).date()
    proofs = given.proofs if case.shredded_at is None else None
    kept = {"keeps": proofs is not None, "proofs": proofs.of(case.request_id) if proofs else []}
    shown = {"found": found, "fixed_reasons": FIXED_REASONS, "person": given.show_person, **kept}
    return show(request, "case.html", status=status, said=said, fault=fault, today=today, **shown)


@router.get("/cases/{request_id}/progress")
async def progress(_who: SignedIn, case: TheCase, given: Given) -> Response:
    """Server-sent events: the version of the case, whenever it changes, until it is closed."""
    return StreamingResponse(_versions(given, case.request_id), media_type="text/event-stream")


async def _versions(given: Ports, request_id: UUID) -> AsyncIterator[str]:
    known = None
    for _ in range(_LOOKS):
        case = await asyncio.to_thread(_look, given, request_id)
        version = None if case is None else version_of(case)
        if version != known:
            yield f"data: {version}\n\n"
        if case is None or case.state == "closed":
            return
        known = version
        await given.sleep(_LOOK_SECONDS)


def _look(given: Ports, request_id: UUID) -> Case | None:
    with given.ledger.reading() as transaction:
        return transaction.case(request_id)


@router.get("/cases/{request_id}/certificate")
def certificate(request: Request, who: SignedIn, case: TheCase, given: Given, watched: Watched, revision: int | None = None) -> Response:
    """The certificate in words, and what came of checking it just now."""
    watched.note(who, "certificate", case.request_id)
    issued = _issued(given, case, revision)
    found = Certificate.model_validate_json(decode(issued.jws.split(".")[1]))
    shown = [(entry, lines(entry)) for entry in found.processors]
    return show(request, "certificate.html", found=found, shown=shown, issued=issued, checked=report(issued.jws, given.jwks).steps)


@router.get("/cases/{request_id}/certificate.jws")
def certificate_jws(who: SignedIn, case: TheCase, given: Given, watched: Watched, revision: int | None = None) -> Response:
    """The signed file."""
    watched.note(who, "certificate.jws", case.request_id)
    issued = _issued(given, case, revision)
    return file(issued.jws.encode(), "application/jose", f"certificate-{issued.certificate_id}.jws")


@router.get("/cases/{request_id}/certificate.json")
def certificate_json(who: SignedIn, case: TheCase, given: Given, watched: Watched, revision: int | None = None) -> Response:
    """What was signed, to be read by programs."""
    watched.note(who, "certificate.json", case.request_id)
    issued = _issued(given, case, revision)
    text = json.dumps(json.loads(decode(issued.jws.split(".")[1])), indent=2, ensure_ascii=False)
    return file(text.encode(), "application/json", f"certificate-{issued.certificate_id}.json")


@router.get("/cases/{request_id}/certificate.pdf")
def certificate_file(
    request: Request, who: SignedIn, case: TheCase, given: Given, watched: Watched, revision: int | None = None
) -> Response:
    """The certificate to be read and printed, the signed file inside."""
    watched.note(who, "certificate.pdf", case.request_id)
    issued = _issued(given, case, revision)
    content = certificate_pdf(issued.jws, tongue(request).language)
    return file(content, "application/pdf", f"certificate-{issued.certificate_id}.pdf")


@router.get("/cases/{request_id}/letter.txt")
def letter(request: Request, who: SignedIn, case: TheCase, given: Given, watched: Watched) -> Response:
    """The letter to the person, in the reader's language."""
    watched.note(who, "letter", case.request_id)
    _, text = _letter(request, given, case)
    return file(text.encode(), "text/plain; charset=utf-8", f"letter-{case.request_id}.txt")


@router.get("/cases/{request_id}/letter.pdf")
def letter_file(request: Request, who: SignedIn, case: TheCase, given: Given, watched: Watched) -> Response:
    """The same letter, to be printed."""
    watched.note(who, "letter.pdf", case.request_id)
    on, text = _letter(request, given, case)
    content = letter_pdf(text, str(case.request_id), tongue(request).language, on)
    return file(content, "application/pdf", f"letter-{case.request_id}.pdf")


def _letter(request: Request, given: Ports, case: Case) -> tuple[date, str]:
    found = Certificate.model_validate_json(decode(_issued(given, case, None).jws.split(".")[1]))
    return found.issued_at.date(), to_subject(found, tongue(request).language, given.seat)


def _issued(given: Ports, case: Case, revision: int | None) -> Issued:
    with given.ledger.reading() as transaction:
        known = transaction.certificates_of(case.request_id)
    found = [one for one in known if revision in (None, one.revision)]
    if not found:
        raise Refused(404, "no_certificate")
    return found[-1]


Text = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True)
class Filters:
    """What is asked of the register, as it stands in the address; without a first day, the last month."""

    since: Text = ""
    until: Text = ""
    right: Text = ""
    status: Text = ""

    def wanted(self, today: date) -> Wanted:
        try:
            first = date.fromisoformat(self.since) if self.since else today - A_MONTH
            last = date.fromisoformat(self.until) if self.until else None
        except ValueError:
            raise Refused(422, "problem", "YYYY-MM-DD") from None
        standing = next((one for one in STANDINGS if one == self.status), None)
        if (self.right and self.right not in list(Right)) or (self.status and standing is None):
            raise Refused(422, "problem", ", ".join([*Right, *STANDINGS]))
        return Wanted(first, last, self.right or None, standing)


Asked = Annotated[Filters, Depends()]
Page = Annotated[int, Query(ge=1, le=MOST_PAGES)]


@router.get("/register")
def register(request: Request, who: SignedIn, given: Given, watched: Watched, asked: Asked, page: Page = 1) -> Response:
    """The register of handled requests: pseudonyms, dates, outcomes."""
    watched.note(who, "register")
    today = given.clock().astimezone(given.zone).date()
    wanted = asked.wanted(today)
    found = register_page(given.ledger, given.zone, wanted, (page - 1) * _MOST_ENTRIES, _MOST_ENTRIES)
    filters = asdict(asked) | {"since": (wanted.since or today).isoformat()}
    pages = {"at": page, "more": page * _MOST_ENTRIES < found.number}
    return show(request, "register.html", found=found, today=today, filters=filters, rights=list(Right), standings=STANDINGS, **pages)


@router.get("/register.csv")
def register_csv(who: SignedIn, given: Given, watched: Watched, asked: Asked) -> Response:
    """The same for a spreadsheet, sent as it is read: it may be long."""
    watched.note(who, "register.csv")
    today = given.clock().astimezone(given.zone).date()
    parts = csv_parts(entries(given.ledger, given.zone, asked.wanted(today)), today)
    first = next(parts)  # what is wrong with the ledger is told before anything is sent
    headers = {"Content-Disposition": 'attachment; filename="register.csv"'}
    return StreamingResponse(chain([first], parts), media_type="text/csv; charset=utf-8", headers=headers)


def csv_parts(found: Iterator[Entry], today: date) -> Iterator[bytes]:
    """The register as CSV, some hundred lines at a time."""
    head: tuple[str, ...] = _COLUMNS
    encoding = "utf-8-sig"
    while (part := list(islice(found, _ROWS_AT_ONCE))) or head:
        out = io.StringIO()
        write(out, head, (_cells(entry, today) for entry in part))
        yield out.getvalue().encode(encoding)
        head, encoding = (), "utf-8"


def _cells(entry: Entry, today: date) -> Sequence[str]:
    outcomes = "; ".join(f"{number} {outcome}" for outcome, number in sorted(entry.outcomes.items()))
    met = {None: "open", True: "yes", False: "no"}[entry.deadline_met(today)]
    days = [str(day or "") for day in (entry.received_on, entry.due_by, entry.answered_on)]
    return [entry.pseudonym, entry.right, entry.ground or "", *days, entry.standing, met, outcomes]


@router.get("/holds")
def holds(request: Request, who: SignedIn, given: Given, watched: Watched) -> Response:
    """What is kept, why, and until when."""
    watched.note(who, "holds")
    with given.ledger.reading() as transaction:
        return show(request, "holds.html", kept=held(transaction))


@router.get("/tasks")
def work(request: Request, who: SignedIn, given: Given, watched: Watched) -> Response:
    """What waits for a person."""
    watched.note(who, "tasks")
    with given.ledger.reading() as transaction:
        return show(request, "tasks.html", found=tasks(transaction))


@router.get("/audit")
def audit(request: Request, who: Operator, watched: Watched) -> Response:
    """Who looked at what, and who did what."""
    watched.note(who, "audit")
    return show(request, "audit.html", found=watched.audit())
