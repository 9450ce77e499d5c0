"""What is to become of each located record: erased, kept by law, restricted because a kept one hangs from it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from connectors.contract import Record, Spec, State
from connectors.holds import HoldRule, HoldUnknown, hold_on
from topics.commands import Action
from topics.outcomes import Hold, Outcome


class Do(Enum):
    """What the worker does with a record."""

    ERASE = "erase"
    RESTRICT = "restrict"
    LIFT = "lift"
    KEEP = "keep"  # held by law: left whole
    LEAVE = "leave"  # nothing can be done; `outcome` and `reason` say why


@dataclass(frozen=True)
class Planned:
    """One record and its fate. `outcome` is what the report will say if all goes well."""

    record: Record
    do: Do
    outcome: Outcome
    hold: Hold | None = None
    bound_to: str | None = None
    until: date | None = None
    reason: str | None = None


def plan(action: Action, records: Iterable[Record], spec: Spec, rules: Sequence[HoldRule], today: date, zone: ZoneInfo) -> list[Planned]:
    """The fate of every record, in the order in which the kinds are to be worked off. Days are those of the controller's `zone`."""
    order = [kind.name for kind in spec.kinds]
    records = sorted(records, key=lambda record: order.index(record.kind))
    if action != "erase":
        return [_restriction(action, record, spec) for record in records]
    own = {record.key: _own_fate(record, spec, rules, today, zone) for record in records}
    binding = _binding(own.values())
    return [_bound(fate, spec, *binding[key]) if key in binding and fate.do is not Do.KEEP else fate for key, fate in own.items()]


def _own_fate(record: Record, spec: Spec, rules: Sequence[HoldRule], today: date, zone: ZoneInfo) -> Planned:
    """The fate of a record by itself, whatever hangs from it."""
    try:
        hold = hold_on(record.kind, local_day(record.since, zone), rules, today)
    except HoldUnknown as unknown:
        return Planned(record, Do.LEAVE, Outcome.NEEDS_PERSON, reason=str(unknown))
    if hold:
        return Planned(record, Do.KEEP, Outcome.HELD, hold)
    kept_because = spec.kind_of(record).kept_because
    if kept_because:
        return Planned(record, Do.LEAVE, Outcome.REFUSED, reason=kept_because)
    return Planned(record, Do.ERASE, Outcome.ERASED)


def local_day(since: date | datetime | None, zone: ZoneInfo) -> date | None:
    """A vendor may give a moment: the day is the controller's. A moment without an offset is local already."""
    if not isinstance(since, datetime):
        return since
    return (since.astimezone(zone) if since.tzinfo else since).date()


def _binding(fates: Iterable[Planned]) -> dict[tuple[str, str], tuple[Hold | None, str]]:
    """Per bound record: the longest hold among those that bind it, and their kind.

    A record that waits for a person's word on its hold binds too: erasing what it hangs from could not be undone.
    """
    binding: dict[tuple[str, str], tuple[Hold | None, str]] = {}
    for fate in fates:
        if not (fate.do is Do.KEEP or fate.outcome is Outcome.NEEDS_PERSON):
            continue
        for key in fate.record.bound:
            known = binding.get(key, (None, ""))[0]
            if key not in binding or (fate.hold and (known is None or fate.hold.until > known.until)):
                binding[key] = (fate.hold, fate.record.kind)
    return binding


def _bound(fate: Planned, spec: Spec, hold: Hold | None, by: str) -> Planned:
    """A record that a kept one hangs from: restricted where the vendor can, else kept with it."""
    if hold is None:
        return Planned(fate.record, Do.LEAVE, Outcome.NEEDS_PERSON, bound_to=by, reason=f"It waits for the decision on a {by}.")
    if spec.kind_of(fate.record).restricts:
        return Planned(fate.record, Do.RESTRICT, Outcome.RESTRICTED, bound_to=by, until=hold.until)
    return Planned(fate.record, Do.KEEP, Outcome.HELD, hold, bound_to=by)


def _restriction(action: Action, record: Record, spec: Spec) -> Planned:
    """Restricting and lifting: only where the vendor can, and said where it cannot."""
    kind = spec.kind_of(record)
    if action == "restrict":
        if kind.restricts or record.state is State.RESTRICTED:
            return Planned(record, Do.RESTRICT, Outcome.RESTRICTED)
        return Planned(record, Do.LEAVE, Outcome.REFUSED, reason=f"{spec.name} offers no way to restrict a {kind.name}.")
    if kind.lifts or record.state is not State.RESTRICTED:
        return Planned(record, Do.LIFT, Outcome.LIFTED)
    reason = f"{spec.name} offers no way to lift the restriction of a {kind.name} over its API; do it by hand there."
    return Planned(record, Do.LEAVE, Outcome.NEEDS_PERSON, reason=reason)
