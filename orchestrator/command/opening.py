"""What several commands open: the configuration, the ledger, the keyring and the broker, each refused with a sentence."""

import asyncio
import json
import logging
import os
from collections.abc import Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

if TYPE_CHECKING:  # annotations only: `--help` must not wait for them
    from orchestrator.case import Case
    from orchestrator.ledger import Ledger
    from topics.bus import Message
    from topics.configuration import Configuration
    from topics.keyring import Keyring

T = TypeVar("T")

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The configuration file; else $ERASURE_CONFIG, else erasure.toml here.", show_default=False
    ),
]
Request = Annotated[str, typer.Argument(metavar="REQUEST", help="The request id.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, whose form is stable.")]


class No(Exception):
    """The answer is no: exit status 1. The text says why."""


class WrongUse(Exception):
    """The command was used in a wrong way: exit status 2. The text says what to do."""


NOT_FOR_WORKERS = ("ledger", "signing", "suppression", "web", "notifications")
"""What a command that a worker's surroundings can run does without."""


def configuration(path: Path | None, without: Collection[str] = ()) -> "Configuration":
    """The configuration, checked; sections in `without` are not needed, and their secrets not looked for."""
    from topics.configuration import load

    return load(path, os.environ, without)


def request_id(text: str) -> UUID:
    """The request id in an argument, which is not repeated: it may have been an address."""
    try:
        return UUID(text)
    except ValueError:
        raise WrongUse("REQUEST must be a request id, a UUID, as `erasure emit` prints it.") from None


@contextmanager
def ledger(settings: "Configuration") -> Iterator["Ledger"]:
    """The ledger as it stands: a command that only reads makes no file and changes no table."""
    from orchestrator.ledger import Ledger
    from topics.database import engine_for

    must_exist(settings.ledger.url, "ledger")
    found = Ledger(engine_for(settings.ledger.url))
    try:
        yield found
    finally:
        found.close()


def case(found: "Ledger", id: UUID) -> "Case":
    """The case of a request, which must be there."""
    with found.reading() as transaction:
        known = transaction.case(id)
        issued = transaction.certificates_of(id)
        not_suppressed = known is None and transaction.was_not_suppressed(id)
    if not_suppressed:
        raise No(f"The person of {id} was said to be seen again, and is not suppressed: nothing was ordered. To erase, send subject.erase.")
    if known is None and issued:
        newest = f"revision {issued[-1].revision}, {issued[-1].status.replace('_', ' ')}"
        raise No(
            f"The ledger was restored from a backup and lost the case {id}; its certificate is there ({newest}): "
            f"erasure certificate {id}. To have it looked at again, send the request again under the same id."
        )
    if known is None:
        raise No(f"There is no request {id} in the ledger. If it was sent just now, look whether `erasure run` is running.")
    return known


@contextmanager
def keyring(settings: "Configuration") -> Iterator["Keyring"]:
    """The keyring as it stands."""
    from sqlalchemy.exc import SQLAlchemyError

    from topics.database import engine_for
    from topics.keyring import Keyring, KeyringGone

    must_exist(settings.keyring.url, "keyring")
    found = Keyring(engine_for(settings.keyring.url), settings.keyring.wrappers)
    try:
        yield found
    except KeyringGone as error:
        raise WrongUse(str(error)) from None
    except SQLAlchemyError as error:
        kind = type(getattr(error, "orig", None) or error).__name__
        raise WrongUse(f"The keyring cannot be read ({kind}). Look at [keyring] url, and whether the server runs.") from None
    finally:
        found.close()


def must_exist(url: str, what: str) -> None:
    """SQLite would make the file, and leave an empty one behind a mistyped path.

    Raises:
        No: it is not there.
    """
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        raise No(f"There is no {what} at {parsed.database} yet. `erasure run` makes it; if it ran before, look at [{what}] url.")


def send(settings: "Configuration", messages: Sequence["Message"], topics: Sequence[str]) -> None:
    """Send all, and wait until the broker has them. Topics that do not exist are not made by sending to them."""

    async def work() -> None:
        from topics.kafka import KafkaPublisher, find_cluster

        cluster = await find_cluster(settings.kafka.bootstrap_servers, settings.kafka.static_membership)
        await _must_have(settings, topics)
        async with KafkaPublisher(cluster) as publisher:
            await publisher.publish(messages)

    run(work())


async def _must_have(settings: "Configuration", topics: Sequence[str]) -> None:
    from topics.admin import diff

    wanted = [spec for spec in specs(settings) if spec.name in topics]
    missing = [difference.topic for difference in await diff(settings.kafka.bootstrap_servers, wanted) if difference.found is None]
    if missing:
        raise WrongUse(f"The broker has no topic {', '.join(missing)}. Run `erasure topics apply` first.")


def specs(settings: "Configuration") -> list[Any]:
    """Every topic of this configuration, as it must be."""
    from topics.names import Names

    processors = [processor.name for processor in settings.processors]
    return list(Names(settings.kafka.prefix).specs(processors, settings.kafka.partitions))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end. What a library logs on the way is left out: the error that follows says it in a sentence."""
    if not os.environ.get("ERASURE_DEBUG"):
        for name in ("aiokafka", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return asyncio.run(work)


def say(text: str) -> None:
    """A line for the person, beside what the command prints for programs."""
    typer.echo(text, err=True)


def print_json(value: Any) -> None:
    """JSON for people and programs alike."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
