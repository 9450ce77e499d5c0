"""Paragraphs and lists as plain text of one width; what a terminal would obey is shown and not obeyed."""

import textwrap
from collections.abc import Iterable
from typing import NamedTuple

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


class Block(NamedTuple):
    """A part of a letter before its lines were broken; `heading` is that of a list."""

    heading: str | None
    lines: list[str]
    items: list[str]


def blocks(text: str) -> list[Block]:
    """The parts of a letter that `letter` wrote, for paper of another width."""
    return [_block(part.splitlines()) for part in text.strip("\n").split("\n\n")]


def _block(given: list[str]) -> Block:
    first = next((number for number, line in enumerate(given) if line.startswith("- ")), None)
    if first is None:
        return Block(None, _joined(given), [])
    items: list[str] = []
    for line in given[first:]:
        if line.startswith("- "):
            items.append(line[2:])
        else:
            items[-1] += " " + line.strip()
    return Block(given[0], _joined(given[1:first]), items)


def _joined(given: list[str]) -> list[str]:
    """A line was broken where the next word would not have fitted."""
    made: list[str] = []
    for above, line in zip(["", *given], given, strict=False):
        if made and len(above) + 1 + len(line.split(" ")[0]) > _WIDTH:
            made[-1] += " " + line
        else:
            made.append(line)
    return made
