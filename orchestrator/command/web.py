"""`erasure web`: a link to sign in with, tokens for programs, and who looked at what."""

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.command import opening
from orchestrator.command.opening import AsJson, Config, No, WrongUse

if TYPE_CHECKING:
    from orchestrator.web.access import Access, Role
    from topics.configuration import Configuration

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The officer's pages: links to sign in, tokens, the audit.")


@app.command("link")
def link(
    role: Annotated[str, typer.Option("--role", help="officer, reader or operator.")] = "officer",
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="Who it is, as the audit names them.")] = "local",
    config: Config = None,
) -> None:
    """Print a link that signs in once, within ten minutes. Who can run this can read the ledger anyhow."""
    from orchestrator.web_wiring import address_of

    as_role = _role(role)
    if not account.strip() or len(account) > 200:
        raise WrongUse("--account must be a name of at most 200 characters.")
    settings = opening.configuration(config)
    access = _access(settings)
    try:
        typer.echo(f"{address_of(settings.web)}/sign-in/link/{access.link(account.strip(), as_role)}")
    finally:
        access.close()


@app.command("token")
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, as the audit names it: portal.")],
    role: Annotated[str, typer.Option("--role", help="officer, reader or operator.")] = "reader",
    days: Annotated[int, typer.Option("--days", min=1, max=730, help="How long it is good.")] = 90,
    config: Config = None,
) -> None:
    """Print a token with which a program reads the API. It is shown this once; the store holds its digest."""
    as_role, name = _role(role), name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise WrongUse("NAME must be one of at most 100 characters.")
    with closing(_access(opening.configuration(config))) as access:
        made = access.make_token(name, as_role, timedelta(days=days))
    if made is None:
        raise No(f"There is a token of that name. Revoke it first: erasure web revoke {name}")
    typer.echo(made)
    opening.say(f"Good for {days} days, under /api/ only: Authorization: Bearer TOKEN. It is not shown again.")


@app.command("tokens")
def tokens(json: AsJson = False, config: Config = None) -> None:
    """List the tokens that were made and not revoked: of whom, and until when."""
    settings = opening.configuration(config)
    with closing(_access(settings)) as access:
        found = access.tokens()
    zone = settings.controller.time_zone
    rows = [
        {"name": one.name, "role": one.role}
        | {word: at.astimezone(zone).isoformat(timespec="seconds") for word, at in (("made_at", one.made_at), ("until", one.until))}
        for one in found
    ]
    if json:
        opening.print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['name']} ({row['role']})  made {row['made_at']}, good until {row['until']}")


@app.command("revoke")
def revoke(name: Annotated[str, typer.Argument(metavar="NAME", help="As it was made.")], config: Config = None) -> None:
    """Make a token good for nothing, at once."""
    with closing(_access(opening.configuration(config))) as access:
        if not access.revoke(name.strip()):
            raise No("There is no token of that name: erasure web tokens")
    opening.say("Revoked.")


@app.command("audit")
def audit(
    most: Annotated[int, typer.Option("--most", min=1, help="So many of the newest.")] = 200, json: AsJson = False, config: Config = None
) -> None:
    """Who looked at what, and who did what: the newest first. No personal data of those whose requests they are."""
    settings = opening.configuration(config)
    access = _access(settings)
    try:
        found = access.audit(most)
    finally:
        access.close()
    rows = [
        {
            "at": one.at.astimezone(settings.controller.time_zone).isoformat(timespec="seconds"),
            "account": one.account,
            "role": one.role,
            "action": one.action,
            "request_id": one.request_id and str(one.request_id),
        }
        for one in found
    ]
    if json:
        opening.print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['at']}  {row['account']} ({row['role']})  {row['action']}  {row['request_id'] or ''}".rstrip())


def _role(word: str) -> "Role":
    from orchestrator.web.access import Role

    if word not in list(Role):
        raise WrongUse(f"--role must be one of {', '.join(Role)}.")
    return Role(word)


def _access(settings: "Configuration") -> "Access":
    from orchestrator.web.access import Access
    from topics.model import utc_now

    return Access.open(settings.web.store, utc_now)
