"""The pictures in docs/officer.md: `python -m tests.live.pictures` takes them anew in Chromium, of a simulated company."""

import json
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import typst
from playwright.sync_api import sync_playwright

from connectors.testing.simulator import Person
from orchestrator.letters import Language
from orchestrator.papers.certificate import content
from orchestrator.papers.typesetting import LAYOUT, _each, _shown
from orchestrator.payload import fingerprint
from orchestrator.policy import Guards
from orchestrator.tongue import Tongue
from orchestrator.verify import verify
from orchestrator.web.access import Role
from tests.live.pages import aside, served
from tests.web.conftest import Office

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = {"width": 1100, "height": 760}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as office, sync_playwright() as driver:
        office.company.ask(Person("piet@voorbeeld.nl").subject(), "subject.object", ground="21(1)")
        aside(office.company.settle, days=25)
        request = aside(office.erased)
        aside(office.company.settle, minutes=20)
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(viewport=SIZE, locale="en-GB").new_page()  # type: ignore[arg-type]
        page.goto(f"{office.address}/sign-in/link/{office.access.link('olga', Role.OFFICER)}")
        page.get_by_role("button", name="Sign in").click()
        for name, path in (("overview", "/"), ("request", f"/cases/{request}"), ("certificate", f"/cases/{request}/certificate")):
            page.goto(f"{office.address}{path}")
            page.screenshot(path=FOLDER / f"{name}.png")
        page.goto(f"{office.address}/cases/{request}")
        form = page.get_by_role("group").filter(has_text="Note work that was done")
        form.locator("summary").click()
        form.get_by_label("Proof").set_input_files({"name": "answer-of-the-printer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"})
        form.scroll_into_view_if_needed()
        form.screenshot(path=FOLDER / "task.png")
        form.get_by_role("button", name="Send").click()
        page.get_by_role("status").wait_for()
        aside(office.company.settle)
        aside(lambda: paper(request, office))
        with tempfile.TemporaryDirectory() as other, served(Path(other), Guards(plan_first=True)) as guarded:
            request = aside(guarded.erased)
            page.goto(f"{guarded.address}/sign-in/link/{guarded.access.link('olga', Role.OFFICER)}")
            page.get_by_role("button", name="Sign in").click()
            page.goto(f"{guarded.address}/cases/{request}")
            page.screenshot(path=FOLDER / "plan.png")
        browser.close()
    print(f"Taken: {FOLDER}")


def paper(request: UUID, office: Office) -> None:
    """The first page of the certificate as it is typeset: Chromium takes no picture of a PDF."""
    with office.company.ledger.reading() as transaction:
        jws = transaction.certificates_of(request)[-1].jws
    certificate = verify(jws, office.company.keys.jwks())
    said = _each(content(certificate, fingerprint(jws), Tongue(Language.EN)), _shown) | {"layout": LAYOUT, "date": [2026, 11, 20]}
    template = (files("orchestrator.papers") / "templates" / "certificate.typ").read_bytes()
    drawn = typst.compile(template, format="png", ppi=100, sys_inputs={"data": json.dumps(said), "jws": jws})
    (FOLDER / "paper.png").write_bytes(drawn[0] if isinstance(drawn, list) else drawn)


if __name__ == "__main__":
    main()
