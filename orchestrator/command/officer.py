"""What an officer orders about a case: decide, refuse, extend, pause, resume, holds for legal claims, and work done by a person."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from orchestrator.command import opening
from orchestrator.command.opening import AsJson, Config, No, Request, WrongUse

if TYPE_CHECKING:
    from orchestrator.case import Case, PlacedClaim, RecordState
    from topics.configuration import Configuration

hold = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Keep records for a legal claim: GDPR article 17(3)(e).")
task = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Work that a person does, with proof.")

Reason = Annotated[
    str,
    typer.Option(
        "--reason", metavar="TEXT", help="It stands on the certificate: name nobody. Or the word of a fixed one.", show_default=False
    ),
]
Processor = Annotated[str | None, typer.Option("--processor", metavar="NAME", help="At this processor only.", show_default=False)]
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Records of this kind only.", show_default=False)]
Record = Annotated[str | None, typer.Option("--record", metavar="DIGEST", help="This record only.", show_default=False)]
Day = Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="A day.", show_default=False)]


def decide(
    request: Request,
    decision: Annotated[str, typer.Argument(metavar="uphold|reject", help="Uphold or reject it.")],
    reason: Reason,
    config: Config = None,
) -> None:
    """Decide an objection, or a request that waits for a word: GDPR articles 21(1) and 12(4)."""
    _order("DECIDE", request, config, {"decision": decision, "reason": reason}, "Decided")


def refuse(request: Request, reason: Reason, config: Config = None) -> None:
    """Refuse a request, or the rest of it, with the reason: GDPR articles 12(4) and 12(5)."""
    _order("REFUSE", request, config, {"reason": reason}, "Refused")


def extend(request: Request, reason: Reason, config: Config = None) -> None:
    """Take two further months, told with the reason within the first: GDPR article 12(3)."""
    _order("EXTEND", request, config, {"reason": reason}, "Extended")


def pause(
    request: Request,
    ground: Annotated[str, typer.Option("--ground", metavar="TEXT", help="Why the identity is in doubt; name nobody.", show_default=False)],
    config: Config = None,
) -> None:
    """Do nothing, and let the time stand still, until the identity is proven: GDPR article 12(6)."""
    _order("PAUSE", request, config, {"ground": ground}, "Paused")


def resume(request: Request, config: Config = None) -> None:
    """The identity is proven: go on."""
    _order("RESUME", request, config, {}, "Resumed")


def plan(request: Request, json: AsJson = False, config: Config = None) -> None:
    """What an erasure would destroy and keep, and why somebody must approve that first. Exit 1: nothing is to be approved."""
    from orchestrator import approval
    from orchestrator.letters import Language
    from orchestrator.tongue import Tongue

    _, case = _case(request, config)
    found, t = approval.of(case), Tongue(Language.EN)
    if json:
        opening.print_json(found and found.model_dump(mode="json"))
    elif found:
        for line in found.lines:
            unsettled = f"  {line.open} to be settled" if line.open else ""
            typer.echo(f"{line.processor}  {line.count} {line.kind}  {t.outcome(line.outcome)}{unsettled}")
        for one in found.unplanned:
            typer.echo(f"{one.processor}  {one.reason or t('said_nothing')}")
        for why in found.why:
            typer.echo(t(why))
        for at in found.approved_at:
            typer.echo(f"{t('approved_once' if found.waits else 'plan_approved')} {at.isoformat()}")
    if not found or not found.waits:
        raise No("This request waits for no approval.")
    if not json:
        more = f" {t('two_persons')}" if found.persons_needed > 1 else ""
        typer.echo(f"To have it carried out: erasure approve {case.request_id} --plan {found.plan} --by NAME.{more}")


def approve(
    request: Request,
    plan: Annotated[str, typer.Option("--plan", metavar="DIGEST", help="The plan that you looked at: erasure plan.", show_default=False)],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who you are; only a keyed digest of it is kept.", show_default=False)],
    config: Config = None,
) -> None:
    """Approve what an erasure would destroy. Where two must, one person cannot do it twice under one name."""
    from orchestrator.ordering import approver

    settings, _ = _case(request, config)
    with opening.keyring(settings) as keyring:
        who = approver(keyring, by)
    _order("APPROVE", request, config, {"plan": plan, "by": who}, "Approved")


@hold.command("place")
def place(
    request: Request,
    reason: Reason,
    until: Day,
    processor: Processor = None,
    kind: Kind = None,
    record: Record = None,
    config: Config = None,
) -> None:
    """Keep records until the day given, when the claim is looked at again."""
    if kind is not None:
        _check_kind(kind)
    more = {"processor": processor, "kind": kind, "record": record, "reason": reason, "until": until}
    _order("HOLD", request, config, more, "Held")


def _check_kind(kind: str) -> None:
    """A misspelt one would keep nothing, silently."""
    from connectors.registry import Registry
    from connectors.roster import declared

    known = {one.name for one in declared(Registry())}
    if kind not in known:
        raise WrongUse(f"Nothing was sent. --kind is one that no installed connector declares; declared are {', '.join(sorted(known))}.")


@hold.command("lift")
def lift(request: Request, processor: Processor = None, kind: Kind = None, record: Record = None, config: Config = None) -> None:
    """The claim holds no longer: what it kept is erased, unless something else keeps it."""
    _order("UNHOLD", request, config, {"processor": processor, "kind": kind, "record": record}, "Lifted")


@hold.command("list")
def listed(request: Request, json: AsJson = False, config: Config = None) -> None:
    """What is kept of a request, why, and until when; and the claims that are placed on it."""
    _, case = _case(request, config)
    rows = [_hold(name.name, digest, record) for name in case.processors for digest, record in name.records.items()]
    held, claims = [row for row in rows if row], [_claim(placed) for placed in case.claims]
    if json:
        opening.print_json(held + claims)
        return
    for row in held:
        law = f"until {row['until']}  {row['statute']}, {row['exception']}"
        typer.echo(f"{row['processor']}  {row['kind']}  {row['record']}  {law}" + (f"  {row['reason']}" if row["reason"] else ""))
    for row in claims:
        what = f"record {row['record']}" if row["record"] else f"every {row['kind'] or 'record'}"
        typer.echo(f"claim on {what} at {row['processor'] or 'every processor'}  until {row['until']}  {row['reason']}")
    if not held + claims:
        typer.echo("Nothing is kept of this request.")


def _hold(processor: str, digest: str, record: "RecordState") -> dict[str, str | None] | None:
    if record.hold is None:
        return None
    of = {"processor": processor, "kind": record.kind, "record": digest, "until": record.hold.until.isoformat()}
    return of | {"statute": record.hold.statute, "exception": record.hold.exception, "reason": record.hold.reason}


def _claim(placed: "PlacedClaim") -> dict[str, str | None]:
    from topics.commands import LEGAL_CLAIM

    claim = placed.claim
    of = {"processor": placed.processor, "kind": claim.kind, "record": claim.digest, "until": claim.until.isoformat()}
    return of | {"statute": LEGAL_CLAIM, "exception": "GDPR art. 17(3)(e)", "reason": claim.reason}


@task.command("list")
def tasks(request: Request, json: AsJson = False, config: Config = None) -> None:
    """What waits for a person, with the instructions and the last day."""
    _, case = _case(request, config)
    rows = [
        {"processor": p.name, "instructions": p.reason or "", "due_by": case.due_by.isoformat()}
        for p in case.processors
        if p.outcome.value == "needs_person"
    ]
    if json:
        opening.print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['processor']}  by {row['due_by']}  {row['instructions']}")
    if not rows:
        typer.echo("Nothing waits for a person.")


@task.command("done")
def done(
    request: Request,
    processor: Annotated[str, typer.Option("--processor", metavar="NAME", help="Where it was done.", show_default=False)],
    proof: Annotated[Path, typer.Option("--proof", metavar="FILE", help="The proof; only its SHA-256 is sent.", show_default=False)],
    outcome: Annotated[
        str, typer.Option("--outcome", help="erased, anonymised, restricted, lifted, nothing_found or not_applicable (told by letter).")
    ] = "erased",
    kind: Annotated[str, typer.Option("--kind", help="The kind of records.")] = "record",
    count: Annotated[int, typer.Option("--count", help="How many records.", min=1)] = 1,
    on: Annotated[str | None, typer.Option("--on", metavar="YYYY-MM-DD", help="The day; else today.", show_default=False)] = None,
    config: Config = None,
) -> None:
    """A person did what no connector can. Keep the proof: the certificate names its SHA-256."""
    try:
        digest = hashlib.sha256(proof.read_bytes()).hexdigest()
    except OSError as error:
        raise WrongUse(f"The proof cannot be read ({error.strerror}). Give a file with --proof.") from None
    settings, _ = _case(request, config)
    more = {"processor": processor, "outcome": outcome, "kind": kind, "count": count, "on": on or _today(settings), "proof": digest}
    _order("PROVE", request, config, more, "Noted")


def _today(settings: "Configuration") -> str:
    from topics.model import utc_now

    return utc_now().astimezone(settings.controller.time_zone).date().isoformat()


def _case(request: str, config: Path | None) -> "tuple[Configuration, Case]":
    settings, id = opening.configuration(config), opening.request_id(request)
    with opening.ledger(settings) as ledger:
        return settings, opening.case(ledger, id)


_Name = Literal["DECIDE", "REFUSE", "EXTEND", "PAUSE", "RESUME", "APPROVE", "HOLD", "UNHOLD", "PROVE"]


def _order(name: _Name, request: str, config: Path | None, fields: dict[str, Any], said: str) -> None:
    """Check the order as it will be checked on arrival, and send it. Exit 1: it does not fit how the case stands."""
    from orchestrator.officer import told_late
    from orchestrator.ordering import Unfit, Unreadable, message_for
    from topics.events import EventType
    from topics.model import utc_now
    from topics.names import Names

    settings, case = _case(request, config)
    now = utc_now().astimezone(settings.controller.time_zone)
    try:
        with opening.keyring(settings) as keyring:
            message = message_for(EventType[name], fields, case, keyring, Names(settings.kafka.prefix), now)
    except Unreadable as error:
        raise WrongUse(f"Nothing was sent. {error}") from None
    except Unfit as error:
        raise No(str(error)) from None
    opening.send(settings, [message], [message.topic])
    turned_down = name == "REFUSE" or fields.get("decision") == "reject"
    if turned_down and (late := told_late(case, now)):
        opening.say(late)
    typer.echo(f"{said}. Look with `erasure status {case.request_id}`.")
