"""What is sealed opens only with its key, at its place, unchanged."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.sealing import CannotOpen, Key

KEY, OTHER = Key("case/1", b"k" * 32), Key("case/2", b"o" * 32)


@given(st.binary(max_size=500))
def test_what_is_sealed_comes_back(plain: bytes) -> None:
    assert plain == KEY.open("subject", KEY.seal("subject", plain))


def test_the_same_plain_text_never_gives_the_same_token() -> None:
    assert KEY.seal("subject", b"jan") != KEY.seal("subject", b"jan")


@pytest.mark.parametrize("place", ["verified_by", "located.records", "hold.record", "dead_letter", "ledger.original"])
def test_a_token_does_not_open_at_another_place(place: str) -> None:
    with pytest.raises(CannotOpen):
        KEY.open(place, KEY.seal("subject", b"jan"))  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [OTHER, Key("case/2", KEY.secret), Key("case/1", OTHER.secret)])
def test_a_token_does_not_open_with_another_key_or_under_another_name(other: Key) -> None:
    with pytest.raises(CannotOpen):
        other.open("subject", KEY.seal("subject", b"jan"))


def test_a_token_that_was_changed_anywhere_does_not_open() -> None:
    token = KEY.seal("subject", b"jan")
    for at in range(len(token)):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        try:
            assert b"jan" == KEY.open("subject", changed)  # only the unused last bits of a base64 part
            assert changed[at + 1 : at + 2] in ("", ".")
        except CannotOpen:
            continue


@given(st.text(max_size=60) | st.lists(st.from_regex(r"[A-Za-z0-9_-]{0,20}", fullmatch=True), min_size=5, max_size=5).map(".".join))
def test_any_text_opens_or_cannot_be_opened_and_nothing_else_happens(token: str) -> None:
    with pytest.raises(CannotOpen):
        KEY.open("subject", token)


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "dir"}, {"alg": "dir", "enc": "A128GCM"}, {"alg": "A256KW", "enc": "A256GCM"}, {"enc": 5}, [], 5]
)
def test_a_header_that_asks_for_another_algorithm_does_not_open(header: object) -> None:
    _, *rest = KEY.seal("subject", b"jan").split(".")
    forged = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    with pytest.raises(CannotOpen):
        KEY.open("subject", ".".join([forged, *rest]))


def test_a_digest_is_keyed_and_keeps_its_parts_apart() -> None:
    assert 22 == len(KEY.digest("a", "b"))
    assert KEY.digest("a", "b") == KEY.digest("a", "b")
    assert 4 == len({KEY.digest("a", "b"), KEY.digest("ab"), KEY.digest("ab", ""), OTHER.digest("a", "b")})


def test_a_key_is_never_printed() -> None:
    assert ["Key(case/1)"] * 3 == [repr(KEY), str(KEY), f"{KEY}"]
