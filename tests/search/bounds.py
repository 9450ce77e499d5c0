"""What is searched exhaustively: small enough to end, and together every kind of bad luck with every other that it can meet."""

from tests.search.explore import Bound
from tests.search.world import Budget

QUICK = (
    Bound(1, "x", Budget(duplicates=1, crashes=1, waits=1)),
    Bound(1, "x", Budget(duplicates=1, faults=1, waits=1)),
    Bound(1, "x", Budget(crashes=1, faults=1, blind=1)),
    Bound(1, "x", Budget(faults=1, retries=1)),
    Bound(1, "x", Budget(losses=1, restarts=1, requests=1, waits=1)),
    Bound(1, "y", Budget(faults=2, waits=1)),
    Bound(1, "", Budget(waits=10)),
    Bound(2, "x", Budget(waits=1)),
    Bound(2, "x", Budget(duplicates=1)),
    Bound(2, "x", Budget(faults=1)),
    Bound(3, "", Budget(duplicates=1, losses=1)),
    Bound(3, "x", Budget()),
)
"""In every test run: seconds."""

WIDE = (
    *QUICK,
    Bound(1, "x", Budget(duplicates=1, losses=1, crashes=1, faults=1, waits=1)),
    Bound(1, "y", Budget(faults=2, waits=2)),
    Bound(2, "x", Budget(crashes=1)),
    Bound(2, "x", Budget(duplicates=1, faults=1)),
    Bound(3, "x", Budget(duplicates=1)),
    Bound(3, "x", Budget(faults=1)),
)
"""By hand, with `make search`: minutes."""
