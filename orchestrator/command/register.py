"""`erasure register`: the register of handled requests, its counts for the supervisory authority, and forgetting it."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.command import opening
from orchestrator.command.opening import AsJson, Config, WrongUse

if TYPE_CHECKING:
    from orchestrator.register import Row, Wanted

app = typer.Typer(rich_markup_mode=None, help="The register of handled requests: pseudonyms, dates, outcomes, certificates.")


class Format(StrEnum):
    """How the register is printed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class By(StrEnum):
    """The periods of counts."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Separator(StrEnum):
    """What stands between the cells of a CSV."""

    COMMA = "comma"
    SEMICOLON = "semicolon"


Since = Annotated[str | None, typer.Option("--from", metavar="DATE", help="Received on that day or later.", show_default=False)]
Until = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Received on that day or earlier.", show_default=False)]
OfRight = Annotated[str | None, typer.Option("--right", metavar="RIGHT", help="erasure, restriction, …", show_default=False)]
Standing = Annotated[
    str | None,
    typer.Option("--status", metavar="STATUS", help="open, partial, complete, complete_with_holds, refused.", show_default=False),
]
As = Annotated[Format, typer.Option("--format", help="How it is printed.")]
CsvFile = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write CSV to this file.", show_default=False)]
Between = Annotated[Separator, typer.Option("--separator", help="Of the CSV; a Dutch Excel opens semicolons.")]

_HEAD = ("pseudonym", "right", "ground", "received", "due", "answered", "status", "deadline_met", "outcomes", "certificates")


@app.callback(invoke_without_command=True)
def register(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    right: OfRight = None,
    status: Standing = None,
    format: As = Format.TEXT,
    json: AsJson = False,
    csv: CsvFile = None,
    separator: Between = Separator.COMMA,
    config: Config = None,
) -> None:
    """List the handled requests. No identity stands in it, before and after a case is closed."""
    if context.invoked_subcommand:
        return
    from orchestrator.handled import entries
    from orchestrator.register import RegisterLine
    from topics.model import utc_now

    settings, wanted = opening.configuration(config), _wanted(since, until, right, status)
    zone = settings.controller.time_zone
    today = utc_now().astimezone(zone).date()
    with opening.ledger(settings) as ledger:
        lines = (RegisterLine.of(entry, today).model_dump(mode="json") for entry in entries(ledger, zone, wanted))
        if json or format is Format.JSON:
            opening.print_json(list(lines))
        elif csv or format is Format.CSV:
            _write(csv, _HEAD, (_cells(line) for line in lines), separator)
        else:
            _print(lines)


@app.command("counts")
def counts(
    by: Annotated[By, typer.Option("--by", help="The period.")] = By.YEAR,
    since: Since = None,
    until: Until = None,
    right: OfRight = None,
    format: As = Format.TEXT,
    json: AsJson = False,
    csv: CsvFile = None,
    separator: Between = Separator.COMMA,
    config: Config = None,
) -> None:
    """Count requests by the period of receipt and right, those that are forgotten too: for the supervisory authority."""
    from orchestrator.handled import counts as counted
    from orchestrator.register import Row, rows
    from topics.model import utc_now

    settings, wanted = opening.configuration(config), _wanted(since, until, right, None)
    zone = settings.controller.time_zone
    with opening.ledger(settings) as ledger:
        found = list(rows(counted(ledger, zone, wanted, utc_now().astimezone(zone).date()), by.value))
    if json or format is Format.JSON:
        opening.print_json([row._asdict() for row in found])
    elif csv or format is Format.CSV:
        _write(csv, Row._fields, found, separator)
    else:
        _print_counts(found)


@app.command("forget")
def forget(
    before: Annotated[str, typer.Option("--before", metavar="DATE", help="What was answered before that day.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
) -> None:
    """Forget entries now, as the retention rule would later: only their counts stay. Keys of pseudonyms of years before go too."""
    from orchestrator.upkeep import Upkeep
    from topics.model import utc_now

    settings, day = opening.configuration(config), _day(before, "--before")
    zone = settings.controller.time_zone
    if day is None or day > utc_now().astimezone(zone).date():
        raise WrongUse("--before must not lie in the future: what is not answered yet cannot be forgotten.")
    if not yes:
        typer.confirm(f"Forget for good what was answered before {day}? Certificates in the ledger go too.", abort=True)
    with opening.ledger(settings) as ledger, opening.keyring(settings) as keyring:
        number = Upkeep(ledger, keyring, settings.register_.keep, zone).forget_all(day, utc_now())
    typer.echo(f"Forgotten: {number}. What is open, held, restricted or objected to with success stays.")


def _wanted(since: str | None, until: str | None, right: str | None, standing: str | None) -> "Wanted":
    from orchestrator.register import STANDINGS, Wanted
    from topics.events import Right

    if right is not None and right not in list(Right):
        raise WrongUse(f"--right must be one of {', '.join(Right)}.")
    if standing is not None and standing not in STANDINGS:
        raise WrongUse(f"--status must be one of {', '.join(STANDINGS)}.")
    return Wanted(_day(since, "--from"), _day(until, "--to"), right, standing)


def _day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{option} must be a day: 2026-11-20.") from None


def _cells(line: dict[str, Any]) -> list[object]:
    outcomes = "; ".join(f"{number} {outcome}" for outcome, number in line["outcomes"].items())
    certificates = "; ".join(f"{one['certificate_id']} revision {one['revision']} sha256 {one['sha256']}" for one in line["certificates"])
    return [*(line[name] for name in _HEAD[:7]), _met(line["deadline_met"]), outcomes, certificates]


def _met(met: bool | None) -> str:
    return {None: "open", True: "yes", False: "no"}[met]


@contextmanager
def _opened(file: Path | None) -> Iterator[IO[str]]:
    if file is None or str(file) == "-":
        yield sys.stdout
    else:
        with file.open("w", encoding="utf-8", newline="") as out:
            yield out


def _write(file: Path | None, head: Iterable[str], lines: Iterable[Any], separator: Separator) -> None:
    from orchestrator.spreadsheet import write

    with _opened(file) as out:
        write(out, tuple(head), lines, {"comma": ",", "semicolon": ";"}[separator])


def _print(lines: Iterable[dict[str, Any]]) -> None:
    number = 0
    for line in lines:
        number += 1
        answered = f"answered {line['answered']}" if line["answered"] else "not answered"
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in line["outcomes"].items())
        newest = line["certificates"][-1]["certificate_id"] if line["certificates"] else "no certificate yet"
        typer.echo(f"{line['pseudonym']}  {line['right']:<11}  received {line['received']}, due {line['due']}, {answered}")
        typer.echo(
            f"    {line['status'].replace('_', ' ')}; deadline met: {_met(line['deadline_met'])}; {outcomes or 'none asked'}; {newest}"
        )
    opening.say(f"{number} requests.")


def _print_counts(rows: "Iterable[Row]") -> None:
    form = "{:<8} {:<12}" + " {:>10}" * 8
    typer.echo(form.format("period", "right", "received", "complete", "with holds", "partial", "refused", "open", "in time", "late"))
    for row in rows:
        typer.echo(form.format(*row))
