"""The pictures in docs/officer.md: `python -m tests.live.pictures` takes them anew in Chromium, of a simulated company."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from connectors.testing.simulator import Person
from orchestrator.policy import Guards
from orchestrator.web.access import Role
from tests.live.pages import aside, served

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
        with tempfile.TemporaryDirectory() as other, served(Path(other), Guards(plan_first=True)) as guarded:
            request = aside(guarded.erased)
            page.goto(f"{guarded.address}/sign-in/link/{guarded.access.link('olga', Role.OFFICER)}")
            page.get_by_role("button", name="Sign in").click()
            page.goto(f"{guarded.address}/cases/{request}")
            page.screenshot(path=FOLDER / "plan.png")
        browser.close()
    print(f"Taken: {FOLDER}")


if __name__ == "__main__":
    main()
