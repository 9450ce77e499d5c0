"""What is told, in the officer's language: a request by its id, what is the matter, and the last day. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from orchestrator.letters.words import Language
from orchestrator.tongue import Tongue
from topics.notices import About, Notice

TOLD: dict[About, dict[Language, str]] = {
    About.DECISION_NEEDED: {Language.EN: "a decision is needed", Language.NL: "er moet worden besloten"},
    About.DEADLINE_NEAR: {Language.EN: "the last day is near", Language.NL: "de laatste dag is nabij"},
    About.DEADLINE_PASSED: {Language.EN: "the last day has passed", Language.NL: "de laatste dag is voorbij"},
    About.PROMISE_PASSED: {
        Language.EN: "the day of your own promise has passed",
        Language.NL: "de dag van uw eigen toezegging is voorbij",
    },
    About.PAUSED: {Language.EN: "the identity is in doubt", Language.NL: "de identiteit is in twijfel"},
    About.LIFTING_ANNOUNCED: {
        Language.EN: "a restriction is going to be lifted: tell the person first",
        Language.NL: "een beperking wordt opgeheven: vertel het eerst de persoon",
    },
    About.HOLD_ENDED: {Language.EN: "what the law kept is erased now", Language.NL: "wat de wet bewaarde, wordt nu gewist"},
    About.NOT_SUPPRESSED: {
        Language.EN: "somebody was seen again who is not suppressed; nothing was ordered",
        Language.NL: "iemand is opnieuw gezien die niet wordt geweerd; er is niets opgedragen",
    },
    About.CONFIRMED: {Language.EN: "it is answered: its certificate is there", Language.NL: "het is beantwoord: het certificaat is er"},
}
"""What an officer is told of; what the controller's services tell the person is theirs (`subject.notices`)."""

_WORDS = {
    Language.EN: {
        "request": "Request",
        "due": "Last day",
        "left": "Days left",
        "page": "Look at it",
        "digest": "The open requests this week",
    },
    Language.NL: {
        "request": "Verzoek",
        "due": "Laatste dag",
        "left": "Dagen over",
        "page": "Bekijk het",
        "digest": "De open verzoeken deze week",
    },
}


@dataclass(frozen=True)
class Told:
    """One thing to tell. `id` is the same when it is told again; `payload` is what a webhook gets."""

    id: UUID
    subject: str
    body: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Open:
    """A request in the weekly digest."""

    request_id: UUID
    right: str
    due_by: date
    days_left: int | None
    waiting: tuple[str, ...]


def of_notice(notice: Notice, event_id: str, language: Language, pages: str | None, today: date) -> Told | None:
    """What an officer is told of a notice; None: it is not for them. `pages`: the address of the officer's pages."""
    if notice.about not in TOLD:
        return None
    t, words, what = Tongue(language), _WORDS[language], TOLD[notice.about][language]
    link = f"{pages}/cases/{notice.request_id}" if pages else None
    left = (notice.due_by - today).days
    lines = [f"{words['request']} {notice.request_id}: {what}.", f"{words['due']}: {t.day(notice.due_by)}. {words['left']}: {left}."]
    payload = {"about": notice.about.value, "request_id": str(notice.request_id), "right": notice.right.value}
    return Told(
        id=uuid5(NAMESPACE_URL, f"notice/{event_id}"),
        subject=f"{words['request']} {str(notice.request_id)[:8]}: {what}",
        body="\n".join([*lines, *([f"{words['page']}: {link}"] if link else [])]) + "\n",
        payload=payload | {"due_by": notice.due_by.isoformat(), "days_left": left, "at": notice.at.isoformat(), "page": link},
    )


def digest(week: str, found: list[Open], total: int, overdue: int, language: Language, pages: str | None) -> Told:
    """The open requests, the most urgent first, as they stand at the start of a week."""
    t, words = Tongue(language), _WORDS[language]
    lines = [f"{t('open_requests')}: {t.number(total)}. {t('overdue')}: {t.number(overdue)}.", ""]
    for one in found:
        todo = ", ".join(t(what) for what in one.waiting)
        lines.append(f"{one.request_id}  {t(one.right)}  {t.day(one.due_by)}, {t.left(one.days_left)}{f'  ({todo})' if todo else ''}")
    payload = {
        "about": "weekly_digest",
        "week": week,
        "open": total,
        "overdue": overdue,
        "requests": [
            {"request_id": str(one.request_id), "right": one.right, "due_by": one.due_by.isoformat(), "waiting": list(one.waiting)}
            for one in found
        ],
    }
    body = "\n".join([*lines, *(["", f"{words['page']}: {pages}/"] if pages else [])]) + "\n"
    return Told(uuid5(NAMESPACE_URL, f"digest/{week}"), f"{words['digest']} ({week})", body, payload)
