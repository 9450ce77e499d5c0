"""`erasure letter`, and the reading of a certificate for the person: what is printed to be sent by post or mail."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestrator.command import opening
from orchestrator.command.opening import Config, No, Request, WrongUse

if TYPE_CHECKING:
    from datetime import date

    from orchestrator.case import Case
    from orchestrator.letters import Language, Seat
    from orchestrator.payload import Certificate, Controller
    from topics.configuration import Configuration

Tongue = Literal["nl", "en"]

InLanguage = Annotated[
    Tongue | None,
    typer.Option(
        "--language", help="The letter's language; else Dutch for a controller in the Netherlands, and English.", show_default=False
    ),
]


def letter(
    request: Request,
    to: Annotated[str | None, typer.Option("--to", metavar="NAME", help="The processor that is told.", show_default=False)] = None,
    reader: Annotated[
        Literal["subject"] | None,
        typer.Option("--for", help="Tell the person: why it takes longer or waits, or what a dry run found.", show_default=False),
    ] = None,
    language: InLanguage = None,
    config: Config = None,
) -> None:
    """Print a letter to who had the data from us (GDPR article 19), or to the person while there is no answer yet."""
    if (to is None) is (reader is None):
        raise WrongUse("Write --to NAME for a letter to a recipient, or --for subject for one to the person.")
    settings, id = opening.configuration(config), opening.request_id(request)
    with opening.ledger(settings) as ledger:
        case = opening.case(ledger, id)
    if to is None:
        made = _of_holders if case.mode == "dry-run" else _under_way
        typer.echo(made(settings, case, language), nl=False)
        return
    typer.echo(_to_recipient(settings, case, to, language), nl=False)
    opening.say(f"Once it is answered: erasure task done {id} --processor {to} --outcome not_applicable --proof FILE")


def _to_recipient(settings: "Configuration", case: "Case", to: str, language: Tongue | None) -> str:
    from orchestrator.letters import to_recipient

    if case.processor(to) is None:
        raise No(f"This request does not ask that processor; it asks: {', '.join(p.name for p in case.processors)}.")
    if case.mode == "dry-run":
        raise No("A dry run changes nothing, so there is nothing to tell anybody.")
    if case.stopped:
        raise No(f"There is nothing to tell anybody: the request is not carried out now. {case.stopped[1]}")
    return to_recipient(case, _controller(settings), _language(settings, language), _today(settings))


def _of_holders(settings: "Configuration", case: "Case", language: Tongue | None) -> str:
    from orchestrator.letters import of_holders

    if case.stopped:
        raise No(f"The person is told nothing yet. {case.stopped[1]}")
    if not case.all_answered:
        raise No("Not every processor has answered yet.")
    return of_holders(case, _controller(settings), _language(settings, language), _seat(settings), _today(settings))


def _under_way(settings: "Configuration", case: "Case", language: Tongue | None) -> str:
    from orchestrator.letters import while_under_way

    made = while_under_way(case, _controller(settings), _language(settings, language), _seat(settings), _today(settings))
    if made is None:
        raise No(f"There is nothing to tell the person but what the certificate says: erasure certificate {case.request_id} --for subject")
    return made


def _controller(settings: "Configuration") -> "Controller":
    from orchestrator.payload import Controller

    return Controller(name=settings.controller.name, contact=settings.controller.contact)


def _seat(settings: "Configuration") -> "Seat":
    from orchestrator.letters import Seat

    ours = settings.controller
    return Seat(ours.time_zone, ours.country, ours.authority)


def _today(settings: "Configuration") -> "date":
    from topics.model import utc_now

    return utc_now().astimezone(settings.controller.time_zone).date()


def for_the_person(certificate: "Certificate", settings: "Configuration", language: Tongue | None) -> str:
    """The certificate as a letter to the person."""
    from orchestrator.letters import to_subject

    return to_subject(certificate, _language(settings, language), _seat(settings))


def _language(settings: "Configuration", asked: Tongue | None) -> "Language":
    from orchestrator.letters import Language, language_of

    return Language(asked) if asked else language_of(settings.controller.country)
