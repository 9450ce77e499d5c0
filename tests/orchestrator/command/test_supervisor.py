"""Parts as processes: which ends are the end, and which are followed by another start."""

import asyncio
import sys
from pathlib import Path

import pytest

from orchestrator.command.supervisor import supervise

WRONG = "import sys; sys.exit(2)"
WORKS_ONCE = """
import pathlib, signal, sys
here = pathlib.Path(sys.argv[1])
starts = len(list(here.iterdir()))
(here / str(starts)).touch()
if starts == 1: sys.exit(2)
print("ready", flush=True)
if starts == 0: sys.exit(1)
signal.pause()
"""


async def supervised(script: str, folder: Path, until_starts: int) -> int:
    """The exit status; told to stop once so many starts were made."""
    stop = asyncio.Event()

    async def watch() -> None:
        while len(list(folder.iterdir())) < until_starts:
            await asyncio.sleep(0.02)
        stop.set()

    watching = asyncio.create_task(watch())
    async with asyncio.timeout(30):
        status = await supervise({"part": [sys.executable, "-c", script, str(folder)]}, stop, lambda: None)
    watching.cancel()
    return status


async def test_a_part_that_never_worked_and_says_it_is_configured_wrongly_ends_all(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert 2 == await supervised(WRONG, tmp_path, 1)
    assert "part cannot start; it says why above." in capfd.readouterr().err


async def test_a_part_that_worked_is_started_again_even_if_its_surroundings_are_gone_for_a_while(tmp_path: Path) -> None:
    """The ledger was away for more than a minute: the part ends with 1, and its next start with 2, since there is still no ledger."""
    assert 0 == await supervised(WORKS_ONCE, tmp_path, 3)
