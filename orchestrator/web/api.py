"""The same as JSON under `/api/`, for a controller's own portal; read only."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from orchestrator.handled import entries
from orchestrator.register import RegisterLine, Standing, Wanted
from orchestrator.web.asked import Caller, Given, TheCase, Watched
from orchestrator.web.pages import A_MONTH, Page
from orchestrator.web.views import MOST_OPEN, CasePage, CaseView, Hold, Overview, Task, Which, case_view, held, overview, some_cases, tasks
from topics.events import Right

router = APIRouter(prefix="/api", tags=["read"], responses={401: {"description": "Nobody is signed in, and no good token was sent."}})

Size = Annotated[int, Query(ge=1, le=MOST_OPEN)]


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, _who: Caller) -> Response:
    """What the API is, as OpenAPI."""
    return JSONResponse(get_openapi(title="Erasure requests", version="1", routes=router.routes))


@router.get("/overview")
def api_overview(who: Caller, given: Given, watched: Watched) -> Overview:
    """The most urgent open cases, and the holds that end soon."""
    watched.note(who, "api overview")
    with given.ledger.reading() as transaction:
        return overview(transaction, given.clock(), given.zone)


@router.get("/cases")
def api_cases(who: Caller, given: Given, watched: Watched, which: Which = "open", page: Page = 1, size: Size = 50) -> CasePage:
    """Open cases, the most urgent first; all, or those that are overdue or wait for the officer."""
    watched.note(who, "api cases")
    with given.ledger.reading() as transaction:
        return some_cases(transaction, given.clock(), given.zone, which, page, size)


@router.get("/cases/{request_id}", responses={404: {"description": "There is no such request."}})
def api_case(who: Caller, case: TheCase, given: Given, watched: Watched) -> CaseView:
    """A case in full."""
    watched.note(who, "api case", case.request_id)
    return case_view(case, given.clock(), given.clock_of(case))


@router.get("/holds")
def api_holds(who: Caller, given: Given, watched: Watched) -> tuple[Hold, ...]:
    """What is kept, the soonest to end first."""
    watched.note(who, "api holds")
    with given.ledger.reading() as transaction:
        return held(transaction)


@router.get("/tasks")
def api_tasks(who: Caller, given: Given, watched: Watched) -> tuple[Task, ...]:
    """What waits for a person."""
    watched.note(who, "api tasks")
    with given.ledger.reading() as transaction:
        return tasks(transaction)


@router.get("/register")
def api_register(
    who: Caller,
    given: Given,
    watched: Watched,
    since: date | None = None,
    until: date | None = None,
    right: Right | None = None,
    status: Standing | None = None,
) -> tuple[RegisterLine, ...]:
    """The register of handled requests; without `since`, of the last month."""
    watched.note(who, "api register")
    today = given.clock().astimezone(given.zone).date()
    found = entries(given.ledger, given.zone, Wanted(since or today - A_MONTH, until, right, status))
    return tuple(RegisterLine.of(entry, today) for entry in found)
