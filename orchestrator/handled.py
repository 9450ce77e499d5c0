"""Reads the register of handled requests out of the ledger, and takes out of it what is kept no longer (ADR 16)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, Table, and_, case, delete, exists, false, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestrator.case import Case
from orchestrator.ledger import Ledger, Transaction
from orchestrator.listed import Listed
from orchestrator.register import Entry, Issue, Opened, Tally, Wanted, certified, may_go, tally, uncertified
from orchestrator.tables import cases, certificates, holds, identifiers, not_suppressed, register_counts
from topics.keyring import case_key, hold_key

_AT_ONCE = 500

_UNCERTIFIED = and_(~cases.c.certified, ~exists().where(certificates.c.request_id == cases.c.request_id))
"""A case that a restored ledger has from before its certificate does not know it yet."""
_LISTED = tuple(certificates.c[name] for name in Listed._fields)


def entries(ledger: Ledger, zone: ZoneInfo, wanted: Wanted) -> Iterator[Entry]:
    """The entries that are asked for: first those with certificates, in the order of the newest, then the open ones."""
    with ledger.reading() as transaction:
        query = select(certificates.c.request_id, *_LISTED).where(*_closed(wanted, zone)).order_by(certificates.c.register_index)
        for part in transaction.connection.execute(query.execution_options(yield_per=_AT_ONCE)).partitions():
            yield from _of(transaction, part, zone)
        bodies = select(cases.c.body).where(*_open(wanted, zone)).order_by(cases.c.received_at, cases.c.request_id)
        for body in transaction.connection.execute(bodies.execution_options(yield_per=_AT_ONCE)).scalars():
            yield uncertified(Opened.model_validate_json(body), zone)


@dataclass(frozen=True)
class Page:
    """Some entries, the newest first; how many there are in all, and of which right."""

    entries: tuple[Entry, ...]
    number: int
    rights: Mapping[str, int]


def page(ledger: Ledger, zone: ZoneInfo, wanted: Wanted, after: int, most: int) -> Page:
    """What is asked for without the `after` newest: first what has no certificate yet, then in the order of the register."""
    with ledger.reading() as transaction:
        run = transaction.connection.execute
        waiting, done = (Counter(dict(list(run(one)))) for one in _by_right(wanted, zone))
        newest = select(cases.c.body).where(*_open(wanted, zone)).order_by(cases.c.received_at.desc(), cases.c.request_id.desc())
        found = [uncertified(Opened.model_validate_json(body), zone) for body in run(newest.offset(after).limit(most)).scalars()]
        query = select(certificates.c.request_id, *_LISTED).where(*_closed(wanted, zone)).order_by(certificates.c.register_index.desc())
        past = max(0, after - waiting.total())
        found += _of(transaction, run(query.offset(past).limit(most - len(found))).all(), zone)
        return Page(tuple(found), waiting.total() + done.total(), waiting + done)


def _by_right(wanted: Wanted, zone: ZoneInfo) -> Iterator[Select[str, int]]:
    for table, which in ((cases, _open(wanted, zone)), (certificates, _closed(wanted, zone))):
        yield select(table.c.right, func.count()).where(*which).group_by(table.c.right)


def _closed(wanted: Wanted, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    standing = case((certificates.c.refused_at.is_not(None), "refused"), else_=certificates.c.status)
    return [certificates.c.newest, *_fits(certificates, wanted, zone), *([] if wanted.standing is None else [standing == wanted.standing])]


def _open(wanted: Wanted, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    named = wanted.standing in (None, "open")
    return [cases.c.mode == "execute", _UNCERTIFIED, *_fits(cases, wanted, zone), *([] if named else [false()])]


def _fits(table: Table, wanted: Wanted, zone: ZoneInfo) -> Iterator[ColumnElement[bool]]:
    first, before = wanted.moments(zone)
    if first is not None:
        yield table.c.received_at >= first
    if before is not None:
        yield table.c.received_at < before
    if wanted.right is not None:
        yield table.c.right == wanted.right


def _of(transaction: Transaction, rows: Sequence[Row[Any]], zone: ZoneInfo) -> Iterator[Entry]:
    issued = _issued(transaction, [row.request_id for row in rows])
    yield from (certified(_shown(row), issued[row.request_id], zone) for row in rows)


def _shown(row: Row[Any]) -> Listed:
    return Listed(*(getattr(row, name) for name in Listed._fields))


def counts(ledger: Ledger, zone: ZoneInfo, wanted: Wanted, today: date) -> Counter[Tally]:
    """What is asked for, counted; of what was forgotten the counts remain, by whole months."""
    counted = Counter(tally(entry, today) for entry in entries(ledger, zone, wanted))
    with ledger.reading() as transaction:
        for row in transaction.connection.execute(select(register_counts)):
            one = Tally(row.month, row.right, row.standing, _MET[row.met])
            if _month_fits(one, wanted):
                counted[one] += row.number
    return counted


_MET: dict[str, bool | None] = {"yes": True, "no": False, "open": None}


def _month_fits(one: Tally, wanted: Wanted) -> bool:
    since, until = (None if day is None else f"{day:%Y-%m}" for day in (wanted.since, wanted.until))
    in_time = (since is None or one.month >= since) and (until is None or one.month <= until)
    return in_time and wanted.right in (None, one.right) and wanted.standing in (None, one.standing)


def _issued(transaction: Transaction, request_ids: Sequence[UUID]) -> dict[UUID, list[Issue]]:
    columns = [certificates.c[name] for name in ("request_id", *Issue._fields)]
    query = select(*columns).where(certificates.c.request_id.in_(request_ids)).order_by(certificates.c.revision)
    found: dict[UUID, list[Issue]] = defaultdict(list)
    for request_id, *issue in transaction.connection.execute(query):
        found[request_id].append(Issue(*issue))
    return found


@dataclass(frozen=True)
class Going:
    """What is kept no longer: requests, and how many entries of the register they are. `after`: where to look on; None: that was all."""

    request_ids: tuple[UUID, ...]
    tallies: Counter[Tally]
    after: int | None
    moment: datetime


def going(transaction: Transaction, before: date, zone: ZoneInfo, after: int, most: int) -> Going:
    """Of the next `most` old requests those whose time is over, locked: a second orchestrator finds them gone."""
    moment = datetime.combine(before, time(), zone)
    columns = (certificates.c.request_id, certificates.c.register_index, *_LISTED)
    last = transaction.connection.scalar(select(func.max(certificates.c.register_index)).where(certificates.c.issued_at < moment))
    old = select(*columns).where(
        certificates.c.newest, certificates.c.register_index.between(after + 1, last or 0), certificates.c.issued_at < moment
    )
    found = transaction.connection.execute(old.order_by(certificates.c.register_index).limit(most).with_for_update(of=certificates)).all()
    plans = list(transaction.connection.scalars(_old_plans(before, most)))
    known = transaction.cases([row.request_id for row in found])
    issued = _issued(transaction, [row.request_id for row in found])
    gone = [row for row in found if _goes(known.get(row.request_id), issued[row.request_id], before, zone)]
    tallies = Counter(tally(certified(_shown(row), issued[row.request_id], zone), before) for row in gone)
    ids = (*(row.request_id for row in gone), *plans)
    return Going(ids, tallies, found[-1].register_index if len(found) == most else None, moment)


def _goes(case: Case | None, issued: Sequence[Issue], before: date, zone: ZoneInfo) -> bool:
    return may_go(case, [one.issued_at.astimezone(zone).date() for one in issued], before)


def _old_plans(before: date, most: int) -> Any:
    """Dry runs: they end in no certificate, and are no entries."""
    ended = (cases.c.state == "closed", cases.c.wake_at.is_(None), cases.c.due_by < before)
    return select(cases.c.request_id).where(_UNCERTIFIED, *ended).limit(most).with_for_update(of=cases)


def keys_of(request_ids: Iterable[UUID]) -> list[str]:
    """The names of the keys of those requests; a request id stands in each."""
    return [name(request_id) for request_id in request_ids for name in (case_key, hold_key)]


def forget(transaction: Transaction, gone: Going, now: datetime) -> None:
    """Only the counts stay, and of each certificate its number, its hash and the hash before: the chain has no hole."""
    ids, run = list(gone.request_ids), transaction.connection.execute
    for one, number in sorted(gone.tallies.items(), key=repr):
        _add(transaction, one, number)
    run(delete(not_suppressed).where(not_suppressed.c.seen_at < gone.moment))
    for table in (cases, identifiers, holds):
        run(delete(table).where(table.c.request_id.in_(ids)))
    transaction.destroyed_keys.forget(keys_of(ids), now)
    nothing = {"jws": "", **dict.fromkeys((*Listed._fields, "newest"))}
    run(update(certificates).where(certificates.c.request_id.in_(ids)).values(request_id=certificates.c.certificate_id, **nothing))


def _add(transaction: Transaction, one: Tally, number: int) -> None:
    met = next(word for word, value in _MET.items() if value is one.met)
    key = {"month": one.month, "right": one.right, "standing": one.standing, "met": met}
    new = (postgresql.insert if transaction.connection.dialect.name == "postgresql" else sqlite.insert)(register_counts)
    more = {"number": register_counts.c.number + new.excluded.number}
    transaction.connection.execute(new.values(**key, number=number).on_conflict_do_update(index_elements=list(key), set_=more))
