"""Topics are read whole, and without joining a group, on every broker."""

from uuid import uuid4

from topics.admin import apply
from topics.bus import Message, Standing
from topics.kafka import KafkaPublisher, find_cluster
from topics.names import Names, Topic
from topics.reading import KafkaLog, read_all


async def test_a_topic_is_read_to_its_end_on_every_broker(bootstrap_servers: str) -> None:
    names, cluster = Names(f"t{uuid4().hex[:8]}."), await find_cluster(bootstrap_servers)
    topic, empty = names.of(Topic.DEAD_LETTERS), names.of(Topic.REPORTS)
    await apply(bootstrap_servers, names.specs([], 2), None)
    assert [] == await read_all(cluster, topic) == await read_all(cluster, names.of(Topic.REQUESTS) + "-missing")
    for number in range(5):
        async with KafkaPublisher(cluster) as publisher:
            await publisher.publish([Message(topic, str(number).encode(), b"%d" % number, ())])
    assert {b"0", b"1", b"2", b"3", b"4"} == {one.value for one in await read_all(cluster, topic)}
    standing = await KafkaLog(cluster).standing("nobody", [topic, empty])
    assert {Standing(None, 0, 0)} == {one for place, one in standing.items() if place[0] == empty}
    assert 5 == sum(one.end for place, one in standing.items() if place[0] == topic)
    assert [] == await KafkaLog(cluster).newest(empty)
    assert {(topic, 0), (topic, 1)} >= {(one.topic, one.partition) for one in await KafkaLog(cluster).newest(topic)}
