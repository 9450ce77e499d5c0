"""`erasure certificate` and `verify`: printing a certificate, and checking one offline."""

import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pypdf import PdfWriter
from sqlalchemy import create_engine, text

from tests.orchestrator.command.stage import Stage
from topics.outcomes import Outcome


def test_the_text_is_the_default(stage: Stage) -> None:
    id = stage.completed()
    result = stage.erasure("certificate", str(id))

    assert 0 == result.exit_code
    assert result.stdout.startswith("CERTIFICATE: Erasure (GDPR art. 17)")
    assert result.stdout == stage.erasure("certificate", str(id), "--format", "text").stdout


def test_the_json_is_the_payload(stage: Stage) -> None:
    id = stage.completed()
    read = json.loads(stage.erasure("certificate", str(id), "--format", "json").stdout)

    assert (str(id), 1, "complete") == (read["request_id"], read["revision"], read["status"])
    assert 1 == read["register"]["index"]


def test_the_jws_is_what_was_signed_to_the_byte(stage: Stage) -> None:
    id = stage.completed()
    printed = stage.erasure("certificate", str(id), "--format", "jws").stdout_bytes
    (known,) = json.loads(stage.erasure("status", str(id), "--json").stdout)["certificates"]

    assert known["sha256"] == hashlib.sha256(printed).hexdigest()
    assert known["sha256"] in stage.erasure("certificate", str(id)).stdout


def test_the_newest_revision_is_printed_unless_another_is_asked_for(stage: Stage) -> None:
    opened = stage.partial()
    stage.answered(opened, "jira", Outcome.NOTHING_FOUND)
    id = str(opened.request_id)

    def revision(*more: str) -> tuple[int, str]:
        read = json.loads(stage.erasure("certificate", id, "--format", "json", *more).stdout)
        return read["revision"], read["status"]

    missing = stage.erasure("certificate", id, "--revision", "3")
    assert (2, "complete") == revision()
    assert (1, "partial") == revision("--revision", "1")
    assert (1, "erasure: There is no revision 3; the newest is 2.\n") == (missing.exit_code, missing.stderr)


def test_a_case_that_a_restore_lost_is_known_by_its_certificate(stage: Stage) -> None:
    id = str(stage.completed())
    with create_engine(f"sqlite:///{stage.folder}/erasure.db").begin() as connection:
        connection.execute(text("DELETE FROM cases"))
    told = stage.erasure("status", id)

    assert (1, True) == (told.exit_code, "was restored from a backup and lost the case" in told.stderr)
    assert 0 == stage.erasure("certificate", id).exit_code


def test_a_pdf_is_one_file_that_is_read_and_verified(stage: Stage) -> None:
    id, file = str(stage.completed()), stage.folder / "certificate.pdf"
    (stage.folder / "keys.file").write_text(stage.erasure("keys", "export").stdout)
    written = stage.erasure("certificate", id, "--format", "pdf", "--language", "nl", "--to", str(file))
    verified = stage.erasure("verify", str(file), "--keys", str(stage.folder / "keys.file"))

    assert (0, 0) == (written.exit_code, verified.exit_code)
    assert "8. The pages say what the attached certificate says: passed, byte for byte" in verified.stdout
    assert "VALID: certificate " in verified.stdout
    assert file.read_bytes() == stage.erasure("certificate", id, "--format", "pdf", "--language", "nl").stdout_bytes
    assert 1 == stage.erasure("certificate", id, "--format", "pdf", "--to", str(file)).exit_code
    assert stage.erasure("certificate", id, "--format", "pdf", "--for", "subject").stdout_bytes.startswith(b"%PDF-")


def test_a_pdf_whose_pages_were_changed_is_not_valid_and_one_without_a_certificate_unreadable(stage: Stage) -> None:
    id, file = str(stage.completed()), stage.folder / "certificate.pdf"
    (stage.folder / "keys.file").write_text(stage.erasure("keys", "export").stdout)
    file.write_bytes(stage.erasure("certificate", id, "--format", "pdf").stdout_bytes + b"% one more line\n")
    changed = stage.erasure("verify", str(file), "--keys", str(stage.folder / "keys.file"))
    file.write_bytes(stage.erasure("certificate", id, "--format", "pdf", "--for", "subject").stdout_bytes)
    without = stage.erasure("verify", str(file), "--keys", str(stage.folder / "keys.file"))

    assert (1, 2) == (changed.exit_code, without.exit_code)
    assert "8. The pages say what the attached certificate says: FAILED" in changed.stdout
    assert "no signed certificate" in without.stderr


def test_pages_that_say_another_version_made_them_are_never_called_proven(stage: Stage) -> None:
    id, file = str(stage.completed()), stage.folder / "certificate.pdf"
    (stage.folder / "keys.file").write_text(stage.erasure("keys", "export").stdout)
    writer = PdfWriter(clone_from=io.BytesIO(stage.erasure("certificate", id, "--format", "pdf").stdout_bytes))
    writer.add_metadata({"/Creator": "Typst 9.9"})
    writer.write(file)
    verified = stage.erasure("verify", str(file), "--keys", str(stage.folder / "keys.file"))

    assert 0 == verified.exit_code
    assert "8. The pages say what the attached certificate says: NOT PROVEN." in verified.stdout
    assert "rely on the attached certificate.jws" in verified.stdout.splitlines()[-1]


def test_to_is_for_a_pdf(stage: Stage) -> None:
    assert 2 == stage.erasure("certificate", str(stage.completed()), "--to", str(stage.folder / "x")).exit_code


def test_an_unknown_format_is_wrong_use(stage: Stage) -> None:
    assert 2 == stage.erasure("certificate", str(uuid4()), "--format", "word").exit_code


def test_no_certificate_yet_is_a_no(stage: Stage) -> None:
    result = stage.erasure("certificate", str(stage.opened().request_id))

    assert 1 == result.exit_code
    assert "There is no certificate yet." in result.stderr


def test_a_dry_run_has_a_plan_instead(stage: Stage) -> None:
    result = stage.erasure("certificate", str(stage.completed(mode="dry-run")))

    assert 1 == result.exit_code
    assert "ends in a plan" in result.stderr


def test_no_such_request_is_a_no(stage: Stage) -> None:
    stage.completed()

    assert 1 == stage.erasure("certificate", str(uuid4())).exit_code


@pytest.fixture
def files(stage: Stage) -> dict[str, Path]:
    """Two certificates of one case, and the keys, as files; the configuration is gone."""
    opened = stage.partial()
    stage.later(timedelta(minutes=1))
    stage.answered(opened, "jira", Outcome.NOTHING_FOUND)
    contents = {
        "first": stage.erasure("certificate", str(opened.request_id), "--format", "jws", "--revision", "1").stdout,
        "second": stage.erasure("certificate", str(opened.request_id), "--format", "jws").stdout,
        "keys": stage.erasure("keys", "export").stdout,
    }
    for name, content in contents.items():
        (stage.folder / f"{name}.file").write_text(content)
    stage.config.unlink()
    return {name: stage.folder / f"{name}.file" for name in contents}


def test_a_valid_certificate_passes_step_by_step_without_any_configuration(stage: Stage, files: dict[str, Path]) -> None:
    result = stage.erasure("verify", str(files["second"]), "--keys", str(files["keys"]))

    lines = result.stdout.splitlines()
    assert 0 == result.exit_code
    assert [f"{number}." for number in range(1, 8)] == [line[:2] for line in lines[:7]]
    assert 6 == sum(line.endswith(": passed") for line in lines)
    assert "7. It follows the certificate given as the one before: not asked" == lines[6]
    assert lines[7].startswith("VALID: certificate ")
    assert lines[7].endswith("revision 2, complete.")


def test_the_one_before_is_checked_where_it_is_given(stage: Stage, files: dict[str, Path]) -> None:
    def verified(file: str, previous: str) -> tuple[int, str]:
        result = stage.erasure("verify", str(files[file]), "--keys", str(files["keys"]), "--previous", str(files[previous]))
        return result.exit_code, result.stdout

    assert 0 == verified("second", "first")[0]
    assert (1, True) == (
        verified("first", "second")[0],
        "7. It follows the certificate given as the one before: FAILED. " in verified("first", "second")[1],
    )


def test_a_changed_certificate_fails_and_what_follows_is_not_reached(stage: Stage, files: dict[str, Path]) -> None:
    header, payload, _ = files["second"].read_text().split(".")
    files["second"].write_text(f"{header}.{payload}.{files['first'].read_text().split('.')[2]}")
    result = stage.erasure("verify", str(files["second"]), "--keys", str(files["keys"]))

    assert 1 == result.exit_code
    assert "4. The signature holds: FAILED. " in result.stdout
    assert "5. The content is a certificate: not reached" in result.stdout
    assert "NOT VALID." in result.stderr


def test_an_unknown_key_is_not_valid(stage: Stage, files: dict[str, Path]) -> None:
    files["keys"].write_text('{"keys": []}')
    result = stage.erasure("verify", str(files["second"]), "--keys", str(files["keys"]))

    assert 1 == result.exit_code
    assert "3. The key is in the key set: FAILED. " in result.stdout


@pytest.mark.parametrize(
    ("which", "content", "sentence"),
    [
        ("second", b"hello", "The file holds no certificate"),
        ("second", b"\xff\xfe", "The file is not text"),
        ("keys", b"hello", "The key file is not JSON"),
        ("keys", b"[]", "The key file is no JWK set"),
        ("second", None, "cannot be used: No such file or directory"),
        ("keys", None, "cannot be used: No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_told(stage: Stage, files: dict[str, Path], which: str, content: bytes | None, sentence: str) -> None:
    files[which].unlink()
    if content is not None:
        files[which].write_bytes(content)
    result = stage.erasure("verify", str(files["second"]), "--keys", str(files["keys"]))

    assert 2 == result.exit_code
    assert sentence in result.stderr


def test_verify_without_keys_is_wrong_use(stage: Stage) -> None:
    assert 2 == stage.erasure("verify", "certificate.jws").exit_code


def test_for_the_person_it_is_a_letter_in_dutch_or_english(stage: Stage) -> None:
    id = str(stage.completed())
    dutch, english = (
        stage.erasure("certificate", id, "--for", "subject"),
        stage.erasure("certificate", id, "--for", "subject", "--language", "en"),
    )

    assert (0, 0) == (dutch.exit_code, english.exit_code)
    assert "Onderwerp: Het wissen van uw persoonsgegevens" in dutch.stdout
    assert "Subject: The erasure of your personal data" in english.stdout
    assert "moneybird" not in dutch.stdout + english.stdout


def test_the_letter_is_in_the_language_of_the_country_and_names_the_configured_authority(stage: Stage) -> None:
    id = str(stage.completed())
    more = '[controller]\ncountry = "BE"\nauthority = "the authority of Belgium, Brussels"'
    stage.config.write_text(stage.config.read_text().replace("[controller]", more))
    printed = " ".join(stage.erasure("certificate", id, "--for", "subject").stdout.split())

    assert "Good day," in printed
    assert "You can lodge a complaint with the authority of Belgium, Brussels (GDPR art. 77)." in printed


@pytest.mark.parametrize(
    ("words", "said"), [(("--for", "subject", "--format", "jws"), "leave out --format"), (("--language", "nl"), "add --for")]
)
def test_a_letter_is_text_and_only_a_letter_has_a_language(stage: Stage, words: tuple[str, ...], said: str) -> None:
    result = stage.erasure("certificate", str(stage.completed()), *words)

    assert 2 == result.exit_code
    assert said in result.stderr
