"""Legal holds as data: which record the law keeps, until which day, and which of its fields. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connectors.periods import applicable, last_valid, later
from topics.commands import LEGAL_CLAIM, Claim
from topics.configuration import HoldStart
from topics.outcomes import Hold


class HoldUnknown(Exception):
    """A rule applies, but the day it counts from is not known: a person must say."""


@dataclass(frozen=True)
class HoldRule:
    """One `[[holds]]` rule for one processor. The period runs from the `start`; `financial_year_end` is (month, day).

    `fields`: what the duty needs of a record; None: all of it. `reason`: why this class of records is kept.
    """

    kinds: frozenset[str]
    statute: str
    exception: str
    years: int
    start: HoldStart
    financial_year_end: tuple[int, int] = (12, 31)
    months: int = 0
    days: int = 0
    fields: frozenset[str] | None = None
    reason: str | None = None

    def until(self, since: date | None, contract_ended_on: date | None = None) -> date:
        """The last day on which a record of that date is kept.

        Raises:
            HoldUnknown: the record has no date, or the contract's end is not known.
        """
        return later(self._begins(since, contract_ended_on), self.years, self.months, self.days)

    def _begins(self, since: date | None, contract_ended_on: date | None) -> date:
        if self.start == "end_of_contract":
            if contract_ended_on is None:
                raise HoldUnknown(f"{self.statute} counts from the end of the contract, which is not known.")
            return contract_ended_on
        if since is None:
            raise HoldUnknown(f"{self.statute} applies, but the record has no date to count from.")
        if self.start == "record_date":
            return since
        month, day = self.financial_year_end if self.start == "end_of_financial_year" else (12, 31)
        end = last_valid(since.year, month, day)
        return end if since <= end else last_valid(since.year + 1, month, day)


@dataclass(frozen=True)
class Duty:
    """What keeps one record: the longest of its holds, and the fields that any of them needs (None: the whole record)."""

    hold: Hold
    fields: frozenset[str] | None = None


def duty_on(
    kind: str,
    since: date | None,
    rules: Sequence[HoldRule],
    today: date,
    contract_ended_on: date | None = None,
    claims: Sequence[Claim] = (),
) -> Duty | None:
    """What keeps a record on that day; None where nothing does. `claims`: the legal claims on this very record.

    Raises:
        HoldUnknown: a rule applies whose end cannot be told, or a claim was to be reviewed.
    """
    duties = [_claimed(claim, today) for claim in claims]
    for rule in applicable(kind, rules):
        until = rule.until(since, contract_ended_on)
        hold = Hold(statute=rule.statute, exception=rule.exception, until=until, reason=rule.reason)
        duties += [Duty(hold, rule.fields)] if until >= today else []
    if not duties:
        return None
    needed = [duty.fields for duty in duties if duty.fields is not None]
    fields = frozenset[str]().union(*needed) if len(needed) == len(duties) else None
    return Duty(max((duty.hold for duty in duties), key=lambda hold: hold.until), fields)


def _claimed(claim: Claim, today: date) -> Duty:
    """A record is evidence as it stands, so a claim keeps the whole of it."""
    if claim.until < today:
        raise HoldUnknown(f"A legal claim on it was to be reviewed by {claim.until}: lift it, or place it anew with a later day.")
    return Duty(Hold(statute=LEGAL_CLAIM, exception="GDPR art. 17(3)(e)", until=claim.until, reason=claim.reason))
