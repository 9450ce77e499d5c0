"""`erasure rules`: every rule by which dates are computed and records are kept or go by themselves, each with its source."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.command import opening
from orchestrator.command.opening import AsJson, Config

if TYPE_CHECKING:
    from connectors.ageing import RetentionRule
    from topics.configuration import Configuration
    from topics.rules import HoldRule, HoldStart

_STARTS: "dict[HoldStart, str]" = {
    "end_of_financial_year": "the end of the record's financial year",
    "end_of_year": "31 December of the record's year",
    "end_of_contract": "the end of the contract",
    "record_date": "the date of the record",
}


class Row(NamedTuple):
    """One rule. `about`: clock, hold or retention. `where`: the processor, where it is not about all."""

    about: str
    name: str
    where: str | None
    says: str
    source: str
    reason: str | None = None


def rules(json: AsJson = False, config: Config = None) -> None:
    """Print every rule of the clock, of what the law keeps and of what goes by itself, with its source."""
    found = list(_rows(opening.configuration(config)))
    if json:
        opening.print_json([row._asdict() for row in found])
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("About", "Rule", "At", "Says", "Source"):
        table.add_column(heading)
    for row in found:
        table.add_row(*map(Text, (row.about, row.name, row.where or "", " ".join(filter(None, (row.says, row.reason))), row.source)))
    Console(highlight=False, markup=False).print(table)


def _rows(settings: "Configuration") -> Iterator[Row]:
    from orchestrator.clock_rules import RULES
    from topics.commands import LEGAL_CLAIM

    for rule in RULES:
        set_here = f" Here: {settings.controller.promise}." if rule.name == "promise" and settings.controller.promise else ""
        yield Row("clock", rule.name, None, f"{rule.sentence}.{set_here}", rule.source)
    yield from map(_hold, settings.holds)
    says = "What the officer names, with `erasure hold place`, until the day of review and until it is lifted."
    yield Row("hold", LEGAL_CLAIM, None, says, "GDPR art. 17(3)(e)")
    for one in settings.retention:
        yield Row("retention", one.name, one.processor, _period(one.kinds, one.years, one.months, one.days), one.source)
    yield from _of_connectors(settings)


def _hold(rule: "HoldRule") -> Row:
    says = f"{_period(rule.kinds, rule.years, rule.months, rule.days)[:-1]}, from {_STARTS[rule.starts]}."
    return Row("hold", ", ".join(rule.kinds), rule.processor, says, f"{rule.statute}; {rule.exception}", rule.reason)


def _of_connectors(settings: "Configuration") -> Iterator[Row]:
    """What a processor's own settings say of what goes by itself there (`ages_out`)."""
    from connectors.contract import Connector
    from connectors.registry import Registry
    from connectors.roster import roster

    for entry in roster(settings, Registry()):
        if entry.connector.retention.__func__ is not Connector.retention.__func__:  # type: ignore[attr-defined]
            given: Any = settings.settings_for(entry.processor, entry.connector.settings_model)
            yield from (_ageing(entry.processor.name, rule) for rule in entry.connector.retention(given))


def _ageing(name: str, rule: "RetentionRule") -> Row:
    return Row("retention", rule.name, name, _period(sorted(rule.kinds), rule.years, rule.months, rule.days), rule.source)


def _period(kinds: Any, years: int | None, months: int | None, days: int | None) -> str:
    number, unit = next((number, unit) for number, unit in ((years, "year"), (months, "month"), (days, "day")) if number)
    what = ", ".join("every other kind" if kind == "*" else kind for kind in kinds)
    return f"{what}: {number} {unit}{'' if number == 1 else 's'}."
