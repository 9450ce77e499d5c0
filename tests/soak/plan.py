"""What a seed makes of a soak: the people, their records, those who look like them, and which fault comes when. Pure."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

from tests.soak.vendor import PROCESSORS, READING, WRITING

TODAY = date.today()  # noqa: DTZ011
RECENT, OLD = date(TODAY.year - 1, 6, 1), date(TODAY.year - 9, 6, 1)
"""An invoice that the law keeps, and one that it no longer does."""
MESSAGES = (
    "the same event again",
    "the same request as another event",
    "poison among requests",
    "poison among reports",
    "poison among commands",
)
PROCESSES = (
    "orchestrator killed",
    "workers killed",
    "broker stopped and started",
    "broker killed and started",
    "broker paused",
    "database restarted",
    "database killed",
    "database connections cut",
)
_OF_PROCESSES, _OF_MESSAGES = 0.02, 0.2
"""Their shares of all faults; the vendors have the rest."""


@dataclass(frozen=True)
class Asked:
    """One case: who asks, and what the vendors hold of them."""

    number: int
    request_id: str
    email: str
    look_alike: str


@dataclass(frozen=True)
class Fault:
    """`before`: the case with whose request it comes."""

    before: int
    kind: str
    at: str


@dataclass(frozen=True)
class Plan:
    """Everything that the seed decides."""

    asked: tuple[Asked, ...]
    rows: tuple[tuple[str, dict[str, Any]], ...]
    faults: tuple[Fault, ...]


def plan(cases: int, faults: int, seed: int, processes: tuple[str, ...] = PROCESSES) -> Plan:
    """The plan of a seed."""
    random = Random(seed)
    asked = tuple(_asked(random, number) for number in range(cases))
    rows = tuple(row for one in asked for row in _rows(random, one))
    of_processes, of_messages = (max(len(processes), round(faults * _OF_PROCESSES)), round(faults * _OF_MESSAGES)) if faults else (0, 0)
    kinds = [processes[n % len(processes)] for n in range(of_processes)] if processes else []
    kinds += [MESSAGES[n % len(MESSAGES)] for n in range(of_messages)]
    vendors = READING + WRITING
    kinds += [vendors[n % len(vendors)] for n in range(max(0, faults - len(kinds)))]
    random.shuffle(kinds)
    made = [Fault(random.randrange(cases), kind, random.choice(PROCESSORS)) for kind in kinds]
    return Plan(asked, rows, tuple(sorted(made, key=lambda fault: fault.before)))


def _asked(random: Random, number: int) -> Asked:
    email = f"p{number}@voorbeeld.example"
    return Asked(number, str(UUID(int=random.getrandbits(128), version=4)), email, f"anna.{email}")


def _rows(random: Random, asked: Asked) -> list[tuple[str, dict[str, Any]]]:
    """At each processor a contact with what hangs from it, or nothing; and now and then somebody with a similar address."""
    rows = []
    for name in PROCESSORS:
        if random.random() < 0.8:
            rows += _of(random, name, asked, asked.email, "own")
        if random.random() < 0.3:
            rows += _of(random, name, asked, asked.look_alike, "other")
    return rows


def _of(random: Random, name: str, asked: Asked, email: str, who: str) -> list[tuple[str, dict[str, Any]]]:
    contact = f"{name[0]}{asked.number}-{who}"
    made = [{"id": contact, "kind": "contact", "since": RECENT.isoformat(), "contact": None}]
    made += [_hanging(f"{contact}-t{n}", "ticket", RECENT, contact) for n in range(random.randint(0, 2))]
    made += [_hanging(f"{contact}-r{n}", "invoice", RECENT, contact) for n in range(random.randint(0, 1))]
    made += [_hanging(f"{contact}-o{n}", "invoice", OLD, contact) for n in range(random.randint(0, 1))]
    return [(name, row | {"email": email, "group": asked.number}) for row in made]


def _hanging(id: str, kind: str, since: date, contact: str) -> dict[str, Any]:
    return {"id": id, "kind": kind, "since": since.isoformat(), "contact": contact}
