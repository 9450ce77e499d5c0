"""What one transaction of `process` has touched so far, and what follows from that."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from orchestrator.case import Case
from orchestrator.issued import Issued
from orchestrator.ledger import Transaction
from orchestrator.messages import Destroy
from topics.bus import Delivery, Message, Place
from topics.parking import Parked
from topics.sealing import Key


@dataclass
class Batch:
    """`issued`: to requests without a case. `told_before`: what follows was done long ago.

    `certified`: the links to add to the register, each after the one before.
    """

    cases: dict[UUID, Case]
    before: dict[UUID, Case]
    keys: dict[UUID, Key] = field(default_factory=dict)
    outgoing: list[Message] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    remembered: list[tuple[str, str, str]] = field(default_factory=list)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    relatives: dict[UUID, set[UUID]] = field(default_factory=dict)
    issued: list[Issued] = field(default_factory=list)
    certified: list[Issued] = field(default_factory=list)
    destroyed: list[Destroy] = field(default_factory=list)
    told_before: bool = False

    def changed(self) -> list[Case]:
        """The cases that are not as they were."""
        return [case for id, case in self.cases.items() if self.before.get(id) is not case]

    def with_changed_holds(self) -> list[Case]:
        """Those of them of which other records are kept than before."""
        return [case for case in self.changed() if _sealed(case) != _sealed(self.before.get(case.request_id))]


def _sealed(case: Case | None) -> set[str]:
    return {r.sealed for p in (case.processors if case else ()) for r in p.records.values() if r.sealed}


def head(transaction: Transaction, certified: list[Issued]) -> tuple[int, str]:
    """What the next certificate follows: the last of this batch, else the register's last."""
    return (certified[-1].register_index, certified[-1].sha256) if certified else transaction.register_head()


def following(deliveries: Iterable[Delivery]) -> dict[Place, int]:
    """Per partition the offset after the last of these."""
    found: dict[Place, int] = {}
    for one in deliveries:
        place = (one.topic, one.partition)
        found[place] = max(found.get(place, 0), one.offset + 1)
    return found
