"""What became of an error: its sentence and the exit status. No value that was typed reaches a person, and no error's text."""

import os
import re
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from orchestrator.command.opening import No, WrongUse
from topics.logs import places

NO, WRONG = 1, 2

_PLAIN_WORD = re.compile(r"-{0,2}[a-z][a-z-]*")
_OF_EMIT = ("emit", "erase", "restrict", "unrestrict", "object", "withdraw", "seen", "connectors", "record")
_OF_SUPPRESSION = ("suppression", "check", "list", "lift")


class Guarded(TyperGroup):
    """The outermost group of commands: whatever is raised inside ends as a sentence on standard error."""

    _given: Sequence[str] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        self._given = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TyperException as error:  # wrong use, found by typer: it prints the usage too
            error.message = without_values(error.message, self._given)
            raise
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("ERASURE_DEBUG"):
                typer.echo("\n".join(places(error)), err=True)
            status, sentence = told(error)
            typer.echo(f"erasure: {sentence}", err=True)
            raise typer.Exit(status) from None


def without_values(message: str, given: Sequence[str]) -> str:
    """typer repeats what it does not understand. A word that can only be a mistyped command or option stays."""
    secret = tuple(given[:1]) in (("emit",), ("suppression",)) or tuple(given[:2]) == ("connectors", "record")
    words = {part for word in given for part in (word, *word.split("=", 1))} - {"", *_OF_EMIT, *_OF_SUPPRESSION}
    for word in sorted(words, key=len, reverse=True):
        if not _PLAIN_WORD.fullmatch(word) or (secret and not word.startswith("-")):
            message = re.sub(rf"(?<![\w@.-]){re.escape(word)}(?![\w@])", "…", message)
    return message


def told(error: Exception) -> tuple[int, str]:
    """The exit status, and the sentence for a person."""
    if isinstance(error, No):
        return NO, str(error)
    if isinstance(error, (WrongUse, *_speaking())):
        return WRONG, str(error)
    if isinstance(error, OSError):
        return WRONG, f"The file{_name(error)} cannot be used: {error.strerror or type(error).__name__}."
    return WRONG, f"A defect of this program ({type(error).__name__}). Set ERASURE_DEBUG=1 to see more, and report it."


def _name(error: OSError) -> str:
    """The file, unless it may be a person that was typed where a file belongs: what looks like an address, or is not there."""
    name = str(error.filename or "")
    return f" {name}" if name and "@" not in name and isinstance(error, (PermissionError, IsADirectoryError)) else ""


def _speaking() -> tuple[type[Exception], ...]:
    """The errors whose text is made for a person. Imported only here: an error may take its time, `--help` may not."""
    from connectors.registry import RegistryError
    from orchestrator.jose import Unreadable
    from orchestrator.ledger import LedgerGone
    from orchestrator.notifying.sent import SentGone
    from orchestrator.papers import CannotTypeset, NoCertificate
    from orchestrator.sign import KeyFolderError
    from orchestrator.web.access import AccessGone
    from orchestrator.web.proofs import ProofsGone
    from orchestrator.web.server import CannotListen
    from topics.admin import TopicsDiffer
    from topics.broker import BrokerUnavailable
    from topics.bus import BrokerGone, Fenced
    from topics.configuration import ConfigurationError
    from topics.keyring import KeyringGone
    from topics.steps import UnknownStep

    return (
        AccessGone,
        BrokerGone,
        BrokerUnavailable,
        CannotListen,
        CannotTypeset,
        ConfigurationError,
        Fenced,
        KeyFolderError,
        KeyringGone,
        LedgerGone,
        NoCertificate,
        ProofsGone,
        RegistryError,
        SentGone,
        TopicsDiffer,
        UnknownStep,
        Unreadable,
    )
