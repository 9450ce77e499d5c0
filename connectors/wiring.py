"""Wires the workers: the only place of this side that knows broker, keyring, vendors and the real clock together."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from connectors.act import LOOK_AGAIN_SECONDS
from connectors.auth import Login
from connectors.client import Client, transport
from connectors.consume import Consumer
from connectors.database import DatabaseAccount
from connectors.dialects import engine_to
from connectors.http import Limits, Vendor
from connectors.mailbox import MailboxAccount, connection_to
from connectors.pace import Pace
from connectors.patience import LONGEST_SLEEP
from connectors.roster import Entry, retention_for, rules_for, settings_of
from connectors.worker import Account, Nothing, Processor, Worker
from topics.configuration import Configuration
from topics.kafka import Cluster, KafkaInbox, KafkaPublisher
from topics.keyring import Keyring
from topics.liveness import Watch
from topics.model import utc_now
from topics.names import Names
from topics.parking import ParkedLately
from topics.slots import Slot
from topics.together import tell_ready, together

_SLACK = timedelta(minutes=10)


async def run(
    configuration: Configuration, cluster: Cluster, entries: Sequence[Entry], stop: asyncio.Event, on_ready: Callable[[], None]
) -> None:
    """Work off the commands of those processors until `stop` is set. One that breaks stops all: the process ends, and starts again.

    Raises:
        BrokerGone, Fenced, TooManyParked: what is not committed comes again.
    """
    names = Names(configuration.kafka.prefix)
    async with AsyncExitStack() as stack:
        keyring = Keyring.open(configuration.keyring.url, configuration.keyring.wrappers)
        stack.callback(keyring.close)
        publisher = await stack.enter_async_context(KafkaPublisher(cluster))
        consumers: list[Consumer] = []
        inboxes: list[KafkaInbox] = []
        patiences: list[timedelta] = []
        for entry in entries:
            name = entry.processor.name
            processor = await open_processor(configuration, entry, stack, limits_of(configuration))
            group = f"{names.prefix}erasure.worker.{name}"
            slot = Slot(cluster.bootstrap_servers, group)
            stack.callback(slot.release)
            inbox = KafkaInbox(cluster, names.commands(name), group, slot.identity)
            worker = Worker(processor, keyring, utc_now, asyncio.sleep)
            concurrency, parked = entry.connector.spec.concurrency, ParkedLately(configuration.dead_letters.most_per_minute)
            consumers.append(Consumer(name, worker, inbox, publisher, keyring, names, concurrency, parked, utc_now, asyncio.sleep))
            inboxes.append(inbox)
            patiences.append(patience_of(entry, limits_of(configuration)))
        ready = asyncio.create_task(tell_ready(inboxes, on_ready))
        try:
            with Watch(lambda: _hung(consumers, patiences)):
                await together([_joined(inbox, consumer, stop) for inbox, consumer in zip(inboxes, consumers, strict=True)], stop)
        finally:
            ready.cancel()


def limits_of(configuration: Configuration) -> Limits:
    """What `[retry]` says of one call and one command."""
    return Limits(configuration.retry.timeout.total_seconds(), configuration.retry.give_up_after)


def patience_of(entry: Entry, limits: Limits) -> timedelta:
    """How long a healthy command may go without an answer of its vendor: a whole outage, every wait, and ten minutes more."""
    spec = entry.connector.spec
    turns = 60 * spec.concurrency / (entry.processor.calls_per_minute or spec.calls_per_minute)
    seconds = turns + spec.settle_seconds + sum(LOOK_AGAIN_SECONDS) + 4 * limits.timeout
    return limits.give_up_after + LONGEST_SLEEP + timedelta(seconds=seconds) + _SLACK


def _hung(consumers: Sequence[Consumer], patiences: Sequence[timedelta]) -> str | None:
    told = (consumer.hung(patience) for consumer, patience in zip(consumers, patiences, strict=True))
    return next((sentence for sentence in told if sentence), None)


async def open_processor(configuration: Configuration, entry: Entry, stack: AsyncExitStack, limits: Limits) -> Processor:
    """A configured processor with its account at the vendor; closed with `stack`.

    Raises:
        ConfigurationError: its settings do not fit, or a secret is missing.
    """
    settings = settings_of(configuration, entry)
    account = await _account(entry, settings, stack, limits)
    rules = rules_for(configuration, entry.processor.name)
    retention = entry.connector.retention(settings) or retention_for(configuration, entry.processor.name)
    zone = configuration.controller.time_zone
    return Processor(entry.processor.name, entry.connector, settings, account, rules, zone, retention, limits.give_up_after)


async def _account(entry: Entry, settings: Any, stack: AsyncExitStack, limits: Limits) -> Account:
    """What the connector `opens`. A database's address is its setting `url`; the others' is `base_url`."""
    name, opens, auth = entry.processor.name, entry.connector.opens, entry.connector.auth(settings)
    pace = Pace(entry.processor.calls_per_minute or entry.connector.spec.calls_per_minute, utc_now, asyncio.sleep)
    if opens == "database":
        database = DatabaseAccount(name, engine_to(settings.url, limits.timeout), pace, limits, utc_now)
        stack.callback(database.close)
        return database
    if opens == "mailbox" and isinstance(auth, Login):
        mailbox = MailboxAccount(name, connection_to(str(entry.base_url), limits), auth, pace, limits, utc_now, asyncio.sleep)
        stack.callback(mailbox.close)
        return mailbox
    if opens == "http" and not isinstance(auth, Login):
        client = await stack.enter_async_context(Client(str(entry.base_url), limits.timeout, transport()))
        return Vendor(name, client, auth, pace, limits, utc_now, asyncio.sleep, entry.connector.spec.bare_403_is_busy)
    if opens == "nothing":
        return Nothing()
    raise ValueError(f"The connector {entry.connector.spec.name} signs in with {type(auth).__name__}, which does not fit what it opens.")


async def _joined(inbox: KafkaInbox, consumer: Consumer, stop: asyncio.Event) -> None:
    """One processor's commands, as a member of its group; to join may take a second, so all join at once."""
    async with inbox:
        await consumer.run(stop)
