"""The wheel holds all that runs and nothing else, and its three generic names are ours alone."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("connectors", "orchestrator", "topics")
NAME = "gdpr-erasure-orchestrator"
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")


def run(*words: str, cwd: Path, **environ: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder with the wheel installed; the tree itself is not there."""
    target = wheel.parent / "installed"
    run(*PIP, "--target", str(target), str(wheel), cwd=wheel.parent)
    return target


def from_wheel(program: str, installed: Path) -> str:
    """What a program prints that finds the wheel before anything else."""
    return run("-W", "error", "-c", program, cwd=installed.parent, PYTHONPATH=str(installed))


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(names: set[str]) -> None:
    tree = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {str(path.relative_to(ROOT)) for path in tree} == {name for name in names if ".dist-info/" not in name}


@pytest.mark.parametrize(
    "part",
    [
        *(f"{package}/py.typed" for package in PACKAGES),
        "orchestrator/migrations/env.py",
        "orchestrator/migrations/versions/v0001_first_ledger.py",
        "orchestrator/migrations/versions/v0004_outbox_written_at.py",
        "topics/schemas/certificate.json",
        "topics/schemas/asyncapi.json",
        "connectors/testing/kit/__init__.py",
        "connectors/testing/simulators/moneybird.py",
    ],
)
def test_what_is_needed_at_run_time_is_inside(part: str, names: set[str]) -> None:
    assert part in names


def test_no_test_is_inside(names: set[str]) -> None:
    assert [] == [name for name in names if name.startswith("tests/") or "/test_" in name or "conftest" in name]


def test_the_three_names_belong_to_our_distribution_alone(installed: Path) -> None:
    program = "import json\nfrom importlib.metadata import packages_distributions\nprint(json.dumps(packages_distributions()))"
    owners = json.loads(from_wheel(program, installed))
    assert {package: {NAME} for package in PACKAGES} == {package: set(owners[package]) for package in PACKAGES}
    assert set(PACKAGES) == {package for package, of in owners.items() if NAME in of}


def test_a_stranger_with_one_of_the_names_would_be_noticed(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "stranger-1.dist-info").mkdir()
    (tmp_path / "stranger-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
    (tmp_path / "stranger-1.dist-info/top_level.txt").write_text("topics\n")
    program = f"import sys\nsys.path.append({str(tmp_path)!r})\nfrom importlib.metadata import packages_distributions\n"
    assert f"{sorted({NAME, 'stranger'})}\n" == from_wheel(f"{program}print(sorted(set(packages_distributions()['topics'])))", installed)


def test_the_command_works_from_the_wheel(installed: Path) -> None:
    told = run("-m", "orchestrator.command", "--version", cwd=installed.parent, PYTHONPATH=str(installed))
    assert "erasure 0.1.0\n" == told
    where = "import orchestrator.command, connectors, topics\nprint(orchestrator.__file__, connectors.__file__, topics.__file__)"
    assert [f"{installed}/{package}/__init__.py" for package in ("orchestrator", "connectors", "topics")] == from_wheel(
        where, installed
    ).split()


def test_a_ledger_and_a_keyring_are_made_from_the_wheel(installed: Path) -> None:
    program = """
from orchestrator.ledger import Ledger
from topics.keyring import Keyring
ledger, keyring = Ledger.open("sqlite:///ledger.db"), Keyring.open("sqlite:///keyring.db")
with ledger.reading() as transaction:
    print(transaction.has_certificates())
keyring.close()
ledger.close()
"""
    assert "False\n" == from_wheel(program, installed)


def test_every_vendor_is_loaded_from_the_wheel(installed: Path) -> None:
    names_of = "from connectors.registry import Registry\nregistry = Registry()\n"
    told = from_wheel(f"{names_of}print(*(registry.get(name).__module__ for name in registry.names()))", installed)
    vendors = sorted(path.stem for path in (ROOT / "connectors/vendors").glob("[a-z]*.py"))
    assert [f"connectors.vendors.{vendor}" for vendor in vendors] == told.split()
