"""Signing in: by a link that works once, or at the company's OpenID provider."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from orchestrator.web.access import SESSION_LASTS
from orchestrator.web.asked import COOKIE, MAY_BE_WANTED, WANTED_COOKIE, Given, Meant, Refused, Watched, show
from orchestrator.web.provider import BACK, NotLetIn, Provider

router = APIRouter()


@router.get("/sign-in")
def sign_in(request: Request, given: Given) -> Response:
    """How to sign in here."""
    return show(request, "sign_in.html", link=None, provider=given.sign_in is not None)


@router.get("/sign-in/provider")
async def to_provider(request: Request) -> Response:
    """On to the company's OpenID provider."""
    try:
        return await _provider(request).begin(request)
    except NotLetIn:
        raise Refused(503, "provider_gone") from None


@router.get(BACK)
async def back(request: Request, given: Given, watched: Watched) -> Response:
    """Back from it: who it is, and with which role."""
    try:
        account, role = await _provider(request).finish(request)
    except NotLetIn as error:
        raise Refused(403, "no_role" if error.role else "provider_refused") from None
    request.session.clear()
    return with_session(request, given.address, await run_in_threadpool(watched.begin, account, role))


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise Refused(404, "not_found")
    return provider


@router.get("/sign-in/link/{link}")
def offer(request: Request, link: str) -> Response:
    """A button, so that a mail program that looks the link up does not use it."""
    return show(request, "sign_in.html", link=link, provider=False)


@router.post("/sign-in/link")
def enter(request: Request, given: Given, watched: Watched, link: Annotated[str, Form()]) -> Response:
    """Use the link."""
    token = watched.enter(link)
    if token is None:
        raise Refused(403, "link_dead")
    return with_session(request, given.address, token)


def with_session(request: Request, address: str, token: str) -> Response:
    """To the page that was asked for before, such as by a link in a mail, or to the overview; signed in."""
    wanted = request.cookies.get(WANTED_COOKIE, "")
    answer = RedirectResponse(wanted if MAY_BE_WANTED.fullmatch(wanted) else "/", 303)
    answer.delete_cookie(WANTED_COOKIE)
    answer.set_cookie(
        COOKIE, token, max_age=int(SESSION_LASTS.total_seconds()), httponly=True, samesite="lax", secure=address.startswith("https:")
    )
    return answer


@router.post("/sign-out")
def sign_out(request: Request, who: Meant, watched: Watched) -> Response:
    """The session ends on this machine and on the server."""
    watched.note(who, "sign-out")
    watched.end(request.cookies[COOKIE])
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer
