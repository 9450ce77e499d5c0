"""The ledger: the system of record, in SQLite or PostgreSQL. One transaction per batch of messages (ADR 1)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from alembic import command as alembic
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Select, and_, bindparam, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from orchestrator.case import Case
from orchestrator.destroyed_keys import DestroyedKeys
from orchestrator.issued import Issued
from orchestrator.listed import listed
from orchestrator.tables import cases, certificates, holds, identifiers, inbox, not_suppressed, offsets, originals, outbox
from orchestrator.waiting import column
from topics.bus import Message, Place
from topics.database import engine_for, leave_no_trace, make_private
from topics.outcomes import Outcome

INBOX_KEPT = timedelta(days=30)
"""Longer than any topic keeps a message, so that no repetition is taken for new."""

_UPDATE_CASE = update(cases).where(cases.c.request_id == bindparam("known_id"))

_ISSUED = tuple(certificates.c[field.name] for field in fields(Issued))

_newer = certificates.alias()
_OVERTAKEN = (
    update(certificates)
    .where(certificates.c.request_id.in_(bindparam("of", expanding=True)), certificates.c.newest)
    .where(exists().where(_newer.c.request_id == certificates.c.request_id, _newer.c.revision > certificates.c.revision))
    .values(newest=False)
)

_NONE_BEFORE = (0, "0" * 64)

_RESTORE = 'Its file is damaged: restore the last backup, and go on as docs/reliability.md says under "When the ledger fails".'


class LedgerGone(Exception):
    """The ledger cannot be reached or written. Nothing is acknowledged until it can be again."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables of a database up to a revision of ours."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    alembic.upgrade(config, revision)


class Ledger:
    """Opens transactions, and reads. Blocking: the shell calls it from a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.traces = True  # a process before may have left some

    @classmethod
    def open(cls, url: str) -> "Ledger":
        """The ledger at a URL, its tables brought up to date.

        Raises:
            LedgerGone: it cannot be reached, is damaged, or is not a ledger of this version.
        """
        make_private(url)
        engine = engine_for(url)
        try:
            _check_whole(engine)
            with engine.begin() as connection:
                if connection.dialect.name == "postgresql":  # two orchestrators may start at once
                    connection.execute(text("SELECT pg_advisory_xact_lock(8112026)"))
                upgrade(connection)
        except (SQLAlchemyError, CommandError) as error:
            engine.dispose()
            raise LedgerGone(f"The ledger cannot be opened ({_cause(error)}). {_what_to_do(error)}") from error
        return cls(engine)

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises:
            LedgerGone: the database failed; nothing was written.
        """
        try:
            with self._engine.begin() as connection:
                yield Transaction(connection)
        except DBAPIError as error:
            raise LedgerGone(f"The ledger failed ({_cause(error)}).") from error

    @contextmanager
    def reading(self) -> Iterator["Transaction"]:
        """A transaction that only reads, and waits for no writer."""
        try:
            with self._engine.connect().execution_options(read_only=True) as connection:
                yield Transaction(connection)
        except DBAPIError as error:
            raise LedgerGone(f"The ledger cannot be read ({_cause(error)}).") from error

    def leave_no_trace(self) -> None:
        """What was deleted or overwritten stands in no file any more; `traces`: not yet, call it again (`topics.database`)."""
        self.traces = not leave_no_trace(self._engine)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


class Transaction:
    """What can be read and written in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.destroyed_keys = DestroyedKeys(connection)

    @property
    def connection(self) -> Connection:
        """For what reads the register as a whole (`handled`)."""
        return self._connection

    def seen(self, events: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Of those (source, id) pairs the ones already in the inbox, with the digest of their content."""
        wanted = set(events)
        if not wanted:
            return {}
        query = select(inbox.c.source, inbox.c.id, inbox.c.content)  # pairs would cost three times as much to ask for
        where = and_(inbox.c.source.in_({source for source, _ in wanted}), inbox.c.id.in_({id for _, id in wanted}))
        return {(source, id): content for source, id, content in self._connection.execute(query.where(where)) if (source, id) in wanted}

    def remember(self, events: Sequence[tuple[str, str, str]], now: datetime) -> None:
        """Put (source, id, content digest) into the inbox."""
        rows = [{"source": s, "id": i, "content": c, "seen_at": now} for s, i, c in events]
        if rows:
            self._connection.execute(insert(inbox), rows)

    def forget_events(self, before: datetime) -> None:
        """Drop inbox rows that no topic can bring back."""
        self._connection.execute(delete(inbox).where(inbox.c.seen_at < before))

    def cases(self, request_ids: Iterable[UUID]) -> dict[UUID, Case]:
        """Those cases, locked until the transaction ends (always in the same order, so that nobody waits in a circle)."""
        query = select(cases.c.body).where(cases.c.request_id.in_(sorted(request_ids))).order_by(cases.c.request_id)
        found = [Case.model_validate_json(body) for body in self._connection.scalars(query.with_for_update())]
        return {case.request_id: case for case in found}

    def case(self, request_id: UUID) -> Case | None:
        """One case, to look at."""
        body = self._connection.scalar(select(cases.c.body).where(cases.c.request_id == request_id))
        return None if body is None else Case.model_validate_json(body)

    def due(self, now: datetime, most: int) -> list[UUID]:
        """Cases that asked to be woken by now, the longest waiting first."""
        query = select(cases.c.request_id).where(cases.c.wake_at <= now).order_by(cases.c.wake_at).limit(most)
        return list(self._connection.scalars(query))

    def add_identifiers(self, tokens: Mapping[UUID, Sequence[str]]) -> None:
        """Note the keyed digests of new requests' identifiers. Two orchestrators take turns over one person."""
        rows = [{"token": token, "request_id": id} for id, several in tokens.items() for token in several]
        if self._connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            for token in sorted({token for several in tokens.values() for token in several}):
                self._connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:token, 0))"), {"token": token})
        self._connection.execute(delete(identifiers).where(identifiers.c.request_id.in_(list(tokens))))  # of an opening that failed
        self._connection.execute(insert(identifiers), rows)

    def relatives(self, request_ids: Iterable[UUID]) -> dict[UUID, set[UUID]]:
        """Per request the requests, itself included, that share an identifier with it."""
        wanted, other = list(request_ids), identifiers.alias()
        query = (
            select(identifiers.c.request_id, other.c.request_id)
            .join(other, other.c.token == identifiers.c.token)
            .where(identifiers.c.request_id.in_(wanted))
        )
        found: dict[UUID, set[UUID]] = {id: {id} for id in wanted}
        for id, related in self._connection.execute(query):
            found[id].add(related)
        return found

    def forget_identifiers(self, request_ids: Iterable[UUID]) -> None:
        """Nobody needs to know any more whose requests belong together with those."""
        for request_id in request_ids:
            self._connection.execute(delete(identifiers).where(identifiers.c.request_id == request_id))

    def unfinished(self) -> list[UUID]:
        """Cases that are open, or asked to be woken."""
        return list(self._connection.scalars(select(cases.c.request_id).where(or_(cases.c.state == "open", cases.c.wake_at.is_not(None)))))

    def without_case(self, request_ids: Iterable[UUID]) -> set[UUID]:
        """Of those requests the ones that are no case here."""
        return set(request_ids) - set(self._connection.scalars(select(cases.c.request_id)))

    def note_not_suppressed(self, request_id: UUID, now: datetime) -> None:
        """Note that somebody was said to be seen again who was not erased here; once, however often it is said."""
        if not self.was_not_suppressed(request_id):
            self._connection.execute(insert(not_suppressed), {"request_id": request_id, "seen_at": now})

    def was_not_suppressed(self, request_id: UUID) -> bool:
        """Whether that was noted."""
        return self._connection.scalar(select(not_suppressed.c.request_id).where(not_suppressed.c.request_id == request_id)) is not None

    def save(self, changed: Iterable[Case], new: frozenset[UUID]) -> None:
        """Write cases; those in `new` for the first time."""
        rows = [_row(case) for case in changed]
        fresh = [row for row in rows if row["request_id"] in new]
        known = [row | {"known_id": row["request_id"]} for row in rows if row["request_id"] not in new]
        if fresh:
            self._connection.execute(insert(cases), fresh)
        if known:
            self._connection.execute(_UPDATE_CASE, known)

    def save_holds(self, case: Case) -> None:
        """Write what the law keeps of a case, in place of what was written before."""
        self._connection.execute(delete(holds).where(holds.c.request_id == case.request_id))
        rows = list(_hold_rows(case))
        if rows:
            self._connection.execute(insert(holds), rows)

    def send(self, messages: Sequence[Message], now: datetime) -> list[tuple[int, Message]]:
        """Put messages into the outbox; returns them with their outbox ids, in the same order."""
        if not messages:
            return []
        rows = [{"topic": m.topic, "key": m.key, "value": m.value, "headers": _headers_text(m), "written_at": now} for m in messages]
        ids = self._connection.scalars(insert(outbox).returning(outbox.c.id, sort_by_parameter_order=True), rows)
        return list(zip(ids, messages, strict=True))

    def unsent(self, until: datetime | None = None, most: int | None = None) -> list[tuple[int, Message]]:
        """Messages still in the outbox that were put there until that moment, oldest first; None: all."""
        query = select(outbox) if until is None else select(outbox).where(outbox.c.written_at <= until)
        rows = self._connection.execute(query.order_by(outbox.c.id).limit(most))
        return [(row.id, Message(row.topic, row.key, row.value, _headers(row.headers))) for row in rows]

    def sent(self, ids: Sequence[int]) -> None:
        """Strike messages out of the outbox."""
        for first in range(0, len(ids), 500):
            self._connection.execute(delete(outbox).where(outbox.c.id.in_(ids[first : first + 500])))

    def register_head(self) -> tuple[int, str]:
        """The register's last index and the SHA-256 of its certificate; locked, so that the chain has no fork."""
        if self._connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            self._connection.execute(text("LOCK TABLE certificates IN SHARE ROW EXCLUSIVE MODE"))
        query = select(certificates.c.register_index, certificates.c.sha256).order_by(certificates.c.register_index.desc()).limit(1)
        row = self._connection.execute(query).first()
        return (row[0], row[1]) if row else _NONE_BEFORE

    def add_certificates(self, issued: Sequence[Issued]) -> None:
        """Link certificates into the register, what it shows of each beside it."""
        if issued:
            self._connection.execute(insert(certificates), [{**vars(one), **listed(one.jws)._asdict(), "newest": True} for one in issued])
            self._connection.execute(_OVERTAKEN, {"of": [one.request_id for one in issued]})

    def certificates_of(self, *request_ids: UUID) -> list[Issued]:
        """Requests' certificates, each request's oldest first."""
        if not request_ids:
            return []
        return self._issued(select(*_ISSUED).where(certificates.c.request_id.in_(request_ids)).order_by(certificates.c.revision))

    def register(self) -> list[Issued]:
        """Every certificate, in the order of the register."""
        return self._issued(select(*_ISSUED).order_by(certificates.c.register_index))

    def fingerprints(self, among: Iterable[str]) -> set[str]:
        """Those of the given SHA-256 that stand in the register."""
        return set(self._connection.scalars(select(certificates.c.sha256).where(certificates.c.sha256.in_(list(among)))))

    def has_certificates(self) -> bool:
        """Whether any certificate was ever issued."""
        return bool(self._connection.scalar(select(func.count()).select_from(certificates)))

    def offsets(self) -> dict[Place, tuple[int, datetime]]:
        """Per partition the offset after the last that was taken, and when that was."""
        return {(row.topic, row.partition): (row.following, row.taken_at) for row in self._connection.execute(select(offsets))}

    def advance(self, to: Mapping[Place, int], now: datetime) -> None:
        """Everything before those offsets was taken; never backwards."""
        rows = [{"topic": t, "partition": p, "following": to[t, p], "taken_at": now} for t, p in sorted(to)]
        if rows:
            new = (postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert)(offsets)
            changed = {"following": new.excluded.following, "taken_at": new.excluded.taken_at}
            forward = new.excluded.following > offsets.c.following
            self._connection.execute(new.on_conflict_do_update(index_elements=["topic", "partition"], set_=changed, where=forward), rows)

    def forget_offsets(self, places: Iterable[Place]) -> None:
        """Those partitions were made anew: what was taken of the old ones says nothing of them."""
        for topic, partition in places:
            self._connection.execute(delete(offsets).where(offsets.c.topic == topic, offsets.c.partition == partition))

    def park_original(self, topic: str, partition: int, offset: int, sealed: str, now: datetime) -> None:
        """Keep the sealed original of a dead letter that is too large to be sent on; once, however often it comes."""
        where = and_(originals.c.topic == topic, originals.c.partition == partition, originals.c.offset == offset)
        if self._connection.scalar(select(func.count()).select_from(originals).where(where)):
            return
        row = {"topic": topic, "partition": partition, "offset": offset, "sealed": sealed, "parked_at": now}
        self._connection.execute(insert(originals), row)

    def forget_originals(self, before: datetime) -> None:
        """Drop originals whose dead letters have aged out."""
        self._connection.execute(delete(originals).where(originals.c.parked_at < before))

    def original(self, topic: str, partition: int, offset: int) -> str | None:
        """The sealed original of a dead letter whose message carries none."""
        where = and_(originals.c.topic == topic, originals.c.partition == partition, originals.c.offset == offset)
        sealed: str | None = self._connection.scalar(select(originals.c.sealed).where(where))
        return sealed

    def _issued(self, query: Select[Any]) -> list[Issued]:
        return [Issued(**dict(row)) for row in self._connection.execute(query).mappings()]


def _row(case: Case) -> dict[str, Any]:
    return {
        "request_id": case.request_id,
        "state": case.state,
        "right": case.right.value,
        "received_at": case.received_at,
        "due_by": case.due_by,
        "wake_at": case.wake_at,
        "mode": case.mode,
        "certified": bool(case.certificates),
        "waits": column(case),
        "body": case.model_dump_json(),
    }


def _hold_rows(case: Case) -> Iterator[dict[str, Any]]:
    for processor in case.processors:
        for digest, record in processor.records.items():
            until = record.hold.until if record.hold else record.until
            if record.sealed is None or until is None or record.outcome not in (Outcome.HELD, Outcome.RESTRICTED):
                continue
            yield {
                "request_id": case.request_id,
                "processor": processor.name,
                "record": digest,
                "kind": record.kind,
                "statute": record.hold and _storable(record.hold.statute),
                "exception": record.hold and _storable(record.hold.exception),
                "bound_to": record.bound_to,
                "until": until,
                "sealed": record.sealed,
            }


def _storable(text: str) -> str:
    """Without NUL, which PostgreSQL does not take: one such report would hold up all others."""
    return text.replace("\x00", "")


def _headers_text(message: Message) -> str:
    return json.dumps([[name, value.decode()] for name, value in message.headers])


def _headers(written: str) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode()) for name, value in json.loads(written))


def _check_whole(engine: Engine) -> None:
    """Refuse a damaged SQLite file before anything is built on it: half a second for 100,000 cases."""
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL checks its pages itself, as it reads them
    with engine.connect().execution_options(read_only=True) as connection:
        if connection.scalar(text("PRAGMA quick_check(1)")) != "ok":
            engine.dispose()
            raise LedgerGone(f"The ledger cannot be opened (quick_check). {_RESTORE}")


def _cause(error: Exception) -> str:
    """The kind of failure and the database's code for it; never its text, which may hold SQL parameters."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__}, {code}" if code else type(cause).__name__


def _what_to_do(error: Exception) -> str:
    damaged = any(code in _cause(error) for code in ("SQLITE_CORRUPT", "SQLITE_NOTADB"))
    return _RESTORE if damaged else "Look at [ledger] url, and whether the server runs."
