"""CloudEvents read in binary and structured mode; what cannot be read is named without repeating it."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.testing.harness import START
from topics.bus import Delivery, Message
from topics.envelope import Event, Poison, Unreadable, content, read, write, write_certificate
from topics.events import SubjectRequest
from topics.orders import Retry

ID = UUID("0198c7a2-6f0e-7c3e-9d1a-2f6f3f0c9a11")
REQUEST = {
    "request_id": str(ID),
    "received_at": "2026-11-20T09:12:00+01:00",
    "subject": {"email": ["jan@voorbeeld.nl"], "customer_id": ["C-1001"], "phone": [], "name": ["Jan de Vries"]},
    "ground": "17(1)(b)",
    "verified_by": "document seen at the desk, 2026-11-20",
}
BINARY = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/shop", "ce_type": "subject.erase", "content-type": "application/json"}
STRUCTURED = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "subject.erase"}
LARGEST = 10_000


def delivery(value: Any = REQUEST, *headers: tuple[str, bytes], **changed: str | None) -> Delivery:
    """A delivery in binary mode; `changed` headers, with None those left out."""
    whole = {name: text for name, text in {**BINARY, **{n.replace("__", "-"): t for n, t in changed.items()}}.items() if text is not None}
    raw = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    return Delivery("subject.requests", 0, 7, None, raw, (*((n, t.encode()) for n, t in whole.items()), *headers))


def structured(value: Any, content_type: bytes = b"application/cloudevents+json") -> Delivery:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Delivery("subject.requests", 0, 7, None, raw, (("content-type", content_type),))


def reason(given: Delivery) -> Unreadable:
    with pytest.raises(Poison) as poison:
        content(read(given, LARGEST), SubjectRequest)
    assert poison.value.detail.endswith(".")
    return poison.value.reason


def test_binary_mode_is_read() -> None:
    event = read(delivery(), LARGEST)
    assert ("subject.erase", "/shop", "1", None) == (event.type, event.source, event.id, event.correlation_id)
    assert ID == content(event, SubjectRequest).request_id


def test_structured_mode_says_the_same() -> None:
    assert read(delivery(), LARGEST) == read(structured({**STRUCTURED, "data": REQUEST}), LARGEST)


@pytest.mark.parametrize(
    "form", [b"Application/CloudEvents+JSON", b"application/cloudevents+json; charset=utf-8", b" application/cloudevents+json"]
)
def test_a_media_type_is_compared_without_letter_case_and_parameters(form: bytes) -> None:
    assert "/shop" == read(structured({**STRUCTURED, "data": REQUEST}, form), LARGEST).source


def test_structured_mode_may_carry_its_json_as_base64() -> None:
    assert {"a": 1} == read(structured({**STRUCTURED, "data_base64": "eyJhIjogMX0="}), LARGEST).data


def test_structured_mode_does_not_listen_to_stray_ce_headers() -> None:
    stray = structured({**STRUCTURED, "data": REQUEST})
    mixed = Delivery(stray.topic, 0, 7, None, stray.value, (*stray.headers, ("ce_type", b"subject.restrict")))
    assert "subject.erase" == read(mixed, LARGEST).type


def test_header_names_are_read_in_any_letter_case() -> None:
    shouting = Delivery("t", 0, 0, None, json.dumps(REQUEST).encode(), tuple((n.upper(), t.encode()) for n, t in BINARY.items()))
    assert read(delivery(), LARGEST) == read(shouting, LARGEST)


def test_without_a_content_type_json_is_meant() -> None:
    assert REQUEST == read(delivery(content__type=None), LARGEST).data


def test_what_we_write_is_read_again() -> None:
    message = write("t", "case.retry", "/erasure/orchestrator", ID, Retry(request_id=ID), START, id=ID)
    event = read(Delivery(message.topic, 0, 0, message.key, message.value, message.headers), LARGEST)
    assert (str(ID).encode(), str(ID), str(ID)) == (message.key, event.id, event.correlation_id)
    assert Retry(request_id=ID) == content(event, Retry)


def test_a_certificate_travels_as_the_bytes_of_its_jws() -> None:
    message = write_certificate("t", ID, ID, "a.b.c", START)
    assert (b"a.b.c", b"application/jose") == (message.value, dict(message.headers)["content-type"])


@pytest.mark.parametrize("value", [None, b""])
def test_no_value_is_unreadable(value: bytes | None) -> None:
    assert Unreadable.UNREADABLE is reason(delivery(value))


@pytest.mark.parametrize(
    "value",
    [
        b"\xff\xfe\x00", b"{", b"nothing", b'{"a": 1} x', b'{"a": NaN}', b"[Infinity]", b"[-Infinity]", b"9" * 5_000, b"[" * 5_000,
        b'{"a": 1, "a": 2}', b'{"request_id": {"x": 1, "x": 1}}', b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"a": "\xc3"}', b"\x00",
    ],
)  # fmt: skip
def test_bytes_that_are_no_plain_json_are_unreadable_in_both_modes(value: bytes) -> None:
    assert [Unreadable.UNREADABLE] * 2 == [reason(delivery(value)), reason(structured(value))]


def test_a_value_that_is_too_large_is_not_even_looked_at() -> None:
    assert Unreadable.TOO_LARGE is reason(delivery(b"\xff" * (LARGEST + 1)))
    assert Unreadable.UNREADABLE is reason(delivery(b"\xff" * LARGEST))


@pytest.mark.parametrize("name", ["ce_specversion", "ce_id", "ce_source", "ce_type"])
def test_a_missing_or_empty_ce_header_is_an_invalid_envelope(name: str) -> None:
    assert [Unreadable.INVALID_ENVELOPE] * 2 == [reason(delivery(**{name: None})), reason(delivery(**{name: ""}))]


@pytest.mark.parametrize(
    "changed",
    [
        {"ce_specversion": "0.3"}, {"ce_specversion": "1.1"}, {"ce_specversion": "1"}, {"ce_time": "yesterday"}, {"ce_time": "20.11.2026"},
        {"ce_time": "2026-11-20T09:12:00"}, {"ce_id": "x" * 301}, {"ce_source": "a\nb"}, {"ce_type": "a\x00b"},
        {"content__type": "text/plain"},
        {"content__type": "application/jose"}, {"content__type": "application/cloudevents-batch+json"}, {"ce_jan@voorbeeld.nl": "x"},
    ],
)  # fmt: skip
def test_a_wrong_header_is_an_invalid_envelope(changed: dict[str, str]) -> None:
    assert Unreadable.INVALID_ENVELOPE is reason(delivery(**changed))


@pytest.mark.parametrize("name", ["ce_id", "CE_ID", "ce_type", "content-type", "Content-Type"])
def test_a_header_that_stands_twice_is_an_invalid_envelope(name: str) -> None:
    assert Unreadable.INVALID_ENVELOPE is reason(delivery(REQUEST, (name, b"application/json")))


def test_a_header_that_is_not_utf_8_is_an_invalid_envelope() -> None:
    assert Unreadable.INVALID_ENVELOPE is reason(delivery(REQUEST, ("ce_subject", b"\xff")))


@pytest.mark.parametrize(
    "changed", [{"specversion": "0.3"}, {"id": 5}, {"id": ""}, {"source": None}, {"type": {}}, {"time": 7}, {"id": "\ud800"}]
)
def test_a_wrong_attribute_in_structured_mode_is_an_invalid_envelope(changed: dict[str, Any]) -> None:
    assert Unreadable.INVALID_ENVELOPE is reason(structured({**STRUCTURED, "data": REQUEST, **changed}))


@pytest.mark.parametrize("value", ["text", 5, None, True, [], [STRUCTURED]])
def test_structured_json_that_is_no_object_is_an_invalid_envelope(value: Any) -> None:
    assert Unreadable.INVALID_ENVELOPE is reason(structured(value))


@pytest.mark.parametrize(
    "changed",
    [
        {"request_id": "x"}, {"request_id": None}, {"received_at": "2026-11-20T09:12:00"}, {"received_at": 1e300}, {"subject": {}},
        {"subject": {"email": []}}, {"subject": {"email": [""]}}, {"subject": {"email": "jan"}}, {"subject": {"E-mail": ["x"]}},
        {"subject": {"email": [None]}}, {"subject": {"email": ["x" * 513]}}, {"subject": ["x"]}, {"subject": {"n": [True]}},
        {"ground": "jan@voorbeeld.nl"}, {"mode": "maybe"}, {"processors": ["No Such"]}, {"extra": 1}, {"verified_by": 5},
        {"subject": {"email": ["\ud800"]}}, {"subject": {"n": [10**600]}},
    ],
)  # fmt: skip
def test_a_wrong_field_is_invalid_content(changed: dict[str, Any]) -> None:
    assert Unreadable.INVALID_CONTENT is reason(delivery({**REQUEST, **changed}))


def test_the_detail_names_fields_and_rules_and_no_value() -> None:
    with pytest.raises(Poison) as poison:
        content(read(delivery({**REQUEST, "received_at": "soon", "jan@voorbeeld.nl": 1}), LARGEST), SubjectRequest)
    assert "received_at: must be a time as RFC 3339 writes it" in poison.value.detail
    assert "…: an unknown field" in poison.value.detail
    assert "voorbeeld" not in poison.value.detail


def test_data_that_is_nested_too_deep_to_be_written_again_is_invalid_content() -> None:
    deep: Any = []
    for _ in range(20_000):
        deep = [deep]
    with pytest.raises(Poison) as poison:
        content(Event("subject.erase", "/shop", "1", None, deep), SubjectRequest)
    assert Unreadable.INVALID_CONTENT is poison.value.reason


WORDS = st.text(max_size=30).map("qzx".__add__)  # no sentence of ours has it
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.sampled_from(list(REQUEST)), inner, max_size=4),
    max_leaves=12,
)


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) and value.startswith("qzx") else []


def assert_only_poison_and_nothing_sent(given: Delivery, sent: list[str]) -> None:
    try:
        content(read(given, LARGEST), SubjectRequest)
    except Poison as poison:
        assert [] == [text for text in sent if text in poison.detail or text in str(poison)]


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_read_or_poison_and_nothing_of_it_is_repeated(value: Any) -> None:
    assert_only_poison_and_nothing_sent(delivery(value), strings(value))
    assert_only_poison_and_nothing_sent(structured({**STRUCTURED, "data": value}), strings(value))
    assert_only_poison_and_nothing_sent(structured(value), strings(value))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(list(REQUEST)), JSON))
def test_any_value_in_any_field_is_read_or_poison_and_nothing_of_it_is_repeated(changed: dict[str, Any]) -> None:
    assert_only_poison_and_nothing_sent(delivery({**REQUEST, **changed}), strings(list(changed.values())))


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("header", ["traceparent", "ce_traceparent", "Traceparent"])
def test_the_trace_that_a_message_travels_under_is_read_and_written_on(header: str) -> None:
    event = read(delivery(REQUEST, (header, TRACE.encode())), LARGEST)
    assert TRACE == event.trace
    assert TRACE not in repr(event)
    body = Retry(request_id=ID)
    message = write("t", "case.retry", "/s", body.request_id, body, START, trace=event.trace)
    assert TRACE == read(Delivery("t", 0, 0, message.key, message.value, message.headers), LARGEST).trace
    certificate = write_certificate("t", body.request_id, body.request_id, "a.b.c", START, event.trace)
    assert TRACE.encode() == dict(certificate.headers)["ce_traceparent"]


def test_a_trace_in_structured_mode_is_read() -> None:
    whole = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "subject.erase", "data": REQUEST, "traceparent": TRACE}
    structured = Delivery("t", 0, 0, None, json.dumps(whole).encode(), (("content-type", b"application/cloudevents+json"),))
    assert TRACE == read(structured, LARGEST).trace


@pytest.mark.parametrize(
    "given",
    [
        "jan@voorbeeld.nl", "", TRACE.upper(), TRACE + "-more", TRACE + "\n", " " + TRACE, TRACE.replace("00-4", "ff-4"),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01", "é" * 55,
    ],
)  # fmt: skip
def test_what_is_no_trace_context_is_dropped_and_is_no_fault_of_the_message(given: str) -> None:
    for header in ("traceparent", "ce_traceparent"):
        assert read(delivery(REQUEST, (header, given.encode())), LARGEST).trace is None


@settings(max_examples=300, deadline=None)
@given(st.binary(), st.lists(st.tuples(WORDS | st.sampled_from(list(BINARY)), st.binary()), max_size=6))
def test_any_bytes_and_any_headers_are_read_or_poison(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    given_ = Delivery("t", 0, 0, None, value, tuple(headers))
    assert_only_poison_and_nothing_sent(given_, [name for name, _ in headers if name.startswith("qzx")])


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(WORDS.map("ce_".__add__) | st.sampled_from(list(BINARY)), WORDS, max_size=4))
def test_no_header_of_the_senders_is_repeated(headers: dict[str, str]) -> None:
    sent = [text for pair in headers.items() for text in (pair[0].removeprefix("ce_"), pair[1]) if text.startswith("qzx")]
    whole = tuple((name, text.encode()) for name, text in ({**BINARY, **headers}).items())
    assert_only_poison_and_nothing_sent(Delivery("t", 0, 0, None, json.dumps(REQUEST).encode(), whole), sent)


def test_neither_what_is_received_nor_what_is_sent_is_printed_with_its_content() -> None:
    given = delivery({**REQUEST, "subject": {"email": ["jan.canary@voorbeeld.nl"]}}, ce_id="jan.canary@voorbeeld.nl")
    sent = Message(given.topic, b"jan.canary@voorbeeld.nl", given.value or b"", given.headers)
    assert "jan.canary" not in f"{given} {sent} {read(given, LARGEST)} {[given]!r}"
