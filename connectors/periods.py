"""Periods of rules, and which rules apply to a kind of record. Pure."""

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol, TypeVar

from topics.rules import EVERY_OTHER


class _OfKinds(Protocol):
    @property
    def kinds(self) -> frozenset[str]: ...


Rule = TypeVar("Rule", bound=_OfKinds)


def applicable(kind: str, rules: Sequence[Rule]) -> list[Rule]:
    """The rules that name the kind; where none does, those for every other kind."""
    return [rule for rule in rules if kind in rule.kinds] or [rule for rule in rules if EVERY_OTHER in rule.kinds]


def later(day: date, years: int = 0, months: int = 0, days: int = 0) -> date:
    """So much after `day`: the same day of the month, or the month's last where it has no such day."""
    month = day.month - 1 + months
    year = day.year + years + month // 12
    return last_valid(year, month % 12 + 1, day.day) + timedelta(days=days)


def last_valid(year: int, month: int, day: int) -> date:
    """That day, or the month's last where it has no such day."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
