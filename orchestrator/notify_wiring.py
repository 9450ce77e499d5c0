"""Wires the notifications: Kafka in, mail and webhook out."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

from orchestrator.ledger import Ledger
from orchestrator.letters import language_of
from orchestrator.notifying.channels import Channel, Mail, Webhook
from orchestrator.notifying.notifier import Notifier
from orchestrator.notifying.sent import Sent
from orchestrator.notifying.texts import Open
from orchestrator.web.views import overview
from orchestrator.web_wiring import address_of
from topics.configuration import Configuration, Notifications
from topics.kafka import Cluster, KafkaInbox
from topics.model import utc_now
from topics.names import Names, Topic
from topics.slots import Slot
from topics.together import tell_ready, together


async def run(
    configuration: Configuration, given: Notifications, cluster: Cluster, stop: asyncio.Event, on_ready: Callable[[], None]
) -> None:
    """Tell officers of notices until `stop` is set.

    Raises:
        LedgerGone, SentGone, BrokerGone, Fenced: it cannot start, or had to stop.
    """
    names, controller = Names(configuration.kafka.prefix), configuration.controller
    ledger, sent = Ledger.open(configuration.ledger.url), Sent.open(given.store)
    pages = address_of(configuration.web) if "web" in configuration.model_fields_set else None

    def opened(now: datetime) -> tuple[list[Open], int, int]:
        with ledger.reading() as transaction:
            found = overview(transaction, now, controller.time_zone)
        rows = [Open(one.request_id, one.right, one.due_by, one.days_left, one.waiting) for one in found.open_cases]
        return rows, found.open, found.overdue

    async with AsyncExitStack() as stack:
        stack.callback(ledger.close)
        stack.callback(sent.close)
        inboxes, notifiers = [], []
        for channel in _channels(given):
            group = f"{names.prefix}erasure.notifications.{channel.name}"
            slot = Slot(cluster.bootstrap_servers, group)
            stack.callback(slot.release)
            inbox = await stack.enter_async_context(KafkaInbox(cluster, names.of(Topic.NOTICES), group, slot.identity))
            inboxes.append(inbox)
            language, zone = language_of(controller.country), controller.time_zone
            notifiers.append(Notifier(inbox, channel, opened, sent, given.weekly, language, zone, pages, utc_now, asyncio.sleep))
        ready = asyncio.create_task(tell_ready(inboxes, on_ready))
        try:
            await together([notifier.run(stop) for notifier in notifiers], stop)
        finally:
            ready.cancel()


def _channels(given: Notifications) -> list[Channel]:
    mail = [Mail(given.mail)] if given.mail else []
    return [*mail, *([Webhook(given.webhook, utc_now)] if given.webhook else [])]
