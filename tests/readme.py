"""`python -m tests.readme`: write the table of connectors in README.md from what they declare and what tests them; `--check` compares."""

import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

from connectors.registry import GROUP, Registry, abilities
from tests.specifications.__main__ import CHECKED
from tests.specifications.kits import kits

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- connectors: python -m tests.readme writes this table -->", "<!-- end of connectors -->"
_HEAD = ("processor", "connector", "erases", "restricts", "lifts", "looks again", "a law may keep", "facts", "tested against")
_ANY = "any"
_MARKED = re.compile(re.escape(BEGIN) + r"\n.*?" + re.escape(END), re.DOTALL)
_BY_HAND = re.compile(r"^\| processor \|.*\n(?:\|.*\n)+", re.MULTILINE)


def table() -> str:
    """Every connector, a line each; what calls nothing stands for a processor of any kind."""
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]
    registry = Registry([EntryPoint(name, value, GROUP) for name, value in points.items()])  # ours, whatever else is installed
    rows = sorted((_row(registry, name) for name in registry.names()), key=lambda row: (row[0] == _ANY, row))
    return "\n".join(f"| {' | '.join(row)} |" for row in (_HEAD, ("---",) * len(_HEAD), *rows))


def _row(registry: Registry, name: str) -> tuple[str, ...]:
    connector = registry.get(name)
    can, kit = abilities(connector), kits().get(name, [])
    dated = sorted({kind for each in kit for kind in each.dated})
    real = [*(["a real server"] if (ROOT / f"tests/live/test_{name}_real.py").exists() else [])]
    tested = [*real, *(["its specification"] if name in CHECKED else []), *(["simulator"] if kit else [])]
    called = connector.opens != "nothing"
    facts = [connector.spec.facts] if called else []
    lists = (can["erases"], can["restricts"], can["lifts"], [can["verifies"]], dated, facts, tested)
    kind = connector.spec.kind.replace("_", " ") if called else _ANY
    return (kind, f"[{name}](docs/vendors/{name}.md)", *map(_words, lists))


def _words(words: list[str]) -> str:
    return ", ".join(word.replace("_", " ") for word in words) or "-"


def written(readme: str) -> str:
    """The README with the table as it must be: between the marks, else in place of the one that was written by hand."""
    block = f"{BEGIN}\n{table()}\n{END}"
    if _MARKED.search(readme):
        return _MARKED.sub(lambda _: block, readme)
    return _BY_HAND.sub(lambda _: block + "\n", readme, count=1)


def main() -> int:
    """Write the table; with `--check` only compare. Returns the exit status."""
    before = README.read_text()
    after = written(before)
    if "--check" in sys.argv:
        if before != after:
            print("README.md: the table of connectors is not as they say: run `python -m tests.readme`.", file=sys.stderr)
        return int(before != after)
    README.write_text(after)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
