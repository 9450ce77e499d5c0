"""Typesetting by typst: the same bytes for the same content. Texts travel as data, so that nothing in them is taken for markup."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import typst

LAYOUT = "1"
"""Raised with every change of a template: a paper of another layout is compared by its words, not by its bytes."""

_STANDARDS: "list[typst.PDFStandard]" = ["ua-1", "a-3a"]


@cache
def _fonts() -> typst.Fonts:
    """Those that come with typst: a machine's own would make other pages."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def typeset(template: str, content: Mapping[str, Any], on: date, jws: str = "") -> bytes:
    """A tagged PDF (PDF/UA-1, PDF/A-3a) of the template, dated that day; `jws` is attached to it. Uses no network."""
    source = (files("orchestrator.papers") / "templates" / f"{template}.typ").read_bytes()
    data = json.dumps(dict(content) | {"layout": LAYOUT, "date": [on.year, on.month, on.day]}, ensure_ascii=False)
    made = typst.compile(source, format="pdf", pdf_standards=_STANDARDS, font_paths=_fonts(), sys_inputs={"data": data, "jws": jws})
    if not isinstance(made, bytes):
        raise TypeError("typst made no PDF")
    return made
