"""`erasure dead-letters`: what could not be processed, why, and sending it again."""

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.command import opening
from orchestrator.command.opening import AsJson, Config, No, WrongUse, say

if TYPE_CHECKING:
    from orchestrator.command.letters import Letter
    from topics.bus import Delivery, Message
    from topics.configuration import Configuration

log = logging.getLogger(__name__)

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What could not be read, and sending it again.")

Id = Annotated[str, typer.Argument(metavar="ID", help="PARTITION-OFFSET, as `list` names it.", show_default=False)]
OptionalId = Annotated[str | None, typer.Argument(metavar="[ID]", help="PARTITION-OFFSET, as `list` names it.", show_default=False)]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="REASON", help="With --all: only those of this reason.", show_default=False)
]


@app.command("list")
def list_them(json: AsJson = False, config: Config = None) -> None:
    """List what could not be processed, the oldest first."""
    from orchestrator.command.letters import read_letters

    letters = read_letters(opening.configuration(config))
    if json:
        opening.print_json([letter.as_json() for letter in letters])
        return
    for letter in letters:
        known = letter.as_json()
        place = f"{known['topic']} {known['partition']}-{known['offset']}" if letter.content else "-"
        typer.echo(f"{letter.id:<8} {known['time'] or '-':<32} {known['reason'] or '-':<20} {place}\n         {_plain(known['detail'])}")
    typer.echo(f"In all: {len(letters)}." if letters else "There are no dead letters.")


@app.command()
def show(
    id: Id,
    reveal: Annotated[bool, typer.Option("--reveal", help="Open the original too; it may hold personal data.")] = False,
    config: Config = None,
) -> None:
    """Show one dead letter."""
    from orchestrator.command.letters import find, original, read_letters

    settings = opening.configuration(config)
    letter = find(read_letters(settings), id)
    for name, value in letter.as_json().items():
        typer.echo(f"{name:<10} {_plain('-' if value is None else str(value))}")
    typer.echo(f"event      {_plain(letter.event or '-')}")
    typer.echo(f"cause      {_plain(letter.cause or '-')}")
    if not reveal:
        typer.echo("original   sealed; --reveal opens it")
        return
    found = original(settings, letter)
    log.warning("the original of dead letter %s was opened", letter.id)
    say("What follows is the original. It may hold personal data: do not copy it to where it does not belong.")
    for line in _original(found):
        typer.echo(line)


def _original(found: "Delivery") -> list[str]:
    def words(raw: bytes | None) -> str:
        return "-" if raw is None else _plain(raw.decode(errors="replace"))

    headers = [f"header     {_plain(name)}: {words(value)}" for name, value in found.headers]
    return [f"key        {words(found.key)}", *headers, f"value      {words(found.value)}"]


def _plain(text: str) -> str:
    """Nothing that a terminal would obey: anybody may have written it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@app.command()
def replay(
    id: OptionalId = None,
    all: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    reason: Reason = None,
    config: Config = None,
) -> None:
    """Send originals to their topic again. Doing it twice does no harm: what was processed is recognised."""
    from orchestrator.command.letters import again, check_reason, find, read_letters

    if (id is None) != all or (reason is not None and not all):
        raise WrongUse("Give one ID, or --all; --reason goes with --all.")
    check_reason(reason)
    settings = opening.configuration(config)
    letters = read_letters(settings)
    if id is not None:
        letter = find(letters, id)
        _send(settings, [(letter, again(settings, letter))])
        return
    chosen = [letter for letter in letters if letter.content and reason in (None, letter.content.reason)]
    if not chosen:
        typer.echo("There is nothing to send again.")
        return
    _send_all(settings, chosen)


def _send_all(settings: "Configuration", letters: "list[Letter]") -> None:
    """What cannot be opened does not keep back the rest, and is told at the end."""
    from orchestrator.command.letters import again, once_each

    ready, refused = [], []
    for letter in letters:
        try:
            ready.append((letter, again(settings, letter)))
        except No as no:
            refused.append(str(no))
    _send(settings, once_each(ready))
    if refused:
        raise No("\n".join(refused))


def _send(settings: "Configuration", ready: "list[tuple[Letter, Message]]") -> None:
    if not ready:
        return
    opening.send(settings, [message for _, message in ready], sorted({message.topic for _, message in ready}))
    for letter, message in ready:
        typer.echo(f"Sent {letter.id} to {message.topic} again.")
