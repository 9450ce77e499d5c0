"""CSV as spreadsheets save it, read to its end."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from orchestrator.command.opening import WrongUse

_SEPARATORS = ",;\t|"
_CHUNK = 1 << 20


def read(path: Path) -> Iterator[list[str]]:
    """The rows of a file, its head first, one at a time; an empty one is an empty list, as a spreadsheet counts it.

    Raises:
        WrongUse: it is no CSV, or is broken somewhere; nothing that stands in it is repeated.
    """
    number = 0
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            separator = _separator(file)
            for number, row in enumerate(csv.reader(file, delimiter=separator, strict=True), start=1):  # noqa: B007
                yield row
    except (csv.Error, UnicodeError):
        raise WrongUse(f"FILE cannot be read as CSV after row {number}: look at the quotes there, and save it as CSV UTF-8.") from None


def _encoding(path: Path) -> str:
    """UTF-8 with or without its mark, UTF-16 with it, else what Windows writes in western Europe."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        start = file.read(_CHUNK)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in start or start.startswith(b"PK\x03\x04"):
            raise WrongUse("FILE is no CSV: save the sheet as CSV UTF-8, and check that.")
        try:
            while start:
                decoder.decode(start)
                start = file.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _separator(file: IO[str]) -> str:
    """What stands between cells: as Excel's own first line says it, else what stands most often in the head outside quotes."""
    first = file.readline()
    if first.lower().startswith("sep=") and len(first.rstrip("\r\n")) == 5:  # it is no row
        return first[4]
    file.seek(0)
    outside = "".join(first.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)
