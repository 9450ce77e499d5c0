"""CSV that is safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Sequence
from typing import IO

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write(out: IO[str], head: Sequence[str], rows: Iterable[Sequence[object]], separator: str = ",") -> None:
    """Rows as RFC 4180 writes them. A cell that a spreadsheet would take for a formula gets an apostrophe before it.

    Without a head it goes on where the rows before ended.
    """
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    if head:
        writer.writerow(head)
    writer.writerows([_safe(cell) for cell in row] for row in rows)


def _safe(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(cell, int) else text
