"""`python -m tests.specifications FOLDER`: the kit's calls and the simulators' answers against the vendors' own API descriptions.

A file is a connector's when its name begins with the connector's (`jira-platform.json`). The files never enter the project. What
deviates, and is known to, stands with its reason in `deviations.toml`; anything else fails, and so does a reason whose deviation is gone.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from connectors.testing.kit import ConformanceKit
from tests.specifications.documents import Document, Unknown
from tests.specifications.judge import deviations
from tests.specifications.kits import kits, watched

FILE = Path(__file__).with_name("deviations.toml")
KNOWN: Mapping[str, Mapping[str, str]] = tomllib.loads(FILE.read_text())
EVERYWHERE = tuple(KNOWN["every connector"])
CHECKED = frozenset(KNOWN) - {"every connector"}
"""Connectors that are held against a description of their vendor's own: each has a table in the file, be it empty."""


@dataclass
class Checked:
    """What came of one connector. `new`: deviations without a reason; `stale`: reasons without a deviation."""

    name: str
    documents: Sequence[str]
    calls: int = 0
    answers: int = 0
    found: set[str] = field(default_factory=set)
    known: Sequence[str] = ()

    @property
    def new(self) -> list[str]:
        return sorted(what for what in self.found if not any(fits(known, what) for known in (*self.known, *EVERYWHERE)))

    @property
    def stale(self) -> list[str]:
        return sorted(known for known in self.known if not any(fits(known, what) for what in self.found))


def fits(known: str, what: str) -> bool:
    """Whether a deviation is one that is known; `*` in a known one stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, known.split("*"))), what) is not None


def check(name: str, its_kits: Sequence[type[ConformanceKit]], paths: Sequence[Path], known: Sequence[str] = ()) -> Checked:
    """One connector against its vendor's documents: a call needs to stand in one of them."""
    documents = [Document.read(path) for path in paths]
    result, seen = Checked(name, [path.name for path in paths], known=known), set[tuple[object, ...]]()

    def watch(request: httpx.Request, answer: httpx.Response) -> None:
        same = (request.method, request.url, request.content, answer.status_code, answer.content)
        if same in seen:
            return
        seen.add(same)
        path = request.url.raw_path.decode().split("?")[0]
        described = [document for document in documents if document.operation(request.method, path)]
        result.calls += 1
        result.answers += bool(described)
        result.found |= set(deviations((described or documents)[0], request, answer))

    for kit in its_kits:
        watched(kit, watch)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where something deviates without a reason."""
    parser = argparse.ArgumentParser("python -m tests.specifications", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the vendors' files are (.json, .yaml)")
    parser.add_argument("--only", metavar="CONNECTOR", help="this one alone")
    given = parser.parse_args(arguments)
    files = sorted(path for path in given.folder.glob("*") if path.suffix in (".json", ".yaml", ".yml"))
    if not files:
        parser.error("There is no .json or .yaml file in FOLDER.")
    ours = {name: found for name, found in kits().items() if given.only in (None, name) and found[0].connector.opens == "http"}
    pairs = {name: [path for path in files if _is_of(path, name)] for name in ours}
    try:
        results = [check(name, ours[name], paths, tuple(KNOWN.get(name, ()))) for name, paths in pairs.items() if paths]
    except Unknown as error:
        parser.error(str(error))
    _show(results)
    taken = {path for paths in pairs.values() for path in paths}
    if not given.only:
        print("Connectors without a file:", ", ".join(name for name, paths in pairs.items() if not paths) or "none")
        print("Files without a connector:", ", ".join(path.name for path in files if path not in taken) or "none")
    return _tell(results)


def _is_of(path: Path, name: str) -> bool:
    return path.stem.replace("-", "_").startswith(name)


def _show(results: Sequence[Checked]) -> None:
    table = Table("connector", "files", "calls", "answers", "deviations", "new")
    for one in results:
        counts = (one.calls, one.answers, len(one.found), len(one.new))
        table.add_row(one.name, ", ".join(one.documents), *map(str, counts))
    Console().print(table)


def _tell(results: Sequence[Checked]) -> int:
    unlisted = [one.name for one in results if one.name not in CHECKED]
    for name in unlisted:
        print(f"{name}: it has a file, and no table in {FILE.name}; add an empty one where nothing deviates.")
    for one in results:
        for what in one.new:
            print(f"{one.name}: {what}\n    New: mend the connector or its simulator, or give the reason in {FILE.name}.")
        for what in one.stale:
            print(f"{one.name}: {what}\n    It does not deviate any more: take it out of {FILE.name}.")
    return 1 if unlisted or any(one.new or one.stale for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
