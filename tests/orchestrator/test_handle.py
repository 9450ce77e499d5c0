"""The ledger first, then the broker, and only then is anything acknowledged."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from orchestrator.handle import Handler
from orchestrator.ledger import Ledger
from orchestrator.process import Process, Sending
from tests.orchestrator.process_cases import Installation, answer, delivery, request
from topics.bus import Delivery
from topics.keyring import Keyring
from topics.memory import Crash, Moments
from topics.parking import ParkedLately
from topics.wrapping import KeyEncryptionKey

ID = uuid4()


def handled(handler: Handler, *deliveries: Delivery) -> bool:
    return asyncio.run(handler.take(deliveries))


def test_a_batch_is_safe_when_its_messages_are_on_the_broker(installation: Installation) -> None:
    assert handled(installation.handler(), request(ID))
    assert 1 == len(installation.broker.messages("processor.commands.a"))


def test_an_outbox_outlives_a_crash_before_publishing_and_the_next_tick_sends_it(installation: Installation) -> None:
    dying = Handler(installation.process, installation.broker.publisher(Moments(die_at=1)), installation.time, installation.time.sleep)
    try:
        handled(dying, request(ID))
    except Crash:
        assert [] == installation.broker.messages("processor.commands.a")
    assert asyncio.run(installation.handler().tick())
    assert [1, 1] == [len(installation.broker.messages(f"processor.commands.{name}")) for name in "ab"]


def test_what_was_published_is_struck_out_and_not_sent_again(installation: Installation) -> None:
    handler = installation.handler()
    handled(handler, request(ID))
    asyncio.run(handler.tick())
    assert [] == installation.process.unsent(installation.time.now)
    asyncio.run(handler.tick())
    assert 1 == len(installation.broker.messages("processor.commands.a"))


def test_what_another_orchestrator_is_about_to_send_is_left_to_it_until_it_must_be_dead(
    installation: Installation, ledger_url: str
) -> None:
    other_ledger = Ledger.open(ledger_url)
    one, other = installation.handler(), installation.handler(installation.another(other_ledger))
    installation.time.now += timedelta(seconds=1)
    handled(one, request(ID))
    asyncio.run(other.tick())
    assert 1 == len(installation.broker.messages("processor.commands.a"))
    installation.time.now += timedelta(seconds=10)
    asyncio.run(other.tick())
    assert 2 == len(installation.broker.messages("processor.commands.a"))
    other_ledger.close()


def test_while_the_broker_is_away_it_waits_a_minute_and_then_stops_unacknowledged(installation: Installation) -> None:
    handler, began = installation.handler(), installation.time.now
    installation.broker.away = True
    assert not handled(handler, request(ID))
    assert handler.stopping is not None and "nothing was acknowledged" in handler.stopping
    assert 60 <= (installation.time.now - began).total_seconds() < 70
    assert not handled(handler, request())


def test_a_broker_that_comes_back_in_time_is_all_it_needs(installation: Installation) -> None:
    wait = installation.time.sleep

    async def come_back(seconds: float) -> None:
        await wait(seconds)
        installation.broker.away = len(installation.time.waits) < 3

    installation.broker.away = True
    handler = Handler(installation.process, installation.broker.publisher(), installation.time, come_back)
    assert handled(handler, request(ID))
    assert ([0.1, 0.2, 0.4], None) == (installation.time.waits, handler.stopping)
    assert 1 == len(installation.broker.messages("processor.commands.a"))


def test_while_the_ledger_is_away_nothing_is_acknowledged_and_stopping_says_why(installation: Installation) -> None:
    with installation.ledger.transaction() as transaction:
        transaction._connection.execute(text("DROP TABLE outbox"))
    handler = installation.handler()
    assert not handled(handler, request(ID))
    assert handler.stopping is not None and handler.stopping.startswith("The ledger failed")
    assert installation.case(ID) is None


def test_a_keyring_that_was_wrapped_meanwhile_stops_it_unacknowledged_with_what_to_set(installation: Installation, tmp_path: Path) -> None:
    wrapping = Keyring.open(f"sqlite:///{tmp_path}/keyring.db", [KeyEncryptionKey(b"k" * 32)])
    assert 1 == wrapping.rewrap()
    wrapping.close()
    handler = installation.handler()
    assert not handled(handler, request(ID))
    assert handler.stopping is not None and "set [keyring] key_encryption_key" in handler.stopping
    assert installation.case(ID) is None


def test_when_too_much_is_parked_it_stops_unacknowledged_with_the_sentence(installation: Installation) -> None:
    installation.parked = ParkedLately(1)
    handler = installation.handler(installation.another(installation.ledger))
    assert not handled(handler, *(delivery(b"{not json", "subject.erase") for _ in range(2)))
    assert handler.stopping is not None and handler.stopping.startswith("2 messages of subject.requests could not be processed")
    assert [] == installation.broker.messages("dead-letters")


def test_a_defect_of_ours_stops_it_unacknowledged_and_tells_no_value(installation: Installation) -> None:
    class Broken(Process):
        def take(self, deliveries: Sequence[Delivery], now: object) -> Sending:
            raise RuntimeError("jan@voorbeeld.nl")

    broken = Broken.__new__(Broken)
    handler = installation.handler(broken)
    assert not handled(handler, request(ID))
    assert "A defect of the orchestrator (RuntimeError); nothing was acknowledged." == handler.stopping


def test_two_orchestrators_on_one_ledger_make_every_case_once_and_one_chain(installation: Installation, ledger_url: str) -> None:
    other = Ledger.open(ledger_url)
    handlers = [installation.handler(), installation.handler(installation.another(other))]
    ids = [uuid4() for _ in range(12)]
    asyncio.run(both(handlers, ids))
    with installation.ledger.reading() as transaction:
        register = transaction.register()
    other.close()
    assert list(range(1, 13)) == [one.register_index for one in register]
    assert ["0" * 64, *(one.sha256 for one in register[:-1])] == [one.previous for one in register]
    assert set(ids) == {one.request_id for one in register}


async def both(handlers: Sequence[Handler], ids: Sequence[UUID]) -> None:
    """Both are given the same: as after a rebalance, when nothing was committed yet."""

    async def work(handler: Handler, order: Sequence[UUID]) -> None:
        for id in order:
            reports = [answer(id, event_id=f"a{id}"), answer(id, name="b", event_id=f"b{id}")]
            assert await handler.take([request(id, event_id=str(id)), *reports]), handler.stopping
            assert await handler.tick(), handler.stopping

    await asyncio.gather(work(handlers[0], ids), work(handlers[1], ids[::-1]))


def test_without_a_finished_tick_or_batch_for_ten_minutes_it_hangs(installation: Installation) -> None:
    handler = installation.handler()
    installation.time.now += timedelta(minutes=9)
    asyncio.run(handler.tick())
    installation.time.now += timedelta(minutes=9)
    handled(handler, request(ID))
    installation.time.now += timedelta(minutes=9, seconds=59)
    assert handler.hung() is None
    installation.time.now += timedelta(seconds=1)
    assert "has not moved for 10 minutes" in (handler.hung() or "")
