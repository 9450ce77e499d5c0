"""Paragraphs and lists as plain text of one width; what a terminal would obey is shown and not obeyed."""

import textwrap
from collections.abc import Iterable

from orchestrator.readable import printable

_WIDTH = 78
BLANK = "_" * 44
"""A line to be filled in by hand."""


def paragraph(text: str) -> str:
    """Wrapped; a web address or a reference is never broken."""
    return textwrap.fill(printable(text), _WIDTH, break_long_words=False, break_on_hyphens=False)


def bullets(texts: Iterable[str]) -> str:
    """One wrapped item each."""
    style = {"initial_indent": "- ", "subsequent_indent": "  "}
    return "\n".join(
        textwrap.fill(printable(text), _WIDTH, break_long_words=False, break_on_hyphens=False, **style)  # type: ignore[arg-type]
        for text in texts
    )


def lines(*texts: str) -> str:
    """As they are, one below the other."""
    return "\n".join(map(printable, texts))


def letter(parts: Iterable[str]) -> str:
    """The parts that say something, with a blank line between."""
    return "\n\n".join(part for part in parts if part) + "\n"
