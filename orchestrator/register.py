"""The register of handled requests (GDPR art. 5(2)): what an entry says, how entries are counted, and when they go. Pure (ADR 16)."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from orchestrator.case import Case, Status
from orchestrator.listed import Listed
from orchestrator.rights import keeps_for_law
from topics.events import Right

_FIRST_YEAR = 2018
"""No request is from before the GDPR."""
_FIRST_DAY, _LAST_DAY = date.min + timedelta(days=2), date.max - timedelta(days=3)
"""In every zone they begin at a moment that can be told."""

Standing = Literal["open", "partial", "complete", "complete_with_holds", "refused"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""How a request stands in the register: `open` before its first certificate, `refused` by the officer's word or another controller's."""

Period = Literal["month", "quarter", "year"]


def register_key(year: int) -> str:
    """The name of the key under which persons of that year's requests have their pseudonyms."""
    return f"register/{year}"


def keys_of_years_before(before: date) -> list[str]:
    """The register's keys of the years that had ended before that day."""
    return [register_key(year) for year in range(_FIRST_YEAR, before.year)]


FORGOTTEN = "register/before/"
"""With a day after it: what was answered before it was forgotten on order. It stands among the names of destroyed keys, in keyring and
ledger, so that a backup of one of them does not undo it; there is no such key."""


def forgotten_before(names: Iterable[str]) -> date:
    """The last of those days; the first of all where none was ordered."""
    return max((date.fromisoformat(name.removeprefix(FORGOTTEN)) for name in names), default=date.min)


class Opened(BaseModel):
    """What the register reads of a case that has no certificate yet; the rest is skipped."""

    model_config = ConfigDict(extra="ignore")

    right: str
    ground: str | None
    pseudonym: str
    received_at: datetime
    due_by: date


class Issue(NamedTuple):
    """One certificate of an entry."""

    certificate_id: UUID
    revision: int
    sha256: str
    status: str
    issued_at: datetime


class Certified(BaseModel):
    """A certificate of an entry, by number and hash."""

    model_config = ConfigDict(frozen=True)

    certificate_id: UUID
    revision: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One request. `answered_on`: the local day of the first certificate that was not partial, or of the refusal."""

    pseudonym: str
    right: str
    ground: str | None
    received_on: date
    due_by: date
    answered_on: date | None
    standing: Standing
    outcomes: Mapping[str, int]
    certificates: tuple[Issue, ...]
    certified_met: bool | None = None

    def deadline_met(self, today: date) -> bool | None:
        """Whether it was answered by its last day, as its newest certificate says it; None while that is open."""
        if self.certified_met is not None:
            return self.certified_met
        if self.answered_on is not None:
            return self.answered_on <= self.due_by
        return None if today <= self.due_by else False


class RegisterLine(BaseModel):
    """An entry as `erasure register --json` and the API give it."""

    model_config = ConfigDict(frozen=True)

    pseudonym: str
    right: str
    ground: str | None
    received: date
    due: date
    answered: date | None
    status: str
    deadline_met: bool | None
    outcomes: dict[str, int]
    certificates: tuple[Certified, ...]

    @classmethod
    def of(cls, entry: Entry, today: date) -> "RegisterLine":
        return cls(
            pseudonym=entry.pseudonym,
            right=entry.right,
            ground=entry.ground,
            received=entry.received_on,
            due=entry.due_by,
            answered=entry.answered_on,
            status=entry.standing,
            deadline_met=entry.deadline_met(today),
            outcomes=dict(sorted(entry.outcomes.items())),
            certificates=tuple(
                Certified(certificate_id=one.certificate_id, revision=one.revision, sha256=one.sha256) for one in entry.certificates
            ),
        )


def certified(newest: Listed, issued: Sequence[Issue], zone: ZoneInfo) -> Entry:
    """The entry of a request with certificates, as the newest says it; `issued`: all of them, the oldest first."""
    first = next((one.issued_at for one in issued if one.status != Status.PARTIAL), newest.refused_at)
    return Entry(
        pseudonym=newest.pseudonym,
        right=newest.right,
        ground=newest.ground,
        received_on=newest.received_at.astimezone(zone).date(),
        due_by=newest.due_by,
        answered_on=first.astimezone(zone).date() if first else None,
        standing="refused" if newest.refused_at else _standing(issued[-1].status),
        outcomes=json.loads(newest.outcomes),
        certificates=tuple(issued),
        certified_met=newest.deadline_met,
    )


def _standing(status: str) -> Standing:
    return next(word for word in STANDINGS if word == status)


def uncertified(case: Opened, zone: ZoneInfo) -> Entry:
    """The entry of a request that has no certificate yet."""
    received_on = case.received_at.astimezone(zone).date()
    return Entry(case.pseudonym, case.right, case.ground, received_on, case.due_by, None, "open", {}, ())


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for: received from and until those days, of that right, standing so. None: all."""

    since: date | None = None
    until: date | None = None
    right: str | None = None
    standing: str | None = None

    def moments(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """From which moment, and before which, it was received."""
        first = None if self.since is None else datetime.combine(max(self.since, _FIRST_DAY), time(), zone)
        last = None if self.until is None else datetime.combine(min(self.until, _LAST_DAY) + timedelta(days=1), time(), zone)
        return first, last


class Tally(NamedTuple):
    """What is counted alike: the month of receipt ("2026-11"), the right, how it stands, and whether it was in time."""

    month: str
    right: str
    standing: str
    met: bool | None


def tally(entry: Entry, today: date) -> Tally:
    """The count that an entry goes into."""
    return Tally(f"{entry.received_on:%Y-%m}", entry.right, entry.standing, entry.deadline_met(today))


class Row(NamedTuple):
    """Counts of one period and right."""

    period: str
    right: str
    received: int
    complete: int
    complete_with_holds: int
    partial: int
    refused: int
    open: int
    in_time: int
    late: int


def rows(counts: Mapping[Tally, int], period: Period) -> Iterator[Row]:
    """The counts by period and right, in that order; `late`: answered after the last day, or unanswered past it."""
    grouped: dict[tuple[str, str], Counter[object]] = {}
    for one, number in counts.items():
        group = grouped.setdefault((_period(one.month, period), one.right), Counter())
        group.update({"received": number, one.standing: number, one.met: number})
    for (name, right), of in sorted(grouped.items()):
        by_standing = (of["complete"], of["complete_with_holds"], of["partial"], of["refused"], of["open"])
        yield Row(name, right, of["received"], *by_standing, of[True], of[False])


def _period(month: str, period: Period) -> str:
    year, number = month.split("-")
    return {"month": month, "quarter": f"{year}-Q{(int(number) + 2) // 3}", "year": year}[period]


def may_go(case: Case | None, answered_at: Iterable[date], before: date) -> bool:
    """Whether an entry whose certificates are of those days is kept no longer; `case` None: only its certificates are left.

    What still waits, or still means something for another request of the person, stays: an open case, a hold, a
    restriction in force, a legal claim, an objection that was upheld or is to marketing.
    """
    if max(answered_at) >= before:
        return False
    return case is None or (case.state == "closed" and not _lasts(case, before))


def _lasts(case: Case, before: date) -> bool:
    if keeps_for_law(case) or case.claims or any(end >= before for p in case.processors for end in p.expiring.values()):
        return True
    upheld = case.right is Right.OBJECTION and case.decision is not None and case.decision.decision == "uphold"
    return case.in_force or (not case.refused and (upheld or case.against_marketing))
