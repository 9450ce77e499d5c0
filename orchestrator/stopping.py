"""The stop button on this side: what is in hand, and what an order to stop or to lift that came by Kafka does."""

import logging
from dataclasses import dataclass
from uuid import UUID

from orchestrator.ledger import Transaction
from topics.orders import LiftStop, StopEverything, StopOrder
from topics.stopping import Stops

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InHand:
    """An order that is out and not answered. `begun`: records are known there, and may be going now."""

    request_id: UUID
    processor: str
    begun: bool


def in_hand(transaction: Transaction) -> list[InHand]:
    """Which processors have an order and have not answered, as the ledger knows it.

    The ledger may lag behind by what stands on Kafka, so nobody is left out because nothing was heard of them yet.
    """
    cases = transaction.cases(transaction.unfinished()).values()
    return [
        InHand(case.request_id, processor.name, bool(processor.records))
        for case in cases
        for processor in case.processors
        if case.mode == "execute" and processor.awaited
    ]


def carry_out(order: StopOrder, stops: Stops) -> None:
    """Press, or lift what was pressed so. Repeating it changes nothing, whatever was pressed since."""
    match order:
        case StopEverything():
            stops.press(order.by, order.reason, order.request_id)
            log.warning("everything is stopped, by order %s", order.request_id)
        case LiftStop():
            lifted = stops.lift(order.by, order.last)
            log.warning("order %s to lift the stop: %s", order.request_id, "lifted" if lifted else "nothing to lift")
