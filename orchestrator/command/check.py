"""`erasure connectors check`: whether a search that finds nothing works, and what the credential may do."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connectors.act import locate, rights
from connectors.contract import Connector, Right
from connectors.errors import Deferred, Denied, Gone, Misread, NeedsPerson, NotApplicable, Refused, Transient, VendorError
from connectors.evidence import Evidence
from connectors.read_only import ReadOnly
from connectors.registry import Registry
from connectors.roster import Entry, roster
from connectors.wiring import limits_of, open_processor
from connectors.worker import Processor
from orchestrator.command.opening import No, WrongUse
from topics.configuration import Configuration, ConfigurationError
from topics.sealing import Key
from topics.subject import Subject

NOBODY = "erasure-check@invalid.example"
"""Nobody can have this address (RFC 2606)."""

_NOBODY_ELSE = "erasure-check-invalid-example"

_NEXT = {
    Denied: "The settings can be read, but the credential does not work.",
    Transient: "The vendor cannot be used now; look at base_url, and try again later.",
    Deferred: "The vendor asks to wait.",
    Misread: "The vendor answers, but not as documented; look at base_url and settings.",
    Gone: "The vendor answers, but knows no such path; look at base_url and settings.",
    Refused: "The vendor answers and refuses the search; look at the settings.",
}


async def check(configuration: Configuration, name: str) -> str:
    """Three sentences: it works, what the credential may erase, and what it may restrict.

    Raises:
        No: it does not, and why.
        WrongUse: there is no such processor.
    """
    gathered = Evidence(Key("check", secrets.token_bytes(32)))
    async with looking(configuration, name, gathered, patient=False) as (processor, connector):
        try:
            found = await locate(connector, nobody(connector.identifiers))
            if not connector.spec.searches:  # so that nothing was asked yet
                await rights(connector)
        except NeedsPerson as error:
            return f"{processor.name} is done by a person, so there is nothing to call: {error.reason}"
        except NotApplicable as error:
            return f"{processor.name} is declared to hold nothing, so there is nothing to call: {error.reason}"
        except VendorError as error:
            raise No(f"{processor.name} does not work. {_what_next(error)} {error.reason}") from None
        if connector.opens == "nothing":
            return f"{processor.name} is not called: what it holds goes by itself, as its settings say."
        if found and connector.spec.searches:
            raise No(f"{processor.name} finds {len(found)} records of somebody who cannot exist: do not use it, it would erase others.")
        lacks, sentences = await _may(connector)
    if lacks:
        raise No(f"{processor.name} can be searched, but its credential lacks a right. {sentences}")
    works = f"{processor.name} works: settings, credential and answers are as expected"
    return f"{works} ({gathered.calls().count} reading calls). {sentences}"


@asynccontextmanager
async def looking(
    configuration: Configuration, name: str, gathered: Evidence, *, patient: bool
) -> AsyncIterator[tuple[Processor, Connector[Any]]]:
    """A configured processor, and its connector at a door that only reads. Not `patient`: nothing is tried twice.

    Raises:
        No: its settings cannot be used.
        WrongUse: there is no such processor.
    """
    entry, limits = _entry(roster(configuration, Registry()), name), limits_of(configuration)
    async with AsyncExitStack() as stack:
        try:
            processor = await open_processor(
                configuration, entry, stack, limits if patient else replace(limits, give_up_after=timedelta(0))
            )
        except ConfigurationError as error:
            raise No(f"{entry.processor.name} does not work: its settings cannot be used. {error}") from None
        door = processor.account.door(gathered)
        yield processor, processor.connector(processor.settings, door if door is None else ReadOnly(door))


async def _may(connector: Connector[Any]) -> tuple[bool, str]:
    """Whether a right is lacking, and a sentence each of erasing and restricting."""
    why: VendorError | None = None
    try:
        told = await rights(connector)
    except VendorError as error:
        told, why = (), error
    kinds = connector.spec.kinds
    erasing = [kind for kind in kinds if kind.kept_because is None]
    sentences = [
        _sentence("erase", "erasing", bool(erasing), told),
        _sentence("restrict", "restricting", any(kind.restricts for kind in kinds), told),
        *([f"The vendor was asked what the credential may do, and did not say: {why.reason}"] if why else []),
        *([f"{connector.spec.name} offers no reading call that tells it."] if erasing and not (told or why) else []),
    ]
    return any(right.held is False for right in told), " ".join(sentences)


def _sentence(verb: str, doing: str, offered: bool, told: Sequence[Right]) -> str:
    if not offered:
        return f"There is nothing that it could {verb}."
    words = {True: "has", False: "lacks", None: "may or may not have, for the vendor does not say,"}
    named = {held: ", ".join(right.name for right in told if right.to == verb and right.held is held) for held in words}
    parts = [f"{word} {named[held]}" for held, word in words.items() if named[held]]
    return f"To {verb}, the credential {'; '.join(parts)}." if parts else f"Whether it may {verb} cannot be told without {doing}."


def _what_next(error: VendorError) -> str:
    return next((words for kind, words in _NEXT.items() if isinstance(error, kind)), "The vendor cannot be used.")


def _entry(entries: list[Entry], name: str) -> Entry:
    """By the processor's name, else by its connector's where only one processor has it."""
    for entry in entries:
        if entry.processor.name == name:
            return entry
    alike = [entry for entry in entries if entry.processor.connector == name]
    if len(alike) == 1:
        return alike[0]
    named = ", ".join(entry.processor.name for entry in alike or entries)
    problem = "Several processors have that connector" if alike else "No processor of that name is configured"
    raise WrongUse(f"{problem}; give one of: {named}.")


def nobody(kinds: tuple[str, ...]) -> Subject:
    """A person who cannot exist, with a value of every kind that the connector searches by."""
    return Subject({kind: (NOBODY if "email" in kind else _NOBODY_ELSE,) for kind in kinds or ("email",)})
