"""`erasure connectors new`: what it makes passes the kit's checks of structure, and every other check says what to write next."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connectors.testing.kit import ConformanceKit
from orchestrator.command.__main__ import app

ROOT = Path(__file__).parents[1]
CHECKS = {name for name in dir(ConformanceKit) if name.startswith("test_")}
OF_STRUCTURE = {"test_spec_is_complete", "test_a_missing_identifier_is_named", "test_what_the_credential_may_is_asked_without_writing"}
"""What can be told before anything is known of the vendor."""
NOT_DECLARED = {"test_held_records_are_stripped_of_what_the_duty_does_not_need", "test_what_a_held_record_hangs_from_is_stripped"}
"""Nothing is to be done for what no kind declares."""

SEED = """        self.contacts = [*getattr(self, "contacts", []), person]

    def traces(self, person: Person) -> Counter[str]:
        return Counter(contact=self.contacts.count(person))

    def unused(self, person: Person) -> None:
"""


def new(*words: str) -> Result:
    return CliRunner().invoke(app, ["connectors", "new", *words])


def outcome_of(package: Path) -> tuple[set[str], dict[str, str]]:
    """The checks that pass, and those that fail with the line that pytest tells of each."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-W", "error", "-rA", str(package)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join((str(package), str(ROOT))), "COLUMNS": "400"}
    done = subprocess.run(command, cwd=package, env=environ, capture_output=True, text=True, timeout=300, check=False)
    passed = set(re.findall(r"^PASSED \S+::(\w+)$", done.stdout, re.MULTILINE))
    return passed, dict(re.findall(r"^FAILED \S+::(\w+) - (.*)$", done.stdout, re.MULTILINE))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    made = new("my_vendor", "--folder", str(tmp_path / "mine"))
    assert 0 == made.exit_code, made.output
    return tmp_path / "mine"


def test_it_passes_what_is_structure_and_says_of_all_else_what_to_write(package: Path) -> None:
    passed, failed = outcome_of(package)
    assert OF_STRUCTURE | NOT_DECLARED == passed
    assert CHECKS - passed == failed.keys()
    assert {"NotImplementedError: Write `seed` in erasure_my_vendor/simulator.py: keep one record of every kind for this person."} == set(
        failed.values()
    )


def test_when_the_simulator_is_written_the_kit_says_to_write_locate(package: Path) -> None:
    simulator = package / "erasure_my_vendor/simulator.py"
    head, _, rest = simulator.read_text().partition("        raise NotImplementedError(")
    _, _, rest = rest.partition("    def traces(self, person: Person) -> Counter[str]:\n")
    simulator.write_text(head + SEED + rest)
    _, failed = outcome_of(package)
    assert "needs_person: Write `locate` in erasure_my_vendor/connector.py" in failed["test_every_declared_kind_is_found"]
    assert OF_STRUCTURE.isdisjoint(failed)


def test_it_can_be_installed_and_is_then_found(package: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, *pip, "--target", str(target), str(package)], check=True, capture_output=True)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join((str(target), str(ROOT)))}
    command = [sys.executable, "-m", "orchestrator.command", "connectors", "list"]
    listed = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "my_vendor (other, from erasure-my-vendor)" in listed.stdout


def test_nothing_is_written_over(package: Path) -> None:
    kept = (package / "pyproject.toml").read_text()
    again = new("other", "--folder", str(package))
    assert (1, kept) == (again.exit_code, (package / "pyproject.toml").read_text())
    assert "nothing is written over" in again.stderr


def test_a_name_that_is_taken_is_told(tmp_path: Path) -> None:
    told = new("jira", "--folder", str(tmp_path / "jira"))
    assert 1 == told.exit_code
    assert "A connector 'jira' is installed already" in told.stderr
    assert not (tmp_path / "jira").exists()


@pytest.mark.parametrize("name", ["My", "a-b", "../a", "9lives", "a__b", "a_"])
def test_a_name_that_cannot_be_one_is_told(name: str, tmp_path: Path) -> None:
    told = new(name, "--folder", str(tmp_path / "x"))
    assert 2 == told.exit_code
    assert "NAME must be lower-case letters" in told.stderr
    assert not (tmp_path / "x").exists()
