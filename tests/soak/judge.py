"""Holds every certificate against what the vendors really hold and held. Pure; each fault found is a sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator.case import Status
from orchestrator.payload import NOTHING_BEFORE, Certificate
from tests.soak.plan import RECENT, Asked
from topics.outcomes import Evidence, Outcome

_GONE = frozenset({Outcome.ERASED, Outcome.ANONYMISED})
Row = Mapping[str, Any]


@dataclass
class Judged:
    """`wrong`: what a certificate says and is not so, or was done and must not be. `lost`: cases without an end."""

    compared: int = 0
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def judge(asked: Sequence[Asked], certificates: Mapping[str, Sequence[Certificate]], rows: Mapping[str, Sequence[Row]]) -> Judged:
    """`certificates`: all revisions of each request, in order. `rows`: every vendor's records with their histories."""
    judged = Judged()
    held = _by_email(rows)
    for one in asked:
        revisions = certificates.get(one.request_id, ())
        if not revisions or revisions[-1].status is Status.PARTIAL:
            judged.lost.append(f"case {one.number}: " + ("no certificate" if not revisions else "never more than a partial certificate"))
        for certificate in revisions:
            judged.compared += 1
            mine = {entry.name: held[entry.name, one.email] for entry in certificate.processors}
            judged.wrong += [f"case {one.number}, revision {certificate.revision}: {fault}" for fault in _too_much(certificate, mine)]
        if revisions and revisions[-1].status is not Status.PARTIAL:
            mine = {name: held[name, one.email] for name in rows}
            judged.wrong += [f"case {one.number}: {fault}" for fault in _not_as_left(revisions[-1], mine)]
        for name in rows:
            if any(not row["there"] or row["archived"] or row["history"] for row in held[name, one.look_alike]):
                judged.wrong.append(f"case {one.number}: {name}: somebody with a similar address was touched")
    return judged


def chain(certificates: Sequence[Certificate], fingerprints: Sequence[str]) -> Iterator[str]:
    """What is wrong with the register: every index once, each naming the one before by its hash."""
    order = sorted(range(len(certificates)), key=lambda n: certificates[n].place.index)
    previous = NOTHING_BEFORE
    for index, n in enumerate(order, start=1):
        place = certificates[n].place
        if (place.index, place.previous) != (index, previous):
            yield f"register: at {index} stands {place.index}, and it does not follow the one before"
        previous = fingerprints[n]


def revisions(certificates: Sequence[Certificate], fingerprints: Sequence[str]) -> Iterator[str]:
    """What is wrong with one request's revisions, in order: numbered from 1, each superseding the one before by hash."""
    before: str | None = None
    for number, (certificate, hash) in enumerate(zip(certificates, fingerprints, strict=True), start=1):
        if (certificate.revision, certificate.supersedes) != (number, before):
            yield f"revision {certificate.revision} stands where {number} belongs, or supersedes another than the one before"
        before = hash


def _by_email(rows: Mapping[str, Sequence[Row]]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for name, listed in rows.items():
        for row in listed:
            found[name, row["email"]].append(row)
    return found


def _too_much(certificate: Certificate, mine: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Of no kind is more said to be gone, verified, than was gone at the moment of issue."""
    for entry in certificate.processors:
        gone = Counter(row["kind"] for row in mine[entry.name] if not _was_there(row, certificate.issued_at))
        claimed: Counter[str] = Counter()
        for line in entry.records:
            claimed[line.kind] += line.count * (line.outcome in _GONE and line.evidence is Evidence.VERIFIED)
        if not claimed <= gone:
            yield f"{entry.name}: says gone {dict(claimed)}, and gone were {dict(gone)}"
        if entry.outcome is Outcome.NOTHING_FOUND and any(_was_there(row, certificate.issued_at) for row in mine[entry.name]):
            yield f"{entry.name}: says that nothing was found, and something is there"


def _was_there(row: Row, at: datetime) -> bool:
    """Every moment of its history turned it round; it was there at first."""
    return sum(moment <= at.timestamp() for moment in row["history"]) % 2 == 0


def _not_as_left(certificate: Certificate, mine: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """In the end: as much is left, restricted and held as it says; every record stands on it; what the law keeps is there."""
    for entry in certificate.processors:
        rows = mine[entry.name]
        told: Counter[tuple[str, str]] = Counter()
        for line in entry.records:
            told[line.kind, "gone" if line.outcome in _GONE else line.outcome.value] += line.count
        if told != Counter(_fate(row) for row in rows):
            yield f"{entry.name}: says {dict(told)}, and it is {dict(Counter(_fate(row) for row in rows))}"
        if any(row["kind"] == "invoice" and row["since"] == RECENT.isoformat() and row["history"] for row in rows):
            yield f"{entry.name}: an invoice that the law keeps was deleted"


def _fate(row: Row) -> tuple[str, str]:
    if not row["there"]:
        return row["kind"], "gone"
    if row["kind"] == "contact":
        return "contact", "restricted" if row["archived"] else "untouched"
    return row["kind"], "held" if row["since"] == RECENT.isoformat() else "untouched"
