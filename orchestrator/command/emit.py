"""`erasure emit`: sends one request, as a backend service does, and prints its id. What is wrong is said before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from orchestrator.command.opening import NOT_FOR_WORKERS, Config, WrongUse, configuration, send

if TYPE_CHECKING:
    from topics.bus import Message
    from topics.configuration import Configuration
    from topics.events import EventType, SubjectRequest

SOURCE = "/erasure/emit"

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Send one request of a person, and print its id.")

Emails = Annotated[list[str] | None, typer.Option("--email", metavar="ADDRESS", help="An e-mail address; may stand several times.")]
CustomerIds = Annotated[
    list[str] | None, typer.Option("--customer-id", metavar="NUMBER", help="A customer number; may stand several times.")
]
Phones = Annotated[list[str] | None, typer.Option("--phone", metavar="NUMBER", help="A telephone number; may stand several times.")]
Names = Annotated[list[str] | None, typer.Option("--name", metavar="TEXT", help="A name; may stand several times.")]
Identifiers = Annotated[
    list[str] | None, typer.Option("--identifier", metavar="KIND=VALUE", help="Any other identifier; may stand several times.")
]
Ground = Annotated[str | None, typer.Option("--ground", metavar="TEXT", help="The ground, such as 17(1)(b); it stands on the certificate.")]
VerifiedBy = Annotated[str | None, typer.Option("--verified-by", metavar="TEXT", help="How the person was identified.")]
ReceivedAt = Annotated[str | None, typer.Option("--received-at", metavar="MOMENT", help="RFC 3339 with an offset; else now.")]
RequestId = Annotated[str | None, typer.Option("--request-id", metavar="UUID", help="Sending the same again under its id does no harm.")]
Processors = Annotated[list[str] | None, typer.Option("--processor", metavar="NAME", help="Ask only these; may stand several times.")]
ContractEndedOn = Annotated[
    str | None, typer.Option("--contract-ended-on", metavar="DAY", help="The last day of the person's contract: 2026-03-31.")
]
Doubtful = Annotated[bool, typer.Option("--doubtful", help="The identity is in doubt: nothing is done until `erasure resume`.")]
AsProcessor = Annotated[bool, typer.Option("--as-processor", help="We process it for another controller: refer it, and do nothing else.")]
Sealed = Annotated[bool, typer.Option("--sealed", help="Seal the request, so that nothing of it can be read on Kafka.")]
Jwks = Annotated[
    Path | None,
    typer.Option("--keys", metavar="JWKS", help="With --sealed: the keys that `erasure keys export` printed; else the folder's."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Locate and report, and write nothing anywhere.")]


@dataclass(frozen=True)
class _Given:
    """What was typed. Never printed."""

    subject: dict[str, list[str] | None]
    identifiers: list[str]
    ground: str | None
    verified_by: str | None
    received_at: str | None
    request_id: str | None
    processors: list[str] | None
    contract_ended_on: str | None
    doubtful: bool
    as_processor: bool
    dry_run: bool
    sealed: bool
    keys: Path | None

    def __repr__(self) -> str:
        return "_Given(…)"


def _command(name: str, type: str, summary: str) -> None:
    def send_one(
        email: Emails = None,
        customer_id: CustomerIds = None,
        phone: Phones = None,
        person: Names = None,
        identifier: Identifiers = None,
        ground: Ground = None,
        verified_by: VerifiedBy = None,
        received_at: ReceivedAt = None,
        request_id: RequestId = None,
        processor: Processors = None,
        contract_ended_on: ContractEndedOn = None,
        doubtful: Doubtful = False,
        as_processor: AsProcessor = False,
        dry_run: DryRun = False,
        sealed: Sealed = False,
        keys: Jwks = None,
        config: Config = None,
    ) -> None:
        from topics.events import EventType

        subject = {"email": email, "customer_id": customer_id, "phone": phone, "name": person}
        how = (contract_ended_on, doubtful, as_processor, dry_run, sealed, keys)
        given = _Given(subject, identifier or [], ground, verified_by, received_at, request_id, processor or None, *how)
        _emit(configuration(config, ("ledger",) if sealed and keys is None else NOT_FOR_WORKERS), EventType(type), given)

    send_one.__doc__ = summary
    app.command(name)(send_one)


_command("erase", "subject.erase", "Erase the person everywhere: GDPR article 17.")
_command("restrict", "subject.restrict", "Restrict the processing of the person's data: article 18.")
_command("unrestrict", "subject.unrestrict", "Lift a restriction again: article 18(3).")
_command("object", "subject.object", "The person objects to the processing: article 21.")
_command("withdraw", "subject.withdraw", "The person withdraws consent: article 7(3).")
_command("contract-ended", "contract.ended", "The person's contract has ended: erase, as if it had been asked for.")
_command("application-ended", "application.ended", "The procedure that the person applied in has ended: erase.")
_command("retention-ended", "retention.ended", "Our own period for keeping the person's data has ended: erase.")
_command("seen", "subject.seen", "Who was erased shows up again, after a re-import or a restored backup: erased again, if suppressed.")


def _emit(settings: "Configuration", type: "EventType", given: _Given) -> None:
    from topics.names import Names, Topic

    request = _request(type, given)
    _check_processors(settings, request)
    _check_somebody_is_asked(settings, type, request)
    topic = Names(settings.kafka.prefix).of(Topic.REQUESTS)
    message = _message(topic, type, request)
    if given.sealed:
        message = _sealed(message, _key(settings, given.keys))
    _check_size(message)
    send(settings, [message], [topic])
    typer.echo(str(request.request_id))


def _request(type: "EventType", given: _Given) -> "SubjectRequest":
    """The request, checked by the same rules as on arrival; the sentence names rules, never values."""
    from topics.envelope import Event, Poison, content
    from topics.events import SubjectRequest
    from topics.model import utc_now

    now = utc_now()
    data: dict[str, Any] = {
        "request_id": given.request_id or str(uuid4()),
        "received_at": given.received_at or now.isoformat(timespec="seconds"),
        "subject": _subject(given),
        "ground": given.ground,
        "verified_by": given.verified_by,
        "processors": given.processors,
        "mode": "dry-run" if given.dry_run else "execute",
        "identity": "doubtful" if given.doubtful else "proven",
        "role": "processor" if given.as_processor else "controller",
        "contract_ended_on": given.contract_ended_on,
    }
    try:
        request = content(Event(type.value, SOURCE, "", None, data), SubjectRequest)
    except Poison as poison:
        raise WrongUse(f"Nothing was sent. {poison.detail}") from None
    if request.received_at > now + timedelta(days=1):
        raise WrongUse("Nothing was sent. --received-at lies more than a day in the future.")
    return request


def _subject(given: _Given) -> dict[str, list[str]]:
    kinds = {kind: list(values) for kind, values in given.subject.items() if values}
    for one in given.identifiers:
        kind, equals, value = one.partition("=")
        if not (kind and equals and value):
            raise WrongUse("Nothing was sent. Write --identifier as KIND=VALUE.")
        kinds.setdefault(kind, []).append(value)
    if not kinds:
        raise WrongUse("Nothing was sent. Say who it is: --email, --customer-id, --phone, --name or --identifier KIND=VALUE.")
    return kinds


def _check_processors(settings: "Configuration", request: "SubjectRequest") -> None:
    known = [processor.name for processor in settings.processors]
    if set(request.processors or ()) - set(known):
        raise WrongUse(f"Nothing was sent. --processor names one that is not configured; configured are: {', '.join(known)}.")


def _check_somebody_is_asked(settings: "Configuration", type: "EventType", request: "SubjectRequest") -> None:
    """On arrival it would become a dead letter, after its id was printed."""
    from connectors.registry import Registry
    from connectors.roster import roster
    from orchestrator.command.running import expected
    from orchestrator.intake import NO_STORE, asked_of, nobody_to_ask
    from topics.events import RIGHT_OF, EventType

    if type is EventType.SEEN and settings.suppression is None:
        raise WrongUse(f"Nothing was sent. {NO_STORE} Configure it, or use `erasure emit erase`.")
    if type not in (EventType.OBJECT, EventType.WITHDRAW) or request.processors is not None:
        return  # all are asked, or those that are named
    if not asked_of([expected(entry) for entry in roster(settings, Registry())], request, RIGHT_OF[type]):
        raise WrongUse(f"Nothing was sent. {nobody_to_ask(RIGHT_OF[type])}.")


def _message(topic: str, type: "EventType", request: "SubjectRequest") -> "Message":
    from topics.envelope import write
    from topics.model import utc_now
    from topics.subject import IN_PLAIN

    return write(topic, type.value, SOURCE, request.request_id, request, utc_now(), context=IN_PLAIN)


def _check_size(message: "Message") -> None:
    from topics.names import LARGEST_REQUEST_BYTES

    if len(message.value) > LARGEST_REQUEST_BYTES:
        raise WrongUse(f"Nothing was sent. The request is over {LARGEST_REQUEST_BYTES} bytes; give fewer or shorter values.")


def _sealed(message: "Message", key: Mapping[str, Any]) -> "Message":
    from joserfc.errors import JoseError

    from orchestrator.sealed_requests import sealed

    try:
        return sealed(message, key)
    except (JoseError, LookupError, TypeError, ValueError):
        raise WrongUse("Nothing was sent. The key of use enc in --keys is none of `erasure keys export`.") from None


def _key(settings: "Configuration", file: Path | None) -> Mapping[str, Any]:
    """The public key to seal to."""
    from orchestrator.jose import read_jwks
    from orchestrator.sealed_requests import IntakeKeys

    known = IntakeKeys.open(settings.signing.keys).jwks() if file is None else read_jwks(file.read_bytes())["keys"]
    found = [key for key in known if key.get("use") == "enc"]
    if len(found) != 1:
        raise WrongUse("Nothing was sent. There must be one key of use enc to seal to; `erasure keys export` makes and prints it.")
    return found[0]
