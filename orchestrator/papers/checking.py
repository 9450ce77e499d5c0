"""A PDF as it came back: the signed certificate in it, and whether its pages still say what that says."""

import io
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Literal, cast

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject

from orchestrator.letters.words import Language
from orchestrator.papers.certificate import certificate_pdf

LARGEST_BYTES = 20 * 1024 * 1024
_NAME = "certificate.jws"
_BEGINS = b"%PDF-"

_DAMAGED = (
    PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, OSError, RecursionError,
    struct.error, TypeError, ValueError, zlib.error,
)  # fmt: skip
"""What a parser raises on a file from anywhere."""

Pages = Literal["unchanged", "same words", "changed"]


class NoCertificate(Exception):
    """The file is no PDF that can be read, or holds no signed certificate; the text says which."""


def is_pdf(content: bytes) -> bool:
    """Whether it says of itself that it is one."""
    return content.startswith(_BEGINS)


def _reader(content: bytes) -> PdfReader:
    if len(content) > LARGEST_BYTES:
        raise NoCertificate(f"The PDF is over {LARGEST_BYTES // 1024**2} MB: no certificate is.")
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise NoCertificate("The PDF is encrypted: save it without a password, and check that.")
        return reader
    except _DAMAGED:
        raise NoCertificate("The PDF cannot be read: it is damaged.") from None


def attached(content: bytes) -> str:
    """The compact JWS that is attached to a PDF.

    Raises:
        NoCertificate: there is none, or more than one.
    """
    try:
        found = dict(_reader(content).attachments).get(_NAME, [])
        tokens = [one.decode("ascii") for one in found]
    except UnicodeDecodeError:
        raise NoCertificate(f"What is attached as {_NAME} is no signed certificate.") from None
    except _DAMAGED:
        raise NoCertificate("The PDF cannot be read: it is damaged.") from None
    if len(tokens) != 1:
        told = "no signed certificate" if not tokens else f"{len(tokens)} files of that name"
        raise NoCertificate(f"The PDF has {told} attached as {_NAME}.")
    return tokens[0]


def pages(content: bytes, jws: str) -> Pages:
    """Whether the PDF is, byte for byte, what its certificate is typeset as.

    A PDF that another version of the typesetting made cannot be compared so: then its words are, and no note, form
    or picture may be there.

    Raises:
        NoCertificate: the PDF cannot be read.
    """
    reader = _reader(content)
    try:
        language = Language(str(cast(DictionaryObject, reader.trailer["/Root"]).get("/Lang", "")))
    except _DAMAGED:
        return "changed"
    ours = certificate_pdf(jws, language)
    if content == ours:
        return "unchanged"
    here = PdfReader(io.BytesIO(ours))
    same = _maker(reader) != _maker(here) and not _laid_over(reader) and _words(reader) == _words(here)
    return "same words" if same else "changed"


def _maker(reader: PdfReader) -> tuple[str, str]:
    try:
        found: Mapping[str, object] = reader.metadata or {}
        return str(found.get("/Creator")), str(found.get("/Keywords"))
    except _DAMAGED:
        return "", ""


def _laid_over(reader: PdfReader) -> bool:
    """Whether there is a note, a form or a picture: ours has none, and what stands in one is not among the words of a page."""
    try:
        pictures = ["/XObject" in page.get("/Resources", DictionaryObject()).get_object() for page in reader.pages]
        return any(pictures) or "/AcroForm" in reader.root_object or any(page.get("/Annots") for page in reader.pages)
    except _DAMAGED:
        return True


def _words(reader: PdfReader) -> str:
    """What stands on the pages, without blanks: versions break lines in different places."""
    try:
        return re.sub(r"\s", "", "".join(page.extract_text() for page in reader.pages))
    except _DAMAGED:
        return ""
