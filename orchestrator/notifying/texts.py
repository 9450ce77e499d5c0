"""What is told, in the officer's language: a request by its id, what is the matter, and the last day. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from orchestrator.letters.words import Language
from orchestrator.tongue import Tongue
from topics.notices import About, Changed, Notice

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
    About.TASK_WAITING: {Language.EN: "work waits for a person", Language.NL: "er wacht werk dat een mens doet"},
    About.CERTIFICATE_SUPERSEDED: {Language.EN: "its certificate was replaced", Language.NL: "het certificaat is vervangen"},
}
"""What an officer is told of; what the controller's services tell the person is theirs (`subject.notices`)."""

CHANGED: dict[Changed, dict[Language, str]] = {
    Changed.OUTCOMES: {Language.EN: "what became of the data", Language.NL: "wat er van de gegevens is geworden"},
    Changed.DECISION: {Language.EN: "the decision", Language.NL: "het besluit"},
    Changed.EXTENSION: {Language.EN: "the extension", Language.NL: "de verlenging"},
    Changed.PAUSE: {Language.EN: "the time that stands still", Language.NL: "de tijd die stilstaat"},
    Changed.DATES: {Language.EN: "the day of receipt, or the last day", Language.NL: "de dag van ontvangst, of de laatste dag"},
    Changed.DAY_PASSED: {Language.EN: "a last day that has passed", Language.NL: "een laatste dag die voorbij is"},
    Changed.NOT_CLAIMED: {Language.EN: "what it does not claim", Language.NL: "wat het niet zegt"},
}

_WORDS = {
    Language.EN: {
        "request": "Request",
        "due": "Last day",
        "left": "Days left",
        "page": "Look at it",
        "processors": "Where",
        "replaced": "Revision {new} replaces revision {old}, and says: {status}. Changed",
        "digest": "The open requests this week",
    },
    Language.NL: {
        "request": "Verzoek",
        "due": "Laatste dag",
        "left": "Dagen over",
        "page": "Bekijk het",
        "processors": "Waar",
        "replaced": "Revisie {new} vervangt revisie {old}, en zegt: {status}. Veranderd",
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
    link = f"{pages}/cases/{notice.request_id}{'/certificate' if notice.revision else ''}" if pages else None
    left = (notice.due_by - today).days
    lines = [f"{words['request']} {notice.request_id}: {what}.", *_more(notice, t)]
    lines.append(f"{words['due']}: {t.day(notice.due_by)}. {words['left']}: {left}.")
    payload = {"about": notice.about.value, "request_id": str(notice.request_id), "right": notice.right.value}
    payload |= notice.model_dump(mode="json", include={"processors", "revision", "status", "changed"})
    return Told(
        id=uuid5(NAMESPACE_URL, f"notice/{event_id}"),
        subject=f"{words['request']} {str(notice.request_id)[:8]}: {what}",
        body="\n".join([*lines, *([f"{words['page']}: {link}"] if link else [])]) + "\n",
        payload=payload | {"due_by": notice.due_by.isoformat(), "days_left": left, "at": notice.at.isoformat(), "page": link},
    )


def _more(notice: Notice, t: Tongue) -> Iterator[str]:
    """In which revision what changed, and at which processors."""
    words = _WORDS[t.language]
    if notice.revision and notice.status:
        changed = ", ".join(CHANGED[one][t.language] for one in notice.changed) or "-"
        replaced = words["replaced"].format(new=notice.revision, old=notice.revision - 1, status=t(notice.status.value))
        yield f"{replaced}: {changed}."
    if notice.processors:
        yield f"{words['processors']}: {', '.join(notice.processors)}."


def digest_id(week: str) -> UUID:
    """By which a week's digest is known again."""
    return uuid5(NAMESPACE_URL, f"digest/{week}")


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
    return Told(digest_id(week), f"{words['digest']} ({week})", body, payload)
