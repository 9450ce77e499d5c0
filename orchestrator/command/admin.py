"""`erasure topics`, `connectors`, `keys` and `broker`: setting up, and looking whether it is set up well."""

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.command import opening
from orchestrator.command.emit import Emails, Identifiers
from orchestrator.command.opening import AsJson, Config, No, WrongUse, say

if TYPE_CHECKING:
    from orchestrator.sealed_requests import IntakeKeys
    from orchestrator.sign import SigningKeys

topics = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The topics on the broker.")
connectors = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The connectors that are installed.")
keyring = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The keyring: what is wrapped around its keys.")
keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The signing keys, and the keys that requests are sealed to.")


@topics.command("apply")
def apply_topics(config: Config = None) -> None:
    """Create the topics that are missing. An existing one is never changed."""
    from topics.admin import apply

    settings = opening.configuration(config, opening.NOT_FOR_WORKERS)
    wanted = opening.specs(settings)
    created = opening.run(apply(settings.kafka.bootstrap_servers, wanted, settings.kafka.replication_factor))
    for name in created:
        typer.echo(f"Created {name}.")
    typer.echo(f"All {len(wanted)} topics are as they must be.")


@topics.command("diff")
def diff_topics(config: Config = None) -> None:
    """Compare the topics with what they must be. Exit 1: they differ."""
    from topics.admin import diff

    settings = opening.configuration(config, opening.NOT_FOR_WORKERS)
    wanted = opening.specs(settings)
    differences = opening.run(diff(settings.kafka.bootstrap_servers, wanted))
    for difference in differences:
        typer.echo(str(difference))
    if differences:
        raise No(f"{len(differences)} differences. `erasure topics apply` creates what is missing; what differs is changed by hand.")
    typer.echo(f"All {len(wanted)} topics are as they must be.")


@connectors.command("list")
def list_connectors(json: AsJson = False, config: Config = None) -> None:
    """List the connectors that are installed, and what each can do."""
    from connectors.registry import Registry, RegistryError, abilities

    registry, rows = Registry(), []
    for name in registry.names():
        try:
            connector = registry.get(name)
            about = {"name": name, "kind": connector.spec.kind}
            rows.append(about | abilities(connector) | {"package": registry.package_of(name)})
        except RegistryError as error:
            say(str(error))
    if json:
        opening.print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['name']} ({row['kind'].replace('_', ' ')}, from {row['package']})")
        for word in ("kinds", "erases", "restricts", "lifts"):
            typer.echo(f"  {word:<10}{', '.join(row[word]) or '-'}")
        typer.echo(f"  {'verifies':<10}{row['verifies']}")


@connectors.command("check")
def check_connector(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A configured processor, or its connector.", show_default=False)],
    config: Config = None,
) -> None:
    """Look whether settings and credential work, by searching for somebody who cannot exist. Writes nothing."""
    from orchestrator.command.check import check

    typer.echo(opening.run(check(opening.configuration(config, opening.NOT_FOR_WORKERS), name)))


@connectors.command("new")
def new_connector(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The connector's name, such as my_vendor.", show_default=False)],
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where to; else erasure-NAME here.", show_default=False)
    ] = None,
    config: Config = None,  # taken like everywhere, and not needed
) -> None:
    """Write the files of a new connector, as a package of its own."""
    from connectors.registry import Registry
    from orchestrator.command.skeleton import new

    if name in Registry().names():
        raise No(f"A connector {name!r} is installed already: `erasure connectors list` shows it.")
    target = new(name, folder)
    for path in sorted(path for path in target.rglob("*") if path.is_file()):
        typer.echo(str(path))
    say(f"Its kit says what to write next: PYTHONPATH={target} python -m pytest {target}")


@connectors.command("record")
def record_connector(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A configured processor, or its connector.", show_default=False)],
    email: Emails = None,
    identifier: Identifiers = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Else recording-NAME.json here.", show_default=False)] = None,
    config: Config = None,
) -> None:
    """Search for a person at the real vendor, and keep the shape of what it answers, never a value. Writes nothing there."""
    from orchestrator.command.record import record, subject_of

    file, subject = to or Path(f"recording-{name}.json"), subject_of(email or [], identifier or [])
    typer.echo(opening.run(record(opening.configuration(config, opening.NOT_FOR_WORKERS), name, subject, file)))


def _intake_keys(config: Any) -> "IntakeKeys":
    from orchestrator.sealed_requests import IntakeKeys

    return IntakeKeys.open(opening.configuration(config).signing.keys)


def _keys(config: Any) -> "SigningKeys":
    from orchestrator.sign import SigningKeys

    return SigningKeys.open(opening.configuration(config).signing.keys)


@keys.command("list")
def list_keys(config: Config = None) -> None:
    """List the signing keys, the oldest first; the last one signs. Then the keys that requests are sealed to."""
    known = _keys(config).all
    for key in known:
        typer.echo(f"{key.kid}  made {key.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC{'  signs' if key is known[-1] else ''}")
    if not known:
        typer.echo("There is no signing key yet. `erasure run` makes the first, and so does `erasure keys export`.")
    sealing = _intake_keys(config)
    for one in sealing.all:
        end = sealing.ends(one)
        until = "requests are sealed to it" if end is None else f"opens requests until {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{one.kid}  made {one.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  {until}")


@keys.command("rotate")
def rotate_keys(
    intake: Annotated[bool, typer.Option("--intake", help="The key that requests are sealed to, not the signing key.")] = False,
    config: Config = None,
) -> None:
    """Make a new signing key, which signs from now on. The old ones stay, so that old certificates verify."""
    if intake:
        sealing = _intake_keys(config)
        sealing.retire()
        typer.echo(f"Requests are to be sealed to {sealing.rotate().kid} from now on. Publish the key set again: erasure keys export")
        return
    typer.echo(f"{_keys(config).rotate().kid} signs from now on. Publish the key set again: erasure keys export")


@keys.command("export")
def export_keys(config: Config = None) -> None:
    """Print the public keys as a JWK set: those that sign (use sig), and the one to seal requests to (use enc). Makes what is missing."""
    signing, sealing = _keys(config), _intake_keys(config)
    signing.ensure()
    sealing.ensure()
    opening.print_json({"keys": [*signing.jwks()["keys"], *sealing.jwks()]})


@keyring.command("rotate")
def rotate_keyring(config: Config = None) -> None:
    """Wrap every key in the keyring by [keyring] key_encryption_key. While previous_key_encryption_key is set nothing stands still."""
    settings = opening.configuration(config, opening.NOT_FOR_WORKERS)
    if settings.keyring.key_encryption_key is None:
        raise WrongUse("There is no key-encryption key: set [keyring] key_encryption_key, made with: openssl rand -base64 32")
    with opening.keyring(settings) as found:
        count = found.rewrap()
    typer.echo(f"{count} keys were wrapped anew; all are wrapped by [keyring] key_encryption_key now.")
    if settings.keyring.previous_key_encryption_key is not None:
        say("Leave previous_key_encryption_key in place until every process was started with both; then rotate once more and remove it.")


def broker(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port on 127.0.0.1; 0 is any free one.")] = 9092,
    config: Config = None,  # taken like everywhere, and not needed
) -> None:
    """Run the embedded Kafka-compatible broker until stopped: for development and demo only, it keeps nothing."""
    from topics.broker import serve

    def announce(servers: str) -> None:
        say("This broker is for development and demo only: it keeps everything in memory, and forgets it when it stops.")
        typer.echo(f"The broker answers at {servers}.")

    serve(port, announce)
