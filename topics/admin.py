"""Create the topics as they must be, or say how they differ. The broker is asked by aiokafka's admin client."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from topics.bus import BrokerGone
from topics.names import TopicSpec

_ALREADY_EXISTS = 36
_MOST_COPIES = 3


@dataclass(frozen=True)
class Difference:
    """How a topic differs from what it must be. `found` None: there is no such topic."""

    topic: str
    what: str
    wanted: str
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.topic} does not exist."
        return f"{self.topic}: {self.what} is {self.found}, and must be {self.wanted}."


class TopicsDiffer(Exception):
    """The topics on the broker are not as they must be; the text says what differs, one line each."""


async def diff(bootstrap_servers: str, specs: Iterable[TopicSpec]) -> list[Difference]:
    """Every difference, in the order of the flow; empty when all is as it must be.

    Raises:
        BrokerGone: the broker cannot be reached.
    """
    async with _admin(bootstrap_servers) as admin:
        return await _diff(admin, list(specs))


async def apply(bootstrap_servers: str, specs: Iterable[TopicSpec], replication: int | None) -> list[str]:
    """Create what is missing; returns the names created. An existing topic is never changed.

    `replication`: copies of each partition; None: three, or as many as there are brokers.

    Raises:
        BrokerGone: the broker cannot be reached, or refused to create a topic.
        TopicsDiffer: an existing topic is not as it must be.
    """
    specs = list(specs)
    async with _admin(bootstrap_servers) as admin:
        missing = {difference.topic for difference in await _diff(admin, specs) if difference.found is None}
        wanted = [spec for spec in specs if spec.name in missing]
        if wanted:
            copies = replication or min(_MOST_COPIES, len((await admin.describe_cluster())["brokers"]))
            new = [NewTopic(s.name, s.partitions, copies, topic_configs=s.settings()) for s in wanted]
            _raise_refusals((await admin.create_topics(new)).topic_errors)
        wrong = [difference for difference in await _diff(admin, specs) if difference.found is not None]
    if wrong:
        raise TopicsDiffer("\n".join(map(str, wrong)))
    return [spec.name for spec in wanted]


async def partitions(bootstrap_servers: str, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each of those topics has; one that does not exist is left out, and not made.

    Raises:
        BrokerGone: the broker cannot be reached.
    """
    async with _admin(bootstrap_servers) as admin:
        there = set(await admin.list_topics())
        return await _partitions(admin, [topic for topic in topics if topic in there])


async def _partitions(admin: AIOKafkaAdminClient, known: list[str]) -> dict[str, int]:
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics(known)} if known else {}


async def _diff(admin: AIOKafkaAdminClient, specs: list[TopicSpec]) -> list[Difference]:
    there = set(await admin.list_topics())  # to describe a missing topic would create it on the embedded broker
    known = [spec.name for spec in specs if spec.name in there]
    if not known:
        return [Difference(spec.name, "topic", "there", None) for spec in specs]
    counts = await _partitions(admin, known)
    settings = await _settings(admin, known)
    found: list[Difference] = []
    for spec in specs:
        if spec.name not in there:
            found.append(Difference(spec.name, "topic", "there", None))
            continue
        actual = {"partitions": str(counts[spec.name])} | settings[spec.name]
        wanted = {"partitions": str(spec.partitions)} | spec.settings()
        found += [Difference(spec.name, k, v, actual.get(k, "not set")) for k, v in wanted.items() if actual.get(k) != v]
    return found


async def _settings(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    """Each topic's configuration."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for answer in answers:
        for _code, _message, _type, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _raise_refusals(errors: Iterable[tuple[str, int, str | None]]) -> None:
    """A topic that another process has just made is no refusal."""
    refused = [f"{name} ({for_code(code).__name__})" for name, code, *_ in errors if code not in (0, _ALREADY_EXISTS)]
    if refused:
        raise BrokerGone(
            f"The broker refused to create {', '.join(refused)}. Look at [kafka] replication_factor and the rights to create topics."
        )


@asynccontextmanager
async def _admin(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=20_000)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        raise BrokerGone(f"No Kafka broker answers at {bootstrap_servers} ({type(error).__name__}).") from error
    finally:
        await admin.close()
