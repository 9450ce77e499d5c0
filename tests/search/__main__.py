"""`make search`: everything within the wide bounds, then a million histories from a seed; ends with a table.

`python -m tests.search --histories 1000000 --seed 7 --processes 2`.
"""

import argparse
import os
import secrets
import sys
import time

from rich.console import Console
from rich.table import Table

from tests.search.bounds import QUICK, WIDE
from tests.search.explore import Bound, Exhausted, Found, Walked, breadth_first, search
from tests.search.invariants import INVARIANTS

_PROGRESS_SECONDS = 10.0


def main() -> int:
    options = argparse.ArgumentParser("python -m tests.search", description=__doc__)
    options.add_argument("--histories", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--processes", type=int, default=os.cpu_count())
    options.add_argument("--quick", action="store_true", help="the bounds of the test run")
    given = options.parse_args()
    seed = secrets.randbelow(10**9) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    started = time.monotonic()
    try:
        exhausted = [(bound, _exhaust(bound)) for bound in (QUICK if given.quick else WIDE)]
        walked = _walk(given.histories, seed, given.processes)
    except Found as found:
        print(found)
        return 1
    _show(exhausted, walked, time.monotonic() - started)
    return 0


def _exhaust(bound: Bound) -> Exhausted:
    found = breadth_first(bound)
    print(f"exhausted: {bound}: {found.states} states, {found.histories} histories, depth {found.depth}", flush=True)
    return found


def _walk(histories: int, seed: int, processes: int) -> Walked:
    total, told = Walked(), time.monotonic()
    for total in search(histories, seed, processes):
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            print(f"{total.histories} histories, {total.moves} moves", flush=True)
    return total


def _show(exhausted: list[tuple[Bound, Exhausted]], walked: Walked, seconds: float) -> None:
    table = Table(title=f"{len(INVARIANTS)} invariants held in every step; {seconds:.0f} s")
    for column in ("exhausted", "states", "steps", "histories", "depth", "certificates"):
        table.add_column(column, justify="left" if column == "exhausted" else "right")
    for bound, found in exhausted:
        table.add_row(str(bound), *(f"{number:,}" for number in vars(found).values()))
    luck = ", ".join(f"{name} {count:,}" for name, count in walked.spent.items())
    table.add_section()
    table.add_row(f"random: {luck}", "", f"{walked.moves:,}", f"{walked.histories:,}", str(walked.longest), f"{walked.certificates:,}")
    Console(width=150).print(table)


if __name__ == "__main__":
    sys.exit(main())
