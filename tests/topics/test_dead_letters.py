"""A dead letter says why and where, and hides the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.testing.harness import START
from topics.bus import Delivery
from topics.dead_letters import DEAD_LETTER_TYPE, DeadLetter, dead_letter, fits, pack, unpack
from topics.envelope import Poison, Unreadable, content, read
from topics.names import LARGEST_MESSAGE_BYTES, LARGEST_REQUEST_BYTES
from topics.sealing import Key

KEY = Key("dead-letters/2026-11", b"k" * 32)
POISON = Poison(Unreadable.UNREADABLE, "The message is not UTF-8.")


def delivery(value: bytes | None, key: bytes | None = None) -> Delivery:
    return Delivery("subject.requests", 3, 2**40, key, value, (("ce_id", b"1"), ("ce_id", b"\xff"), ("x", b"")))


def letter_of(original: Delivery, poison: Poison = POISON) -> DeadLetter:
    message = dead_letter("dead-letters", original, poison, KEY, "/erasure/orchestrator", START)
    event = read(Delivery("dead-letters", 0, 0, message.key, message.value, message.headers), LARGEST_MESSAGE_BYTES)
    assert DEAD_LETTER_TYPE == event.type
    return content(event, DeadLetter)


def test_it_is_a_cloud_event_that_says_why_and_where() -> None:
    letter = letter_of(delivery(b"\xff"))
    assert ("unreadable", "The message is not UTF-8.") == (letter.reason, letter.detail)
    assert ("subject.requests", 3, 2**40) == (letter.topic, letter.partition, letter.offset)


@given(st.none() | st.binary(max_size=300), st.none() | st.binary(max_size=40))
def test_the_original_comes_back_whole_from_its_seal(value: bytes | None, key: bytes | None) -> None:
    original = delivery(value, key)
    letter = letter_of(original)
    assert letter.sealed is not None
    assert original == unpack(KEY.open("dead_letter", letter.sealed), letter)


def test_nothing_of_the_original_can_be_read_in_it() -> None:
    message = dead_letter("dead-letters", delivery(b"jan@voorbeeld.nl", b"jan@voorbeeld.nl"), POISON, KEY, "/erasure/orchestrator", START)
    assert b"voorbeeld" not in message.value + repr(message.headers).encode()
    assert message.key is None


def test_the_largest_request_still_fits_and_the_largest_dead_letter_fits_its_topic() -> None:
    size = next(size for size in range(1_100_000, 900_000, -1_000) if fits(delivery(b"x" * size)))
    assert LARGEST_REQUEST_BYTES < size
    message = dead_letter("dead-letters", delivery(b"x" * size), POISON, KEY, "/erasure/orchestrator", START)
    assert LARGEST_MESSAGE_BYTES > len(message.value)
    assert letter_of(delivery(b"x" * (size + 1_000))).sealed is None


@pytest.mark.parametrize("reason", list(Unreadable))
def test_every_reason_stands_in_a_letter_and_a_long_detail_is_cut(reason: Unreadable) -> None:
    letter = letter_of(delivery(b"x"), Poison(reason, "x" * 900))
    assert (reason, 500) == (letter.reason, len(letter.detail))


def test_packing_is_undone_by_unpacking() -> None:
    original = delivery(b"\x00\xff", None)
    assert original == unpack(pack(original), letter_of(original))
