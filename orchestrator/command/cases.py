"""`erasure status`, `watch` and `retry`: where a case stands, and ordering again what failed."""

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.command import opening
from orchestrator.command.opening import AsJson, Config, No, Request, WrongUse

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from orchestrator.case import Case, ProcessorState
    from topics.configuration import Configuration

RETRY_SOURCE = "/erasure/retry"


def status(request: Request, json: AsJson = False, config: Config = None) -> None:
    """Say where a case stands. Exit 1: there is no such request."""
    from rich.console import Console

    from orchestrator.command.view import as_json, as_table
    from orchestrator.warnings import clock_of
    from topics.model import utc_now

    settings = opening.configuration(config)
    case, ours = _case(settings, request), settings.controller
    clock, today = clock_of(case, ours.time_zone, ours.country, ours.promise), utc_now().astimezone(ours.time_zone).date()
    if json:
        opening.print_json(as_json(case, clock, today))
    else:
        Console(highlight=False, markup=False).print(as_table(case, clock, today, ours.identity_checklist))


def _case(settings: "Configuration", request: str) -> "Case":
    id = opening.request_id(request)
    with opening.ledger(settings) as ledger:
        return opening.case(ledger, id)


def watch(
    request: Request,
    timeout: Annotated[str, typer.Option("--timeout", metavar="DURATION", help="How long to wait: 30s, 10m, 2h.")] = "10m",
    config: Config = None,
) -> None:
    """Show progress until there is a certificate. Exit 0: complete, with or without holds. Exit 1: partial, or time is over."""
    id, seconds = opening.request_id(request), _seconds(timeout)
    case = _followed(opening.configuration(config), id, seconds)
    if case is None:
        raise No(f"There is no request {id} in the ledger after {timeout}. Look whether `erasure run` is running, or in the dead letters.")
    _conclude(case, timeout)


def _seconds(timeout: str) -> float:
    from pydantic import TypeAdapter, ValidationError

    from topics.configuration import Duration

    try:
        return float(TypeAdapter(Duration).validate_python(timeout).total_seconds())
    except ValidationError:
        raise WrongUse("--timeout must be a duration: 500ms, 30s, 10m, 2h or 1d.") from None


def _followed(settings: "Configuration", id: "UUID", seconds: float) -> "Case | None":
    from rich.console import Console

    from orchestrator.command.watching import Lines, Screen, Terminal, follow
    from orchestrator.ledger import Ledger
    from topics.database import engine_for

    console = Console(highlight=False, markup=False)
    ledger = Ledger(engine_for(settings.ledger.url))  # connects at the first look

    def look() -> "Case | None":
        if not _may_be_there(settings.ledger.url):
            return None
        with ledger.reading() as transaction:
            return transaction.case(id)

    try:
        with Terminal(console) if console.is_terminal else nullcontext(Lines(typer.echo)) as screen:
            shown: Screen = screen
            return follow(look, shown, seconds, time.monotonic, time.sleep)
    finally:
        ledger.close()


def _may_be_there(url: str) -> bool:
    """SQLite would make the file of a ledger that is not there yet."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists()


def _conclude(case: "Case", timeout: str) -> None:
    from orchestrator.case import Status
    from orchestrator.command.view import ended

    if not ended(case):
        raise No(f"There is no answer after {timeout}. The case goes on; look again with `erasure watch {case.request_id}`.")
    if case.mode == "dry-run":
        typer.echo(f"The plan is there: erasure status {case.request_id} --json")
    elif case.certificates[-1].status is Status.PARTIAL:
        raise No("The certificate is partial: not everything is done or known. `erasure status` says where; `erasure retry` tries again.")
    else:
        typer.echo(f"The certificate is there: erasure certificate {case.request_id}")


def retry(
    request: Request,
    only: Annotated[str | None, typer.Option("--only", metavar="NAME", help="At this processor only.", show_default=False)] = None,
    config: Config = None,
) -> None:
    """Order again what failed. Exit 1: there is no such request, or the processor is not in it."""
    from topics.envelope import write
    from topics.events import EventType
    from topics.model import utc_now
    from topics.names import Names, Topic
    from topics.orders import Retry

    settings = opening.configuration(config)
    case = _case(settings, request)
    again = _unsettled(case, only, utc_now().astimezone(settings.controller.time_zone).date())
    if not again:
        typer.echo("There is nothing to retry: " + (f"{only} is settled." if only else "every processor is settled."))
        return
    topic = Names(settings.kafka.prefix).of(Topic.REQUESTS)
    order = Retry(request_id=case.request_id, only=only)
    opening.send(settings, [write(topic, EventType.RETRY.value, RETRY_SOURCE, case.request_id, order, utc_now())], [topic])
    told = ", ".join(f"{p.name} ({'under way' if p.in_flight else p.outcome.value.replace('_', ' ')})" for p in again)
    typer.echo(f"Ordered again: {told}.")


def _unsettled(case: "Case", only: str | None, on: "date") -> "list[ProcessorState]":
    from orchestrator.certificate import finished

    if only is not None and case.processor(only) is None:
        names = ", ".join(p.name for p in case.processors)
        raise No(f"This request does not ask the processor given with --only; it asks: {names}.")
    return [p for p in case.processors if only in (None, p.name) and not finished(case, p, on)]
