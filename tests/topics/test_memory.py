"""The broker in memory keeps Kafka's promises, and no others."""

import asyncio
from collections.abc import Sequence

import pytest

from topics.bus import BrokerGone, Delivery, Inbox, Message, Publisher
from topics.memory import Crash, MemoryBroker, MemoryInbox, Moments


def message(key: str, value: str, topic: str = "t") -> Message:
    return Message(topic, key.encode(), value.encode(), (("ce_id", b"1"),))


def publish(publisher: Publisher, *messages: Message) -> None:
    asyncio.run(publisher.publish(messages))


def received(inbox: Inbox, most: int = 100) -> list[Delivery]:
    return asyncio.run(inbox.receive(most, 0.0))


def commit(inbox: Inbox, deliveries: Sequence[Delivery]) -> None:
    asyncio.run(inbox.commit({(d.topic, d.partition): d.offset + 1 for d in deliveries}))


def values(deliveries: Sequence[Delivery]) -> list[bytes | None]:
    return [delivery.value for delivery in deliveries]


@pytest.fixture
def broker() -> MemoryBroker:
    broker = MemoryBroker(partitions=4)
    publish(broker.publisher(), *[message(f"k{n % 5}", str(n)) for n in range(20)])
    return broker


def test_the_same_key_stands_on_one_partition_in_order(broker: MemoryBroker) -> None:
    for key in (f"k{n}".encode() for n in range(5)):
        mine = [d for d in broker.messages("t") if d.key == key]
        assert 1 == len({d.partition for d in mine})
        assert sorted(int(d.value or b"") for d in mine) == [int(d.value or b"") for d in mine]
        assert sorted(d.offset for d in mine) == [d.offset for d in mine]


def test_every_group_gets_everything_and_every_member_its_share(broker: MemoryBroker) -> None:
    one, other, alone = broker.inbox("g", "t"), broker.inbox("g", "t"), broker.inbox("h", "t")
    first, second = received(one), received(other)
    assert {d.partition for d in first}.isdisjoint(d.partition for d in second)
    assert sorted(values(broker.messages("t"))) == sorted(values([*first, *second])) == sorted(values(received(alone)))


def test_nothing_comes_twice_to_a_member_that_stays(broker: MemoryBroker) -> None:
    inbox = broker.inbox("g", "t")
    assert 20 == len({d.value for _ in range(30) for d in received(inbox, most=1)})
    assert [] == received(inbox)


def test_with_room_for_none_none_is_taken(broker: MemoryBroker) -> None:
    inbox = broker.inbox("g", "t")
    assert ([], 7) == (received(inbox, most=0), len(received(inbox, most=7)))


def test_what_was_not_committed_comes_again_to_the_next(broker: MemoryBroker) -> None:
    inbox = broker.inbox("g", "t")
    whole = received(inbox)
    commit(inbox, [d for d in whole if d.partition == whole[0].partition])
    inbox.leave()
    assert sorted(values([d for d in whole if d.partition != whole[0].partition])) == sorted(values(received(broker.inbox("g", "t"))))
    assert len([d for d in whole if d.partition != whole[0].partition]) == broker.lag("g", "t")


def test_a_commit_of_what_was_taken_away_is_left_out(broker: MemoryBroker) -> None:
    inbox = broker.inbox("g", "t")
    whole = received(inbox)
    other = broker.inbox("g", "t")
    commit(inbox, whole)
    taken = {d.partition for d in whole if not inbox.owns("t", d.partition)}
    assert {d.partition for d in received(other)} == taken != set()


def test_who_keeps_a_partition_in_a_rebalance_goes_on_where_it_was(broker: MemoryBroker) -> None:
    inbox = broker.inbox("g", "t")
    received(inbox)
    broker.inbox("g", "t")
    assert [] == received(inbox)


def test_while_it_is_away_nothing_gets_through_and_nothing_is_lost(broker: MemoryBroker) -> None:
    inbox: MemoryInbox = broker.inbox("g", "t")
    broker.away = True
    for attempt in (lambda: publish(broker.publisher(), message("k", "x")), lambda: received(inbox), lambda: commit(inbox, [])):
        with pytest.raises(BrokerGone):
            attempt()
    broker.away = False
    assert 20 == len(received(inbox))


def test_a_process_dies_before_and_after_the_effect_that_it_is_told(broker: MemoryBroker) -> None:
    for die_at, there in ((1, 0), (2, 1), (3, 1), (4, 2)):
        broker = MemoryBroker()
        with pytest.raises(Crash):
            publish(broker.publisher(Moments(die_at)), message("a", "1"), message("b", "2"))
        assert there == len(broker.messages("t"))


def test_a_process_dies_once_and_its_moments_are_told() -> None:
    moments = Moments(die_at=2)
    publisher = MemoryBroker().publisher(moments)
    with pytest.raises(Crash, match="after publishing on t"):
        publish(publisher, message("a", "1"))
    publish(publisher, message("a", "1"))
    assert ["before publishing on t", "after publishing on t"] * 2 == moments.passed


def test_a_crash_is_caught_by_nobody_who_catches_errors() -> None:
    assert not issubclass(Crash, Exception)
