"""Every vendor is whole: an entry point, a module, a simulator, a test and a page; and nothing beside stands there alone."""

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from connectors.registry import GROUP, Registry, incomplete

ROOT = Path(__file__).parents[1]
WITHOUT_A_VENDOR = {"ages_out", "manual", "nothing_held"}
"""A rule, a person, and a declaration: nothing is called, so there is nothing to simulate."""


def stems(folder: str, pattern: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob(pattern) if not path.stem.startswith("_")}


MODULES = stems("connectors/vendors", "*.py")
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]


def test_the_entry_points_are_the_files_in_vendors() -> None:
    assert MODULES == set(DECLARED)
    assert {f"connectors.vendors.{name}" for name in MODULES} == {value.partition(":")[0] for value in DECLARED.values()}


def test_what_is_installed_is_what_pyproject_declares() -> None:
    """If not: run `make setup` again, since an editable installation keeps its entry points from the day it was made."""
    ours = {point.name: point.value for point in entry_points(group=GROUP) if point.dist and "gdpr-erasure-orchestrator" == point.dist.name}
    assert DECLARED == ours


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_every_connector_loads_and_is_complete(name: str) -> None:
    assert [] == incomplete(name, Registry().get(name))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_vendor_has_a_test_that_runs_the_kit_and_a_page(name: str) -> None:
    assert name in {path.removeprefix("test_") for path in stems("tests/connectors/vendors", "test_*.py")}
    assert name in stems("docs/vendors", "*.md")
    if name not in WITHOUT_A_VENDOR:
        assert "ConformanceKit" in (ROOT / f"tests/connectors/vendors/test_{name}.py").read_text()


@pytest.mark.parametrize("name", sorted(MODULES - WITHOUT_A_VENDOR))
def test_every_vendor_has_a_simulator(name: str) -> None:
    assert name in stems("connectors/testing/simulators", "*.py")


def test_no_simulator_test_or_page_stands_without_its_vendor() -> None:
    beside = {
        *stems("connectors/testing/simulators", "*.py"),
        *(name.removeprefix("test_") for name in stems("tests/connectors/vendors", "test_*.py")),
        *(name for name in stems("docs/vendors", "*.md") if name.islower()),
    }
    assert set() == beside - MODULES
