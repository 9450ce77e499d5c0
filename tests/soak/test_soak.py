"""A short soak on real Kafka and PostgreSQL, from a fixed seed and from a new one, and from every seed that once failed."""

import os
import secrets

import pytest

from tests.live.servers import ServerUnavailable
from tests.soak.__main__ import SEEDS
from tests.soak.run import Asking, run

CASES, FAULTS = 60, 60


def kept_seeds() -> list[tuple[int, int, int]]:
    """What `seeds.txt` holds: seed, cases, faults."""
    lines = [line for line in SEEDS.read_text().splitlines() if line and not line.startswith("#")]
    return [(seed, cases, faults) for seed, cases, faults in (map(int, line.split()) for line in lines)]


@pytest.mark.skipif(os.environ.get("ERASURE_TEST_ALL") != "1", reason="a soak of minutes: set ERASURE_TEST_ALL=1, or run `make soak`")
@pytest.mark.parametrize(
    ("seed", "cases", "faults"), [(7, CASES, FAULTS), (secrets.randbelow(10**9), CASES, FAULTS), *kept_seeds()], ids=str
)
def test_whatever_breaks_no_certificate_is_wrong_and_no_case_is_lost(seed: int, cases: int, faults: int) -> None:
    print(f"seed {seed}")  # shown when it fails
    try:
        outcome = run(Asking(cases, faults, seed), tell=False)
    except ServerUnavailable as error:
        pytest.fail(str(error))
    assert ([], []) == (outcome.judged.wrong, outcome.judged.lost)
    assert cases <= outcome.judged.compared
    assert faults * 2 // 3 < outcome.injected.total()
