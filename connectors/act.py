"""One pass over one subject's records at one vendor: locate, act, look again. The same for every vendor."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from connectors.contract import Accepted, Connector, Key, Record, Right, State
from connectors.errors import Deferred, Gone, Misread, NeedsPerson, NotApplicable, Refused, Transient, VendorError
from connectors.leave import Leave
from connectors.plan import Do, Planned
from connectors.waiting import Sleep
from topics.logs import line_of
from topics.outcomes import Evidence, Outcome
from topics.subject import Subject

log = logging.getLogger(__name__)

MOST_RECORDS = 5_000
LOOK_AGAIN_SECONDS = (0.0, 1.0, 4.0, 15.0)
"""Waits before each look after acting: a vendor's search may lag; what is still there after the last is not erased."""
LOOK_LATER = (timedelta(minutes=5), timedelta(hours=1))
"""After those, when the vendor said yes and it is still there: in how long the next rounds are worth it. Then once a day."""

Records = dict[tuple[str, str], Record]


@dataclass(frozen=True)
class Result:
    """What came of one record so far."""

    planned: Planned
    outcome: Outcome
    evidence: Evidence | None = None
    until: date | None = None
    reason: str | None = None
    again_at: datetime | None = None
    late: bool = False  # the vendor said yes, and no look has shown it yet


async def locate(connector: Connector[Any], subject: Subject) -> Records:
    """Every record of the subject, each once.

    Raises:
        VendorError: anything that kept the connector from knowing; a defect of the connector is `Misread`.
    """
    found: Records = {}
    declared = {kind.name for kind in connector.spec.kinds}
    try:
        async for record in connector.locate(subject):
            if record.kind not in declared:
                raise Misread(f"The connector {connector.spec.name} located a kind of record that its spec does not declare.")
            found.setdefault(record.key, record)
            if len(found) > MOST_RECORDS:
                raise Misread(f"More than {MOST_RECORDS} records are located: a paging fault, or too wide a match.")
    except NotApplicable:
        if connector.opens != "nothing":  # else a vendor's bad day could end as "not applicable", which closes a case
            raise Misread(f"The connector {connector.spec.name} calls a processor, so it cannot declare that nothing is held.") from None
        raise
    except VendorError:
        raise
    except Exception as error:
        raise _defect(connector, "locate", error) from None
    return found


async def rights(connector: Connector[Any]) -> Sequence[Right]:
    """What the vendor says that the credential may do.

    Raises:
        VendorError: it could not be asked; a defect of the connector is `Misread`.
    """
    try:
        return await connector.rights()
    except VendorError:
        raise
    except Exception as error:
        raise _defect(connector, "rights", error) from None


async def act(connector: Connector[Any], planned: Sequence[Planned], leave: Leave) -> dict[tuple[str, str], Result]:
    """Carry out the plan, record by record. What one record refuses does not stop the others; a vendor that is down does.

    So does what comes to stand against the command meanwhile: in here the door asks `leave` before every call.
    """
    results: dict[tuple[str, str], Result] = {}
    stopped: VendorError | None = None
    with leave.destroying():
        for item in planned:
            result = _not_tried(item, stopped) if stopped else await _act_on(connector, item)
            if isinstance(result, VendorError):
                stopped = result
                result = _not_tried(item, stopped)
            results[item.record.key] = result
    return results


async def _act_on(connector: Connector[Any], item: Planned) -> Result | VendorError:
    """The result for one record, or the error that ends the whole pass."""
    if not item.acts:
        return _left(item)
    try:
        item, left_whole = await _strip(connector, item)
        if item.do is Do.KEEP:
            return await _keep(connector, item, left_whole)
        done = await _call(connector, item)
    except Gone:
        if item.do is Do.ERASE:
            return Result(item, Outcome.ERASED, Evidence.EXECUTED)
        return Result(item, Outcome.FAILED, reason=f"The {item.record.kind} was gone when it was to be {item.outcome}.")
    except (Deferred, Transient) as error:
        return error
    except NeedsPerson as error:
        return Result(item, Outcome.NEEDS_PERSON, reason=error.reason)
    except Refused as error:
        return Result(item, Outcome.FAILED if error.passing else Outcome.REFUSED, reason=error.reason)
    except VendorError as error:
        return Result(item, Outcome.FAILED, reason=error.reason)
    except Exception as error:
        return Result(item, Outcome.FAILED, reason=_defect(connector, item.do.value, error).reason)
    if isinstance(done, Accepted):
        return Result(item, Outcome.ACCEPTED, Evidence.ACCEPTED, until=done.until)
    reason = f"It is not stripped. {left_whole}" if left_whole else item.reason
    return Result(item, Outcome(done) if done else item.outcome, Evidence.EXECUTED, item.until, reason)


async def _call(connector: Connector[Any], item: Planned) -> Any:
    """The one destructive call. A record that is restricted already, or was never, is not touched again."""
    if item.do is Do.ERASE:
        return await connector.erase(item.record)
    state = item.record.state
    if item.do is Do.RESTRICT and state is not State.RESTRICTED:
        await connector.restrict(item.record)
    if item.do is Do.LIFT and state.can_be_lifted:
        await connector.lift(item.record)
    return None


async def _strip(connector: Connector[Any], item: Planned) -> tuple[Planned, str | None]:
    """Strip what stays, before it is shut off, since it may be read-only then; else why the vendor will not, for good."""
    if item.keep is None:
        return item, None
    try:
        await connector.strip(item.record, item.keep)
    except Gone as error:  # some vendors say so of what is archived; the look after acting tells which
        return replace(item, keep=None), error.reason
    except Refused as error:
        return replace(item, keep=None), _lasting(error)
    return item, None


async def _keep(connector: Connector[Any], item: Planned, left_whole: str | None) -> Result:
    """Shut a kept record off. What the vendor refuses for good is told: the duty to keep the record stays as it is."""
    refused = [left_whole] if left_whole else []
    if item.shut and item.record.state is not State.RESTRICTED:
        try:
            await connector.restrict(item.record)
        except Refused as error:
            item = replace(item, shut=False)
            refused.append(_lasting(error))
    reason = " ".join(["It is kept as it is.", *refused]) if refused else None
    return Result(item, item.outcome, Evidence.EXECUTED if item.acts else Evidence.VERIFIED, reason=reason)


def _lasting(error: Refused) -> str:
    """The reason of a refusal; one that may pass is raised again, and tried again."""
    if error.passing:
        raise error
    return error.reason


def _left(item: Planned) -> Result:
    """A record that is not touched. That a kept one is there was just seen."""
    return Result(item, item.outcome, Evidence.VERIFIED if item.do is Do.KEEP else None, item.until, item.reason)


def _not_tried(item: Planned, error: VendorError) -> Result:
    """A record that the pass did not come to, since the vendor is down or asks to wait."""
    if not item.acts:
        return _left(item)
    outcome = Outcome.DEFERRED if isinstance(error, Deferred) else Outcome.FAILED
    return Result(item, outcome, reason=error.reason, again_at=deferred_until(error))


async def look_again(
    connector: Connector[Any],
    subject: Subject | None,
    results: dict[tuple[str, str], Result],
    sleep: Sleep,
    patient: Callable[[], bool],
) -> tuple[dict[tuple[str, str], Result], Records]:
    """The results as a fresh look confirms them, and records that were not there before.

    What the vendor said yes to and is still there after the last look is `failed`. When the look itself fails, nothing
    is claimed of what was acted on. Without a subject only references are asked for. There is one look at least; no other is
    waited for once `patient` says no.
    """
    open_keys = {key for key, result in results.items() if result.evidence is not None}
    looked, found = dict(results), Records()
    for wait in LOOK_AGAIN_SECONDS:
        if wait and not patient():
            break
        pause = max(wait, connector.spec.settle_seconds if wait == 0.0 else 0.0)
        if pause:
            await sleep(pause)
        try:
            found = await locate(connector, subject) if subject else Records()
            for key in sorted(open_keys):
                looked[key] = await _confirm(connector, results[key], found.get(key), searched=subject is not None)
        except VendorError as error:
            return _unconfirmed(looked, open_keys, error), {}
        open_keys = {key for key in open_keys if looked[key].outcome is Outcome.FAILED}
        if not open_keys:
            break
    return looked, {key: record for key, record in found.items() if key not in results}


async def _confirm(connector: Connector[Any], result: Result, seen: Record | None, *, searched: bool) -> Result:
    """One result, held against how the record stands now. Asked by reference where the vendor can tell; else by search."""
    record = result.planned.record
    state = await state_of(connector, record, searched=searched)
    if state is None and not searched:
        return result  # neither by reference nor by search: what was done is not proven
    state = state or (seen.state if seen else State.GONE)
    good = {
        Do.ERASE: state in (State.GONE, State.ANONYMISED),
        Do.RESTRICT: state is State.RESTRICTED,
        Do.LIFT: state is State.PRESENT,
        Do.KEEP: state is State.RESTRICTED if result.planned.shut else state is not State.GONE,
    }[result.planned.do]
    if good:
        outcome = Outcome.ERASED if result.outcome is Outcome.ACCEPTED else result.outcome
        if state is State.ANONYMISED and result.planned.do is Do.ERASE:
            outcome = Outcome.ANONYMISED
        return replace(result, outcome=outcome, evidence=Evidence.VERIFIED, until=result.planned.until)
    if result.outcome is Outcome.ACCEPTED:
        return result
    kind, at = record.kind, connector.spec.name
    not_restricted = f"The {kind} is not restricted after it was to be at {at}."
    vanished = f"The {kind} is no longer there after it was to be restricted at {at}."
    reason = {
        Do.ERASE: f"The {kind} is still there after it was to be erased at {at}.",
        Do.RESTRICT: vanished if state is State.GONE else not_restricted,
        Do.LIFT: f"The {kind} is still restricted after that was to be lifted at {at}.",
        Do.KEEP: f"The {kind} must be kept, but it is no longer there." if state is State.GONE else not_restricted,
    }[result.planned.do]
    return replace(
        result, outcome=Outcome.FAILED, evidence=None, reason=reason, late=result.planned.do is not Do.KEEP or state is not State.GONE
    )


async def state_of(connector: Connector[Any], record: Record, *, searched: bool) -> State | None:
    """How a record stands by its reference; None where the vendor cannot tell. Where nobody was `searched` for, a whole list tells too.

    Raises:
        VendorError: the vendor could not be asked.
    """
    try:
        state = await _peeked(connector, record)
        if state is None and not searched and (listed := await connector.still_listed(record)) is not None:
            return State.PRESENT if listed else State.GONE
        return state
    except VendorError:
        raise
    except Exception as error:
        raise _defect(connector, "peek", error) from None


async def _peeked(connector: Connector[Any], record: Record) -> State | None:
    try:
        return await connector.peek(record)
    except Gone:
        return State.GONE


def _unconfirmed(
    results: dict[tuple[str, str], Result], keys: Iterable[tuple[str, str]], error: VendorError
) -> dict[tuple[str, str], Result]:
    """What was acted on but could not be looked for again: not claimed, and tried again later."""
    outcome = Outcome.DEFERRED if isinstance(error, Deferred) else Outcome.FAILED
    reason = f"It could not be looked for again: {error.reason}"
    changed = dict(results)
    for key in keys:
        if changed[key].planned.acts:
            changed[key] = replace(changed[key], outcome=outcome, evidence=None, reason=reason, again_at=deferred_until(error))
    return changed


def _defect(connector: Connector[Any], step: str, error: Exception) -> Misread:
    """A defect of the connector: only the exception's type is told, since its text may hold personal data."""
    log.error("%s: defect in %s: %s at line %d", connector.spec.name, step, type(error).__name__, line_of(error))
    return Misread(f"The connector {connector.spec.name} failed in {step} ({type(error).__name__}); its log says where.")


def freeze(records: Iterable[Record]) -> bytes:
    """Record references as bytes to seal."""
    rows = [[r.kind, r.ref, r.since.isoformat() if r.since else None, r.bound] for r in records]
    return json.dumps(rows).encode()


def thaw(frozen: bytes) -> list[Record]:
    """What `freeze` was given."""
    return [Record(kind, ref, _since(since), _keys(bound)) for kind, ref, since, bound in json.loads(frozen)]


def _keys(written: Any) -> tuple[Key, ...] | None:
    """What a record is bound to. Version 0.1.0 wrote one key, or null: references of held records stay sealed for years."""
    keys = [written] if written and isinstance(written[0], str) else written or []
    return tuple((kind, ref) for kind, ref in keys) or None


def _since(written: str | None) -> date | datetime | None:
    if written is None:
        return None
    return datetime.fromisoformat(written) if "T" in written else date.fromisoformat(written)


def deferred_until(error: VendorError) -> datetime | None:
    """The moment from which another try is worth it."""
    return error.until if isinstance(error, Deferred) else None
