"""Typesetting by typst: the same bytes for the same content. Texts travel as data, so that nothing in them is taken for markup."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from orchestrator.readable import printable

LAYOUT = "3"
"""Raised with every change of a template: a paper of another layout is compared by its words, not by its bytes."""

_STANDARDS: "list[typst.PDFStandard]" = ["ua-1", "a-3a"]


_IN_EVERY_FONT = re.compile(r"[^\n\u0020-\u007e\u00a1-\u017f\u2010-\u201e\u2026\u20ac\u2192]")
_LONG_WORD = re.compile(r"\S{20}(?=\S)")


class CannotTypeset(Exception):
    """No PDF can be made of it; the text of a certificate can always be read."""


@cache
def _fonts() -> typst.Fonts:
    """Those that come with typst: a machine's own would make other pages."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def typeset(template: str, content: Mapping[str, Any], on: date, jws: str = "") -> bytes:
    """A tagged PDF (PDF/UA-1, PDF/A-3a) of the template, dated that day; `jws` is attached to it. Uses no network.

    Where a character is in none of the fonts, such characters stand as code points: [U+4E2D].

    Raises:
        CannotTypeset: typst refuses it all the same.
    """
    source = (files("orchestrator.papers") / "templates" / f"{template}.typ").read_bytes()
    for shown in (_shown, _spelled):
        try:
            return _compiled(source, _each(dict(content), shown), on, jws)
        except typst.TypstError:
            continue
    raise CannotTypeset("No PDF can be made of this. Use --format text or --format jws.")


def _compiled(source: bytes, content: Any, on: date, jws: str) -> bytes:
    data = json.dumps(content | {"layout": LAYOUT, "date": [on.year, on.month, on.day]}, ensure_ascii=False)
    made = typst.compile(source, format="pdf", pdf_standards=_STANDARDS, font_paths=_fonts(), sys_inputs={"data": data, "jws": jws})
    if not isinstance(made, bytes):
        raise TypeError("typst made no PDF")
    return made


def _each(node: Any, shown: Callable[[str], str]) -> Any:
    if isinstance(node, dict):
        return {name: _each(value, shown) for name, value in node.items()}
    if isinstance(node, list | tuple):
        return [_each(value, shown) for value in node]
    return shown(node) if isinstance(node, str) else node


def _shown(text: str) -> str:
    # Nothing that turns the text around; and a word without end may be broken anywhere, so that it stays on the paper.
    return _LONG_WORD.sub("\\g<0>\u200b", printable(text))


def _spelled(text: str) -> str:
    return _shown(_IN_EVERY_FONT.sub(lambda found: f"[U+{ord(found[0]):04X}]", text))
