"""What is to become of each located record: erased, kept by law, restricted because a kept one hangs from it. Pure."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from connectors.ageing import RetentionRule, slowest
from connectors.contract import Kind, Record, Spec, State
from connectors.declared import one
from connectors.holds import HoldRule, HoldUnknown, duty_on
from topics.commands import Action, Claim
from topics.outcomes import Hold, Outcome


class Do(Enum):
    """What the worker does with a record."""

    ERASE = "erase"
    RESTRICT = "restrict"
    LIFT = "lift"
    KEEP = "keep"  # held by law: shut off and stripped where the vendor can, else left as it is
    LEAVE = "leave"  # nothing can be done; `outcome` and `reason` say why


@dataclass(frozen=True)
class Planned:
    """One record and its fate. `outcome` is what the report will say if all goes well.

    Of what stays: `shut` it off from use, and strip it of all but the fields in `keep` (None: leave it whole). `needs`: the fields
    of what a kept record hangs from that its duty needs besides what can never be stripped (None: that is left whole too).
    `unconfirmed`: it would be restricted for good, which no officer has confirmed.
    """

    record: Record
    do: Do
    outcome: Outcome
    hold: Hold | None = None
    bound_to: str | None = None
    until: date | None = None
    reason: str | None = None
    shut: bool = False
    keep: frozenset[str] | None = None
    needs: frozenset[str] | None = None
    unconfirmed: bool = False

    @property
    def acts(self) -> bool:
        """Whether the vendor is called, so that there is something to look at again."""
        return self.do not in (Do.KEEP, Do.LEAVE) or self.shut or self.keep is not None


@dataclass(frozen=True)
class Duties:
    """What keeps the records of one case at one processor, besides one another.

    `contract_ended_on`: as the request gave it. `claims`: the legal claims, by the key of the record that each is on.
    `expiring`: by key, the last day that an earlier answer named for a record that goes by itself. `irreversible`: whether an
    officer has confirmed restrictions that the vendor cannot lift. `strips`: per kind, the fields that no duty needs, as the
    processor's settings say. `unseen`: the keys of records of which nobody can tell whether they are still there.
    """

    holds: Sequence[HoldRule] = ()
    retention: Sequence[RetentionRule] = ()
    contract_ended_on: date | None = None
    claims: Mapping[tuple[str, str], Sequence[Claim]] = field(default_factory=dict)
    expiring: Mapping[tuple[str, str], date] = field(default_factory=dict)
    irreversible: bool = False
    strips: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unseen: Set[tuple[str, str]] = frozenset()


def plan(action: Action, records: Iterable[Record], spec: Spec, duties: Duties, today: date, zone: ZoneInfo) -> list[Planned]:
    """The fate of every record, in the order in which the kinds are to be worked off. Days are those of the controller's `zone`."""
    order = [kind.name for kind in spec.kinds]
    if spec.erased_as_located:  # at the end of a hold they come in any order, by their references
        records = sorted(records, key=lambda record: -len(record.bound))
    else:
        records = sorted(records, key=lambda record: order.index(record.kind))
    if action != "erase":
        return [_restriction(action, record, spec, duties, today) for record in records]
    own = {record.key: _own_fate(record, spec.kind_of(record), duties, today, zone) for record in records}
    binding = _binding(own.values())
    fates = [_bound(fate, spec, duties, binding[key]) if key in binding else fate for key, fate in own.items()]
    return _beside_claims(fates, order, duties)


def _beside_claims(fates: list[Planned], order: list[str], duties: Duties) -> list[Planned]:
    """A claim may be on a record of which the connector does not say what it hangs from: what comes later might take it along.

    Evidence that is gone cannot be brought back, so a person decides.
    """
    loose = [fate.record.kind for fate in fates if fate.do is Do.KEEP and duties.claims.get(fate.record.key) and not fate.record.bound]
    if not loose:
        return fates
    first = min(loose, key=order.index)
    reason = f"A {first} under a legal claim may hang from it: erase it by hand where it does not, or widen the claim."
    later = order[order.index(first) + 1 :]
    return [
        Planned(fate.record, Do.LEAVE, Outcome.NEEDS_PERSON, reason=reason) if fate.do is Do.ERASE and fate.record.kind in later else fate
        for fate in fates
    ]


def _own_fate(record: Record, kind: Kind, duties: Duties, today: date, zone: ZoneInfo) -> Planned:
    """The fate of a record by itself, whatever hangs from it. What nobody can look at goes whatever a law or a court says."""
    if kind.kept_because and _nobody_looks(record, duties, today):
        return _not_erasable(record, kind.kept_because, duties, today)
    claims = duties.claims.get(record.key, ())
    try:
        duty = duty_on(record.kind, local_day(record.since, zone), duties.holds, today, duties.contract_ended_on, claims)
    except HoldUnknown as unknown:
        return Planned(record, Do.LEAVE, Outcome.NEEDS_PERSON, reason=str(unknown))
    if duty:
        needs = None if claims else duty.fields or frozenset()
        keep = _to_strip(kind, duty.fields is not None, needs, duties)
        return Planned(record, Do.KEEP, Outcome.HELD, duty.hold, shut=kind.shuts, keep=keep, needs=needs)
    if kind.kept_because:
        return _not_erasable(record, kind.kept_because, duties, today)
    return Planned(record, Do.ERASE, Outcome.ERASED)


def _to_strip(kind: Kind, named: bool, needs: frozenset[str] | None, duties: Duties) -> frozenset[str] | None:
    """The fields to keep where there are others to strip, else None.

    `named`: whether the rule names fields, without which only that goes which no duty needs. `needs`: None where a claim is.
    """
    goes = duties.strips.get(kind.name, frozenset()) | frozenset(kind.strips if named else ())
    return None if needs is None or goes <= needs else needs


def _nobody_looks(record: Record, duties: Duties, today: date) -> bool:
    rule = slowest(record.kind, duties.retention, today)
    return rule is not None and not rule.looked


def _not_erasable(record: Record, kept_because: str, duties: Duties, today: date) -> Planned:
    """What the vendor cannot erase goes by itself where a rule says so; else that is refused.

    A day that was named never comes nearer. Once it has passed, what is seen all the same breaks the rule.
    """
    rule = slowest(record.kind, duties.retention, today)
    if rule is None:
        return Planned(record, Do.LEAVE, Outcome.REFUSED, reason=kept_because)
    told = duties.expiring.get(record.key)
    by_rule = f"By rule, not by looking: {rule.name} ({rule.source})"
    if told is None or told >= today:
        until = max(told or today, rule.until(today))
        reason = f"{kept_because} {by_rule}. What was there on {today} is gone after {until}."
        return Planned(record, Do.LEAVE, Outcome.EXPIRING, until=until, reason=reason)
    if not rule.looked or record.key in duties.unseen:
        reason = f"{by_rule}. It was gone after {told}; nobody looked."
        return Planned(record, Do.LEAVE, Outcome.NOT_APPLICABLE, until=told, reason=reason)
    reason = f"It should have gone by itself after {told} ({rule.name}, {rule.source}), and is still there. {kept_because}"
    return Planned(record, Do.LEAVE, Outcome.REFUSED, until=told, reason=reason)


def local_day(since: date | datetime | None, zone: ZoneInfo) -> date | None:
    """A vendor may give a moment: the day is the controller's. A moment without an offset is local already."""
    if not isinstance(since, datetime):
        return since
    return (since.astimezone(zone) if since.tzinfo else since).date()


def _binding(fates: Iterable[Planned]) -> dict[tuple[str, str], Planned]:
    """Per bound record: of those that bind it the one with the longest hold, needing what any of them needs.

    A record that waits for a person's word on its hold binds too: erasing what it hangs from could not be undone.
    """
    binding: dict[tuple[str, str], Planned] = {}
    for fate in fates:
        if not (fate.do is Do.KEEP or fate.outcome is Outcome.NEEDS_PERSON):
            continue
        for key in fate.record.bound:
            known = binding.get(key, fate)
            longer = fate.hold and (known.hold is None or fate.hold.until > known.hold.until)
            needs = None if known.needs is None or fate.needs is None else known.needs | fate.needs
            binding[key] = replace(fate if longer else known, needs=needs)
    return binding


def _bound(fate: Planned, spec: Spec, duties: Duties, by: Planned) -> Planned:
    """What a kept record hangs from: restricted and stripped where the vendor can, else kept with it; the longer hold of the two counts."""
    record, hold, kind, own = fate.record, by.hold, by.record.kind, spec.kind_of(fate.record)
    if fate.do is Do.KEEP:
        if hold is not None and fate.hold is not None and hold.until > fate.hold.until:
            return replace(fate, hold=hold, bound_to=kind, keep=_to_strip(own, False, by.needs, duties))
        return replace(fate, keep=None if fate.keep is None or by.needs is None else fate.keep | by.needs)
    if hold is None:
        return Planned(record, Do.LEAVE, Outcome.NEEDS_PERSON, bound_to=kind, reason=f"It waits for the decision on {one(kind)}.")
    keep = _to_strip(own, True, by.needs, duties)
    if own.shuts:
        return Planned(record, Do.RESTRICT, Outcome.RESTRICTED, bound_to=kind, until=hold.until, keep=keep)
    return Planned(record, Do.KEEP, Outcome.HELD, hold, bound_to=kind, keep=keep)


def _restriction(action: Action, record: Record, spec: Spec, duties: Duties, today: date) -> Planned:
    """Restricting and lifting: only where the vendor can, and said where it cannot."""
    kind = spec.kind_of(record)
    if _nobody_looks(record, duties, today):  # GDPR art. 18(2): what is restricted may be stored
        return Planned(
            record, Do.LEAVE, Outcome.NOT_APPLICABLE, reason=f"{one(kind.name).capitalize()} is only stored, until it goes by itself."
        )
    if action == "restrict":
        if record.state is State.RESTRICTED or (kind.restricts and (kind.lifts or duties.irreversible)):
            return Planned(record, Do.RESTRICT, Outcome.RESTRICTED, reason=_how(kind, spec))
        if kind.restricts:
            would = (
                f"{one(kind.name).capitalize()} would be {kind.how or 'restricted'}, which could not be lifted over the API of {spec.name}"
            )
            reason = f"{would}: an officer must confirm it first."
            return Planned(record, Do.LEAVE, Outcome.REFUSED, reason=reason, unconfirmed=True)
        return Planned(record, Do.LEAVE, Outcome.REFUSED, reason=f"{spec.name} offers no way to restrict {one(kind.name)}.")
    if kind.lifts or not record.state.can_be_lifted:
        return Planned(record, Do.LIFT, Outcome.LIFTED)
    reason = f"{spec.name} offers no way to lift the restriction of {one(kind.name)} over its API; do it by hand there."
    return Planned(record, Do.LEAVE, Outcome.NEEDS_PERSON, reason=reason)


def _how(kind: Kind, spec: Spec) -> str:
    how = f"{kind.how[:1].upper()}{kind.how[1:]}" if kind.how else "Restricted"
    return f"{how}; {spec.name} {'can lift that again' if kind.lifts else 'offers no way to lift that over its API'}."
