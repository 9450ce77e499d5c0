"""Evidence: how many calls there were and one keyed digest; nothing of what was said."""

from datetime import timedelta

from connectors.evidence import Evidence
from connectors.testing.harness import START
from topics.sealing import Key

KEY = Key("case/1", b"k" * 32)


def gathered(*bodies: bytes, key: Key = KEY, call: str = "GET /things", status: int = 200, seconds: float = 0) -> Evidence:
    evidence = Evidence(key)
    for body in bodies:
        evidence.add(call, status, START + timedelta(seconds=seconds), body)
    return evidence


def test_no_call_is_an_answer_too() -> None:
    assert 0 == gathered().calls().count


def test_calls_are_counted() -> None:
    assert 3 == gathered(b"a", b"b", b"a").calls().count


def test_the_same_calls_give_the_same_digest() -> None:
    assert gathered(b"a", b"b").calls() == gathered(b"a", b"b").calls()


def test_anything_that_differs_gives_another_digest() -> None:
    others = [
        gathered(b"b"),
        gathered(b"a", b"a"),
        gathered(b"a", status=204),
        gathered(b"a", call="DELETE /things"),
        gathered(b"a", seconds=1),
        gathered(b"a", key=Key("case/2", b"x" * 32)),
    ]
    digests = {evidence.calls().digest for evidence in (gathered(b"a"), *others)}
    assert 1 + len(others) == len(digests)


def test_the_order_of_calls_counts() -> None:
    assert gathered(b"a", b"b").calls().digest != gathered(b"b", b"a").calls().digest


def test_no_body_is_kept() -> None:
    evidence = gathered(b"jan@voorbeeld.nl")
    assert "jan" not in f"{vars(evidence)}{evidence.calls().model_dump_json()}"
