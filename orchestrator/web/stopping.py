"""The stop button on the pages: what stands, what was in hand, and the two forms. They act by events, as all forms do."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from orchestrator.ordering import Unreadable, stop_message_for
from orchestrator.stopping import in_hand
from orchestrator.web.access import Role, Session
from orchestrator.web.asked import Given, Refused, SignedIn, Watched, meant, only, show
from orchestrator.web.ports import Ports
from topics.bus import BrokerGone
from topics.events import EventType

router = APIRouter()

_MOST_SHOWN = 200


def _may_stop(request: Request, who: Annotated[Session, Depends(meant)]) -> Session:
    """Whoever acts on requests or runs the machines may stop them."""
    return only(request, who, Role.OFFICER, Role.OPERATOR)


MayStop = Annotated[Session, Depends(_may_stop)]
Words = Annotated[str, Form(max_length=2000)]


@router.get("/stop")
def stop(request: Request, who: SignedIn, given: Given, watched: Watched, said: bool = False) -> Response:
    """Whether everything is stopped, and what was in hand; every stop there was."""
    watched.note(who, "stop")
    return _page(request, given, said=said)


@router.post("/stop")
async def press(request: Request, who: MayStop, given: Given, watched: Watched, reason: Words = "", sure: Words = "") -> Response:
    """Stop everything."""
    return await _order(request, who, given, watched, EventType.STOP, {"by": who.account, "reason": reason.strip()}, sure)


@router.post("/stop/lift")
async def lift(request: Request, who: MayStop, given: Given, watched: Watched, last: Words = "", sure: Words = "") -> Response:
    """Let everything go on that was stopped by the pages, up to the stop that this page showed."""
    number = int(last) if last.isdecimal() and len(last) < 10 else 0
    return await _order(request, who, given, watched, EventType.LIFT_STOP, {"by": who.account, "last": number}, sure)


async def _order(
    request: Request, who: Session, given: Ports, watched: Watched, type: EventType, asked: Mapping[str, Any], sure: str
) -> Response:
    """Check it as it will be checked on arrival, note it, and send it."""
    if sure != "yes":
        return await run_in_threadpool(_page, request, given, status=422, unsure=True)
    try:
        message = stop_message_for(type, asked, given.names, given.clock().astimezone(given.zone))
    except Unreadable as error:
        return await run_in_threadpool(_page, request, given, status=422, fault=str(error))
    await run_in_threadpool(watched.note, who, type.value)
    try:
        await given.publish([message])
    except BrokerGone:
        raise Refused(503, "stop_gone") from None
    return RedirectResponse("/stop?said=true", 303)


def _page(
    request: Request, given: Ports, *, status: int = 200, said: bool = False, unsure: bool = False, fault: str | None = None
) -> Response:
    stops = given.keyring.stops.all()
    standing = [one for one in stops if one.lifted_at is None]
    out = []
    if standing:
        with given.ledger.reading() as transaction:
            out = in_hand(transaction)
    begun = [one for one in out if one.begun]
    return show(
        request,
        "stop.html",
        status=status,
        standing=standing,
        last=max((one.number for one in standing if one.ordered), default=None),
        at_the_command=any(not one.ordered for one in standing),
        begun=begun[:_MOST_SHOWN],
        waiting=len(out) - len(begun[:_MOST_SHOWN]),
        stops=stops[::-1][:_MOST_SHOWN],
        said=said,
        unsure=unsure,
        fault=fault,
    )
