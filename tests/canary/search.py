"""Looks for a person in raw bytes, in every form in which a program might have written them. Pure: bytes in, names of forms out."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

_ZEROS = re.compile(rb"\0{5,}")
"""Databases and brokers write megabytes of them ahead."""


def spellings(value: str) -> dict[str, str]:
    """The value as text, as somebody might spell it."""
    once = quote(value, safe="")
    json_text = json.dumps(value)[1:-1]
    return {
        "plain": value,
        "URL-encoded": once,
        "URL-encoded with +": quote_plus(value),
        "URL-encoded twice": quote(once, safe=""),
        "URL-encoded but for the @": quote(value, safe="@"),
        "JSON-escaped": json_text,
        "JSON-escaped twice": json.dumps(json_text)[1:-1],
    }


def digests(value: str) -> Iterator[tuple[str, bytes]]:
    """Unkeyed digests: whoever guesses the value recognises it by them."""
    for form, text in {"raw": value, "normalised": value.strip().lower()}.items():
        for name in ("md5", "sha1", "sha256"):
            yield f"{name} of the {form} value", hashlib.new(name, text.encode(), usedforsecurity=False).digest()


def encodings(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Some bytes, as they are and as text formats hide them."""
    yield "", raw
    yield ", hex", raw.hex().encode()
    yield ", HEX", raw.hex().upper().encode()
    for offset in range(3):
        yield f", Base64 at offset {offset}", _inner_base64(raw, offset)
        yield f", base64url at offset {offset}", _inner_base64(raw, offset).translate(bytes.maketrans(b"+/", b"-_"))


def twice_in_base64(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """As a value stands in a token that stands in a message."""
    for inner in range(3):
        for outer in range(3):
            form = _inner_base64(_inner_base64(raw, inner), outer)
            yield f", Base64 twice at offsets {inner} and {outer}", form


def _inner_base64(raw: bytes, offset: int) -> bytes:
    """What stands of `raw` in the Base64 of anything that it begins `offset` bytes into a group of three."""
    whole = base64.b64encode(b"\0" * offset + raw)
    first = (0, 2, 3)[offset]  # a letter that also holds bits of what stands before
    last = len(whole) - {0: 0, 1: 3, 2: 2}[(offset + len(raw)) % 3]
    return whole[first:last]


def needles(value: str) -> dict[str, bytes]:
    """Every form to look for, each under its name."""
    found: dict[str, bytes] = {}
    for spelling, text in spellings(value).items():
        for charset in ("utf-8", "utf-16-le", "utf-16-be"):
            for name, raw in encodings(text.encode(charset)):
                found.setdefault(f"{spelling}, {charset}{name}", raw)
    for lowered in {value.lower(), value.upper()} - {value}:
        for name, raw in encodings(lowered.encode()):
            found[f"{'lower' if lowered == value.lower() else 'upper'} case{name}"] = raw
    found |= {f"{spelling}{name}": raw for spelling, text in spellings(value).items() for name, raw in twice_in_base64(text.encode())}
    for digest, raw in digests(value):
        found |= {f"{digest}{name}": form for name, form in encodings(raw)}
    return found


class Search:
    """Looks for some values at once. A value is unmistakable: at least eight characters, and found nowhere by chance."""

    def __init__(self, values: Iterable[str]) -> None:
        by_needle: dict[bytes, str] = {}
        for number, value in enumerate(values):
            if len(value) < 8:
                raise ValueError("too short to be unmistakable")
            for form, needle in needles(value).items():
                by_needle.setdefault(needle.lower(), f"value {number}: {form}")
        self._forms: Mapping[bytes, str] = by_needle

    def in_bytes(self, haystack: bytes) -> set[str]:
        """The forms that stand there, in any case of letters. The values are not repeated: this stands in a test's report."""
        lowered = _ZEROS.sub(b"\0\0\0\0", haystack).lower()
        return {form for needle, form in self._forms.items() if needle in lowered}

    def in_all(self, written: Mapping[str, bytes]) -> dict[str, set[str]]:
        """Per place where something was found, what was."""
        hits = {place: self.in_bytes(content) for place, content in written.items()}
        return {place: forms for place, forms in hits.items() if forms}
