"""Dead letters as an operator handles them: read from their topic, opened with the keyring, made ready to be sent again."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from orchestrator.command import opening
from orchestrator.command.opening import No, WrongUse
from orchestrator.jose import decode
from topics.bus import Delivery, Message
from topics.dead_letters import REPLAYED, DeadLetter, unpack
from topics.keyring import KeyMissing
from topics.names import Names, Topic
from topics.sealing import CannotOpen

if TYPE_CHECKING:
    from topics.configuration import Configuration


@dataclass(frozen=True)
class Letter:
    """One message on the dead-letters topic. `content` is None where it is none of ours.

    `event`: its `ce_id`. `cause`: the `ce_id` of the letter from which its original had been replayed.
    """

    id: str
    time: str | None
    content: DeadLetter | None
    event: str | None = None
    cause: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What is known of it without its key."""
        known = self.content.model_dump(mode="json", exclude={"sealed"}) if self.content else {"detail": "This is no dead letter of ours."}
        return {"id": self.id, "time": self.time} | {name: known.get(name) for name in ("reason", "detail", "topic", "partition", "offset")}


def read_letters(settings: "Configuration") -> list[Letter]:
    """All of them, the oldest first."""

    async def work() -> list[Delivery]:
        from topics.kafka import find_cluster
        from topics.reading import read_all

        cluster = await find_cluster(settings.kafka.bootstrap_servers, settings.kafka.static_membership)
        return await read_all(cluster, Names(settings.kafka.prefix).of(Topic.DEAD_LETTERS))

    return sorted(map(_letter, opening.run(work())), key=lambda letter: letter.time or "")


def _letter(delivery: Delivery) -> Letter:
    headers = dict(delivery.headers)
    try:
        content = DeadLetter.model_validate_json(delivery.value or b"")
    except ValidationError:
        content = None
    time, event, cause = ((headers.get(name) or b"").decode(errors="replace") or None for name in ("ce_time", "ce_id", "ce_causationid"))
    return Letter(f"{delivery.partition}-{delivery.offset}", time, content, event, cause)


def find(letters: Iterable[Letter], id: str) -> Letter:
    """The letter of that id."""
    for letter in letters:
        if letter.id == id:
            return letter
    raise No("There is no dead letter of that id. `erasure dead-letters list` names them: PARTITION-OFFSET, such as 0-12.")


def original(settings: "Configuration", letter: Letter) -> Delivery:
    """What could not be processed, opened."""
    if letter.content is None:
        raise No(f"{letter.id} is no dead letter of ours: nothing in it can be opened.")
    if letter.content.sealed is not None:
        return unpack(_opened(settings, letter, "dead_letter", letter.content.sealed), letter.content)
    with opening.ledger(settings) as ledger, ledger.reading() as transaction:
        sealed = transaction.original(letter.content.topic, letter.content.partition, letter.content.offset)
    if sealed is None:
        place = f"{letter.content.topic}, partition {letter.content.partition}, offset {letter.content.offset}"
        raise No(f"The original of {letter.id} was too large to be sent on, and the ledger does not hold it. It stood at {place}.")
    return unpack(_opened(settings, letter, "ledger.original", sealed), letter.content)


def _opened(settings: "Configuration", letter: Letter, place: Any, sealed: str) -> bytes:
    kid = _kid(sealed)
    try:
        with opening.keyring(settings) as keyring:
            return keyring.get(kid).open(place, sealed)
    except KeyMissing:
        raise No(f"{letter.id} cannot be opened: its key is not in the keyring, or was destroyed. Nobody can read it any more.") from None
    except CannotOpen:
        raise No(f"{letter.id} cannot be opened: it was changed, or sealed under another key.") from None


def _kid(sealed: str) -> str:
    """The name of the key, from the sealed text's own head; the key itself proves it."""
    try:
        return str(json.loads(decode(sealed.partition(".")[0]))["kid"])
    except (ValueError, KeyError, TypeError):
        raise No("The sealed original is broken.") from None


def again(settings: "Configuration", letter: Letter) -> Message:
    """The original as a message to the topic that it came from: same bytes, same key, same headers, and where it lay.

    Its cause is the dead letter, unless its sender named another: that stays.
    """
    found = original(settings, letter)
    if found.topic not in readable_topics(settings):
        raise No(f"{letter.id} came from a topic that this configuration does not read; it cannot be sent there.")
    if found.value is None:
        raise No(f"{letter.id} has no value at all; there is nothing to send again.")
    headers = list(found.headers)
    if REPLAYED in dict(headers):  # replayed before: the cause was ours
        headers = [(name, value) for name, value in headers if name not in (REPLAYED, "ce_causationid")]
    if letter.event and "ce_causationid" not in dict(headers):
        headers.append(("ce_causationid", letter.event.encode()))
    return Message(found.topic, found.key, found.value, (*headers, (REPLAYED, letter.id.encode())))


def readable_topics(settings: "Configuration") -> set[str]:
    """Where messages come from. The seal does not cover a letter's topic, so nothing goes anywhere else."""
    names = Names(settings.kafka.prefix)
    return {names.of(Topic.REQUESTS), names.of(Topic.REPORTS), *(names.commands(p.name) for p in settings.processors)}


def check_reason(reason: str | None) -> None:
    """A mistyped reason would match nothing, silently."""
    from topics.envelope import Unreadable

    if reason is not None and reason not in set(Unreadable):
        raise WrongUse(f"--reason must be one of: {', '.join(Unreadable)}.")


def once_each(messages: Iterable[tuple[Letter, Message]]) -> list[tuple[Letter, Message]]:
    """One that failed again after a replay lies there twice, and is sent once."""
    found: dict[Any, tuple[Letter, Message]] = {}
    for letter, message in messages:
        own = tuple(header for header in message.headers if header[0] not in (REPLAYED, "ce_causationid"))
        found.setdefault((message.topic, message.key, message.value, own), (letter, message))
    return list(found.values())
