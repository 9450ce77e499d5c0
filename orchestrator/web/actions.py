"""What an officer does: every form becomes one event on Kafka, as `erasure decide` and its like send it; nothing else is written."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, BinaryIO
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from orchestrator.case import Case
from orchestrator.ordering import SOURCE, Unfit, Unreadable, approver, message_for
from orchestrator.web.access import Session
from orchestrator.web.asked import Given, Looking, Officer, Refused, TheCase, Watched, file, show
from orchestrator.web.pages import case_page
from orchestrator.web.ports import Ports
from orchestrator.web.proofs import Proofs, ending
from topics.bus import Message
from topics.events import EventType
from topics.keyring import KeyMissing, case_key
from topics.sealing import CannotOpen
from topics.subject import Subject

router = APIRouter()

ORDERS: Mapping[str, tuple[EventType, tuple[str, ...]]] = {
    "decide": (EventType.DECIDE, ("decision", "reason")),
    "refuse": (EventType.REFUSE, ("reason",)),
    "extend": (EventType.EXTEND, ("reason",)),
    "pause": (EventType.PAUSE, ("ground",)),
    "resume": (EventType.RESUME, ()),
    "retry": (EventType.RETRY, ("only",)),
    "hold": (EventType.HOLD, ("processor", "kind", "reason", "until")),
    "unhold": (EventType.UNHOLD, ("processor", "kind")),
    "approve": (EventType.APPROVE, ("plan",)),
    "done": (EventType.PROVE, ("processor", "outcome", "kind", "count", "on", "proof")),
}
"""By the name in a form's address: the event, and which fields of the form are its own."""

_CHUNK = 1 << 16

Field = Annotated[str, Form(max_length=2000)]


@router.post("/cases/{request_id}/orders/{name}")
async def order(request: Request, name: str, who: Officer, case: TheCase, given: Given, watched: Watched) -> Response:
    """Check it as it will be checked on arrival, note it, and send it."""
    if name not in ORDERS:
        raise Refused(404, "not_found")
    type, fields = ORDERS[name]
    form = await request.form()
    asked: dict[str, str | int] = {field: value.strip() for field in fields if isinstance(value := form.get(field), str) and value.strip()}
    proof = form.get("file") if type is EventType.PROVE else None
    if isinstance(proof, UploadFile):
        asked["proof"] = await _digest(proof)
    if str(asked.get("count", "")).isdecimal():
        asked["count"] = int(asked["count"])
    try:
        message = await run_in_threadpool(_message, given, type, asked, case, who)
    except Unreadable as error:
        return await run_in_threadpool(case_page, request, given, case, 422, False, str(error))
    except Unfit as error:
        return await run_in_threadpool(case_page, request, given, case, 409, False, str(error))
    await run_in_threadpool(watched.note, who, name, case.request_id)
    if isinstance(proof, UploadFile) and given.proofs and case.shredded_at is None:
        await run_in_threadpool(_keep, given.proofs, case.request_id, str(asked["proof"]), proof.file)
    await given.publish([message])
    return RedirectResponse(f"/cases/{case.request_id}?said=true", 303)


def _message(given: Ports, type: EventType, asked: Mapping[str, str | int], case: Case, who: Session) -> Message:
    signed = {"by": approver(given.keyring, who.account)} if type is EventType.APPROVE else {}
    return message_for(type, {**asked, **signed}, case, given.keyring, given.names, given.clock().astimezone(given.zone), SOURCE)


def _keep(proofs: Proofs, request_id: UUID, digest: str, proof: BinaryIO) -> None:
    """Before it is said on Kafka: a proof of which nobody was told harms nobody, and goes with the key of the case."""
    proof.seek(0)
    try:
        proofs.keep(request_id, digest, proof)
    except KeyMissing:
        raise Refused(410, "proof_gone") from None


async def _digest(proof: UploadFile) -> str:
    """The SHA-256 of what was uploaded."""
    digest, size = hashlib.sha256(), 0
    while part := await proof.read(_CHUNK):
        size += len(part)
        digest.update(part)
    if not size:
        raise Refused(422, "problem", "The file is empty.")
    return digest.hexdigest()


@router.post("/cases/{request_id}/person")
def person(request: Request, who: Officer, case: TheCase, given: Given, watched: Watched) -> Response:
    """Who it is, while the case's key is there and where it is configured; noted before it is shown."""
    if not given.show_person:
        raise Refused(403, "forbidden")
    watched.note(who, "person", case.request_id)
    if case.subject is None:
        raise Refused(410, "person_gone")
    try:
        subject = Subject.model_validate_json(given.keyring.get(case_key(case.request_id)).open("subject", case.subject))
    except (KeyMissing, CannotOpen):
        raise Refused(410, "person_gone") from None
    found = {kind: subject.values(kind) for kind in sorted(subject.kinds())}
    return show(request, "person.html", found=found, request_id=case.request_id)


@router.get("/cases/{request_id}/proofs/{digest}")
def kept_proof(digest: str, who: Looking, case: TheCase, given: Given, watched: Watched) -> Response:
    """A proof that was uploaded, while the case's key is there; noted before it is opened."""
    if given.proofs is None:
        raise Refused(404, "not_found")
    watched.note(who, "proof", case.request_id)
    try:
        proof = given.proofs.read(case.request_id, digest)
    except KeyMissing:
        raise Refused(410, "proof_gone") from None
    except CannotOpen:
        raise Refused(500, "proof_changed") from None
    if proof is None:
        raise Refused(404, "not_found")
    return file(proof, "application/octet-stream", f"proof-{digest[:8]}.{ending(proof)}")
