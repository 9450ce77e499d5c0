"""What must stay true of every case, whatever happens to it: one function for each sentence, True where it holds.

The first seven are the issue's own words. `tests/search/mutants.py` has for each a `decide` that breaks it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from orchestrator.agreement import faults
from orchestrator.case import Status
from orchestrator.certificate import Certificate, standing_of
from orchestrator.messages import Reported, RequestedAgain
from orchestrator.payload import NOTHING_BEFORE, ProcessorEntry, canonical, fingerprint
from tests.orchestrator.decide_cases import POLICY, digest
from tests.search.world import Step
from topics.outcomes import Evidence, Outcome

Invariant = Callable[[Step], bool]

_GONE = frozenset({Outcome.ERASED, Outcome.ANONYMISED})
_KEPT_OR_UNKNOWN = frozenset(Outcome) - _GONE - {Outcome.NOTHING_FOUND, Outcome.LIFTED}


def no_complete_certificate_while_a_processor_is_silent(step: Step) -> bool:
    """No complete certificate while a processor is silent, or has not answered the newest that it was ordered."""
    answered = all(site.heard >= site.ordered for site in step.after.sites)
    return all(
        one.status is Status.PARTIAL or (answered and all(entry.answered_at is not None for entry in one.processors)) for one in step.issued
    )


def counts_never_shrink(step: Step) -> bool:
    """Counts never shrink: every record that was ever told of stands on every later certificate, once."""
    for site, known in zip(step.after.sites, step.after.case.processors, strict=True):
        if not {digest(record) for record in site.told} <= known.records.keys():
            return False
    told = [len(site.told) for site in step.after.sites]
    return all(told == [sum(_counts(entry).values()) for entry in one.processors] for one in step.issued)


def a_hold_never_shortens(step: Step) -> bool:
    """A hold never shortens: neither by a later answer, nor by one that failed in between, nor on a certificate."""
    if step.before is not None:
        for old, new in zip(step.before.case.processors, step.after.case.processors, strict=True):
            for key, record in old.records.items():
                later = new.records.get(key)
                if record.hold and later and later.outcome in _KEPT_OR_UNKNOWN and _until(later.hold) < record.hold.until:
                    return False
    return True


def a_later_revision_supersedes(step: Step) -> bool:
    """A later revision supersedes: it names the one before by hash, is the next in number, and says something else."""
    history = step.after.certificates
    for number in range(len(history) - len(step.issued), len(history)):
        before, one = (history[number - 1] if number else None), history[number]
        if one.revision != number + 1 or one.supersedes != (_hash(before) if before else None):
            return False
        if one.place.previous != (_hash(before) if before else NOTHING_BEFORE) or (before and _said(before) == _said(one)):
            return False
    return len(step.after.case.certificates) == len(history)


def exactly_one_open_revision(step: Step) -> bool:
    """Exactly one open revision: a word issues one at most; the last is complete and says all known exactly if the case is closed."""
    case = step.after.case
    complete = bool(case.certificates) and case.certificates[-1].status is not Status.PARTIAL
    if len(step.issued) > 1 or complete != (case.state == "closed"):
        return False
    return not complete or case.certificates[-1].claims == standing_of(case, step.after.now.astimezone(POLICY.zone).date())[1]


def a_duplicate_changes_nothing(step: Step) -> bool:
    """A duplicate changes nothing: what is said again, an hour later, orders and certifies nothing, and leaves the case as it is.

    Only that a request was sent again is noted, since that copy stands on the intake topic longer.
    """
    if not isinstance(step.message, Reported | RequestedAgain):
        return True
    again, effects = step.decide(step.after.case, replace(step.message, at=step.message.at + timedelta(hours=1)), POLICY)
    before = step.after.case
    if isinstance(step.message, RequestedAgain):
        before = before.model_copy(update={"sent_at": step.message.at + timedelta(hours=1)})
    return again == before and not effects


def nothing_is_claimed_gone_that_was_not_looked_for_again(step: Step) -> bool:
    """Nothing is claimed gone that was not looked for again: not on a complete certificate, and not without the evidence on any."""
    for one in step.issued:
        for entry in one.processors:
            for line in entry.records:
                unseen = line.outcome in _GONE and line.evidence is not Evidence.VERIFIED
                if unseen and (one.status is not Status.PARTIAL or line.evidence is None):
                    return False
    return True


def a_certificate_agrees_with_the_vendors(step: Step) -> bool:
    """Whatever the evidence says was seen to be gone is gone at the vendor; nothing that is told of is hidden."""
    for one in step.issued:
        for entry, site, known in zip(one.processors, step.after.sites, step.after.case.processors, strict=True):
            verified = sum(line.count for line in entry.records if line.outcome in _GONE and line.evidence is Evidence.VERIFIED)
            if verified > len(set(known.records) - {digest(record) for record in site.there}):
                return False
    return True


def a_certificate_agrees_with_itself(step: Step) -> bool:
    """What `erasure verify` would find wrong with a certificate is not found."""
    return not any(faults(one) for one in step.issued)


def a_last_day_that_has_passed_is_on_the_newest_certificate(step: Step) -> bool:
    """A last day that has passed is on the newest certificate: none that is not complete reads as if it were still to come."""
    one = step.after.certificates[-1] if step.after.certificates else None
    passed = step.after.now.astimezone(POLICY.zone).date() > step.after.case.due_by
    return one is None or not passed or one.status is not Status.PARTIAL or one.deadline_met is not None


def an_open_case_is_woken_or_waits_for_a_person(step: Step) -> bool:
    """A case that waits for a worker or a vendor wakes again by itself: no case is lost."""
    case = step.after.case
    waits = any(p.in_flight or p.outcome in (Outcome.FAILED, Outcome.DEFERRED, Outcome.ACCEPTED) for p in case.processors)
    past_due = step.after.now.astimezone(POLICY.zone).date() >= case.due_by
    return case.state == "closed" or not waits or past_due or case.wake_at is not None


INVARIANTS: tuple[Invariant, ...] = (
    no_complete_certificate_while_a_processor_is_silent,
    counts_never_shrink,
    a_hold_never_shortens,
    a_later_revision_supersedes,
    exactly_one_open_revision,
    a_duplicate_changes_nothing,
    nothing_is_claimed_gone_that_was_not_looked_for_again,
    a_certificate_agrees_with_the_vendors,
    a_certificate_agrees_with_itself,
    a_last_day_that_has_passed_is_on_the_newest_certificate,
    an_open_case_is_woken_or_waits_for_a_person,
)


def broken(step: Step) -> Iterator[Invariant]:
    """The invariants that do not hold of a step."""
    return (invariant for invariant in INVARIANTS if not invariant(step))


def _counts(entry: ProcessorEntry) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in entry.records:
        counts[line.kind] += line.count
    return counts


def _until(hold: object) -> date:
    return getattr(hold, "until", date.min)


def _hash(certificate: Certificate) -> str:
    return fingerprint(canonical(certificate).decode())


def _said(certificate: Certificate) -> object:
    processors = tuple(entry.model_copy(update={"answered_at": None}) for entry in certificate.processors)
    return certificate.status, certificate.received_at, certificate.due_by, processors, certificate.deadline_met
