"""Uploaded proofs, where they are kept: sealed under the key of the case, for officers alone, and gone with that key."""

import asyncio
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from httpx import Response

from orchestrator.web.proofs import Proofs, ProofsGone, ending
from orchestrator.web_wiring import swept
from tests.web.conftest import JAN, Browser, Office, csrf
from topics.keyring import KeyMissing, case_key
from topics.sealing import CannotOpen

PROOF = b"%PDF-1.7 Shredded on Friday, for Jan de Vries." + os.urandom(1 << 20) + b"END"  # more than one part
DIGEST = hashlib.sha256(PROOF).hexdigest()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, keep_proofs=True, by_hand="Ask the printer.")
    yield made
    made.close()


@pytest.fixture
def proofs(office: Office) -> Proofs:
    assert office.ports.proofs
    return office.ports.proofs


def upload(browser: Browser, request: UUID, proof: bytes = PROOF) -> Response:
    form = {"csrf": csrf(browser.get(f"/cases/{request}")), "processor": "printer", "outcome": "erased", "count": "1", "on": "2026-11-20"}
    return browser.post(f"/cases/{request}/orders/done", data=form, files={"file": ("Jan de Vries.pdf", proof)})


def files(office: Office) -> list[Path]:
    return [path for path in (office.folder / "proofs").rglob("*") if path.is_file()]


def test_what_was_uploaded_is_kept_sealed_under_a_name_that_names_nobody_and_downloaded_as_it_was(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    assert 303 == upload(browser, request).status_code
    (kept,) = files(office)
    assert ("proofs", str(request), f"{DIGEST}.sealed") == kept.parts[-3:]
    assert (0o600, 0o700) == (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777)
    assert not any(word in kept.read_bytes() for word in (b"Shredded", b"Vries", PROOF[100:140]))
    assert f"/cases/{request}/proofs/{DIGEST}" in browser.get(f"/cases/{request}").text
    answer = browser.get(f"/cases/{request}/proofs/{DIGEST}")
    assert (200, PROOF) == (answer.status_code, answer.content)
    assert (f'attachment; filename="proof-{DIGEST[:8]}.pdf"', "nosniff") == tuple(
        answer.headers[name] for name in ("content-disposition", "x-content-type-options")
    )
    assert "proof" == office.access.audit()[0].action
    office.company.settle()
    assert DIGEST in office.company.certificates(request)[-1].model_dump_json()


def test_with_the_key_of_the_case_the_proof_is_gone_at_once_and_its_file_at_the_next_sweep(office: Office, proofs: Proofs) -> None:
    request, other, browser = office.erased(), office.company.ask(JAN.subject()), office.visitor()
    office.company.settle()
    upload(browser, request), upload(browser, other)
    assert 0 == proofs.sweep()
    office.company.keyring.destroy(case_key(request))
    answer = browser.get(f"/cases/{request}/proofs/{DIGEST}")
    assert (410, False) == (answer.status_code, b"Shredded" in answer.content)
    with pytest.raises(KeyMissing):
        proofs.read(request, DIGEST)
    assert (1, 0) == (proofs.sweep(), proofs.sweep())
    assert [str(other)] == [path.parent.name for path in files(office)]


def test_once_the_case_is_shredded_its_page_offers_no_proof_and_keeps_none(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    upload(browser, request)
    office.company.settle()
    for _ in range(4):
        office.company.settle(days=1)
    assert office.company.case(request).shredded_at is not None
    page = browser.get(f"/cases/{request}").text
    assert "/proofs/" not in page and "kept sealed" not in page


def test_where_the_key_went_a_moment_ago_nothing_is_kept_and_nothing_is_sent(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    form = csrf(browser.get(f"/cases/{request}"))
    before = len(office.sent)
    office.company.keyring.destroy(case_key(request))
    given = {"csrf": form, "processor": "printer", "outcome": "erased", "count": "1", "on": "2026-11-20"}
    answer = browser.post(f"/cases/{request}/orders/done", data=given, files={"file": ("p.pdf", PROOF)})
    assert (410, [], before) == (answer.status_code, files(office), len(office.sent))


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence_and_nothing_is_sent(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    (office.folder / "proofs" / str(request)).write_text("in the way")
    answer = upload(browser, request)
    assert (503, True, []) == (answer.status_code, "Look at [web] keep_proofs" in answer.text, office.sent)


def test_what_fits_no_task_is_not_kept(office: Office) -> None:
    request, browser = office.erased(), office.visitor()
    upload(browser, request)
    office.company.settle()
    assert 409 == upload(browser, request, b"another").status_code
    assert 1 == len(files(office))


def test_a_crash_while_writing_leaves_no_proof_and_the_next_try_is_whole(office: Office, proofs: Proofs) -> None:
    request = office.erased()

    class Dying(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(28, "No space left on device")
            return super().read(size)

    with pytest.raises(ProofsGone, match="No space left on device"):
        proofs.keep(request, DIGEST, Dying(PROOF))
    assert ([], []) == (proofs.of(request), files(office))
    proofs.keep(request, DIGEST, io.BytesIO(PROOF)), proofs.keep(request, DIGEST, io.BytesIO(PROOF))
    assert ([DIGEST], PROOF) == (proofs.of(request), proofs.read(request, DIGEST))


def test_what_was_changed_cut_or_moved_to_another_request_is_not_handed_out(office: Office, proofs: Proofs) -> None:
    request, other = office.erased(), office.company.ask(JAN.subject())
    office.company.settle()
    proofs.keep(request, DIGEST, io.BytesIO(PROOF))
    (kept,) = files(office)
    whole = kept.read_bytes().splitlines(keepends=True)
    for changed in (whole[:1], whole[::-1], [whole[0], b"x" + whole[1]], [b"\xff\n"]):
        kept.write_bytes(b"".join(changed))
        with pytest.raises(CannotOpen):
            proofs.read(request, DIGEST)
        assert 500 == office.visitor().get(f"/cases/{request}/proofs/{DIGEST}").status_code
    proofs.keep(other, DIGEST, io.BytesIO(PROOF))
    kept.write_bytes((office.folder / "proofs" / str(other) / kept.name).read_bytes())
    with pytest.raises(CannotOpen):
        proofs.read(request, DIGEST)


@pytest.mark.parametrize("name", ["0" * 64, "x", "..%2F..%2Fweb.db", DIGEST.upper()])
def test_what_was_never_kept_is_not_found(office: Office, name: str) -> None:
    assert 404 == office.visitor().get(f"/cases/{office.erased()}/proofs/{name}").status_code


def test_where_none_are_kept_there_is_no_such_page(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    office = Office(tmp_path / "other")
    assert 404 == office.visitor().get(f"/cases/{office.erased()}/proofs/{DIGEST}").status_code
    office.close()


def test_the_largest_form_is_kept_and_read_back(office: Office, proofs: Proofs) -> None:
    request, large = office.erased(), os.urandom(1 << 20) * 50
    digest = hashlib.sha256(large).hexdigest()
    proofs.keep(request, digest, io.BytesIO(large))
    assert large == proofs.read(request, digest)


def test_a_folder_that_cannot_be_made_is_told_at_the_start(office: Office, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProofsGone, match=r"Look at \[web\] keep_proofs"):
        Proofs.open(tmp_path / "file" / "proofs", office.company.keyring)


BEGINNINGS = [(b"%PDF-1.7", "pdf"), (b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff\xe0", "jpg"), (b"Hello", "bin")]


@pytest.mark.parametrize(("beginning", "name"), BEGINNINGS)
def test_a_file_is_named_by_how_it_begins(beginning: bytes, name: str) -> None:
    assert name == ending(beginning)


def test_the_pages_remove_what_nobody_can_read_as_soon_as_they_start(office: Office, proofs: Proofs) -> None:
    request = office.erased()
    upload(office.visitor(), request)
    office.company.keyring.destroy(case_key(request))

    async def started() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(swept(proofs, stop))
        while files(office):
            await asyncio.sleep(0)
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(started(), 20))
    assert not (office.folder / "proofs" / str(request)).exists()
