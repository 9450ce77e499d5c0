"""What an officer says, held against the same rules as on arrival, and put into a message: for the command and for the pages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from orchestrator.case import Case
from orchestrator.intake import check_words
from orchestrator.officer import why_not
from topics.bus import Message
from topics.envelope import Event, Poison, content, write
from topics.events import EventType
from topics.keyring import CONTROLLER_KEY, Keyring
from topics.names import Names, Topic
from topics.orders import ORDERS, STOP_ORDERS

SOURCE = "/erasure/officer"


def approver(keyring: Keyring, name: str) -> str:
    """A keyed digest of who approves: the same for the same person, and no name on Kafka or in the ledger."""
    (key,) = keyring.ensure(CONTROLLER_KEY)
    return key.digest("approver", name.strip().casefold())


class Unreadable(Exception):
    """The order is not in the right form, or names the person; the text says what to do, and repeats no value."""


class Unfit(Exception):
    """The order does not fit how the case stands; the text says why."""


def message_for(
    type: EventType, given: Mapping[str, Any], case: Case, keyring: Keyring, names: Names, now: datetime, source: str = SOURCE
) -> Message:
    """The order as a message for `subject.requests`; parts of `given` that are None are left out. `now` in the controller's time zone.

    Raises:
        Unreadable, Unfit: it would be refused on arrival.
    """
    fields = {"request_id": str(case.request_id), **{name: value for name, value in given.items() if value is not None}}
    try:
        order = content(Event(type.value, source, "", None, fields), ORDERS[type])
    except Poison as poison:
        raise Unreadable(poison.detail) from None
    asked = getattr(order, "processor", None)
    if asked is not None and case.processor(asked) is None:
        raise Unfit(f"This request does not ask that processor; it asks: {', '.join(p.name for p in case.processors)}.")
    if unfit := why_not(order, case, now):
        raise Unfit(unfit)
    try:
        check_words(order, case, keyring)
    except Poison as poison:
        raise Unreadable(poison.detail) from None
    return write(names.of(Topic.REQUESTS), type.value, source, case.request_id, order, now)


def stop_message_for(type: EventType, given: Mapping[str, Any], names: Names, now: datetime) -> Message:
    """The order to stop everything, or to lift that, as a message; it is about no case, and named by an id of its own.

    Raises:
        Unreadable: it would be refused on arrival.
    """
    id = uuid4()
    try:
        order = content(Event(type.value, SOURCE, "", None, {"request_id": str(id), **given}), STOP_ORDERS[type])
    except Poison as poison:
        raise Unreadable(poison.detail) from None
    return write(names.of(Topic.REQUESTS), type.value, SOURCE, id, order, now)
