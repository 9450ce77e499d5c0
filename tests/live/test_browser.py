"""The pages in a real browser: Chromium, as the officer uses it; at three widths, light and dark, held against WCAG 2.2 AA by axe-core."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from orchestrator.papers import attached
from orchestrator.policy import Guards
from orchestrator.verify import verify
from orchestrator.web.access import Role
from tests.live.pages import INSTRUCTIONS, aside, served
from tests.notifying.desk import Desk, mail
from tests.notifying.post import posting
from tests.web.conftest import JAN, Office

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
WIDTHS = (320, 768, 1280)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        told = "The pages are tried in Chromium: apt-get install -y chromium"
        pytest.fail(told) if os.environ.get("ERASURE_TEST_ALL") == "1" else pytest.skip(told)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with served(tmp_path, keep_proofs=True) as made:
        yield made


def signed_in(office: Office, browser: Browser, role: Role = Role.OFFICER, width: int = 1280, dark: bool = False) -> Page:
    """A page of the overview, by a link."""
    page = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", locale="en-GB", accept_downloads=True
    ).new_page()
    page.goto(f"{office.address}/sign-in/link/{office.access.link('olga', role)}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


def mailed(office: Office, subject: str) -> EmailMessage:
    """The one mail with that subject that a real mail server got from the notifications."""
    with posting() as post:
        desk = Desk(mail(post), broker=office.company.broker, pages=office.address)
        desk.turn()
        desk.inbox.leave()
    (found,) = [one for one in post.mails if subject in one["subject"]]
    return found


def link_in(found: EmailMessage) -> str:
    return re.findall(r"http\S+", found.get_content())[0]


def checked(folder: Path, pdf: bytes, office: Office) -> str:
    """What `erasure verify` says of a PDF."""
    (folder / "certificate.pdf").write_bytes(pdf)
    (folder / "jwks.json").write_text(json.dumps(office.company.keys.jwks()))
    command = [sys.executable, "-m", "orchestrator.command", "verify", "certificate.pdf", "--keys", "jwks.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_an_officer_walks_from_the_mail_to_the_verified_certificate(office: Office, chromium: Browser, tmp_path: Path) -> None:
    request = aside(office.erased)
    told = aside(lambda: mailed(office, "work waits for a person"))
    page = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", accept_downloads=True).new_page()
    page.goto(link_in(told))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{office.address}/sign-in/link/{office.access.link('olga', Role.OFFICER)}")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(link_in(told))  # not the overview: what was asked for before
    expect(page.get_by_text(INSTRUCTIONS).first).to_be_visible()
    proof = tmp_path / "proof.txt"
    proof.write_text("Shredded on Friday.")
    page.get_by_text("Note work that was done").click()
    page.get_by_label("Proof").set_input_files(str(proof))
    page.get_by_role("group").filter(has_text="Note work").get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("Sent")
    with page.expect_download() as kept:
        page.get_by_role("link", name="Download", exact=True).click()
    assert proof.read_bytes() == Path(kept.value.path()).read_bytes()
    aside(office.company.settle)
    page = page.context.new_page()  # a link in a mail opens a tab; the other follows the request by itself
    page.goto(link_in(aside(lambda: mailed(office, "it is answered"))))
    page.get_by_role("link", name=re.compile("^Certificate, revision")).first.click()
    expect(page.get_by_text("complete, with holds").first).to_be_visible()
    expect(page.get_by_text("DOES NOT HOLD")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF").click()
    pdf = Path(download.value.path()).read_bytes()
    certificate = verify(attached(pdf), office.company.keys.jwks())
    assert request == certificate.request_id and hashlib.sha256(proof.read_bytes()).hexdigest() in certificate.model_dump_json()
    said = checked(tmp_path, pdf, office)
    assert "passed, byte for byte" in said and f"VALID: certificate {certificate.certificate_id}" in said
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_page_of_a_case_follows_what_was_sent_by_itself(office: Office, chromium: Browser) -> None:
    request = aside(office.erased)
    page = signed_in(office, chromium)
    page.get_by_role("region", name="Waiting for you").get_by_role("link", name=str(request)).click()
    page.get_by_text("Note work that was done").click()
    page.get_by_label("Proof").set_input_files({"name": "proof.txt", "mimeType": "text/plain", "buffer": b"Shredded."})
    page.get_by_role("group").filter(has_text="Note work").get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("Sent")
    aside(office.company.settle)
    expect(page.get_by_role("link", name=re.compile("^Certificate, revision")).first).to_be_visible(timeout=15_000)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_holds_wcag_at_every_width_and_no_line_runs_out_of_it(office: Office, chromium: Browser, width: int, dark: bool) -> None:
    erased, waiting = aside(office.erased), office.company.ask(JAN.subject())
    aside(office.company.settle, minutes=20)
    page = signed_in(office, chromium, Role.OPERATOR, width, dark)
    acting = signed_in(office, chromium, Role.OFFICER, width, dark)
    seen = [(page, path) for path in ("/", "/tasks", "/holds", "/register", "/stop", "/audit", f"/cases/{erased}/certificate", "/nowhere")]
    for where, path in [*seen, (acting, f"/cases/{waiting}")]:
        where.goto(f"{office.address}{path}")
        for summary in where.locator("summary").all():
            summary.click()
        found = Axe().run(where, options=WCAG)
        assert [] == [(path, one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]]
        wide = where.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (path, 0) == (path, wide)


def with_a_plan(office: Office) -> UUID:
    """A request whose plan waits for approval."""
    request = office.erased()
    assert office.company.case(request).unapproved
    return request


@pytest.mark.parametrize("width", WIDTHS)
def test_an_officer_sees_what_would_be_destroyed_and_approves_it(chromium: Browser, tmp_path: Path, width: int) -> None:
    with served(tmp_path, Guards(plan_first=True)) as office:
        request, page = aside(lambda: with_a_plan(office)), signed_in(office, chromium, width=width)
        page.get_by_role("region", name="Waiting for you").get_by_role("link", name=str(request)).click()
        expect(page.get_by_role("row", name="moneybird invoice 1 kept by law")).to_be_visible()
        page.get_by_role("group").filter(has_text="Approve this plan").locator("summary").click()
        found = Axe().run(page, options=WCAG)
        assert [] == [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]]
        assert 0 == page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        page.get_by_role("button", name="Approve this plan").click()
        expect(page.get_by_role("status")).to_contain_text("Sent")
        aside(office.company.settle)
        expect(page.get_by_text("This plan was approved on")).to_be_visible(timeout=15_000)


def test_by_keyboard_alone_one_comes_from_the_skip_link_to_a_sent_order(office: Office, chromium: Browser) -> None:
    request = office.company.ask(JAN.subject())
    aside(office.company.settle)
    page = signed_in(office, chromium)
    page.goto(f"{office.address}/cases/{request}")
    page.keyboard.press("Tab")
    assert "Go to the content" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.includes('Stop the time')"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("The address is new.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Sent")
    assert 1 == len(office.sent)


def test_nothing_is_asked_of_another_host_and_nothing_is_said_to_the_console(office: Office, chromium: Browser) -> None:
    request = aside(office.erased)
    aside(office.company.settle, minutes=20)
    page = signed_in(office, chromium)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: said.append(one.text))
    for path in ("/", f"/cases/{request}", f"/cases/{request}/certificate", "/register"):
        page.goto(f"{office.address}{path}")
    assert [] == [url for url in asked if not url.startswith(office.address)]
    assert [] == said


def test_the_page_of_a_case_follows_it_by_itself_and_works_without_scripts(office: Office, chromium: Browser) -> None:
    office.company.stopped = {"moneybird", "printer"}
    request = office.company.ask(JAN.subject())
    aside(office.company.settle)
    page = signed_in(office, chromium)
    page.goto(f"{office.address}/cases/{request}")
    expect(page.get_by_text("nothing was found")).to_have_count(0)
    office.company.stopped = set()
    aside(office.company.settle)
    expect(page.get_by_text("nothing was found").first).to_be_visible(timeout=15_000)
    plain = chromium.new_context(java_script_enabled=False, storage_state=page.context.storage_state(), locale="nl-NL").new_page()
    plain.goto(f"{office.address}/cases/{request}")
    expect(plain.get_by_text("niets gevonden").first).to_be_visible()
