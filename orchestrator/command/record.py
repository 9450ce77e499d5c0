"""`erasure connectors record`: the shape of what a real vendor answers, for the simulator's author. Reads only, keeps no value."""

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, SecretStr, ValidationError

from connectors.errors import VendorError
from connectors.recording import Recorder, Session, look
from orchestrator.command.check import looking
from orchestrator.command.opening import No, WrongUse
from topics.configuration import Configuration
from topics.model import utc_now
from topics.sealing import Key
from topics.subject import Subject


def subject_of(emails: Sequence[str], identifiers: Sequence[str]) -> Subject:
    """The person as typed. What is wrong is told without a value.

    Raises:
        WrongUse: nobody is named, or not in the right form.
    """
    kinds = {"email": list(emails)} if emails else {}
    for one in identifiers:
        kind, _, value = one.partition("=")
        kinds.setdefault(kind, []).append(value)
    try:
        return Subject.model_validate(kinds)
    except ValidationError as error:
        raise WrongUse(f"Say who it is, with --email or with --identifier KIND=VALUE: {error.errors()[0]['msg']}.") from None


async def record(configuration: Configuration, name: str, subject: Subject, file: Path) -> str:
    """Search for the person at that processor, and write what was said, without values, to `file`. Returns a sentence.

    Raises:
        No: the file is there already, or the search did not end; the file is written then, too.
        WrongUse: there is no such processor, it speaks no HTTP, or it cannot be searched by what is given.
    """
    if file.exists():
        raise No(f"{file} is there already, and nothing is written over. Give another one with --to.")
    recorder, problem = Recorder(Key("record", secrets.token_bytes(32)), subject), ""
    async with looking(configuration, name, recorder, patient=True) as (processor, connector):
        wanted = connector.identifiers
        if connector.opens != "http":
            raise WrongUse(f"{processor.name} is not reached over HTTP, so there is nothing to record.")
        if not subject.kinds() & set(wanted):
            raise WrongUse(f"To search at {processor.name}, give one of: {', '.join(wanted)}.")
        try:
            await look(connector, subject)
        except VendorError as error:
            problem = error.reason
        hidden = [*subject.needles(), *_secrets(processor.settings)]
    session = Session(connector=connector.spec.name, recorded_on=utc_now().date(), calls=tuple(recorder.recorded))
    text = session.model_dump_json(indent=2)
    if any(len(value) > 3 and value.casefold() in text.casefold() for value in hidden):
        raise No("Something of the person or of the credential would have stood in the recording, so nothing was written. Report it.")
    file.write_text(text + "\n")
    told = f"{file} has {len(session.calls)} calls, without a value of anybody."
    if problem:
        raise No(f"The search did not end. {problem} {told}")
    return f"{told} Read it before you give it away."


def _secrets(settings: BaseModel) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
