"""The ledger keeps what it promises, on SQLite and on PostgreSQL."""

import json
import queue
import threading
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, insert, select, text

from orchestrator.case import Case, RecordState
from orchestrator.deadlines import Pause
from orchestrator.issued import Issued
from orchestrator.ledger import Ledger, LedgerGone, Transaction, _row, upgrade
from orchestrator.listed import Listed, listed
from orchestrator.tables import cases, certificates
from tests.orchestrator.certificate_cases import AWR, case, processor, record
from topics.bus import Message
from topics.database import engine_for
from topics.outcomes import Outcome

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def issued(index: int, previous: str, sha256: str, request_id: UUID | None = None, **more: Any) -> Issued:
    payload = {"right": "erasure", "ground": "17(1)(b)", "subject": "p", "received_at": "2026-11-19T09:00:00+01:00", "due_by": "2026-12-21"}
    told = json.dumps({**payload, "processors": [{"outcome": "erased"}] * 2, "deadline_met": True, **more}).encode()
    jws = f"a.{urlsafe_b64encode(told).decode().rstrip('=')}.c"
    return Issued(uuid4(), request_id or uuid4(), 1, "complete", NOW, index, previous, sha256, jws)


def old_row(one: Case) -> dict[str, Any]:
    """A case as it stood in the ledger before there were columns beside it."""
    return {name: value for name, value in _row(one).items() if name not in ("mode", "certified", "waits")}


def test_a_case_comes_back_as_it_went_in(ledger: Ledger) -> None:
    whole = case(processor(record(Outcome.HELD, sealed="e30..AAAA.AAAA.AAAA")), wake_at=NOW)
    with ledger.transaction() as transaction:
        transaction.save([whole], frozenset({whole.request_id}))
    with ledger.transaction() as transaction:
        transaction.save([whole.model_copy(update={"state": "closed"})], frozenset())
    with ledger.reading() as transaction:
        assert whole.model_copy(update={"state": "closed"}) == transaction.case(whole.request_id)


def test_a_failure_writes_nothing(ledger: Ledger) -> None:
    whole = case(processor())
    with pytest.raises(KeyError), ledger.transaction() as transaction:
        transaction.save([whole], frozenset({whole.request_id}))
        transaction.send([Message("t", None, b"v", ())], NOW)
        raise KeyError
    with ledger.reading() as transaction:
        assert (None, []) == (transaction.case(whole.request_id), transaction.unsent(NOW, 10))


def test_the_cases_to_wake_come_longest_waiting_first(ledger: Ledger) -> None:
    made = [case(processor()).model_copy(update={"request_id": uuid4(), "wake_at": NOW + timedelta(minutes=n)}) for n in (2, 1, 3)]
    with ledger.transaction() as transaction:
        transaction.save(made, frozenset(one.request_id for one in made))
        assert [made[1].request_id, made[0].request_id] == transaction.due(NOW + timedelta(minutes=2), 9)
        assert [made[1].request_id] == transaction.due(NOW + timedelta(days=1), 1)


def test_the_outbox_gives_messages_back_in_order_until_they_are_struck_out(ledger: Ledger) -> None:
    messages = [Message("t", key, bytes([0, n, 255]), (("ce_id", "ü".encode()),)) for n, key in enumerate([b"\x00\xff", None, b"k"])]
    with ledger.transaction() as transaction:
        sent = transaction.send(messages, NOW)
    with ledger.reading() as transaction:
        assert sent == transaction.unsent(NOW, 10)
    with ledger.transaction() as transaction:
        transaction.sent([sent[0][0], sent[2][0]])
        assert [messages[1]] == [message for _, message in transaction.unsent(NOW, 10)]


def test_what_was_put_into_the_outbox_later_is_left_to_whoever_put_it_there(ledger: Ledger) -> None:
    with ledger.transaction() as transaction:
        sent = transaction.send([Message("t", None, b"v", ())], NOW)
        assert [] == transaction.unsent(NOW - timedelta(seconds=1), 10)
        assert sent == transaction.unsent(NOW + timedelta(seconds=1), 10)


def test_a_ledger_of_the_first_version_is_brought_up_to_date_and_what_it_had_to_send_is_sent(ledger_url: str) -> None:
    engine = engine_for(ledger_url)
    with engine.begin() as connection:
        upgrade(connection, "0001")
        connection.execute(text("INSERT INTO outbox (topic, value, headers) VALUES ('t', :value, '[]')"), {"value": b"v"})
    engine.dispose()
    opened = Ledger.open(ledger_url)
    with opened.reading() as transaction:
        assert [Message("t", None, b"v", ())] == [message for _, message in transaction.unsent(NOW, 10)]
    opened.close()


def test_the_digest_of_a_shredded_case_of_an_earlier_version_goes(ledger_url: str) -> None:
    engine, open_one = engine_for(ledger_url), case(processor()).model_copy(update={"content": "digest"})
    shredded = open_one.model_copy(update={"request_id": uuid4(), "shredded_at": NOW})
    with engine.begin() as connection:
        upgrade(connection, "0007")
        connection.execute(insert(cases), [old_row(one) for one in (open_one, shredded)])
    engine.dispose()
    opened = Ledger.open(ledger_url)
    with opened.reading() as transaction:
        assert open_one == transaction.case(open_one.request_id)
        assert shredded.model_copy(update={"content": ""}) == transaction.case(shredded.request_id)
    opened.close()


def test_the_columns_beside_old_certificates_and_cases_are_filled(ledger_url: str) -> None:
    """More than are filled at once; one of them is forgotten already."""
    number = 1_203
    plain = case(processor(record(Outcome.ERASED)))
    old = [issued(n, f"{n - 1:064}", f"{n:064}", plain.request_id if n == number - 1 else None) for n in range(1, number)]
    refused = issued(number, f"{number - 1:064}", f"{number:064}", decision={"decision": "refuse", "at": "2026-11-20T09:00:00Z"})
    refused = replace(refused, request_id=plain.request_id, revision=2)
    doubted = plain.model_copy(update={"request_id": uuid4(), "pauses": (Pause(NOW, None, "The address is new."),)})
    planned = plain.model_copy(update={"request_id": uuid4(), "mode": "dry-run", "state": "closed"})
    engine = engine_for(ledger_url)
    with engine.begin() as connection:
        upgrade(connection, "0009")
        connection.execute(insert(cases), [old_row(one) for one in (plain, doubted, planned)])
        connection.execute(insert(certificates), [{**vars(one), **({"jws": ""} if one is old[0] else {})} for one in [*old, refused]])
    engine.dispose()
    opened = Ledger.open(ledger_url)
    with opened.reading() as transaction:
        run = transaction.connection.execute
        waits = {row.request_id: (row.mode, row.waits) for row in run(select(cases))}
        newest = list(transaction.connection.scalars(select(certificates.c.register_index).where(certificates.c.newest)))
        open_ones = list(transaction.connection.scalars(select(cases.c.request_id).where(~cases.c.certified)))
        beside = [Listed(*row) for row in run(select(*(certificates.c[n] for n in Listed._fields)).order_by(certificates.c.register_index))]
    opened.close()
    assert {
        plain.request_id: ("execute", None),
        doubted.request_id: ("execute", "identity"),
        planned.request_id: ("dry-run", None),
    } == waits
    assert [Listed(*[None] * 8), *(listed(one.jws) for one in [*old[1:], refused])] == beside  # type: ignore[arg-type]
    assert datetime(2026, 11, 20, 9, tzinfo=UTC) == beside[-1].refused_at
    assert [n for n in range(2, number + 1) if n != number - 1] == sorted(newest)
    assert {doubted.request_id, planned.request_id} == set(open_ones)


def test_of_the_certificates_of_a_request_one_is_the_newest_in_whichever_order_they_come(ledger: Ledger) -> None:
    first = issued(1, "0" * 64, "a" * 64)
    second, third = (replace(issued(n, f"{n}" * 64, f"{n}" * 64, first.request_id), revision=n) for n in (2, 3))
    other = issued(4, "4" * 64, "4" * 64)
    for some in ([second, third], [first, other]):  # a restored ledger takes over what it lacks
        with ledger.transaction() as transaction:
            transaction.add_certificates(some)
    with ledger.reading() as transaction:
        newest = transaction.connection.scalars(select(certificates.c.register_index).where(certificates.c.newest))
        assert {3, 4} == set(newest)


def test_for_what_a_case_waits_is_written_with_it_and_goes_with_it(ledger: Ledger) -> None:
    one = case(processor()).model_copy(update={"pauses": (Pause(NOW, None, "The address is new."),)})
    found = []
    for changed in (one, one.model_copy(update={"pauses": ()})):
        with ledger.transaction() as transaction:
            transaction.save([changed], frozenset({one.request_id} if changed is one else ()))
        with ledger.reading() as transaction:
            found.append(transaction.connection.scalar(select(cases.c.waits)))
    assert ["identity", None] == found


def test_an_outbox_id_is_never_used_twice(ledger: Ledger) -> None:
    with ledger.transaction() as transaction:
        ((first, _),) = transaction.send([Message("t", None, b"v", ())], NOW)
        transaction.sent([first])
        ((second, _),) = transaction.send([Message("t", None, b"v", ())], NOW)
    assert first < second


def test_the_inbox_remembers_and_forgets(ledger: Ledger) -> None:
    with ledger.transaction() as transaction:
        transaction.remember([("/s", str(n), f"c{n}") for n in range(1_500)], NOW)
        assert {("/s", "7"): "c7"} == transaction.seen([("/s", "7"), ("/other", "7")])
        assert 1_500 == len(transaction.seen([("/s", str(n)) for n in range(1_500)]))
        transaction.forget_events(NOW)
        assert {} != transaction.seen([("/s", "7")])
        transaction.forget_events(NOW + timedelta(seconds=1))
        assert {} == transaction.seen([("/s", "7")])


def test_the_register_begins_with_zeros_and_takes_no_index_twice(ledger: Ledger) -> None:
    with ledger.transaction() as transaction:
        assert (0, "0" * 64) == transaction.register_head()
        transaction.add_certificates([issued(1, "0" * 64, "a" * 64)])
        assert (1, "a" * 64) == transaction.register_head()
    with pytest.raises(LedgerGone), ledger.transaction() as transaction:
        transaction.add_certificates([issued(1, "0" * 64, "b" * 64)])


def test_the_second_to_ask_for_the_register_s_head_waits_until_the_first_has_linked_its_certificate(ledger: Ledger) -> None:
    """Nobody fails, and nobody is given the same place."""
    asked, told = threading.Event(), queue.Queue[tuple[int, str]]()

    def second() -> None:
        with ledger.transaction() as transaction:
            asked.set()
            told.put(transaction.register_head())

    thread = threading.Thread(target=second)
    with ledger.transaction() as transaction:
        assert (0, "0" * 64) == transaction.register_head()
        thread.start()
        asked.wait(0.5)  # on SQLite it waits before it can even ask
        with pytest.raises(queue.Empty):
            told.get(timeout=0.3)
        transaction.add_certificates([issued(1, "0" * 64, "a" * 64)])
    assert (1, "a" * 64) == told.get(timeout=30)
    thread.join()


def test_holds_are_replaced_and_hold_only_what_the_law_keeps(ledger: Ledger) -> None:
    token = "e30..AAAA.AAAA.AAAA"
    undated = RecordState(kind="contact", outcome=Outcome.RESTRICTED, sealed=token)
    odd = record(Outcome.HELD, "invoice", sealed=token, hold=AWR.model_copy(update={"statute": "A\x00WR"}))
    whole = case(processor(record(Outcome.HELD, sealed=token), record(Outcome.ERASED), undated, odd))
    with ledger.transaction() as transaction:
        transaction.save_holds(whole)
        transaction.save_holds(whole)
        assert [("AWR", date(2033, 12, 31)), ("AWR art. 52(4)", date(2033, 12, 31))] == held(transaction)


def held(transaction: Transaction) -> list[tuple[str, date]]:
    rows = transaction._connection.execute(text('SELECT statute, "until" FROM holds ORDER BY statute'))
    return [(statute, until if isinstance(until, date) else date.fromisoformat(until)) for statute, until in rows]


def test_an_original_is_kept_once_however_large_its_offset(ledger: Ledger) -> None:
    for sealed in ("first", "second"):
        with ledger.transaction() as transaction:
            transaction.park_original("t", 0, 2**40, sealed, NOW)
    with ledger.reading() as transaction:
        assert ("first", None) == (transaction.original("t", 0, 2**40), transaction.original("t", 1, 2**40))


def test_offsets_only_go_forward_until_a_partition_is_made_anew(ledger: Ledger) -> None:
    with ledger.transaction() as transaction:
        transaction.advance({("t", 0): 5, ("t", 1): 2**40}, NOW)
        transaction.advance({("t", 0): 3, ("t", 1): 2**40 + 1}, NOW + timedelta(hours=1))
        assert {("t", 0): (5, NOW), ("t", 1): (2**40 + 1, NOW + timedelta(hours=1))} == transaction.offsets()
        transaction.forget_offsets([("t", 1)])
        transaction.advance({("t", 1): 1}, NOW)
        assert {("t", 0): (5, NOW), ("t", 1): (1, NOW)} == transaction.offsets()


def test_opening_again_keeps_what_is_there(ledger: Ledger, ledger_url: str) -> None:
    with ledger.transaction() as transaction:
        transaction.send([Message("t", None, b"v", ())], NOW)
    again = Ledger.open(ledger_url)
    with again.reading() as transaction:
        assert 1 == len(transaction.unsent(NOW, 10))
    again.close()


def test_a_ledger_of_a_later_version_is_refused_in_words(ledger: Ledger, ledger_url: str) -> None:
    with ledger.transaction() as transaction:
        transaction._connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerGone, match="cannot be opened"):
        Ledger.open(ledger_url)


def test_a_ledger_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(LedgerGone, match="Look at"):
        Ledger.open(f"sqlite:///{tmp_path}/no/such/folder/ledger.db")
    with pytest.raises(LedgerGone, match="Look at"):
        Ledger.open("postgresql://nobody@127.0.0.1:1/none")


def test_a_message_of_the_ledger_never_holds_what_was_to_be_written(ledger: Ledger, ledger_url: str) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE inbox"))
    engine.dispose()
    with pytest.raises(LedgerGone) as gone, ledger.transaction() as transaction:
        transaction.remember([("/shop", "jan@voorbeeld.nl", "c")], NOW)
    assert "voorbeeld" not in str(gone.value)
