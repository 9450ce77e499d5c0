"""`erasure suppression`: which rows of a file must go again, what is kept and until when, and who came back of his own will."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.command import opening
from orchestrator.command.emit import CustomerIds, Emails, Identifiers
from orchestrator.command.opening import AsJson, Config, No, WrongUse

if TYPE_CHECKING:
    from orchestrator.suppression import Suppression
    from topics.subject import Subject

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Tokens of who was erased, so that a re-import is noticed.")

_NOT_NEEDED = ("ledger", "keyring", "signing")
_USUAL = frozenset({"email", "customer_id"})
_ONE_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_AT_ONCE = 2000


@dataclass
class _Found:
    """What came of a check. `unreadable`: rows of which nothing can be said."""

    rows: int = 0
    again: list[int] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)


@app.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A CSV; its first row names the columns.", show_default=False)] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", metavar="KIND=HEADER", help="email=E-mail; may stand several times.")
    ] = None,
    email: Emails = None,
    customer_id: CustomerIds = None,
    identifier: Identifiers = None,
    json: AsJson = False,
    config: Config = None,
) -> None:
    """Say which rows must go again. Exit 0: none. Exit 1: some, or some that cannot be read. Exit 2: wrong use."""
    typed = _typed(email, customer_id, identifier)
    if (file is None) == (not typed):
        raise WrongUse("Give either a FILE, or identifiers: --email, --customer-id, --identifier KIND=VALUE.")
    with _store(config) as (store, today):
        if file is None:
            found = _look(store, today, ((number, [one]) for number, one in enumerate(typed, start=1)))
        else:
            found = _of_file(store, today, file, column or [])
    if json:
        opening.print_json(vars(found))
    else:
        _print(found, "Row" if file else "Identifier")
    if found.again or found.unreadable:
        raise No(f"{len(found.again)} of {found.rows} must go again, {len(found.unreadable)} cannot be read. Send subject.seen for each.")


@app.command("list")
def listed(json: AsJson = False, config: Config = None) -> None:
    """Count the tokens by kind of identifier and last day."""
    with _store(config) as (store, _):
        lines = store.lines()
    if json:
        opening.print_json([{"kind": one.kind, "until": one.until.isoformat(), "count": one.count} for one in lines])
        return
    for one in lines:
        typer.echo(f"{one.kind:<20}  until {one.until}  {one.count}")
    opening.say(f"{sum(one.count for one in lines)} tokens.")


@app.command("lift")
def lift(email: Emails = None, customer_id: CustomerIds = None, identifier: Identifiers = None, config: Config = None) -> None:
    """Drop the tokens of a person who came back of his own will, or who objects. Exit 1: there are none."""
    kinds: dict[str, list[str]] = {}
    for kind, value in _typed(email, customer_id, identifier):
        kinds.setdefault(kind, []).append(value)
    subject = _subject(kinds)
    with _store(config) as (store, _):
        number = store.lift(subject)
    if not number:
        raise No("There is no token of these identifiers.")
    typer.echo(f"Tokens dropped: {number}.")


def _subject(kinds: Mapping[str, Sequence[str]]) -> "Subject":
    from pydantic import ValidationError

    from topics.subject import Subject

    try:
        return Subject.model_validate(dict(kinds))
    except ValidationError as error:
        raise WrongUse(f"Say who it is, with --email, --customer-id or --identifier KIND=VALUE: {error.errors()[0]['msg']}.") from None


def _typed(email: list[str] | None, customer_id: list[str] | None, identifier: list[str] | None) -> list[tuple[str, str]]:
    typed = [*(("email", one) for one in email or ()), *(("customer_id", one) for one in customer_id or ())]
    for one in identifier or ():
        kind, equals, value = one.partition("=")
        if not (kind and equals and value):
            raise WrongUse("Write --identifier as KIND=VALUE.")
        typed.append((kind, value))
    return typed


@contextmanager
def _store(config: Path | None) -> "Iterator[tuple[Suppression, date]]":
    """The store, and the controller's day. Only [suppression] is needed for it, so that it can be asked where an import runs."""
    from orchestrator.suppression import Suppression
    from topics.model import utc_now

    settings = opening.configuration(config, _NOT_NEEDED)
    if settings.suppression is None:
        raise WrongUse("There is no [suppression] in the configuration: no tokens are kept.")
    try:
        opening.must_exist(settings.suppression.url, "suppression")
    except No as error:
        raise WrongUse(str(error)) from None
    store = Suppression.open(settings.suppression)
    try:
        yield store, utc_now().astimezone(settings.controller.time_zone).date()
    finally:
        store.close()


def _of_file(store: "Suppression", today: date, file: Path, given: Sequence[str]) -> _Found:
    from orchestrator.command.spreadsheet import read

    rows = read(file)
    head = next(rows, [])
    columns = _columns(head, given, _USUAL | {line.kind for line in store.lines()})
    opening.say("Compared: " + ", ".join(f"{kind} (column {place + 1})" for place, kind in sorted(columns.items())) + ".")

    def cells() -> Iterator[tuple[int, list[tuple[str, str]] | None]]:
        for number, row in enumerate(rows, start=2):
            odd = bool(row) and (len(row) > len(head) or len(row) <= max(columns))
            yield number, None if odd else [(kind, row[place]) for place, kind in columns.items() if row and row[place].strip()]

    return _look(store, today, cells())


def _columns(head: Sequence[str], given: Sequence[str], known: frozenset[str]) -> dict[int, str]:
    """Which columns hold identifiers, and of what kind."""
    names = [name.strip().casefold() for name in head]
    columns = {place: name for place, name in enumerate(names) if name in known}
    for one in given:
        kind, _, name = one.partition("=")
        places = [place for place, header in enumerate(names) if header == name.strip().casefold()]
        if not (re.fullmatch(r"[a-z][a-z0-9_.]{0,62}", kind) and places):
            raise WrongUse("--column must be KIND=HEADER, and the first row of FILE must name that header.")
        columns |= dict.fromkeys(places, kind)
    if not columns:
        raise WrongUse(f"No column is named by a kind of identifier ({', '.join(sorted(known))}); say which is: --column email=HEADER.")
    return columns


def _look(store: "Suppression", today: date, rows: "Iterator[tuple[int, list[tuple[str, str]] | None]]") -> _Found:
    """Some rows at a time, so that a file of any length fits."""
    found = _Found()
    while part := list(islice(rows, _AT_ONCE)):
        found.rows += len(part)
        tokens: dict[int, list[str]] = {}
        for number, cells in part:
            if cells is None or not all(_is_one_value(kind, value) for kind, value in cells):
                found.unreadable.append(number)
            else:
                tokens[number] = [store.token(kind, value) for kind, value in cells]
        there = store.among(sorted({token for several in tokens.values() for token in several}), today)
        found.again += [number for number, several in tokens.items() if there.intersection(several)]
    return found


def _is_one_value(kind: str, value: str) -> bool:
    """Two addresses in one cell, or one with a name around it, would be compared as nobody's."""
    return kind != "email" or "@" not in value or bool(_ONE_ADDRESS.fullmatch(value.strip()))


def _print(found: _Found, what: str) -> None:
    for number in found.again:
        typer.echo(f"{what} {number} must go again")
    for number in found.unreadable:
        typer.echo(f"{what} {number} cannot be read: not one value a cell, or not as many cells as the first row")
    opening.say(f"{found.rows} looked at.")
