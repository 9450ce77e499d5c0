"""Offline verification: whatever was changed, the step that fails is the one that should."""

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from orchestrator.certificate import canonical, fingerprint
from orchestrator.sign import SigningKeys
from orchestrator.verify import STEPS, NotValid, Unreadable, read_jwks, read_token, report, verify
from tests.orchestrator.certificate_cases import AWR, case, certificate, keys, processor, record, with_holds
from topics.outcomes import Evidence, Outcome

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return keys(tmp_path_factory.mktemp("signing"))


@pytest.fixture(scope="module")
def token(signing: SigningKeys) -> str:
    return signing.sign(canonical(certificate()))


def failure(token: str, jwks: dict[str, Any], previous: str | None = None) -> NotValid:
    with pytest.raises(NotValid) as refused:
        verify(token, jwks, previous)
    assert STEPS[refused.value.number - 1] == refused.value.step
    return refused.value


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def signed(signing: SigningKeys, header: dict[str, Any], payload: bytes) -> str:
    """A token under any header, with a signature that holds."""
    told = f"{encode(json.dumps(header).encode())}.{encode(payload)}"
    private: Any = signing.active.key.private_key
    return f"{told}.{encode(private.sign(told.encode()))}"


def test_a_certificate_of_ours_is_valid_and_blanks_around_it_do_no_harm(signing: SigningKeys, token: str) -> None:
    assert certificate() == verify(token, signing.jwks())
    assert certificate() == verify(f"\n {token}\r\n", signing.jwks())


def test_a_report_lists_every_step(signing: SigningKeys, token: str) -> None:
    good = report(token, signing.jwks())
    bad = report(token, {"keys": []})

    assert [*["passed"] * 6, "not asked"] == [step.result for step in good.steps]
    assert list(STEPS) == [step.step for step in good.steps]
    assert good.valid
    assert good.certificate == certificate()
    results = ["passed", "passed", "failed", "not reached", "not reached", "not reached", "not asked"]
    assert results == [step.result for step in bad.steps]
    assert bad.steps[2].sentence == "The key set does not hold the key that it names."
    assert not bad.valid


def test_a_certificate_signed_before_a_rotation_still_verifies(tmp_path: Path) -> None:
    rotating = keys(tmp_path)
    before = rotating.sign(canonical(certificate()))
    rotating.rotate()

    assert certificate() == verify(before, rotating.jwks())
    assert certificate() == verify(rotating.sign(canonical(certificate())), rotating.jwks())


# Step 1


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c.d", "a..c", "{}", "a b.c.d", "é.b.c", "a=.b.c", "+.b.c", "....."])
def test_1_what_is_no_compact_jws_fails(signing: SigningKeys, text: str) -> None:
    assert failure(text, signing.jwks()).number == 1


def test_1_a_part_cut_off_or_padded_or_with_unused_bits_set_fails(signing: SigningKeys, token: str) -> None:
    header, payload, signature = token.split(".")
    twin = ALPHABET[ALPHABET.index(signature[-1]) + 1]  # 64 bytes leave four bits unused in the last character

    assert decode(signature) == decode(signature[:-1] + twin)
    for changed in (signature[:-1] + twin, signature + "==", ""):
        assert failure(f"{header}.{payload}.{changed}", signing.jwks()).number == 1
    assert failure(f"{header}.{payload}", signing.jwks()).number == 1


# Step 2


def _header(**changes: Any) -> dict[str, Any]:
    return {"alg": "EdDSA", "typ": "erasure-certificate+jwt", **changes}


@pytest.mark.parametrize(
    "header",
    [
        _header(typ="JWT"),
        _header(typ=None),
        _header(alg="none"),
        _header(alg="None"),
        _header(alg="HS256"),
        _header(alg="ES256"),
        _header(alg="Ed25519"),
        _header(alg=["EdDSA"]),
        _header(crit=["b64"], b64=False),
        _header(jku="https://example.org/keys"),
        _header(x5u="https://example.org/keys"),
        _header(x5c=["MIIB"]),
        _header(jwk={"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}),
        _header(cty="JSON"),
        _header(kid=None),
        _header(kid=["k"]),
    ],
)
def test_2_another_header_fails_although_the_signature_holds(signing: SigningKeys, header: dict[str, Any]) -> None:
    changed = signed(signing, {"kid": signing.active.kid, **header}, canonical(certificate()))

    assert failure(changed, signing.jwks()).number == 2


@pytest.mark.parametrize("text", ["[]", "null", "no JSON", '{"alg":"EdDSA","alg":"EdDSA"}', "[" * 100_000, '{"alg":NaN}'])
def test_2_a_header_that_is_no_object_or_says_something_twice_fails(signing: SigningKeys, text: str) -> None:
    assert failure(f"{encode(text.encode())}.e30.e30", signing.jwks()).number == 2


def test_2_a_header_without_a_key_fails(signing: SigningKeys) -> None:
    assert failure(signed(signing, _header(), b"{}"), signing.jwks()).number == 2


@pytest.mark.parametrize("secret", ["x", "raw", "jwk"])
def test_2_hs256_with_the_public_key_as_its_secret_fails(signing: SigningKeys, token: str, secret: str) -> None:
    public = signing.jwks()["keys"][0]
    key = {"x": public["x"].encode(), "raw": decode(public["x"]), "jwk": json.dumps(public).encode()}[secret]
    header = encode(json.dumps(_header(alg="HS256", kid=public["kid"])).encode())
    told = f"{header}.{token.split('.')[1]}"
    forged = f"{told}.{encode(hmac.new(key, told.encode(), hashlib.sha256).digest())}"

    assert failure(forged, signing.jwks()).number == 2


def test_2_no_algorithm_and_no_signature_fails(signing: SigningKeys, token: str) -> None:
    header = encode(json.dumps(_header(alg="none", kid=signing.active.kid)).encode())

    assert failure(f"{header}.{token.split('.')[1]}.AAAA", signing.jwks()).number == 2
    assert failure(f"{header}.{token.split('.')[1]}.", signing.jwks()).number == 1


# Step 3


def test_3_an_unknown_key_fails(tmp_path: Path, token: str) -> None:
    assert failure(token, keys(tmp_path).jwks()).number == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "oct", "k": "AAAA"},
        {"crv": "Ed448"},
        {"crv": "X25519"},
        {"use": "enc"},
        {"d": "A" * 43},
        {"x": None},
        {"x": "AAAA"},
        {"x": "!" * 43},
        {"x": 7},
    ],
)
def test_3_a_key_that_is_no_ed25519_public_key_fails(signing: SigningKeys, token: str, changes: dict[str, Any]) -> None:
    key = {**signing.jwks()["keys"][0], **changes}

    assert failure(token, {"keys": [key]}).number == 3


def test_3_a_key_set_that_names_two_keys_alike_fails(signing: SigningKeys, token: str) -> None:
    assert failure(token, {"keys": signing.jwks()["keys"] * 2}).number == 3


def test_3_a_key_set_of_others_with_keys_of_other_kinds_is_fine(signing: SigningKeys, token: str) -> None:
    others = [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}, {"kty": "new", "kid": 3}, {}]

    assert certificate() == verify(token, {"keys": [*others, *signing.jwks()["keys"]]})


# Step 4


def test_4_another_key_under_the_same_name_fails(signing: SigningKeys, token: str) -> None:
    stranger = OKPKey.generate_key("Ed25519").as_dict(private=False)["x"]
    key = {**signing.jwks()["keys"][0], "x": stranger}

    assert failure(token, {"keys": [key]}).number == 4


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in the payload that is no container, and of every empty container."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    below = [leaf for name, value in pairs for leaf in leaves(value, (*path, name))]
    return below or [path]


def changed(payload: Any, path: tuple[Any, ...], value: Any) -> bytes:
    """The payload with one value replaced, or taken out where `value` is `...`."""
    whole = copy.deepcopy(payload)
    node = whole
    for name in path[:-1]:
        node = node[name]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()


PAYLOAD = json.loads(canonical(certificate(case(*with_holds().processors, processor(name="mollie", answered=False)))))


@pytest.mark.parametrize("path", leaves(PAYLOAD), ids=lambda path: ".".join(map(str, path)))
def test_4_any_field_changed_or_taken_out_breaks_the_signature(signing: SigningKeys, path: tuple[Any, ...]) -> None:
    header, _, signature = signing.sign(json.dumps(PAYLOAD).encode()).split(".")

    for value in ("erased", None, 7, ...):
        forged = f"{header}.{encode(changed(PAYLOAD, path, value))}.{signature}"
        assert failure(forged, signing.jwks()).number == 4


def test_every_character_counts_and_fails_at_the_step_of_its_part(signing: SigningKeys, token: str) -> None:
    first, second = (i for i, c in enumerate(token) if c == ".")
    allowed = {"header": {1, 2, 3}, "payload": {1, 4}, "signature": {1, 4}, "dot": {1}}
    for position, character in enumerate(token):
        other = ALPHABET[(ALPHABET.index(character) + 32) % 64] if character != "." else "A"
        part = "header" if position < first else "payload" if position < second else "signature"
        number = failure(token[:position] + other + token[position + 1 :], signing.jwks()).number

        assert number in allowed["dot" if character == "." else part], position


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_byte_can_be_changed_without_its_being_noticed(signing: SigningKeys, token: str, data: st.DataObject) -> None:
    raw = bytearray(token.encode())
    for position in data.draw(st.sets(st.integers(0, len(raw) - 1), min_size=1, max_size=3)):
        raw[position] ^= data.draw(st.integers(1, 255))

    assert 1 <= failure(raw.decode("latin-1"), signing.jwks()).number <= 4


# Step 5


@pytest.mark.parametrize("payload", [b"", b"no JSON", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"revision":NaN}'])
def test_5_content_that_is_no_certificate_fails(signing: SigningKeys, payload: bytes) -> None:
    assert failure(signing.sign(payload), signing.jwks()).number == (5 if payload else 1)


def test_5_a_name_that_stands_twice_fails_at_any_depth(signing: SigningKeys) -> None:
    whole = canonical(certificate())
    for once, twice in (
        (b'{"certificate_id"', b'{"status":"complete","certificate_id"'),
        (b'"count":2', b'"count":2,"count":2'),
    ):
        assert once in whole
        assert failure(signing.sign(whole.replace(once, twice, 1)), signing.jwks()).number == 5


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(((name,), ...) for name in PAYLOAD),
        *(((name,), []) for name in PAYLOAD if name not in {"processors", "not_claimed"}),
        (("note",), "and more"),
        (("processors", 0, "note"), "and more"),
        (("processors", 0, "records", 0, "evidence"), ...),
        (("processors", 0, "records", 0, "count"), "1"),
        (("processors", 0, "records", 0, "count"), 1.0),
        (("processors", 0, "records", 0, "count"), True),
        (("processors", 0, "records", 0, "outcome"), "deleted"),
        (("processors", 0, "records", 1, "hold", "until"), "2033-02-30"),
        (("issued_at",), "2026-11-22T12:00:00"),
        (("issued_at",), 1_795_345_200),
        (("due_by",), "2026-12-21T00:00:00"),
        (("revision",), "1"),
        (("deadline_met",), "true"),
        (("subject",), "jan@voorbeeld.nl"),
        (("subject",), "Jan de Vries"),
        (("supersedes",), "A" * 64),
        (("register", "previous"), "a" * 63),
    ],
    ids=lambda given: str(given) if isinstance(given, tuple) else type(given).__name__,
)
def test_5_a_field_missing_wrong_or_unknown_fails(signing: SigningKeys, path: tuple[Any, ...], value: Any) -> None:
    assert failure(signing.sign(changed(PAYLOAD, path, value)), signing.jwks()).number == 5


# Step 6

HOLDS = json.loads(canonical(certificate()))
CONTACT, HELD, ERASED = (("processors", 0, "records", number) for number in range(3))

CONTRADICTIONS = [
    (("status",), "complete", "status"),
    (("status",), "partial", "status"),
    (("right",), "lifting", None),
    (("issued_at",), "2034-01-01T00:00:00+01:00", "status"),
    (("issued_at",), "2026-11-01T00:00:00+01:00", "before the request"),
    (("received_at",), "2027-11-01T00:00:00+01:00", "before the request"),
    (("due_by",), "2026-11-20", "It was due"),
    (("due_by",), "2026-11-21", "deadline"),
    (("deadline_met",), False, "deadline"),
    (("deadline_met",), None, "deadline"),
    (("revision",), 2, "Revision 1"),
    (("revision",), 0, "Revision 1"),
    (("supersedes",), "b" * 64, "Revision 1"),
    (("register", "index"), -1, "register"),
    (("register", "index"), 0, "register"),
    (("register", "index"), 1, "register"),
    (("register", "previous"), "0" * 64, "register"),
    (("not_claimed",), [], "not claim"),
    (("not_claimed",), [" "], "not claim"),
    (("processors",), [], "status"),
    (("processors", 1, "name"), "moneybird", "twice"),
    (("processors", 1, "answered_at"), None, "silent"),
    (("processors", 1, "answered_at"), "2026-12-01T00:00:00+01:00", "answered after"),
    (("processors", 1, "outcome"), "silent", "silent"),
    (("processors", 1, "outcome"), "erased", "least good"),
    (("processors", 0, "outcome"), "erased", "least good"),
    (("processors", 0, "outcome"), "nothing_found", "least good"),
    (("processors", 0, "outcome"), "failed", "status"),
    ((*CONTACT, "bound_to"), ..., "status"),
    ((*CONTACT, "bound_to"), "order", "status"),
    ((*CONTACT, "until"), ..., "status"),
    ((*CONTACT, "until"), "2026-11-21", "status"),
    ((*HELD, "hold"), ..., "no law"),
    ((*HELD, "hold", "until"), "2026-11-21", "status"),
    ((*HELD, "evidence"), "executed", "status"),
    ((*HELD, "count"), 0, "count"),
    ((*HELD, "count"), -1, "count"),
    ((*HELD, "outcome"), "failed", "evidence"),
    ((*HELD, "outcome"), "expiring", "no date"),
    ((*HELD, "outcome"), "silent", "silent"),
    ((*HELD, "unconfirmed"), True, "officer's word"),
    ((*ERASED, "evidence"), None, "status"),
    ((*ERASED, "evidence"), "accepted", "status"),
    ((*ERASED, "outcome"), "accepted", "least good"),
    ((*ERASED, "outcome"), "refused", "evidence"),
    (("orchestrator", "records", 0, "count"), 0, "orchestrator"),
    (("orchestrator", "records", 0, "outcome"), "erased", "orchestrator"),
    (("orchestrator", "records", 0, "until"), "2026-11-21", "orchestrator"),
]


@pytest.mark.parametrize(("path", "value", "word"), CONTRADICTIONS, ids=str)
def test_6_a_certificate_that_contradicts_itself_fails(signing: SigningKeys, path: tuple[Any, ...], value: Any, word: str | None) -> None:
    if word is None:  # a lifting with holds and nothing lifted is odd, but no contradiction
        verify(signing.sign(changed(HOLDS, path, value)), signing.jwks())
        return
    found = failure(signing.sign(changed(HOLDS, path, value)), signing.jwks())

    assert found.number == 6
    assert word in found.sentence


def test_6_the_same_line_twice_fails(signing: SigningKeys) -> None:
    lines = HOLDS["processors"][0]["records"]
    twice = [*lines, {**lines[2], "count": 5}]

    assert "twice" in failure(signing.sign(changed(HOLDS, ("processors", 0, "records"), twice)), signing.jwks()).sentence


def test_6_the_first_of_a_register_cannot_supersede(signing: SigningKeys) -> None:
    first = {**HOLDS, "revision": 2, "supersedes": "b" * 64, "register": {"index": 1, "previous": "0" * 64}}

    assert failure(signing.sign(json.dumps(first).encode()), signing.jwks()).number == 6


@pytest.mark.parametrize(
    "made",
    [
        certificate(case(processor(record(outcome, until=AWR.until, evidence=Evidence.VERIFIED), answer=own)))
        for outcome in Outcome
        for own in (None, Outcome.FAILED, Outcome.NOTHING_FOUND, Outcome.ERASED)
    ],
)
def test_6_whatever_we_certify_is_valid(signing: SigningKeys, made: Any) -> None:
    assert made == verify(signing.sign(canonical(made)), signing.jwks())


# Step 7


def test_7_the_certificate_superseded_or_before_it_in_the_register_is_recognised(signing: SigningKeys, token: str) -> None:
    before = signing.sign(b"another certificate")
    place = {"index": 42, "previous": fingerprint(before)}
    whole = {**HOLDS, "revision": 2, "supersedes": fingerprint(token), "register": place}
    next_one = signing.sign(json.dumps(whole).encode())

    for previous in (token, before, f" {token}\n"):
        assert 2 == verify(next_one, signing.jwks(), previous).revision
    for other in (next_one, token[:-1], "", " "):
        assert failure(next_one, signing.jwks(), other).number == 7
    assert "passed" == report(next_one, signing.jwks(), token).steps[6].result
    assert "failed" == report(next_one, signing.jwks(), "other").steps[6].result
    assert fingerprint(token) == hashlib.sha256(token.encode()).hexdigest()


# Reading


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", "é.b.c".encode(), b"hello", b"{}", b"a.b", b"a b.c.d", b"a.b.c.d"])
def test_a_file_that_was_never_a_certificate_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_token(content)


def test_a_certificate_and_a_key_set_are_read_from_files(signing: SigningKeys, token: str) -> None:
    assert token == read_token(f"\n{token}\r\n".encode())
    assert signing.jwks() == read_jwks(json.dumps(signing.jwks()).encode())


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[1]}', b'{"keys":[],"keys":[]}'])
def test_a_key_file_that_is_no_key_set_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_jwks(content)


@pytest.mark.parametrize("check", [verify, report])
@pytest.mark.parametrize("jwks", [{}, {"keys": None}, {"keys": ["k"]}, [], None])
def test_a_key_set_that_is_none_is_unreadable_and_not_a_failed_step(token: str, jwks: Any, check: Callable[..., object]) -> None:
    with pytest.raises(Unreadable):
        check(token, jwks)
