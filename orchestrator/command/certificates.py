"""`erasure certificate` and `verify`: reading a certificate, and checking one without broker, ledger or configuration."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.command import opening
from orchestrator.command.correspondence import InLanguage, Tongue, for_the_person
from orchestrator.command.opening import Config, No, Request, WrongUse

if TYPE_CHECKING:
    from orchestrator.issued import Issued
    from orchestrator.verify import Report


class Reader(StrEnum):
    """For whom a certificate is put into words."""

    OFFICER = "officer"
    SUBJECT = "subject"


class Format(StrEnum):
    """How a certificate is printed."""

    JSON = "json"
    JWS = "jws"
    PDF = "pdf"
    TEXT = "text"


def certificate(
    request: Request,
    format: Annotated[Format, typer.Option("--format", help="jws is the signed file; the others are readings of it.")] = Format.TEXT,
    reader: Annotated[Reader, typer.Option("--for", help="subject: as a letter to the person.")] = Reader.OFFICER,
    language: InLanguage = None,
    revision: Annotated[int | None, typer.Option("--revision", min=1, help="An earlier one; else the newest.", show_default=False)] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write it to a new file.", show_default=False)] = None,
    config: Config = None,
) -> None:
    """Print the certificate of a request. Exit 1: there is none yet."""
    if reader is Reader.SUBJECT and format not in (Format.TEXT, Format.PDF):
        raise WrongUse("The letter to the person is text or pdf: leave out --format, or write --format pdf.")
    if language is not None and reader is not Reader.SUBJECT and format is not Format.PDF:
        raise WrongUse("--language is for the letter to the person and for a PDF: add --for subject or --format pdf.")
    if to is not None and format is not Format.PDF:
        raise WrongUse("--to is for --format pdf; the others are printed: write > FILE behind the command.")
    if format is Format.PDF and to is None and sys.stdout.isatty():
        raise WrongUse("A PDF is not for a terminal: add --to FILE.")
    issued = _issued(request, revision, config)
    if format is Format.PDF:
        _write_pdf(_pdf(issued, reader, language, config), to)
        return
    if format is Format.JWS:
        # The fingerprint is that of these bytes, so a file gets no newline at its end.
        typer.echo(issued.jws, nl=sys.stdout.isatty())
        return
    from orchestrator.jose import decode
    from orchestrator.payload import Certificate
    from orchestrator.readable import as_text

    payload = decode(issued.jws.split(".")[1])
    if format is Format.JSON:
        opening.print_json(json.loads(payload))
    elif reader is Reader.SUBJECT:
        typer.echo(for_the_person(Certificate.model_validate_json(payload), opening.configuration(config), language), nl=False)
    else:
        typer.echo(as_text(Certificate.model_validate_json(payload), issued.sha256), nl=False)


def _pdf(issued: "Issued", reader: Reader, language: "Tongue | None", config: Path | None) -> bytes:
    from orchestrator.jose import decode
    from orchestrator.letters import Language, language_of
    from orchestrator.papers import certificate_pdf, letter_pdf
    from orchestrator.payload import Certificate

    settings = opening.configuration(config)
    chosen = Language(language) if language else language_of(settings.controller.country)
    if reader is Reader.OFFICER:
        return certificate_pdf(issued.jws, chosen)
    found = Certificate.model_validate_json(decode(issued.jws.split(".")[1]))
    return letter_pdf(for_the_person(found, settings, language), str(found.request_id), chosen, found.issued_at.date())


def _write_pdf(content: bytes, to: Path | None) -> None:
    if to is None:
        sys.stdout.buffer.write(content)
        return
    if to.exists():
        raise No(f"{to} is there already, and nothing is written over. Give another one with --to.")
    to.write_bytes(content)
    opening.say(f"Written: {to}")


def _issued(request: str, revision: int | None, config: Path | None) -> "Issued":
    id = opening.request_id(request)
    with opening.ledger(opening.configuration(config)) as ledger:
        with ledger.reading() as transaction:
            known = transaction.certificates_of(id)
        case = None if known else opening.case(ledger, id)
    if case and case.mode == "dry-run":
        raise No(f"A dry run ends in a plan, not in a certificate: erasure status {id} --json")
    if case:
        raise No(
            f"There is no certificate yet. `erasure watch {id}` waits for it; `erasure letter {id} --for subject` tells what is known."
        )
    for one in known:
        if one.revision == (revision or known[-1].revision):
            return one
    raise No(f"There is no revision {revision}; the newest is {known[-1].revision}.")


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The certificate, format jws or pdf.", show_default=False)],
    keys: Annotated[Path, typer.Option("--keys", metavar="JWKS", help="The controller's public keys.", show_default=False)],
    previous: Annotated[
        Path | None, typer.Option("--previous", metavar="FILE", help="The certificate that it replaces or follows.", show_default=False)
    ] = None,
    config: Config = None,  # taken like everywhere, and not needed
) -> None:
    """Check a certificate offline, step by step. Exit 0: valid. Exit 1: not valid. Exit 2: unreadable."""
    from orchestrator.papers import LARGEST_BYTES, attached, is_pdf
    from orchestrator.verify import read_jwks, read_token, report

    with file.open("rb") as opened:
        content = opened.read(LARGEST_BYTES + 1)  # one more byte than any certificate has
    token = attached(content) if is_pdf(content) else read_token(content)
    before = None if previous is None else read_token(previous.read_bytes())
    found = report(token, read_jwks(keys.read_bytes()), before)
    for line in _steps(found):
        typer.echo(line)
    if found.certificate is None:
        raise No("NOT VALID. Do not rely on this certificate.")
    proven = _check_pages(content, token) if is_pdf(content) else True
    one = found.certificate
    typer.echo(f"VALID: certificate {one.certificate_id}, revision {one.revision}, {one.status.value.replace('_', ' ')}.")
    if not proven:
        typer.echo("The pages are not proven: rely on the attached certificate.jws, and not on what they look like.")


_PAGES = {
    "unchanged": "passed, byte for byte",
    "same words": "NOT PROVEN. They say that another version of this program made them, so only their words could be compared",
    "changed": "FAILED. They were changed after they were made, or say something else",
}


def _check_pages(content: bytes, token: str) -> bool:
    """Whether what a reader sees is proven to be what was signed. Exit 1: it is not that."""
    from orchestrator.papers import pages
    from orchestrator.verify import STEPS

    found = pages(content, token)
    typer.echo(f"{len(STEPS) + 1}. The pages say what the attached certificate says: {_PAGES[found]}")
    if found == "changed":
        raise No("NOT VALID. The attached certificate holds, the pages do not: do not rely on them.")
    return found == "unchanged"


def _steps(found: "Report") -> list[str]:
    words = {"failed": "FAILED"}
    return [
        f"{step.number}. {step.step}: {words.get(step.result, step.result)}{f'. {step.sentence}' if step.sentence else ''}"
        for step in found.steps
    ]
