"""The `erasure` command. Exit status 0 done, 1 the answer is no, 2 wrong use or configuration."""

import logging
from typing import Annotated

import typer

from orchestrator.command import (
    admin,
    cases,
    certificates,
    correspondence,
    dead_letters,
    emit,
    officer,
    register,
    rules,
    stopping,
    suppression,
    web,
)
from orchestrator.command.problems import Guarded
from orchestrator.command.running import run
from topics import logs

app = typer.Typer(
    name="erasure",
    cls=Guarded,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain text, and `--help` does not wait for rich
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"erasure {version('gdpr-erasure-orchestrator')}")
        raise typer.Exit


@app.callback()
def erasure(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """Make every processor forget a person, and get a signed certificate of it."""


def _demo() -> None:
    """Set everything up on this machine, erase one person at five processors, and verify the certificate."""
    from orchestrator.command.demo import demo  # it brings simulators and a server, for which `--help` must not wait

    demo()


app.command("run")(run)
app.command("demo")(_demo)
app.add_typer(emit.app, name="emit")
app.command("status")(cases.status)
app.command("watch")(cases.watch)
app.command("retry")(cases.retry)
app.command("decide")(officer.decide)
app.command("plan")(officer.plan)
app.command("approve")(officer.approve)
app.command("refuse")(officer.refuse)
app.command("extend")(officer.extend)
app.command("pause")(officer.pause)
app.command("resume")(officer.resume)
app.add_typer(officer.hold, name="hold")
app.add_typer(officer.task, name="task")
app.command("certificate")(certificates.certificate)
app.command("letter")(correspondence.letter)
app.command("verify")(certificates.verify)
app.command("rules")(rules.rules)
app.add_typer(register.app, name="register")
app.add_typer(suppression.app, name="suppression")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(admin.topics, name="topics")
app.add_typer(admin.connectors, name="connectors")
app.add_typer(admin.keys, name="keys")
app.add_typer(admin.keyring, name="keyring")
app.add_typer(stopping.app, name="stop")
app.add_typer(web.app, name="web")
app.command("broker")(admin.broker)


def main() -> None:
    """What the script `erasure` runs."""
    logs.set_up(logging.WARNING)
    app(prog_name="erasure")


if __name__ == "__main__":
    main()
