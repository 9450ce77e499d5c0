"""The ASGI application: what every answer carries, who is let in, and what comes of an error."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware

from orchestrator.ledger import LedgerGone
from orchestrator.web import actions, api, pages, signing_in, stopping
from orchestrator.web.access import Access
from orchestrator.web.asked import MAY_BE_WANTED, WANTED_COOKIE, Refused, SignInFirst, ports, show
from orchestrator.web.ports import Ports
from orchestrator.web.proofs import ProofsGone
from orchestrator.web.provider import Provider
from topics.bus import BrokerGone
from topics.keyring import KeyringGone
from topics.logs import line_of

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser says of our own forms, too, that they come from nowhere
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
MOST_BYTES = 50 * 1024 * 1024
"""Of a form, with the proof that is uploaded."""
_STATUS_WORDS = {403: "forbidden", 404: "not_found"}

Next = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Host:
    """The one name that is answered: under any other, a page of somebody else could read ours (DNS rebinding)."""

    address: str

    def is_ours(self, request: Request) -> bool:
        return request.headers.get("host", "") == urlsplit(self.address).netloc

    def is_from_elsewhere(self, request: Request) -> bool:
        """A form on somebody else's page, as the browser itself says."""
        origin = request.headers.get("origin")
        return request.method not in ("GET", "HEAD") and origin is not None and origin != self.address


def build(ports: Ports, access: Access) -> FastAPI:
    """The pages and the API of one installation."""
    site = FastAPI(title="Erasure requests", openapi_url=None, docs_url=None, redoc_url=None)
    site.state.ports, site.state.access = ports, access
    site.state.provider = None
    if ports.sign_in is not None:
        site.state.provider = Provider(ports.sign_in, ports.address)
        secure = ports.address.startswith("https:")
        site.add_middleware(
            SessionMiddleware, secret_key=secrets.token_urlsafe(32), session_cookie="signing-in", max_age=600, https_only=secure
        )
    host = Host(ports.address)

    @site.middleware("http")
    async def guard(request: Request, call_next: Next) -> Response:
        try:
            answer = _turned_away(request, host) or await call_next(request)
        except Exception as error:  # here and not in a handler: Starlette calls that one outside of this, and its answer had no headers
            answer = _defect(request, error)
        answer.headers.update(HEADERS)
        return answer

    for kind, handler in _HANDLERS.items():
        site.add_exception_handler(kind, handler)
    site.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for part in (signing_in.router, pages.router, actions.router, stopping.router, api.router):
        site.include_router(part)
    return site


def _turned_away(request: Request, host: Host) -> Response | None:
    """What is answered before anything of it is read; a form is written to disk before it is known who sent it."""
    if not host.is_ours(request):
        return Response("This is not my name.", 421)
    if host.is_from_elsewhere(request):
        return Response("This form is not mine.", 403)
    if "transfer-encoding" in request.headers:
        return Response("Say how long it is.", 411)
    length = request.headers.get("content-length", "0")
    return None if length.isdecimal() and int(length) <= MOST_BYTES else Response("This is too long.", 413)


def _sign_in_first(request: Request, _error: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": "Sign in first, or send a token."}, 401, {"WWW-Authenticate": "Bearer"})
    answer = RedirectResponse("/sign-in", 303)
    if request.method == "GET" and MAY_BE_WANTED.fullmatch(request.url.path):
        answer.set_cookie(WANTED_COOKIE, request.url.path, max_age=600, httponly=True, samesite="lax", secure=_is_secure(request))
    return answer


def _is_secure(request: Request) -> bool:
    return ports(request).address.startswith("https:")


def _refused(request: Request, error: Any) -> Response:
    return _problem(request, error.status, error.key, error.sentence)


def _http(request: Request, error: Any) -> Response:
    return _problem(request, error.status_code, _STATUS_WORDS.get(error.status_code, "problem"), "")


def _gone(request: Request, _error: Exception) -> Response:
    return _problem(request, 503, "gone", "")


def _no_proofs(request: Request, error: Exception) -> Response:
    return _problem(request, 503, "problem", str(error))


def _no_sessions(request: Request, _error: Exception) -> Response:
    """No page: each says who is signed in."""
    sentence = "The store of sessions cannot be reached; nobody is let in."
    return JSONResponse({"detail": sentence}, 503) if request.url.path.startswith("/api/") else Response(sentence, 503)


def _defect(request: Request, error: Exception) -> Response:
    """A defect of ours; no page, since that may be what is broken. Its text may hold personal data, so only type and place are told."""
    log.error("defect in the pages: %s at line %d", type(error).__name__, line_of(error))
    sentence = "A defect of ours. What it was stands in the log."
    return (
        JSONResponse({"detail": sentence}, 500)
        if request.url.path.startswith("/api/")
        else Response(sentence, 500, media_type="text/plain")
    )


def _problem(request: Request, status: int, key: str, sentence: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": sentence or key.replace("_", " ")}, status)
    return show(request, "problem.html", status=status, key=key, sentence=sentence)


_HANDLERS: dict[Any, Any] = {
    SignInFirst: _sign_in_first,
    Refused: _refused,
    HTTPException: _http,
    SQLAlchemyError: _no_sessions,  # every other store tells it by an exception of its own
    LedgerGone: _gone,
    BrokerGone: _gone,
    KeyringGone: _gone,
    ProofsGone: _no_proofs,
}
