"""docs/add-a-connector.md followed to the letter: its files, written out and installed in a folder of their own, pass the kit."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connectors import contract
from connectors.testing.kit import ConformanceKit

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/add-a-connector.md").read_text()
BLOCK = re.compile(r"^`(?P<path>[\w./-]+\.\w+)`:[^`\n]*(?:`[^`\n]+`[^`\n]*)*\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {found["path"]: found["text"] for found in BLOCK.finditer(PAGE)}
RUN_KIT = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio")
CONNECTOR = "erasure_klantenboek/connector.py"


def fenced(language: str, containing: str) -> str:
    """The page's one code block in that language that contains that text, and is no file."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if containing in block and block not in FILES.values()]
    return str(found)


def run(*words: str, installed: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "PYTHONPATH": os.pathsep.join((str(installed), str(ROOT))), **environ}
    return subprocess.run(
        [sys.executable, *words], cwd=installed.parent, env=given, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as the page has them."""
    folder = tmp_path_factory.mktemp("outside") / "erasure-klantenboek"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="module")
def installed(package: Path) -> Path:
    """The package, installed without a network into a folder of its own."""
    target = package.parent / "installed"
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([sys.executable, *pip, "--target", str(target), str(package)], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return target


def test_the_page_shows_every_file_that_it_names() -> None:
    (listed,) = re.findall(r"^erasure-klantenboek/\n((?:  .*\n)+)", PAGE, re.MULTILINE)
    assert listed.split() == list(FILES)


def test_a_connector_takes_at_most_80_lines_and_its_test_about_10() -> None:
    assert 80 > FILES[CONNECTOR].count("\n")
    assert 12 >= FILES["tests/test_klantenboek.py"].count("\n")


def test_the_connector_imports_of_us_only_the_contract_and_how_to_sign_in() -> None:
    ours = re.findall(r"^(?:from|import) ((?:connectors|topics|orchestrator)[\w.]*)", FILES[CONNECTOR], re.MULTILINE)
    assert {"connectors.auth", "connectors.contract"} == set(ours)


def test_its_test_passes_with_every_check_of_the_kit(package: Path, installed: Path) -> None:
    checks = len([name for name in dir(ConformanceKit) if name.startswith("test_")])
    done = run(*RUN_KIT, "-W", "error", str(package), installed=installed)
    assert 0 == done.returncode, done.stdout[-3000:]
    assert checks >= 30
    assert f"{checks} passed" in done.stdout


FIRST_PAGE = 'for bill in (await self.http.get("/bills", query={"person": person.id})).read(list[Bill])'
TRAPS = {
    "every_page_is_read": ('async for bill in self.each("/bills", Bill, {"person": person.id})', FIRST_PAGE),
    "near_misses_are_untouched": ("if not (subject.matches", "if False and not (subject.matches"),
    "archived_and_restricted_records_are_found": (', "archived": "any"', ""),
    "held_records_are_left_whole_with_rule_and_date": (", binds=own.key", ""),
    "a_record_past_its_hold_is_erased": ("since=bill.date, ", ""),
}


@pytest.mark.parametrize("check", TRAPS)
def test_each_trap_that_the_page_warns_of_is_caught_when_stepped_into(check: str, package: Path, tmp_path: Path) -> None:
    right, wrong = TRAPS[check]
    assert 1 == FILES[CONNECTOR].count(right)
    broken = shutil.copytree(package, tmp_path / "broken")
    (broken / CONNECTOR).write_text(FILES[CONNECTOR].replace(right, wrong))
    done = run(*RUN_KIT, "-k", check, str(broken), installed=broken)
    assert (1, "1 failed") == (done.returncode, done.stdout.splitlines()[-1][:8]), done.stdout[-2000:]


def test_the_command_line_names_the_connector_and_its_package(installed: Path) -> None:
    done = run("-m", "orchestrator.command", "connectors", "list", "--json", installed=installed)
    assert 0 == done.returncode, done.stderr
    (row,) = [row for row in json.loads(done.stdout) if row["name"] == "klantenboek"]
    kinds = {"kinds": ["invoice", "contact"], "erases": ["invoice", "contact"], "restricts": ["contact"], "lifts": ["contact"]}
    about = {"name": "klantenboek", "kind": "accounting", "verifies": "by reference", "package": "erasure-klantenboek"}
    assert {**about, **kinds} == row


def test_the_configuration_on_the_page_is_accepted_with_the_connector_installed(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "erasure.toml").write_text(fenced("toml", "[controller]"))
    program = f"""
from pathlib import Path
from connectors.registry import Registry
from connectors.roster import roster, rules_for, settings_of
from topics.configuration import load
configuration = load(Path({str(tmp_path / "erasure.toml")!r}), {{"KLANTENBOEK_TOKEN": "t", "KAFKA_BOOTSTRAP_SERVERS": "localhost"}})
(entry,) = roster(configuration, Registry())
token = settings_of(configuration, entry).token.get_secret_value()
print(entry.connector.__module__, entry.base_url, token, len(rules_for(configuration, "klantenboek")))
"""
    done = run("-W", "error", "-c", program, installed=installed)
    assert "erasure_klantenboek.connector http://127.0.0.1:9010/v1 t 1\n" == done.stdout, done.stderr


def test_the_simulator_is_served_and_the_check_by_hand_works(installed: Path, tmp_path: Path) -> None:
    (named,) = re.findall(r"connectors\.testing\.serve (\S+)=9010$", PAGE, re.MULTILINE)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join((str(installed), str(ROOT)))}
    command = [sys.executable, "-m", "connectors.testing.serve", f"{named}=0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        told = server.stdout.readline()
        url = told.split()[-1]
        (tmp_path / "erasure.toml").write_text(fenced("toml", "[controller]").replace("http://127.0.0.1:9010/v1", url))
        given = {"KLANTENBOEK_TOKEN": "kit-secret-9f3a71", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092"}
        check = ["-m", "orchestrator.command", "connectors", "check", "klantenboek", "--config", str(tmp_path / "erasure.toml")]
        done = run(*check, installed=installed, **given)
        server.terminate()
        assert 0 == server.wait(30)
    assert "klantenboek works" in done.stdout, done.stderr


def test_the_case_for_a_python_prompt_runs(installed: Path) -> None:
    done = run("-W", "error", "-c", fenced("python", "bench.carry_out"), installed=installed)
    assert 0 == done.returncode, done.stderr
    assert 4 == done.stdout.count('"outcome": "erased"')
    assert "DELETE /v1/people/1000" in done.stdout


def test_the_page_lists_what_the_contract_has() -> None:
    in_other_words = {"VendorError", "Answer", "Connector", "Door", "MOST_PAGES", "ProcessorKind", "Subject", "Outcome", "Key"}
    assert [] == [word for word in contract.__all__ if word not in in_other_words and f"`{word}" not in PAGE]
