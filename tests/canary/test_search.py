"""The search finds each form when it is planted, wherever it stands, and nothing where nothing is."""

import base64
import gzip
import hashlib
import json
import random
from urllib.parse import quote

import pytest

from tests.canary.search import Search, encodings, needles

WHO = "Zoë.Canary+x7@Voorbeeld.example"
SEARCH = Search([WHO])
NOISE = random.Random(7).randbytes(4000)


@pytest.mark.parametrize("form", sorted(needles(WHO)))
@pytest.mark.parametrize("before", [0, 1, 2, 1000])
def test_every_form_is_found_where_it_was_planted(form: str, before: int) -> None:
    assert SEARCH.in_bytes(NOISE[:before] + needles(WHO)[form] + NOISE[before:])


def lowered(text: str) -> bytes:
    return text.lower().encode()


PLANTED = {
    "plain": WHO.encode(),
    "lower case": lowered(WHO),
    "URL-encoded": quote(WHO, safe="").encode(),
    "URL-encoded in small letters": lowered(quote(WHO, safe="")),
    "URL-encoded twice": quote(quote(WHO, safe=""), safe="").encode(),
    "JSON": json.dumps({"email": [WHO]}).encode(),
    "JSON in JSON": json.dumps(json.dumps({"email": [WHO]})).encode(),
    "hex": WHO.encode().hex().upper().encode(),
    "UTF-16": WHO.encode("utf-16"),
    "UTF-16 BE": WHO.encode("utf-16-be"),
    **{f"Base64 {n}": base64.b64encode(b"?" * n + WHO.encode() + b"!" * (5 - n)) for n in range(6)},
    **{f"base64url {n}": base64.urlsafe_b64encode(b"?" * n + lowered(WHO) + b"!") for n in range(3)},
    **{
        f"Base64 in base64url {n}": base64.urlsafe_b64encode(b"?" * n + base64.b64encode(b'{"a":"' + WHO.encode() + b'"}'))
        for n in range(3)
    },
    "Base64 of JSON": base64.b64encode(json.dumps({"a": WHO}).encode()),
    **{f"{name} as hex": hashlib.new(name, lowered(WHO)).hexdigest().encode() for name in ("md5", "sha1", "sha256")},
    **{f"{name} as it is": hashlib.new(name, WHO.encode()).digest() for name in ("md5", "sha1", "sha256")},
    **{f"{name} in Base64": base64.b64encode(hashlib.new(name, lowered(WHO)).digest()) for name in ("md5", "sha1", "sha256")},
}


@pytest.mark.parametrize("form", PLANTED)
def test_what_a_program_would_have_written_is_found(form: str) -> None:
    assert SEARCH.in_bytes(NOISE + PLANTED[form] + NOISE), form


def test_nothing_is_found_in_noise_or_in_somebody_else() -> None:
    other = WHO.replace("x7", "x8")
    there = b"".join(raw for form in needles(other).values() for _, raw in encodings(form[:8] + NOISE[:10]))
    assert set() == SEARCH.in_bytes(NOISE * 20 + there)
    assert {} == SEARCH.in_all({"a": NOISE, "b": other.encode()})


def test_a_hit_names_place_and_form_and_never_the_value() -> None:
    told = SEARCH.in_all({"clean": NOISE, "dirty": NOISE + WHO.encode() + NOISE + hashlib.sha1(lowered(WHO)).digest()})
    assert ["dirty"] == list(told) and 2 == len(told["dirty"])
    assert "canary" not in repr(told).lower()


def test_what_is_too_short_to_be_unmistakable_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Search(["C-1001"])


def test_what_it_cannot_see_is_known() -> None:
    """Compression hides; so nothing that we write may be compressed (producers and segments are not)."""
    assert set() == SEARCH.in_bytes(gzip.compress(WHO.encode() * 2))
