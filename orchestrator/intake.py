"""From a delivery to what `decide` is told: reads the envelope, checks the content, seals the person."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from orchestrator.case import Case, Decision, ProcessorState
from orchestrator.deadlines import Pause, due_by
from orchestrator.policy import Policy
from orchestrator.register import register_key
from orchestrator.sealed_requests import IntakeKeys
from orchestrator.sentences import DOUBTFUL, LEFT_OUT
from orchestrator.suppression import Suppression
from topics.bus import Delivery, Place
from topics.envelope import Event, Poison, Unreadable, content, read
from topics.events import ENDED, RIGHT_OF, EventType, Right, SubjectRequest, is_against_marketing
from topics.keyring import CONTROLLER_KEY, KeyDestroyed, KeyMissing, Keyring, case_key, hold_key
from topics.names import LARGEST_MESSAGE_BYTES, LARGEST_REQUEST_BYTES, Names, Topic
from topics.naming import named_at
from topics.orders import FIXED_REASONS, ORDERS, STOP_ORDERS, Order, StopOrder
from topics.reports import ANSWERED_TYPE, LOCATED_TYPE, Answered, Located
from topics.sealing import Key
from topics.subject import SHARED, Subject

_GROUND_OF = {type.value: ground for type, ground in ENDED.items()} | {EventType.SEEN.value: "17(1)(d)"}
"""Of what nobody asks for; what was erased and is there again is processed unlawfully."""

ANSWERED_LONG_AGO = "The request was answered, and its key destroyed, before this ledger was restored; send it under a new id."
OTHER_CONTENT = "The same request_id came before with other content; send it under a new id."
CANNOT_BE_TOLD = (
    "The same request_id came before, and the key of that request is destroyed, so that nobody can tell whether this is the same: "
    "if it is not, send it under a new id."
)

NO_STORE = "subject.seen needs [suppression] in erasure.toml: without it nobody is remembered who was erased."

_REFERRED = "Not carried out here: the data are processed for another controller, to whom the request was referred (GDPR art. 28(3)(e))."

_NAMES_THE_PERSON = (
    "is an identifier of the person, or a part of one (a surname, what stands before the @, a number spaced otherwise): "
    'write it without ("the person", "the customer"), and order it again.'
)
_UNCHECKED = (
    "The key of the case is destroyed, so that nobody can check any more whether your words name the person: "
    f"give one of these words instead: {', '.join(FIXED_REASONS)}; and no kind of records but one that the case knows."
)

_CLOCK_SKEW = timedelta(days=1)
_GDPR_APPLIES = datetime(2018, 5, 25, tzinfo=UTC) - timedelta(days=1)  # with a day for the time zones


@dataclass(frozen=True)
class Expected:
    """A configured processor, as a case expects its answer.

    `consent`: what it does rests on consent (GDPR art. 6(1)(a)). `marketing`: it does direct marketing (art. 21(2)).
    """

    name: str
    connector: str
    kind: str
    not_covered: tuple[str, ...] = ()
    consent: bool = False
    marketing: bool = False


@dataclass(frozen=True)
class Read:
    """A delivery that could be read, from that `place` and offset.

    `content`: a digest that tells a repetition from another message under the same id; of a request under the key of its case
    (`Intake.compared`), and empty once that is destroyed: then nobody can tell. `old_content`: the same as version 0.1.0 made it.
    `sealed`: it was sealed by its sender.
    `again_of`: of who is seen again, the erasure whose token is there. `not_suppressed`: nobody is to erase who is seen again there.
    """

    event: Event
    body: SubjectRequest | Order | StopOrder | Located | Answered
    right: Right | None
    content: str
    old_content: str | None = None
    sealed: bool = False
    again_of: UUID | None = None
    not_suppressed: bool = False
    place: Place = ("", 0)
    offset: int = 0

    def is_as(self, content: str) -> bool:
        """Whether that is the digest of a message with the same content."""
        return content in (self.content, self.old_content)

    @property
    def request_id(self) -> UUID:
        """The case that it belongs to; of what is about no case, its own."""
        return self.body.request_id


class Unchecked(Poison):
    """Nobody can tell any more whether the words of an order name the person."""


def check_words(order: Order, case: Case, keyring: Keyring) -> None:
    """An officer's words go onto the certificate, so nothing of the person may be in them; fixed ones name nobody.

    Raises:
        Poison: something is. `Unchecked`: the key of the case is destroyed, and the words are none of the fixed ones.
    """
    said = _own_words(order, case)
    if not said:
        return
    try:
        if case.subject is None:
            raise KeyMissing(case_key(case.request_id))
        subject = Subject.model_validate_json(keyring.get(case_key(case.request_id)).open("subject", case.subject))
    except KeyMissing:
        raise Unchecked(Unreadable.INVALID_CONTENT, _UNCHECKED) from None
    for name, words in said.items():
        at = named_at(subject, words)
        if at is not None:
            raise Poison(Unreadable.INVALID_CONTENT, f"Word {at} of {name} {_NAMES_THE_PERSON}")


def _own_words(order: Order, case: Case) -> dict[str, str]:
    """What is neither a fixed reason nor a kind of records that the case knows."""
    kinds = {record.kind for processor in case.processors for record in processor.records.values()}
    fixed = {*FIXED_REASONS, *FIXED_REASONS.values(), *kinds, "record"}
    said = {name: getattr(order, name, None) for name in ("reason", "ground", "kind")}
    return {name: words for name, words in said.items() if words and words not in fixed}


def with_checked_words(order: Order, case: Case, keyring: Keyring, told_before: bool) -> Order:
    """The order, its words checked. What was followed before the ledger was restored is followed again, without those that nobody can
    check any more. Raises as `check_words`."""
    try:
        check_words(order, case, keyring)
    except Unchecked:
        if not told_before:
            raise
        return _without_words(order, case)
    return order


def _without_words(order: Order, case: Case) -> Order:
    """The kind of records stays: what a claim is about is not known yet when requests are learnt again, before reports."""
    return order.model_copy(update={name: LEFT_OUT for name in _own_words(order, case) if name != "kind"})


def also_stands(case: Case, found: Read, now: datetime) -> Case:
    """With other content it changes nothing; but it stands on the intake topic too, which the certificate speaks of."""
    return case.model_copy(update={"sent_at": now, "sent_sealed": case.sent_sealed and found.sealed})


def asked_of(expected: Sequence[Expected], request: SubjectRequest, right: Right) -> list[Expected]:
    """The processors to ask: those that the request names, else all that the right is about."""
    if request.processors is not None:
        return [one for one in expected if one.name in request.processors]
    if right is Right.WITHDRAWAL:
        return [one for one in expected if one.consent]
    if is_against_marketing(right, request.ground):
        return [one for one in expected if one.marketing]
    return list(expected)


def nobody_to_ask(right: Right) -> str:
    """Why such a right is about none of the processors, and what to set."""
    what = "does direct marketing: set marketing" if right is Right.OBJECTION else "rests on consent: set legal_basis"
    return f"No processor in erasure.toml {what} there"


class Intake:
    """Reads what stands on `subject.requests` and `processor.reports`."""

    def __init__(
        self,
        names: Names,
        keyring: Keyring,
        intake_keys: IntakeKeys,
        expected: tuple[Expected, ...],
        policy: Policy,
        country: str,
        suppression: Suppression | None = None,
    ) -> None:
        self._requests = names.of(Topic.REQUESTS)
        self._keyring = keyring
        self._intake_keys = intake_keys
        self._expected = expected
        self._policy = policy
        self._country = country
        self._suppression = suppression
        (self._controller,) = keyring.ensure(CONTROLLER_KEY)
        self._of_years: dict[int, Key] = {}

    def read(self, delivery: Delivery, now: datetime, answered: bool = False) -> Read:
        """The delivery's content, checked. `answered`: it was acknowledged before the ledger was restored.

        Raises:
            Poison: it can never be processed; says why.
        """
        largest = LARGEST_REQUEST_BYTES if delivery.topic == self._requests else LARGEST_MESSAGE_BYTES
        plain = self._intake_keys.opened(delivery) if delivery.topic == self._requests else delivery
        event = read(plain, largest)
        found = self._request(event, now, answered) if delivery.topic == self._requests else self._report(event, delivery)
        if event.correlation_id not in (None, str(found.request_id)):
            raise Poison(Unreadable.INVALID_ENVELOPE, "ce_correlationid must be the request_id of the content.")
        return replace(found, sealed=plain is not delivery, place=(delivery.topic, delivery.partition), offset=delivery.offset)

    def retire_keys(self) -> None:
        """Destroy the keys of sealed requests whose time is over."""
        self._intake_keys.retire()

    def _request(self, event: Event, now: datetime, answered: bool) -> Read:
        models: list[tuple[str, type[Order] | type[StopOrder]]] = [*ORDERS.items(), *STOP_ORDERS.items()]
        order = next((model for type, model in models if type == event.type), None)
        if order is not None:
            ordered = content(event, order)
            return Read(event, ordered, None, hashlib.sha256((event.type + ordered.model_dump_json()).encode()).hexdigest()[:22])
        right = next((right for type, right in RIGHT_OF.items() if type == event.type), None)
        if right is None:
            raise Poison(Unreadable.UNKNOWN_TYPE, f"The ce_type is not known here; known are {', '.join(EventType)}.")
        request = content(event, SubjectRequest)
        if request.received_at > now + _CLOCK_SKEW:
            raise Poison(Unreadable.INVALID_CONTENT, "received_at lies more than a day in the future.")
        if request.received_at < _GDPR_APPLIES:
            raise Poison(Unreadable.INVALID_CONTENT, "received_at lies before 25 May 2018, when the GDPR began to apply.")
        self._check_processors(request)
        if not asked_of(self._expected, request, right):
            raise Poison(Unreadable.UNSUPPORTED, f"{nobody_to_ask(right)}, and replay this request.")
        content_of = self._content_of(self._controller, event, request, right)
        found = Read(event, request, right, content_of)
        return self._seen_again(found, request.subject, now, answered) if event.type == EventType.SEEN else found

    def _seen_again(self, found: Read, subject: Subject, now: datetime, answered: bool) -> Read:
        """Of who is seen again, the erasure that was completed last.

        What was answered before is not asked of today's store, which has learnt and forgotten since: there is, or was, a key if a
        case was opened.
        """
        if self._has_or_had_key(found.request_id):
            return found if answered else replace(found, again_of=self._again_of(subject, now))
        if answered:
            return replace(found, not_suppressed=True)
        again_of = self._again_of(subject, now)
        return replace(found, again_of=again_of, not_suppressed=again_of is None)

    def _has_or_had_key(self, request_id: UUID) -> bool:
        try:
            self._keyring.get(case_key(request_id))
        except KeyMissing as missing:
            return isinstance(missing, KeyDestroyed)
        return True

    def _again_of(self, subject: Subject, now: datetime) -> UUID | None:
        if self._suppression is None:
            raise Poison(Unreadable.UNSUPPORTED, f"{NO_STORE} Configure it and replay this, or send subject.erase.")
        return self._suppression.request_of(subject, now.astimezone(self._policy.zone).date())

    def _report(self, event: Event, delivery: Delivery) -> Read:
        models: dict[str, type[Located] | type[Answered]] = {LOCATED_TYPE: Located, ANSWERED_TYPE: Answered}
        if event.type not in models:
            raise Poison(Unreadable.UNKNOWN_TYPE, f"The ce_type is that of no report; known are {', '.join(models)}.")
        report = content(event, models[event.type])
        return Read(event, report, None, hashlib.sha256(delivery.value or b"").hexdigest()[:22])

    def _check_processors(self, request: SubjectRequest) -> None:
        """An unknown name would be a processor that is silently never asked."""
        if request.processors is not None and not request.processors:
            raise Poison(Unreadable.INVALID_CONTENT, "processors is empty: leave it out to ask all.")
        unknown = set(request.processors or ()) - {one.name for one in self._expected}
        if unknown:
            raise Poison(Unreadable.UNKNOWN_PROCESSOR, f"processors names {len(unknown)} that erasure.toml does not configure.")

    def compared(self, found: Read, keys: Mapping[UUID, Key], cases: Collection[UUID] = ()) -> Read:
        """A request with its content under the key of its case, so that who holds all else can check no guess once that is destroyed."""
        opens_nothing = found.not_suppressed and found.request_id not in cases
        if opens_nothing or not isinstance(found.body, SubjectRequest) or found.right is None:
            return found
        key = keys.get(found.request_id)
        content = "" if key is None else self._content_of(key, found.event, found.body, found.right)
        return replace(found, content=content, old_content=found.content)

    @staticmethod
    def _content_of(key: Key, event: Event, request: SubjectRequest, right: Right) -> str:
        """A keyed digest over what makes it the same request: type, subject, ground, processors, mode and the contract's end."""
        narrowed = None if request.processors is None else sorted(set(request.processors))
        more = [
            value
            for value in (event.type in _GROUND_OF and event.type, request.identity != "proven", request.role != "controller")
            if value
        ]
        ended = [] if request.contract_ended_on is None else [request.contract_ended_on.isoformat()]  # else as before it existed
        rest = json.dumps([right, request.ground, narrowed, request.mode, str(request.request_id), *more, *ended])
        return key.digest("content", rest, request.subject.canonical().decode())

    def tokens(self, subject: Subject) -> tuple[str, ...]:
        """A keyed digest per identifier that tells one person from others; a name or a telephone may be shared."""
        telling = [kind for kind in sorted(subject.kinds()) if kind not in SHARED] or sorted(subject.kinds())
        return tuple(self._controller.digest("identifier", kind, value) for kind in telling for value in subject.values(kind))

    def _pseudonym(self, request: SubjectRequest) -> str:
        """The same for a person in one year of receipt, under a key that the register's end destroys (ADR 16)."""
        key = self._key_of_year(request.received_at.astimezone(self._policy.zone).year)
        return key.digest("subject", request.subject.canonical().decode())

    def _key_of_year(self, first: int) -> Key:
        """Of that year, or of the first after it whose key is not destroyed: what comes late is handled like any other."""
        year = first
        while first not in self._of_years:
            try:
                (self._of_years[first],) = self._keyring.ensure(register_key(year))
            except KeyDestroyed:
                year += 1
        return self._of_years[first]

    def due(self, received_at: datetime) -> date:
        """The last day of the statutory month."""
        return due_by(received_at, self._policy.zone, self._country)

    def make_keys(self, request_ids: Iterable[UUID]) -> dict[UUID, Key]:
        """New cases' keys, all in one transaction of the keyring: one that seals the person, one (not returned) for what is held.

        None for a request whose key was destroyed already: a restored ledger does not know that any more.
        """
        ids = list(request_ids)
        self._of_years.clear()  # read once a batch: between two of them one may be destroyed
        try:
            return self._keys_of(ids)
        except KeyDestroyed:
            gone = self._keyring.destroyed([*map(case_key, ids), *map(hold_key, ids)])
            return self._keys_of([id for id in ids if not gone & {case_key(id), hold_key(id)}])

    def _keys_of(self, ids: list[UUID]) -> dict[UUID, Key]:
        keys = self._keyring.ensure(*map(case_key, ids), *map(hold_key, ids)) if ids else []
        return dict(zip(ids, keys, strict=False))

    def keys_there(self, request_ids: Iterable[UUID]) -> dict[UUID, Key]:
        """The keys of known cases, as far as they are not destroyed."""
        found: dict[UUID, Key] = {}
        for id in request_ids:
            with suppress(KeyMissing):
                found[id] = self._keyring.get(case_key(id))
        return found

    def case_for(self, found: Read, request: SubjectRequest, right: Right, key: Key | None, now: datetime) -> Case:
        """The case that a request opens, the person in it sealed under the case's key; left out where that is destroyed."""
        asked = asked_of(self._expected, request, right)
        return Case(
            request_id=request.request_id,
            right=right,
            mode=request.mode,
            ground=request.ground or _GROUND_OF.get(found.event.type),
            content=found.content,
            subject=None if key is None else key.seal("subject", request.subject.to_seal()),
            verified_by=None if key is None or request.verified_by is None else key.seal("verified_by", request.verified_by.encode()),
            pseudonym=self._pseudonym(request),
            received_at=request.received_at,
            opened_at=now,
            sent_at=now,
            sent_sealed=found.sealed,
            due_by=self.due(request.received_at),
            processors=tuple(
                ProcessorState(name=one.name, connector=one.connector, kind=one.kind, not_covered=one.not_covered) for one in asked
            ),
            not_asked=tuple(one.name for one in self._expected if one not in asked),
            pauses=(Pause(now, None, DOUBTFUL),) if request.identity == "doubtful" else (),
            decision=Decision(decision="refer", reason=_REFERRED, at=now) if request.role == "processor" else None,
            contract_ended_on=request.contract_ended_on,
            again_of=found.again_of,
            trace=found.event.trace,
        )
