"""The house keeps its shape: budgets of size, one simulator and one page per vendor, no machine's paths, no registry's host."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("orchestrator", "connectors", "topics")
TOP_LEVEL = {
    ".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "README.md", "connectors", "docker-compose.yml", "docs",
    "examples", "orchestrator", "pyproject.toml", "requirements.lock", "tests", "topics", ".dockerignore", "Dockerfile",
}  # fmt: skip


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_only_what_a_healthy_repository_has_stands_at_the_top() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP_LEVEL


def test_no_file_is_over_400_lines_and_the_median_is_at_most_120() -> None:
    assert [] == [f"{path.relative_to(ROOT)}: {lines(path)}" for path in modules() if lines(path) > 400]
    assert 120 >= median(lines(path) for path in modules())


def test_no_function_is_over_50_lines_and_the_median_is_at_most_11() -> None:
    sizes = [entry for path in modules() for entry in functions(path)]
    assert [] == [f"{name}: {size}" for name, size in sizes if size > 50]
    assert 11 >= median(size for _, size in sizes)


def test_a_vendor_is_under_120_lines_and_a_simulator_at_most_200() -> None:
    vendors = sorted((ROOT / "connectors/vendors").glob("[a-z]*.py"))
    simulators = sorted((ROOT / "connectors/testing/simulators").glob("[a-z]*.py"))
    assert [] == [path.name for path in vendors if lines(path) >= 120] + [path.name for path in simulators if lines(path) > 200]


def test_the_median_vendor_is_at_most_80_lines() -> None:
    """docs/adr/0013 says what was lifted for that, what is left, and why."""
    assert 80 >= median(lines(path) for path in (ROOT / "connectors/vendors").glob("[a-z]*.py"))


def test_every_module_says_what_it_is_in_its_first_line() -> None:
    assert [] == [str(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))]


def test_vague_names_are_not_used() -> None:
    vague = {"utils", "helpers", "manager", "base", "common", "misc"}
    assert [] == [str(path) for path in modules() if path.stem in vague or path.parent.name in vague]


def test_tests_replace_nothing_of_ours_and_never_sleep() -> None:
    replaced = re.compile(r"mock\.patch|MagicMock|time\.sleep\(|monkeypatch\.setattr")
    others = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    assert [] == [f"{path.name}: {hit}" for path in others for hit in replaced.findall(path.read_text())]


REGISTRY = ("index" + "-url", r"https?://[^\s\"]*/" + "simple/", "<" + "repository>")
MACHINE = tuple(f"/{folder}/" for folder in ("work", "farm", "root"))


@pytest.mark.parametrize("pattern", REGISTRY + MACHINE)
def test_no_path_of_a_machine_and_no_registry_host_is_committed(pattern: str) -> None:
    texts = [path for path in tracked() if path.suffix not in (".lock", ".png")]
    assert [] == [str(path.relative_to(ROOT)) for path in texts if re.search(pattern, path.read_text(errors="ignore"))]
