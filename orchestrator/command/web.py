"""`erasure web`: a link to sign in with, and who looked at what."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.command import opening
from orchestrator.command.opening import AsJson, Config, WrongUse

if TYPE_CHECKING:
    from orchestrator.web.access import Access
    from topics.configuration import Configuration

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The officer's pages: links to sign in with, and the audit.")


@app.command("link")
def link(
    role: Annotated[str, typer.Option("--role", help="officer, reader or operator.")] = "officer",
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="Who it is, as the audit names them.")] = "local",
    config: Config = None,
) -> None:
    """Print a link that signs in once, within ten minutes. Who can run this can read the ledger anyhow."""
    from orchestrator.web.access import Role
    from orchestrator.web_wiring import address_of

    if role not in list(Role):
        raise WrongUse(f"--role must be one of {', '.join(Role)}.")
    if not account.strip() or len(account) > 200:
        raise WrongUse("--account must be a name of at most 200 characters.")
    settings = opening.configuration(config)
    access = _access(settings)
    try:
        typer.echo(f"{address_of(settings.web)}/sign-in/link/{access.link(account.strip(), Role(role))}")
    finally:
        access.close()


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


def _access(settings: "Configuration") -> "Access":
    from orchestrator.web.access import Access
    from topics.model import utc_now

    return Access.open(settings.web.store, utc_now)
