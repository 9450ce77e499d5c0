"""A batch of deliveries in one transaction: read, decide, certify, save, and what to send. Blocking; `handle` runs it in a thread."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.batch import Batch, following
from orchestrator.case import Case, Gap
from orchestrator.decide import decide
from orchestrator.effects import Effects
from orchestrator.erasures_lately import counted
from orchestrator.guards import at_opening
from orchestrator.intake import ANSWERED_LONG_AGO, CANNOT_BE_TOLD, OTHER_CONTENT, Intake, Read, also_stands, with_checked_words
from orchestrator.ledger import INBOX_KEPT, Ledger, Transaction
from orchestrator.messages import (
    CaughtUp,
    Destroy,
    KeyGone,
    Message,
    Met,
    Reported,
    Requested,
    RequestedAgain,
    TimePassed,
)
from orchestrator.officer import message_of, why_not
from orchestrator.policy import Policy
from orchestrator.registrar import Registrar, continued, newest_of
from orchestrator.rights import block_on, concerns_others, consequences
from orchestrator.shredder import Shredder
from orchestrator.shredding import keeps_something
from orchestrator.stopping import carry_out
from topics.bus import Delivery, Place
from topics.bus import Message as Outgoing
from topics.dead_letters import dead_letter, fits, pack
from topics.envelope import ORCHESTRATOR, Poison, Unreadable, write
from topics.events import Right, SubjectRequest
from topics.keyring import Keyring, case_key, dead_letters_key, hold_key
from topics.logs import line_of
from topics.names import DEAD_LETTERS_KEPT, Names, Topic
from topics.notices import NOTICE_TYPE, About, Notice
from topics.orders import Approve, StopOrder
from topics.orders import Order as Ordered
from topics.parking import Parked, ParkedLately
from topics.reports import Answered, Located
from topics.steps import Step, passed

log = logging.getLogger(__name__)

_MOST_WOKEN = 200
"""Cases woken in one tick; the rest come in the next."""

_AFTER_DEFECT = timedelta(hours=1)
_DEFECTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a defect of ours raises. Anything else is no fault of one message, and stops the process."""

Sending = list[tuple[int, Outgoing]]


class Process:
    """Everything between a delivery and the outbox."""

    def __init__(
        self,
        ledger: Ledger,
        keyring: Keyring,
        intake: Intake,
        registrar: Registrar,
        policy: Policy,
        names: Names,
        parked: ParkedLately,
    ) -> None:
        self._ledger = ledger
        self._keyring = keyring
        self._intake = intake
        self._effects = Effects(registrar, keyring, names)
        self._policy = policy
        self._names = names
        self._parked = parked
        self.shredder = Shredder(ledger, keyring)

    def take(self, deliveries: Sequence[Delivery], now: datetime) -> Sending:
        """Work off a batch; returns what is to be sent. Repeating it changes nothing.

        Raises:
            LedgerGone, TooManyParked: nothing was written.
        """
        with self._ledger.transaction() as transaction:
            sending, parked = self._work_off(transaction, deliveries, now)
            lately = self._parked.and_now(parked, now)
            transaction.advance(following(deliveries), now)
            passed(Step.BATCH_WRITTEN)
        passed(Step.BATCH_COMMITTED)
        self._parked = lately  # only now: a batch that was rolled back comes again
        return sending

    def learn_again(self, deliveries: Sequence[Delivery], acknowledged: Mapping[Place, int], now: datetime) -> None:
        """Take in what came before the ledger was restored; each case that it concerns concludes at the next `wake`.

        Nothing is sent and nothing certified: what is acknowledged has had its effects, and they are on their topics.

        Raises:
            LedgerGone: nothing was written.
        """
        with self._ledger.transaction() as transaction:
            self._work_off(transaction, deliveries, now, acknowledged)

    def resume(self, gap: Gap | None, taken: Mapping[Place, int], now: datetime) -> None:
        """Go on from there: each case that is not at rest says what was lost, and what it awaits is ordered again.

        Raises:
            LedgerGone: nothing was written.
        """
        with self._ledger.transaction() as transaction:
            cases = transaction.cases(transaction.unfinished())
            batch = Batch(dict(cases), cases)
            for request_id in cases:
                self._decide(batch, transaction, request_id, CaughtUp(gap, now), now)
            transaction.advance(taken, now)
            self._save(batch, transaction, now)

    def set_right(self, now: datetime) -> int:
        """Close the cases of which only the keyring knows that they are shredded; returns how many there were.

        Raises:
            LedgerGone: nothing was written.
        """
        ended, held = self._keyring.ended_holds(), self._keyring.holds()
        gone = {case_key(id): id for id in self._keyring.shredded()} | {hold_key(id): id for id in ended}
        with self._ledger.transaction() as transaction:
            untold = {gone[kid] for kid in gone.keys() - transaction.destroyed_keys.among(gone)}
            cases = transaction.cases(untold - transaction.without_case(untold))  # the register has forgotten the others
            batch = Batch(dict(cases), cases)
            newest = newest_of(transaction.certificates_of(*cases))
            for request_id in cases:
                last = newest.get(request_id)
                said, decision = (last.processors, last.decision) if last else ((), None)
                over = request_id in ended and not any(map(keeps_something, said))
                self._decide(batch, transaction, request_id, KeyGone(now, said if request_id in held else (), over, decision), now)
                if batch.cases[request_id].state == "open":
                    log.error(
                        "lost: the references to what is held for request %s; its hold key is kept, and it waits for a person", request_id
                    )
            self._save(batch, transaction, now)
        return len(cases)

    def _work_off(
        self, transaction: Transaction, deliveries: Sequence[Delivery], now: datetime, acknowledged: Mapping[Place, int] | None = None
    ) -> tuple[Sending, list[Parked]]:
        """`acknowledged`: the offset after the last that was, where it is learnt again."""
        answered = acknowledged or {}
        read = [(one, self._read(one, now, one.offset < answered.get((one.topic, one.partition), 0))) for one in deliveries]
        good = [found for _, found in read if isinstance(found, Read)]
        cases = transaction.cases({found.request_id for found in good})
        seen = transaction.seen({(found.event.source, found.event.id) for found in good})
        new = {
            found.request_id: found.body.subject for found in good if isinstance(found.body, SubjectRequest) and not found.not_suppressed
        }
        new = {id: subject for id, subject in new.items() if id not in cases}
        issued = transaction.certificates_of(*new)
        keys = self._intake.make_keys(new) | self._intake.keys_there(
            {found.request_id for found in good if isinstance(found.body, SubjectRequest) and found.request_id in cases}
        )
        passed(Step.CASE_KEYS_MADE)
        batch = Batch(dict(cases), cases, keys, seen=seen, issued=issued, told_before=acknowledged is not None)
        self._relate(batch, transaction, {id: self._intake.tokens(subject) for id, subject in new.items()})
        for delivery, found in read:
            try:
                if isinstance(found, Poison):
                    raise found
                self._one(batch, transaction, self._intake.compared(found, keys, batch.cases), now)
            except Poison as poison:
                self._park(batch, transaction, delivery, poison, now)
        return self._save(batch, transaction, now), batch.parked

    def wake(self, now: datetime) -> Sending:
        """Tell the cases that asked for it that time has passed; keys whose time is over are destroyed."""
        self._intake.retire_keys()
        with self._ledger.transaction() as transaction:
            cases = transaction.cases(transaction.due(now, _MOST_WOKEN))
            batch = Batch(dict(cases), cases)
            for request_id, case in cases.items():
                try:
                    self._decide(batch, transaction, request_id, TimePassed(now), now)
                except Poison:  # logged; the others must not wait for it
                    batch.cases[request_id] = case.model_copy(update={"wake_at": now + _AFTER_DEFECT})
            sending = self._save(batch, transaction, now)
            if cases:
                passed(Step.WOKEN_WRITTEN)
        if cases:
            passed(Step.WOKEN_COMMITTED)
        return sending

    def unsent(self, until: datetime, most: int = 500) -> Sending:
        """What was put into the outbox until that moment, and is still there."""
        with self._ledger.reading() as transaction:
            return transaction.unsent(until, most)

    def sent(self, ids: Sequence[int], now: datetime) -> None:
        """Strike what was sent out of the outbox, and old rows out of the inbox."""
        with self._ledger.transaction() as transaction:
            transaction.sent(ids)
            transaction.forget_events(now - INBOX_KEPT)
            transaction.forget_originals(now - DEAD_LETTERS_KEPT)
            passed(Step.OUTBOX_STRIKING)
        passed(Step.OUTBOX_STRUCK)

    def _read(self, delivery: Delivery, now: datetime, answered: bool) -> Read | Poison:
        """What stands in a delivery. A defect of ours parks the message instead of stopping all others."""
        try:
            return self._intake.read(delivery, now, answered)
        except Poison as poison:
            return poison
        except _DEFECTS as error:
            return _defect("read", error)

    def _relate(self, batch: Batch, transaction: Transaction, new: Mapping[UUID, Sequence[str]]) -> None:
        """Note who new requests are of, and load the other requests of the same persons."""
        if new:
            transaction.add_identifiers(new)
            self._load_relatives(batch, transaction, new)

    def _load_relatives(self, batch: Batch, transaction: Transaction, ids: Iterable[UUID]) -> None:
        batch.relatives |= transaction.relatives(ids)
        missing = set().union(*batch.relatives.values()) - batch.cases.keys()
        if missing:
            loaded = transaction.cases(missing)
            batch.before |= loaded
            batch.cases |= loaded

    def _others(self, batch: Batch, transaction: Transaction, request_id: UUID) -> list[Case]:
        """The other requests of the same person, as they stand now."""
        if request_id not in batch.relatives:
            self._load_relatives(batch, transaction, [request_id])
        return [batch.cases[id] for id in sorted(batch.relatives.get(request_id, ())) if id in batch.cases and id != request_id]

    def _one(self, batch: Batch, transaction: Transaction, found: Read, now: datetime) -> None:
        """One readable delivery."""
        event = (found.event.source, found.event.id)
        if event in batch.seen and found.content and not found.is_as(batch.seen[event]):
            if isinstance(found.body, SubjectRequest) and found.request_id in batch.cases:
                batch.cases[found.request_id] = also_stands(batch.cases[found.request_id], found, now)
            raise Poison(Unreadable.CONFLICTING_EVENT, "The same ce_source and ce_id came before with other content.")
        repeated = event in batch.seen
        if found.not_suppressed and found.request_id not in batch.cases:
            self._not_suppressed(batch, transaction, found, now)
            return
        if isinstance(found.body, StopOrder):
            carry_out(found.body, self._keyring.stops)  # to repeat it changes nothing
            return
        try:
            message = self._message(batch, transaction, found, now)
        except _DEFECTS as error:
            raise _defect("open", error) from None
        if repeated and not isinstance(message, RequestedAgain):
            return
        self._decide(batch, transaction, found.request_id, message, now)
        if not repeated:
            batch.seen[event] = found.content
            batch.remembered.append((*event, found.content))

    def _not_suppressed(self, batch: Batch, transaction: Transaction, found: Read, now: datetime) -> None:
        """Somebody was seen again whom nobody is to erase again: that is noted and told, and nothing is ordered."""
        event = (found.event.source, found.event.id)
        if event in batch.seen or not isinstance(found.body, SubjectRequest):
            return
        batch.seen[event] = found.content
        batch.remembered.append((*event, found.content))
        transaction.note_not_suppressed(found.request_id, now)
        if not batch.told_before:
            due_by = self._intake.due(found.body.received_at)
            notice = Notice(request_id=found.request_id, right=Right.ERASURE, about=About.NOT_SUPPRESSED, at=now, due_by=due_by)
            batch.outgoing.append(
                write(self._names.of(Topic.NOTICES), NOTICE_TYPE, ORCHESTRATOR, found.request_id, notice, now, trace=found.event.trace)
            )

    def _message(self, batch: Batch, transaction: Transaction, found: Read, now: datetime) -> Message:
        """What `decide` is told. The first request of an id opens its case."""
        case = batch.cases.get(found.request_id)
        match found.body:
            case SubjectRequest() as request:
                return self._request(batch, transaction, found, request, now)
            case Ordered() as order if case is not None:
                return self._ordered(batch, case, order, self._others(batch, transaction, case.request_id), now)
            case Located() | Answered() as report if case is not None:
                if case.processor(report.processor) is None:
                    raise Poison(Unreadable.UNKNOWN_PROCESSOR, "The report names a processor that this case did not ask.")
                return Reported(report, now, batch.told_before)
        raise Poison(Unreadable.UNKNOWN_REQUEST, "There is no case for this request_id.")

    def _request(self, batch: Batch, transaction: Transaction, found: Read, request: SubjectRequest, now: datetime) -> Message:
        case = batch.cases.get(found.request_id)
        if case is None:
            key = batch.keys.get(found.request_id)
            if key is None and not batch.told_before:
                raise Poison(Unreadable.CONFLICTING_REQUEST, ANSWERED_LONG_AGO)
            opened = self._intake.case_for(found, request, found.right or Right.ERASURE, key, now)
            block = block_on(opened, self._others(batch, transaction, found.request_id))
            guard = at_opening(
                opened, self._policy.guards, lambda: 0 if batch.told_before else counted(transaction.connection, opened.request_id, now)
            )
            return Requested(continued(opened.model_copy(update={"block": block, "guard": guard}), batch.issued), now)
        can_be_told = bool(found.content and case.content)
        if can_be_told and found.is_as(case.content):
            return RequestedAgain(request.received_at, now, found.sealed)
        if not can_be_told and (batch.told_before or found.offset < transaction.offsets().get(found.place, (0, now))[0]):
            return RequestedAgain(case.received_at, now, found.sealed)  # this very message was taken before
        batch.cases[case.request_id] = also_stands(case, found, now)
        raise Poison(Unreadable.CONFLICTING_REQUEST, OTHER_CONTENT if can_be_told else CANNOT_BE_TOLD)

    def _ordered(self, batch: Batch, case: Case, order: Ordered, others: Sequence[Case], now: datetime) -> Message:
        """An officer's order, if it fits how the case stands; what was followed before a restore is followed without words."""
        named = getattr(order, "only", None) or getattr(order, "processor", None)
        if named is not None and case.processor(named) is None:
            raise Poison(Unreadable.UNKNOWN_PROCESSOR, "The order names a processor that this case did not ask.")
        unfit = why_not(order, case, now.astimezone(self._policy.zone))
        too_early = batch.told_before and case.planning and isinstance(order, Approve)  # reports are learnt again after orders
        if unfit and not too_early:
            raise Poison(Unreadable.INVALID_CONTENT, unfit)
        order = with_checked_words(order, case, self._keyring, batch.told_before)
        return message_of(order, case, others, now)

    def _decide(self, batch: Batch, transaction: Transaction, request_id: UUID, message: Message, now: datetime) -> None:
        before = batch.cases.get(request_id)
        try:
            case, effects = decide(before, message, self._policy)
            case, outgoing, certified = self._effects.carry_out(batch, transaction, case, () if batch.told_before else effects, now)
        except _DEFECTS as error:
            raise _defect("decide", error) from None
        batch.cases[request_id] = case.model_copy(update={"wake_at": now}) if batch.told_before else case
        batch.outgoing += outgoing
        batch.certified += certified
        batch.destroyed += [effect for effect in effects if isinstance(effect, Destroy)]
        if before is not None and case.late > before.late:
            log.warning("late: a report on request %s came after its key was destroyed; it is counted", request_id)
        if concerns_others(before, case):
            for other, word in list(consequences(case, self._others(batch, transaction, request_id))):
                self._decide(batch, transaction, other, Met(word, now), now)

    def _park(self, batch: Batch, transaction: Transaction, delivery: Delivery, poison: Poison, now: datetime) -> None:
        log.warning("dead letter: %s partition %d offset %d: %s", delivery.topic, delivery.partition, delivery.offset, poison.reason)
        batch.parked.append((delivery.topic, poison.reason))
        (key,) = self._keyring.ensure(dead_letters_key(now))
        if not fits(delivery):
            sealed = key.seal("ledger.original", pack(delivery))
            transaction.park_original(delivery.topic, delivery.partition, delivery.offset, sealed, now)
        if batch.told_before:
            return
        batch.outgoing.append(dead_letter(self._names.of(Topic.DEAD_LETTERS), delivery, poison, key, ORCHESTRATOR, now))

    def _save(self, batch: Batch, transaction: Transaction, now: datetime) -> Sending:
        transaction.save(batch.changed(), frozenset(batch.cases.keys() - batch.before.keys()))
        for case in batch.with_changed_holds():
            transaction.save_holds(case)
        transaction.add_certificates(batch.certified)
        transaction.remember(batch.remembered, now)
        transaction.destroyed_keys.order([kid for one in batch.destroyed for kid in one.keys], now)
        transaction.forget_identifiers(one.request_id for one in batch.destroyed if one.forget)
        return transaction.send(batch.outgoing, now)


def _defect(step: str, error: Exception) -> Poison:
    """A defect of ours. Its text may hold personal data, so only its type and place are told."""
    log.error("defect in %s: %s at line %d", step, type(error).__name__, line_of(error))
    return Poison(Unreadable.INTERNAL, f"A defect of the orchestrator in {step} ({type(error).__name__}); replay it after an upgrade.")
