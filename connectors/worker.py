"""A command carried out: locate, write ahead, act, look again, answer. The same for every vendor."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from connectors.act import LOOK_LATER, Records, Result, act, deferred_until, freeze, locate, look_again, state_of, thaw
from connectors.ageing import RetentionRule
from connectors.contract import Connector, Record, State
from connectors.errors import Deferred, NeedsIdentifier, NeedsPerson, NotApplicable, VendorError, closed_words
from connectors.evidence import Evidence as Gathered
from connectors.holds import HoldRule
from connectors.leave import READING, HeldBack, Leave, held_back
from connectors.plan import Do, Duties, Planned, plan
from connectors.waiting import Sleep
from topics.commands import Claim, Command
from topics.keyring import Keyring, case_key, hold_key
from topics.model import Clock, Sealed
from topics.outcomes import Evidence, Hold, Outcome
from topics.reports import Answered, Located, LocatedRecord, RecordOutcome
from topics.sealing import Key
from topics.stopping import Against
from topics.subject import Subject

WITHHELD = "The reason is left out here, because there is personal data in it."
_MOST_PASSES = 3
"""A pass that finds new records is followed by another; a mailbox that fills faster than we delete ends as `failed`."""

Report = Callable[[Located], Awaitable[None]]
"""Publishes what was located, and returns when the broker has acknowledged it."""


class Account(Protocol):
    """What a processor is reached through, shared by all its commands."""

    def door(self, evidence: Gathered, leave: Leave = READING) -> Any:
        """The door for one command, as the connector's `opens` says; its evidence goes to `evidence`; it asks `leave` before each call."""
        ...


class Nothing:
    """The account of a processor that is not called."""

    def door(self, evidence: Gathered, leave: Leave = READING) -> None:
        """There is none."""


@dataclass(frozen=True)
class Processor:
    """One configured processor: its connector, its account, and the rules that apply to it.

    `give_up_after`: how long one command may wait for a late effect; None: every look is made.
    """

    name: str
    connector: type[Connector[Any]]
    settings: Any
    account: Account
    rules: Sequence[HoldRule]
    zone: ZoneInfo
    retention: Sequence[RetentionRule] = ()
    give_up_after: timedelta | None = None


class Worker:
    """Carries out the commands of one processor."""

    def __init__(self, processor: Processor, keyring: Keyring, clock: Clock, sleep: Sleep) -> None:
        self._processor = processor
        self._keyring = keyring
        self._clock = clock
        self._sleep = sleep
        self._moved_at: dict[UUID, datetime] = {}

    def stood_since(self) -> datetime | None:
        """When the command that stands still the longest last moved: was begun, or got an answer. May be asked by any thread."""
        return min(list(self._moved_at.values()), default=None)

    async def carry_out(self, command: Command, report: Report) -> Answered:
        """The answer to a command. What it located is reported, and acknowledged, before anything is destroyed.

        Once the case's key is destroyed a command names no subject, and only what the law kept is known, each record by its
        reference under the hold key.

        Raises:
            KeyDestroyed: nobody can read any more who it is about, as it must be.
            KeyMissing, CannotOpen: the case's key is not in the keyring.
        """
        self._moved(command)
        try:
            if command.subject is None:
                return await self._by_reference(command, report)
            return await self._carry_out(command, command.subject, report)
        finally:
            self._moved_at.pop(command.command_id, None)

    def _moved(self, command: Command) -> None:
        self._moved_at[command.command_id] = self._clock()

    def _leave(self, command: Command) -> Leave:
        return Leave(lambda: self._keyring.against(command.request_id, command.processor, command.round), self._clock)

    async def _keys(self, command: Command, *kids: str) -> tuple[list[Key], Against | None]:
        """The keys, and what stands against it before it is begun; a dry run changes nothing, and goes on."""
        keys, against = await self._keyring.for_command(command.request_id, command.processor, command.round, *kids)
        return keys, None if command.mode == "dry-run" else against

    async def _carry_out(self, command: Command, sealed: Sealed, report: Report) -> Answered:
        (key, held), against = await self._keys(command, case_key(command.request_id), hold_key(command.request_id))
        subject = Subject.model_validate_json(key.open("subject", sealed))
        known = [record for token in command.known for record in thaw(key.open("located.records", token))]
        gathered = Gathered(key, lambda: self._moved(command))
        run = _Run(self._processor, command, subject, known, key, held, gathered, self._leave(command), self._clock, self._sleep)
        return run.held_back(against) if against else await run.answer(report)

    async def _by_reference(self, command: Command, report: Report) -> Answered:
        """The end of a hold: nobody knows the person any more, and need not."""
        (held,), against = await self._keys(command, hold_key(command.request_id))
        opened = {digest: thaw(held.open("hold.record", token)) for digest, token in command.held.items()}
        known = {record.key: digest for digest, records in opened.items() for record in records}
        records = [record for records in opened.values() for record in records]
        gathered = Gathered(held, lambda: self._moved(command))
        run = _Run(self._processor, command, None, records, held, held, gathered, self._leave(command), self._clock, self._sleep)
        run.digests = known
        with closed_words():
            return run.held_back(against) if against else await run.answer(report)


class _Run:
    """One command under way. `subject` is None at the end of a hold, when only references are known."""

    def __init__(
        self,
        processor: Processor,
        command: Command,
        subject: Subject | None,
        known: list[Record],
        key: Key,
        held: Key,
        gathered: Gathered,
        leave: Leave,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self.processor, self.command, self.subject, self.key, self.held = processor, command, subject, key, held
        self.leave, self.clock, self.sleep = leave, clock, sleep
        self.known: Records = {record.key: record for record in known}
        self.gathered = gathered
        self.connector = processor.connector(processor.settings, processor.account.door(gathered, leave))
        self.connector.case = str(command.request_id)
        self.reported = set(self.known)
        self.unseen: set[tuple[str, str]] = set()  # of which nobody can tell whether they are still there
        self.digests: dict[tuple[str, str], str] = {}  # given along where the key that made them is destroyed
        self.results: dict[tuple[str, str], Result] = {}
        self.give_up_at = None if processor.give_up_after is None else clock() + processor.give_up_after

    async def answer(self, report: Report) -> Answered:
        """Everything from the first look to the answer."""
        wanted = self.connector.identifiers
        if wanted and self.subject and not self.subject.kinds() & set(wanted):
            return self._as_a_whole(Outcome.NEEDS_IDENTIFIER, f"To search here it needs one of: {', '.join(wanted)}.")
        try:
            found = await self._located_at_first()
            vanished, still_there = await self._known_but_not_found(found)
        except Deferred as error:
            return self._as_a_whole(Outcome.DEFERRED, error.reason, error)
        except NeedsPerson as error:
            return self._as_a_whole(Outcome.NEEDS_PERSON, error.reason)
        except NeedsIdentifier as error:
            return self._as_a_whole(Outcome.NEEDS_IDENTIFIER, error.reason)
        except NotApplicable as error:
            return self._as_a_whole(Outcome.NOT_APPLICABLE, error.reason)
        except VendorError as error:
            return self._as_a_whole(Outcome.FAILED, error.reason)
        found |= still_there
        if self.command.mode == "dry-run":
            return self._answered([self._planned_line(item) for item in self._plan(found.values())])
        try:
            for _ in range(_MOST_PASSES):
                found = await self._one_pass(found, report)
                if not found:
                    break
        except HeldBack as error:  # while it was looked for, or told: none is touched
            return self._as_a_whole(Outcome.DEFERRED, error.reason, error)
        unfinished = [self._line(record, Outcome.FAILED, "New records kept appearing while it was erased.") for record in found.values()]
        return self._answered([*self._gone(vanished), *map(self._result_line, self.results.values()), *unfinished])

    def held_back(self, against: Against) -> Answered:
        """The answer to a command that is not to be carried out now."""
        error = held_back(against, self.clock())
        return self._as_a_whole(Outcome.DEFERRED, error.reason, error)

    async def _located_at_first(self) -> Records:
        """What there is. "Nothing" is looked at twice where a list was read in parts: a row may have slipped from one to the other."""
        if self.subject is None:
            return Records()
        found = await locate(self.connector, self.subject)
        return found if found or not self.gathered.in_parts else await locate(self.connector, self.subject)

    async def _known_but_not_found(self, found: Records) -> tuple[list[tuple[Record, Outcome]], Records]:
        """Records of earlier rounds that the search no longer shows: gone or anonymised, or still there by reference.

        What a look has shown gone is not asked for again: at a vendor that lets few calls through, nothing else would be done.
        """
        vanished, still_there, shown_gone = [], Records(), frozenset(self.command.gone)
        for key, record in self.known.items():
            if key in found:
                continue
            state = State.GONE if self._digest(record) in shown_gone else await self._standing(record)
            if state is State.GONE or (state is None and key not in self.unseen):
                vanished.append((record, Outcome.ERASED))
            elif state is State.ANONYMISED and self.command.action == "erase":
                vanished.append((record, Outcome.ANONYMISED))
            else:
                still_there[key] = replace(record, state=state or record.state)
        return vanished, still_there

    async def _standing(self, record: Record) -> State | None:
        """How a record stands by its reference; None: the search decides, unless it is `unseen`.

        Where a rule lets it go by itself, a vendor that has a person asked is no more than one that cannot tell.
        """
        try:
            state = await state_of(self.connector, record, searched=self.subject is not None)
        except NeedsPerson:
            if self._digest(record) not in self.command.expiring:
                raise
            self.unseen.add(record.key)
            return None
        if state is None and self.subject is None:
            self.unseen.add(record.key)
        return state

    async def _one_pass(self, found: Records, report: Report) -> Records:
        """Report what is new, act on all of `found`, look again; returns what has appeared meanwhile."""
        new = [record for key, record in found.items() if key not in self.reported]
        if new:
            await report(self._located(new))
            self.reported |= {record.key for record in new}
        planned = self._plan(found.values())
        acts = any(item.acts for item in planned)
        if acts and not self.results:  # the report may have waited for its broker
            with self.leave.destroying():
                await self.leave.wanted()
        results = await act(self.connector, planned, self.leave)
        if acts:
            seen_before = {**self.results, **results}
            looked, appeared = await look_again(self.connector, self.subject, results, self.sleep, self._patient)
            self.results |= looked
            return {key: record for key, record in appeared.items() if key not in seen_before}
        self.results |= results
        return {}

    def _patient(self) -> bool:
        return self.give_up_at is None or self.clock() < self.give_up_at

    def _plan(self, records: Iterable[Record]) -> list[Planned]:
        zone, records = self.processor.zone, list(records)
        today = self.clock().astimezone(zone).date()
        planned = plan(self.command.action, records, self.processor.connector.spec, self._duties(records), today, zone)
        return [self._unless_a_person_must(item) for item in planned]

    def _unless_a_person_must(self, item: Planned) -> Planned:
        reason = self.connector.left_to_a_person(item.record) if item.do is Do.ERASE else None
        return replace(item, do=Do.LEAVE, outcome=Outcome.NEEDS_PERSON, reason=reason) if reason else item

    def _duties(self, records: Iterable[Record]) -> Duties:
        """What keeps these records: the rules of the processor, and what the command says of this case."""
        command, digests = self.command, {record.key: self._digest(record) for record in records}
        return Duties(
            self.processor.rules,
            self.processor.retention,
            command.contract_ended_on,
            {key: [claim for claim in command.claims if _is_on(claim, key[0], digest)] for key, digest in digests.items()},
            {key: command.expiring[digest] for key, digest in digests.items() if digest in command.expiring},
            command.irreversible,
            self.connector.strips,
            self.unseen,
        )

    def _located(self, records: Sequence[Record]) -> Located:
        return Located(
            command_id=self.command.command_id,
            request_id=self.command.request_id,
            processor=self.processor.name,
            round=self.command.round,
            records=tuple(LocatedRecord(digest=self._digest(record), kind=record.kind) for record in records),
            sealed=self.key.seal("located.records", freeze(records)),
        )

    def _digest(self, record: Record) -> str:
        return self.digests.get(record.key) or self.key.digest(self.processor.name, record.kind, record.ref)

    def _gone(self, records: Iterable[tuple[Record, Outcome]]) -> list[RecordOutcome]:
        """What an earlier round found, and a fresh look no longer does; hidden before the vendor's own day, it is not gone yet."""
        today, lines = self.clock().astimezone(self.processor.zone).date(), []
        for record, outcome in records:
            line, until = self._line(record, outcome, None), self._hidden_until(record, today)
            waits = until is not None and today < until
            told = (
                {"outcome": Outcome.ACCEPTED, "evidence": Evidence.ACCEPTED, "until": until} if waits else {"evidence": Evidence.VERIFIED}
            )
            lines.append(line.model_copy(update=told))
        return lines

    def _hidden_until(self, record: Record, today: date) -> date | None:
        """The day that the vendor told; where a crash or a failure took its answer along, as late as that can be."""
        digest, longest = self._digest(record), self.processor.connector.spec.kind_of(record).hidden_days
        lost = digest in self.command.unanswered and longest
        return self.command.accepted.get(digest) or (today + timedelta(days=longest + 1) if lost else None)

    def _line(self, record: Record, outcome: Outcome, reason: str | None) -> RecordOutcome:
        told = reason and self._clean(reason, record.ref)
        return RecordOutcome(digest=self._digest(record), kind=record.kind, outcome=outcome, reason=told)

    def _planned_line(self, item: Planned) -> RecordOutcome:
        """A line of a dry run: what would come of the record. No evidence, since nothing was done."""
        stays = None if item.keep is None else "It stays, stripped of what no duty needs."
        told = self.connector.planned_call(item.record) if item.do is Do.ERASE else stays
        line = self._line(item.record, item.outcome, item.reason or told)
        more = {"hold": self._hold(item), "bound_to": item.bound_to, "until": item.until, "unconfirmed": item.unconfirmed}
        return line.model_copy(update=more | {"open": item.record.open})

    def _result_line(self, result: Result) -> RecordOutcome:
        item = result.planned
        line = self._line(item.record, result.outcome, result.reason)
        waits = result.outcome in (Outcome.HELD, Outcome.EXPIRING)  # looked for again when the person is long forgotten
        kept = waits or (result.outcome is Outcome.RESTRICTED and item.bound_to is not None)
        more = {
            "evidence": result.evidence,
            "hold": self._hold(item) if result.outcome is Outcome.HELD else None,
            "bound_to": item.bound_to,
            "until": result.until,
            "unconfirmed": item.unconfirmed,
            "sealed": self.held.seal("hold.record", freeze([item.record])) if kept else None,
        }
        return line.model_copy(update=more)

    def _hold(self, item: Planned) -> Hold | None:
        """The hold on a record; an officer's reason may have something of the person in it."""
        if item.hold is None or item.hold.reason is None:
            return item.hold
        return item.hold.model_copy(update={"reason": self._clean(item.hold.reason, item.record.ref)})

    def _clean(self, reason: str, ref: str = "") -> str:
        """The reason, unless a connector put something of the person into it. Without the person, at the end of a hold, it is in
        `closed_words` already."""
        lowered = reason.lower()
        needles = self.subject.needles() if self.subject else ()
        of_the_vendor = len(ref) > 3 and ref.lower() in lowered  # a short one is a number like any other
        if of_the_vendor or any(_stands_in(needle.lower(), lowered) for needle in needles):
            return WITHHELD
        return reason[:500]

    def _as_a_whole(self, outcome: Outcome, reason: str, error: VendorError | None = None) -> Answered:
        """An answer of the processor as a whole: of its records nothing more is known than before."""
        clean = self._clean(reason)
        return self._answered([]).model_copy(update={"outcome": outcome, "reason": clean, "again_at": error and deferred_until(error)})

    def _answered(self, lines: Sequence[RecordOutcome]) -> Answered:
        waits = [result.again_at for result in self.results.values() if result.again_at]
        if any(result.late for result in self.results.values()):
            waits += [self.clock() + wait for wait in LOOK_LATER[self.command.round - 1 : self.command.round]]
        return Answered(
            command_id=self.command.command_id,
            request_id=self.command.request_id,
            processor=self.processor.name,
            round=self.command.round,
            mode=self.command.mode,
            records=tuple(lines),
            again_at=max(waits, default=None),
            calls=self.gathered.calls(),
        )


def _is_on(claim: Claim, kind: str, digest: str) -> bool:
    return claim.kind in (None, kind) and claim.digest in (None, digest)


def _stands_in(needle: str, text: str) -> bool:
    """Whether a value of the person stands in a sentence; a short one (Bo, C7) only as a word, and one letter never."""
    if len(needle) > 3:
        return needle in text
    return len(needle) > 1 and re.search(rf"(?<!\w){re.escape(needle)}(?!\w)", text) is not None
