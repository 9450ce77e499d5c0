"""What a request brings along: who asks, in which language, with which rights; and how it is answered with a page."""

import re
import secrets
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form, Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from orchestrator.case import Case
from orchestrator.letters import Language
from orchestrator.tongue import Tongue
from orchestrator.web.access import Access, Role, Session
from orchestrator.web.ports import Ports

COOKIE = "erasure"
WANTED_COOKIE = "wanted"
MAY_BE_WANTED = re.compile(r"/(cases/[0-9a-f-]{36}(/certificate)?|tasks|holds|register|audit)")
"""The pages that one comes back to after signing in, and nothing else that a link or a cookie could name."""
LANGUAGE_COOKIE = "language"

_pages = Jinja2Templates(
    env=Environment(
        loader=PackageLoader("orchestrator.web"), autoescape=select_autoescape(["html"], default=True), undefined=StrictUndefined
    )
)


_BEARER = HTTPBearer(scheme_name="token", description="A token of `erasure web token`.", auto_error=False)
_SESSION = APIKeyCookie(name=COOKIE, scheme_name="session", description="Somebody who is signed in to the pages.", auto_error=False)


class SignInFirst(Exception):
    """Nobody is signed in."""


class Refused(Exception):
    """The request is turned down: `key` names the words for it, `sentence` says what exactly."""

    def __init__(self, status: int, key: str, sentence: str = "") -> None:
        super().__init__(key)
        self.status, self.key, self.sentence = status, key, sentence


def ports(request: Request) -> Ports:
    found: Ports = request.app.state.ports
    return found


def access(request: Request) -> Access:
    found: Access = request.app.state.access
    return found


def session_of(request: Request) -> Session | None:
    """Who is signed in; asked of the store once a request."""
    if not hasattr(request.state, "session"):
        request.state.session = access(request).session(request.cookies.get(COOKIE))
    found: Session | None = request.state.session
    return found


def signed_in(request: Request) -> Session:
    """Who is signed in; else the way to sign in is shown."""
    who = session_of(request)
    if who is None:
        raise SignInFirst
    return who


def caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    _session: Annotated[str | None, Security(_SESSION)],
) -> Session:
    """Who asks the API: the token that is sent along, else who is signed in; who sends something else along is neither."""
    sent = access(request).bearer(bearer.credentials) if bearer else None
    who = sent if "authorization" in request.headers else session_of(request)
    if who is None:
        raise SignInFirst
    return who


def meant(request: Request, who: Annotated[Session, Depends(signed_in)], csrf: Annotated[str, Form()] = "") -> Session:
    """The form came from a page of ours that was shown to this session."""
    if not secrets.compare_digest(csrf.encode(), who.csrf.encode()):
        raise Refused(403, "stale")
    return who


def officer(request: Request, who: Annotated[Session, Depends(meant)]) -> Session:
    """Only an officer acts."""
    return only(request, who, Role.OFFICER)


def looking(request: Request, who: Annotated[Session, Depends(signed_in)]) -> Session:
    """What only an officer may look at."""
    return only(request, who, Role.OFFICER)


def operator(request: Request, who: Annotated[Session, Depends(signed_in)]) -> Session:
    """Only an operator sees who looked at what."""
    return only(request, who, Role.OPERATOR)


def only(request: Request, who: Session, *roles: Role) -> Session:
    """Whose role it is; what somebody else tried is noted by the name of its route, which holds nothing that they typed."""
    if who.role not in roles:
        access(request).note(who, f"denied: {request.scope['route'].name}")
        raise Refused(403, "forbidden")
    return who


SignedIn = Annotated[Session, Depends(signed_in)]
Caller = Annotated[Session, Depends(caller)]
Meant = Annotated[Session, Depends(meant)]
Officer = Annotated[Session, Depends(officer)]
Looking = Annotated[Session, Depends(looking)]
Operator = Annotated[Session, Depends(operator)]
Given = Annotated[Ports, Depends(ports)]
Watched = Annotated[Access, Depends(access)]


def the_case(request_id: str, given: Given) -> Case:
    """The case of the path; what is no id, and who has no case, is not found alike."""
    try:
        id = UUID(request_id)
    except ValueError:
        raise Refused(404, "not_found") from None
    with given.ledger.reading() as transaction:
        case = transaction.case(id)
    if case is None:
        raise Refused(404, "not_found")
    return case


TheCase = Annotated[Case, Depends(the_case)]


def tongue(request: Request) -> Tongue:
    """The reader's language: chosen, else the browser's, else the controller's."""
    given = ports(request)
    chosen = request.query_params.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in list(Language):
        return Tongue(Language(chosen), given.zone)
    for one in request.headers.get("accept-language", "").split(","):
        name = one.split(";")[0].strip().lower()[:2]
        if name in list(Language):
            return Tongue(Language(name), given.zone)
    return Tongue(given.language, given.zone)


def show(request: Request, page: str, status: int = 200, **more: Any) -> Response:
    """A page, in the reader's language."""
    speak = tongue(request)
    shared = {"t": speak, "who": session_of(request), "path": request.url.path, "other": "en" if speak.language == "nl" else "nl"}
    answer = _pages.TemplateResponse(request, page, {**shared, **more}, status_code=status)
    if request.query_params.get("language") in list(Language):
        answer.set_cookie(LANGUAGE_COOKIE, speak.language.value, max_age=31_536_000, samesite="strict", httponly=True)
    return answer


def file(content: bytes, kind: str, name: str) -> Response:
    """A download."""
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
