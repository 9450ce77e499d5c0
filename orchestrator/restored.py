"""Notices at the start that the ledger is older than what Kafka was told, and mends what can be mended (ADR 11).

The ledger is written before anything is acknowledged. So if the group has committed more than the ledger has taken, or a
certificate stands on its topic that the ledger does not hold, the ledger was restored from a backup, or is another one.

1. Certificates are adopted from their topic, so that register and revisions go on after them.
2. What stands on the topics is taken in again, requests before reports, without its effects: those are on their topics.
3. Cases whose key the keyring has destroyed are closed, whatever the ledger believes.
4. What cases still await then is ordered again; what has aged out is stated on every case that is not at rest.

All of it may be interrupted and repeated: only the last step moves the ledger's offsets.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.case import Gap
from orchestrator.issued import Issued
from orchestrator.ledger import Ledger, Transaction
from orchestrator.process import Process
from orchestrator.registrar import continued
from orchestrator.sign import KeyFolderError
from orchestrator.verify import NotValid, verify
from topics.bus import Delivery, Log, Place, Standing
from topics.keyring import Keyring
from topics.names import Names, Topic

log = logging.getLogger(__name__)

_MOST_NAMED = 20


Taken = dict[Place, tuple[int, datetime]]


@dataclass(frozen=True)
class Findings:
    """What was found and done. `older`: the ledger is older than what Kafka was told. `lost`: partitions of which some aged out untaken.

    `shredded`: cases of which only the keyring knew that their key is destroyed.
    """

    older: bool = False
    learnt: int = 0
    adopted: int = 0
    lost: tuple[Place, ...] = ()
    gap: Gap | None = None
    shredded: int = 0

    def __str__(self) -> str:
        """What an operator must know; empty if all is as it must be."""
        told = []
        if self.older:
            told.append(
                "The ledger is older than what Kafka was told: it was restored from a backup, or [ledger] url names another one. "
                f"{self.learnt} messages were taken in again from the topics, and {self.adopted} certificates from theirs."
            )
        if self.gap:
            where = ", ".join(f"{topic} {partition}" for topic, partition in self.lost)
            since = f"since {self.gap.since:%Y-%m-%d %H:%M} UTC" if self.gap.since else "at some time"
            told.append(
                f"Messages that came {since} have aged out before the ledger held them ({where}): "
                "what open cases await is ordered again, and their next certificates say so."
            )
        if self.shredded:
            told.append(
                f"Of {self.shredded} cases the ledger did not know that their key is destroyed: "
                "they are closed, as they were before it was restored."
            )
        return " ".join(told)


class Restoration:
    """The check at the start, on one installation's topics; `group` is the orchestrator's."""

    def __init__(
        self, log: Log, ledger: Ledger, keyring: Keyring, process: Process, jwks: Mapping[str, Any], names: Names, group: str
    ) -> None:
        self._log, self._ledger, self._keyring, self._process = log, ledger, keyring, process
        self._jwks, self._names, self._group = jwks, names, group
        self._certificates = names.of(Topic.CERTIFICATES)

    async def run(self, now: datetime) -> Findings:
        """Look, and mend.

        Raises:
            BrokerGone, LedgerGone: nothing was moved; the next start looks again.
            KeyFolderError: certificates are there that none of the signing keys signed; to go on would fork the register.
        """
        topics = [self._names.of(Topic.REQUESTS), self._names.of(Topic.REPORTS)]
        standing = await self._log.standing(self._group, topics)
        newest = await self._log.newest(self._certificates)
        with self._ledger.reading() as transaction:
            taken = transaction.offsets()
            older = _acknowledged_more(standing, taken) or bool(_unknown(transaction, self._issued(newest)))
        if anew := [place for place, one in standing.items() if one.end < _next(taken, place)]:
            taken = self._forget(anew)
        lost = sorted(place for place, one in standing.items() if _next(taken, place) < one.first)
        if not (older or lost):
            return Findings(shredded=await asyncio.to_thread(self._process.set_right, now))
        again = {place: (max(_next(taken, place), one.first), one.end) for place, one in standing.items()} if older else {}
        adopted = await self._adopt() if older else 0
        for topic in topics:  # a report is of no use before its request
            spans = {place: span for place, span in again.items() if place[0] == topic and span[0] < span[1]}
            await self._learn_again(spans, {place: one.committed or 0 for place, one in standing.items()}, now)
        shredded = await asyncio.to_thread(self._process.set_right, now)
        gap = Gap(since=_since(taken, lost), until=now) if lost else None
        to = {place: again.get(place, (0, one.first))[1] for place, one in standing.items()}
        await asyncio.to_thread(self._process.resume, gap, to, now)
        if gap:
            self._tell_of_lost_requests()
        return Findings(older, sum(end - first for first, end in again.values()), adopted, tuple(lost), gap, shredded)

    def _forget(self, anew: Sequence[Place]) -> Taken:
        with self._ledger.transaction() as transaction:
            transaction.forget_offsets(anew)
            return transaction.offsets()

    async def _adopt(self) -> int:
        """Take certificates that the ledger lacks over from their topic."""
        tokens = await self._log.whole(self._certificates)
        issued = self._issued(tokens)
        if len(issued) < len({one.value for one in tokens}):
            raise KeyFolderError(
                f"The ledger is older than what Kafka was told, and on {self._certificates} stand certificates that no key in the "
                "folder of signing keys signed. Restore that folder too; to begin anew, choose another [kafka] prefix."
            )
        with self._ledger.transaction() as transaction:
            lacking = _without_forks(transaction, _unknown(transaction, issued))
            transaction.add_certificates(lacking)
            cases = transaction.cases({one.request_id for one in lacking})
            transaction.save([continued(case, lacking) for case in cases.values()], frozenset())
            transaction.sent(_overtaken(transaction, issued, self._certificates))
        return len(lacking)

    def _issued(self, deliveries: Iterable[Delivery]) -> list[Issued]:
        """Those of them that are certificates of ours, once each, in the order of the register."""
        found: dict[str, Issued] = {}
        for token in {(one.value or b"").decode("ascii", errors="replace") for one in deliveries}:
            try:
                one = Issued.of(verify(token, self._jwks), token)
            except NotValid as fault:
                log.error("%s holds what is no certificate of ours. %s", self._certificates, fault)
                continue
            found[one.sha256] = one
        return sorted(found.values(), key=lambda one: one.register_index)

    async def _learn_again(self, spans: Mapping[Place, tuple[int, int]], acknowledged: Mapping[Place, int], now: datetime) -> None:
        async for batch in self._log.read(spans):
            await asyncio.to_thread(self._process.learn_again, batch, acknowledged, now)

    def _tell_of_lost_requests(self) -> None:
        """The keyring is not restored along: a key without a case is a request that was taken in, or a hold, and lost."""
        cases = self._keyring.cases()
        with self._ledger.reading() as transaction:
            lost = transaction.without_case(cases)
            held = transaction.without_case(self._keyring.holds() - cases)
        if lost:
            log.error(
                "Of these requests the ledger holds no case, and the topics no longer hold them: have them sent again. %s", _listed(lost)
            )
        if held:
            log.error(
                "Of these requests the ledger holds no case, their key is destroyed, and something is still held of them, as their "
                "certificates say: have them sent again, each under a new id. %s",
                _listed(held),
            )


def _listed(requests: Iterable[UUID]) -> str:
    named = sorted(requests)
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return ", ".join(map(str, named[:_MOST_NAMED])) + more


def _acknowledged_more(standing: Mapping[Place, Standing], taken: Taken) -> bool:
    return any((one.committed or 0) > _next(taken, place) for place, one in standing.items())


def _next(taken: Taken, place: Place) -> int:
    return taken[place][0] if place in taken else 0


def _since(taken: Taken, lost: Iterable[Place]) -> datetime | None:
    """The last moment at which nothing was lost yet; None: one of them was never taken from."""
    moments = [taken[place][1] if place in taken else None for place in lost]
    return None if None in moments else min(moment for moment in moments if moment)


def _unknown(transaction: Transaction, issued: Sequence[Issued]) -> list[Issued]:
    known = transaction.fingerprints(one.sha256 for one in issued)
    return [one for one in issued if one.sha256 not in known]


def _without_forks(transaction: Transaction, lacking: Sequence[Issued]) -> list[Issued]:
    """Those whose number in the register is free. Any other was issued twice, which nothing can undo: it is told."""
    last, _ = transaction.register_head()
    forked = [one for one in lacking if one.register_index <= last]
    for one in forked:
        log.error("The register was forked: number %d was issued twice; the one on the topic, %s, is not adopted.", *_named(one))
    return [one for one in lacking if one not in forked]


def _named(one: Issued) -> tuple[int, UUID]:
    return one.register_index, one.certificate_id


def _overtaken(transaction: Transaction, issued: Sequence[Issued], topic: str) -> list[int]:
    """Certificates in the outbox that their topic has, or a newer one: sent again, the old one would be taken for the newest."""
    newest = {one.request_id: one.revision for one in issued}
    waiting = {id: message for id, message in transaction.unsent() if message.topic == topic}
    mine = {one.jws.encode(): one for one in transaction.certificates_of(*newest)}
    return [id for id, m in waiting.items() if m.value in mine and mine[m.value].revision <= newest[mine[m.value].request_id]]
