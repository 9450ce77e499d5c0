"""What goes by itself after a while, as data: until which day it can still be there. Pure.

Nobody looks whether it is gone: that is said wherever such a rule is the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connectors.periods import applicable, later


@dataclass(frozen=True)
class RetentionRule:
    """One `[[retention]]` rule for one processor; `source` says where it is promised or written.

    `looked`: a connector finds such records, so that what is still there is seen. False: nobody can look.
    """

    kinds: frozenset[str]
    name: str
    source: str
    years: int = 0
    months: int = 0
    days: int = 0
    looked: bool = True

    def until(self, day: date) -> date:
        """The last day on which something that was there on `day` can still be there: it may have been made that very day."""
        return later(day, self.years, self.months, self.days)


def slowest(kind: str, rules: Sequence[RetentionRule], today: date) -> RetentionRule | None:
    """The rule by which a record of that kind goes last; None where none is known."""
    return max(applicable(kind, rules), key=lambda rule: rule.until(today), default=None)
