"""`make soak`; `python -m tests.soak --cases 2000 --faults 1000 --seed 7 --broker kafka --ledger postgres`."""

import argparse
import secrets
import sys
from pathlib import Path

from rich.console import Console

from tests.soak.run import Asking, run

SEEDS = Path(__file__).with_name("seeds.txt")


def main() -> int:
    options = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    options.add_argument("--cases", type=int, default=2_000)
    options.add_argument("--faults", type=int, default=1_200)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--broker", choices=["kafka", "embedded"], default="kafka")
    options.add_argument("--ledger", choices=["postgres", "sqlite"], default="postgres")
    given = options.parse_args()
    seed = secrets.randbelow(10**9) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    outcome = run(Asking(given.cases, given.faults, seed, given.broker, given.ledger))
    console = Console(width=140)
    console.print(outcome.table())
    for sentence in [*outcome.judged.wrong[:20], *outcome.judged.lost[:20]]:
        console.print(sentence)
    if not outcome.good:
        with SEEDS.open("a") as kept:
            kept.write(f"{seed} {given.cases} {given.faults}\n")
        console.print(f"The seed is kept in {SEEDS.name}: it is run again with every test run. Mend what it found, with a test of its own.")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
