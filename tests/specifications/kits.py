"""Our connectors' kits, and one of them run with somebody watching every call."""

import importlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from connectors.testing.kit import ConformanceKit
from connectors.testing.simulator import Simulator

_FOLDER = Path(__file__).parents[1] / "connectors" / "vendors"
Watch = Callable[[httpx.Request, httpx.Response], None]


def kits() -> dict[str, list[type[ConformanceKit]]]:
    """Every kit, by its connector's name."""
    found: dict[str, list[type[ConformanceKit]]] = {}
    for path in sorted(_FOLDER.glob("test_*.py")):
        module = importlib.import_module(f"tests.connectors.vendors.{path.stem}")
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, ConformanceKit) and each is not ConformanceKit:
                found.setdefault(each.connector.spec.name, []).append(each)
    return found


def watched(kit: type[ConformanceKit], watch: Watch) -> None:
    """Run every check of a kit. `watch` is told of each call and its answer, faults that a check made apart."""

    def simulator() -> Simulator:
        made = kit.simulator()
        made.watch = watch
        return made

    run = type(f"Watched{kit.__name__}", (kit,), {"simulator": staticmethod(simulator)})
    for name in sorted(dir(run)):
        if name.startswith("test_"):
            try:
                getattr(run(), name)()
            except pytest.skip.Exception:
                continue  # exempt, with its reason in the test itself
