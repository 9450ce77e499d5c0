"""`erasure stop`: nothing is destroyed anywhere until it is lifted; and what was being destroyed at that moment."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.command import opening
from orchestrator.command.opening import AsJson, Config, No, WrongUse

if TYPE_CHECKING:
    from orchestrator.stopping import InHand
    from topics.configuration import Configuration
    from topics.stopping import Stop

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Stop everything that destroys, at every processor, at once.")

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; kept with the stop.", show_default=False)]


@app.command("now")
def now(
    by: By,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; name nobody whose data it is about.", show_default=False)],
    config: Config = None,
) -> None:
    """No worker begins a command, nor half a second later a call that destroys. What is in hand is named."""
    if re.search(r"\S@\S", reason) or not 3 <= len(reason.strip()) <= 500:
        raise WrongUse("--reason must be 3 to 500 characters, and hold no e-mail address.")
    settings = opening.configuration(config)
    with opening.keyring(settings) as keyring:
        keyring.stops.press(_name(by), reason.strip())
    typer.echo("Stopped. It goes on with: erasure stop lift --by NAME")
    _tell_in_hand(_in_hand(settings))


@app.command("lift")
def lift(by: By, config: Config = None) -> None:
    """Let everything go on: what waited is ordered again by itself, within ten minutes. Exit 1: nothing was stopped."""
    with opening.keyring(opening.configuration(config)) as keyring:
        if not keyring.stops.lift(_name(by)):
            raise No("Nothing is stopped.")
    typer.echo("Lifted. What waited goes on by itself within ten minutes; at once with: erasure retry REQUEST")


@app.command("status")
def status(json: AsJson = False, config: Config = None) -> None:
    """Whether everything is stopped, by whom and why; what is in hand; and every stop there was."""
    settings = opening.configuration(config)
    with opening.keyring(settings) as keyring:
        stops = keyring.stops.all()
    in_hand = _in_hand(settings)
    stopped = any(one.lifted_at is None for one in stops)
    if json:
        opening.print_json(
            {
                "stopped": stopped,
                "in_hand": [{**vars(one), "request_id": str(one.request_id)} for one in in_hand],
                "stops": [_plain(one, settings) for one in stops],
            }
        )
        return
    typer.echo("Everything is STOPPED." if stopped else "Nothing is stopped.")
    for one in (_plain(stop, settings) for stop in stops):
        lifted = f"lifted {one['lifted_at']} by {one['lifted_by']}" if one["lifted_at"] else "stands"
        typer.echo(f"{one['began_at']}  {one['began_by']}: {one['reason']}  ({lifted})")
    _tell_in_hand(in_hand)


def _name(by: str) -> str:
    if not by.strip() or len(by) > 200:
        raise WrongUse("--by must be a name of at most 200 characters.")
    return by.strip()


def _in_hand(settings: "Configuration") -> list["InHand"]:
    from orchestrator.stopping import in_hand

    with opening.ledger(settings) as ledger, ledger.reading() as transaction:
        return in_hand(transaction)


def _tell_in_hand(in_hand: list["InHand"]) -> None:
    for one in (one for one in in_hand if one.begun):
        typer.echo(
            f"in hand: request {one.request_id} at {one.processor}: what it had found there may be partly destroyed; the rest is left"
        )
    waiting = sum(not one.begun for one in in_hand)
    if waiting:
        typer.echo(f"{waiting} more orders are out; nothing is known to have begun there. `erasure stop status` looks again.")
    if not in_hand:
        typer.echo("No order is out.")


def _plain(stop: "Stop", settings: "Configuration") -> dict[str, Any]:
    zone = settings.controller.time_zone
    return {
        "began_at": stop.began_at.astimezone(zone).isoformat(timespec="seconds"),
        "began_by": stop.began_by,
        "reason": stop.reason,
        "lifted_at": stop.lifted_at and stop.lifted_at.astimezone(zone).isoformat(timespec="seconds"),
        "lifted_by": stop.lifted_by,
    }
