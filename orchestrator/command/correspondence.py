"""`erasure letter`, and the reading of a certificate for the person: what is printed to be sent by post or mail."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestrator.command import opening
from orchestrator.command.opening import Config, No, Request

if TYPE_CHECKING:
    from orchestrator.letters import Language
    from orchestrator.payload import Certificate
    from topics.configuration import Configuration

_Tongue = Literal["nl", "en"]

InLanguage = Annotated[
    _Tongue | None,
    typer.Option(
        "--language", help="The letter's language; else Dutch for a controller in the Netherlands, and English.", show_default=False
    ),
]


def letter(
    request: Request,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="The processor that is told.", show_default=False)],
    language: InLanguage = None,
    config: Config = None,
) -> None:
    """Print a letter to who had the data from us: GDPR article 19. Whom it is about is filled in by hand."""
    from orchestrator.letters import to_recipient
    from orchestrator.payload import Controller
    from topics.model import utc_now

    settings, id = opening.configuration(config), opening.request_id(request)
    with opening.ledger(settings) as ledger:
        case = opening.case(ledger, id)
    if case.processor(to) is None:
        raise No(f"This request does not ask that processor; it asks: {', '.join(p.name for p in case.processors)}.")
    if case.mode == "dry-run":
        raise No("A dry run changes nothing, so there is nothing to tell anybody.")
    if case.stopped:
        raise No(f"There is nothing to tell anybody: the request is not carried out now. {case.stopped[1]}")
    ours = settings.controller
    today = utc_now().astimezone(ours.time_zone).date()
    text = to_recipient(case, Controller(name=ours.name, contact=ours.contact), _language(settings, language), today)
    typer.echo(text, nl=False)
    opening.say(f"Once it is answered: erasure task done {id} --processor {to} --outcome not_applicable --proof FILE")


def for_the_person(certificate: "Certificate", settings: "Configuration", language: _Tongue | None) -> str:
    """The certificate as a letter to the person."""
    from orchestrator.letters import Seat, to_subject

    ours = settings.controller
    return to_subject(certificate, _language(settings, language), Seat(ours.time_zone, ours.country, ours.authority))


def _language(settings: "Configuration", asked: _Tongue | None) -> "Language":
    from orchestrator.letters import Language, language_of

    return Language(asked) if asked else language_of(settings.controller.country)
