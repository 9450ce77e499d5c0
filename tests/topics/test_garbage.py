"""A process that runs for long looks for garbage less often."""

import subprocess
import sys


def test_a_settled_process_looks_less_often_and_not_at_what_was_there() -> None:
    """In a process of its own: it is for good."""
    words = "import gc, topics.garbage as g; a = gc.get_threshold(); g.settle(); print(gc.get_threshold() > a, gc.get_freeze_count() > 0)"
    printed = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout
    assert "True True" == printed.strip()
