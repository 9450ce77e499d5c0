"""The key folder, and that a stranger with nothing but `cryptography` can check what it signs."""

import base64
import json
import multiprocessing
import stat
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.jwk import OKPKey

from orchestrator.sign import KeyFolderError, SigningKeys
from tests.orchestrator.certificate_cases import ISSUED, keys


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def key_file(folder: Path) -> Path:
    return next((folder / "keys").glob("*.json"))


def test_a_stranger_can_check_a_signature_with_cryptography_alone(tmp_path: Path) -> None:
    signing = keys(tmp_path)
    token, jwks = signing.sign(b'{"status":"complete"}'), json.dumps(signing.jwks())

    header, payload, signature = token.split(".")
    kid = json.loads(decoded(header))["kid"]
    x = next(key["x"] for key in json.loads(jwks)["keys"] if key["kid"] == kid)
    public = Ed25519PublicKey.from_public_bytes(decoded(x))
    public.verify(decoded(signature), f"{header}.{payload}".encode())
    assert b'{"status":"complete"}' == decoded(payload)
    with pytest.raises(InvalidSignature):
        public.verify(decoded(signature), f"{header}.{payload}A".encode())


def test_the_header_says_algorithm_key_and_type_and_nothing_more(tmp_path: Path) -> None:
    signing = keys(tmp_path)
    header = json.loads(decoded(signing.sign(b"{}").split(".")[0]))

    assert {"alg": "EdDSA", "kid": signing.active.kid, "typ": "erasure-certificate+jwt"} == header


def test_the_kid_is_the_thumbprint_of_rfc_7638(tmp_path: Path) -> None:
    public = keys(tmp_path).jwks()["keys"][0]

    assert OKPKey.import_key({name: public[name] for name in ("kty", "crv", "x")}).thumbprint() == public["kid"]


def test_nobody_else_may_read_the_files_and_their_names_say_when_and_which(tmp_path: Path) -> None:
    signing = keys(tmp_path)
    path = key_file(tmp_path)

    assert 0o700 == stat.S_IMODE((tmp_path / "keys").stat().st_mode)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert f"20261122T110000.000000Z-{signing.active.kid}.json" == path.name


def test_ensure_makes_one_key_and_rotate_another_that_is_active(tmp_path: Path) -> None:
    signing = keys(tmp_path)
    first = signing.active
    again, second = signing.ensure(), signing.rotate()

    assert first == again
    assert second == signing.active != first
    assert [first.kid, second.kid] == [key["kid"] for key in signing.jwks()["keys"]]


def test_a_clock_set_back_does_not_leave_the_old_key_active(tmp_path: Path) -> None:
    first = keys(tmp_path).active
    second = SigningKeys.open(tmp_path / "keys", lambda: ISSUED - timedelta(days=1)).rotate()

    assert timedelta(microseconds=1) == second.created_at - first.created_at
    assert second.kid == SigningKeys.open(tmp_path / "keys").active.kid


def test_a_key_that_another_process_adds_signs_from_then_on(tmp_path: Path) -> None:
    running = keys(tmp_path)
    rotated = SigningKeys.open(tmp_path / "keys").rotate()

    assert rotated.kid == json.loads(decoded(running.sign(b"{}").split(".")[0]))["kid"]


def test_no_private_part_leaves_the_folder(tmp_path: Path) -> None:
    signing = keys(tmp_path)
    secret = json.loads(key_file(tmp_path).read_text())["d"]

    assert {"kty", "crv", "x", "kid", "use", "alg"} == set(signing.jwks()["keys"][0])
    assert secret not in repr(signing.active) + repr(signing.all) + json.dumps(signing.jwks())


def _ensure(folder: Path) -> str:
    return SigningKeys.open(folder).ensure().kid


def test_processes_that_ensure_at_once_make_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        kids = pool.map(_ensure, [tmp_path / "keys"] * 6)

    assert 1 == len(set(kids)) == len(list((tmp_path / "keys").glob("*.json")))


def test_threads_that_sign_at_once_see_no_warning_and_change_no_filter(tmp_path: Path) -> None:
    signing, filters = keys(tmp_path), list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda n: signing.sign(b"%d" % n), range(40)))

    assert 40 == len(set(tokens))
    assert filters == list(warnings.filters)


def test_a_folder_without_keys_says_how_to_make_one(tmp_path: Path) -> None:
    signing = SigningKeys.open(tmp_path / "none")

    assert {"keys": []} == signing.jwks()
    with pytest.raises(KeyFolderError, match=r"There is no signing key in .*none; `erasure keys rotate` makes one"):
        signing.sign(b"{}")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    keys(tmp_path)
    key_file(tmp_path).chmod(mode)

    with pytest.raises(KeyFolderError, match=r"Others may read the key file .* set it to 0600"):
        SigningKeys.open(tmp_path / "keys")


def test_a_folder_that_others_may_write_into_is_refused(tmp_path: Path) -> None:
    keys(tmp_path)
    (tmp_path / "keys").chmod(0o770)

    with pytest.raises(KeyFolderError, match=r"Others may write into the key folder .* set it to 0700"):
        SigningKeys.open(tmp_path / "keys")


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").touch(0o600)

    with pytest.raises(KeyFolderError, match="cannot be read: Not a directory"):
        SigningKeys.open(tmp_path / "keys")
    with pytest.raises(KeyFolderError, match="cannot be read: Not a directory"):
        SigningKeys.open(tmp_path / "keys" / "below").rotate()


X25519 = OKPKey.generate_key("X25519").as_dict(private=True)
OTHER_PUBLIC_HALF = OKPKey.import_key(Ed25519PrivateKey.generate()).as_dict(private=False)["x"]


@pytest.mark.parametrize("broken", ["", "no JSON", "[]", "{}", '"text"', json.dumps({**X25519, "kid": "k"})])
def test_a_broken_file_is_named_and_what_it_holds_is_not(tmp_path: Path, broken: str) -> None:
    keys(tmp_path)
    path = key_file(tmp_path)
    path.write_text(broken)

    with pytest.raises(KeyFolderError, match="is broken") as refused:
        SigningKeys.open(tmp_path / "keys")
    assert path.name in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(("field", "value"), [("kid", "k"), ("x", OTHER_PUBLIC_HALF), ("d", "AAAA"), ("crv", "X25519")])
def test_a_key_that_is_not_what_its_file_says_is_broken(tmp_path: Path, field: str, value: str) -> None:
    keys(tmp_path)
    path = key_file(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))

    with pytest.raises(KeyFolderError, match="is broken"):
        SigningKeys.open(tmp_path / "keys")


def test_a_renamed_key_file_is_broken(tmp_path: Path) -> None:
    keys(tmp_path)
    key_file(tmp_path).rename(tmp_path / "keys" / "20300101T000000.000000Z-mine.json")

    with pytest.raises(KeyFolderError, match="is broken"):
        SigningKeys.open(tmp_path / "keys")


def test_what_a_crash_left_half_written_is_no_key(tmp_path: Path) -> None:
    first = keys(tmp_path).active
    (tmp_path / "keys" / ".20300101T000000.000000Z-half.json").write_text("{")

    assert [first.kid] == [key.kid for key in SigningKeys.open(tmp_path / "keys").all]
