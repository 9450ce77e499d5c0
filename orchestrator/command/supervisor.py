"""Runs parts as processes of their own: a part that ends is started again with growing pauses, and after a few times all stop."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

from topics.broker import die_with_parent

_PAUSES = (0.2, 1.0, 3.0, 10.0)
"""Seconds before each new start; a part that then ends once more stops everything."""
_STEADY_SECONDS = 120.0
"""A part that ran this long starts again with the shortest pause."""
_DRAIN_SECONDS = 60.0
_WRONG_USE = 2


class _GivesUp(Exception):
    """A part cannot be kept up."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


async def supervise(commands: Mapping[str, list[str]], stop: asyncio.Event, on_ready: Callable[[], None]) -> int:
    """Keep all parts up until `stop` is set, then let them finish what they have in hand. Returns the exit status.

    A part says `ready` on its standard output; `on_ready` is called once, when all have.
    """
    waiting = set(commands)

    def ready(name: str) -> None:
        if name in waiting:
            waiting.discard(name)
            if not waiting:
                on_ready()

    tasks = [asyncio.create_task(_keep_up(name, command, stop, ready)) for name, command in commands.items()]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    stop.set()
    await asyncio.wait(tasks)
    failures = [error for task in done if isinstance(error := task.exception(), _GivesUp)]
    for failure in failures:
        print(f"erasure: {failure}", file=sys.stderr)
    for task in tasks:
        if not isinstance(task.exception(), _GivesUp):
            task.result()
    return max((failure.status for failure in failures), default=0)


async def _keep_up(name: str, command: list[str], stop: asyncio.Event, ready: Callable[[str], None]) -> None:
    """One part, started again as often as is sensible.

    Raises:
        _GivesUp: it ended too often, or never worked and says that it is used or configured wrongly.
    """
    tries, worked = 0, False
    loop = asyncio.get_running_loop()

    def is_ready(name: str) -> None:
        nonlocal worked
        worked = True
        ready(name)

    while not stop.is_set():
        started = loop.time()
        status = await _once(name, command, stop, is_ready)
        if stop.is_set():
            return
        if status == _WRONG_USE and not worked:  # what worked before is not wrong: its broker or ledger is away
            raise _GivesUp(f"{name} cannot start; it says why above.", _WRONG_USE)
        tries = 0 if loop.time() - started > _STEADY_SECONDS else tries
        if tries == len(_PAUSES):
            raise _GivesUp(f"{name} ended {tries + 1} times in a row (last with status {status}); it says why above.", 1)
        print(f"erasure: {name} ended with status {status}; it is started again in {_PAUSES[tries]:g} s.", file=sys.stderr)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PAUSES[tries])
        tries += 1


async def _once(name: str, command: list[str], stop: asyncio.Event, ready: Callable[[str], None]) -> int:
    """From start to end of one process; returns its status. When `stop` is set it gets SIGTERM, and time to finish."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, process_group=0, preexec_fn=die_with_parent(signal.SIGTERM)
    )
    reading = asyncio.create_task(_read(process.stdout, name, ready))
    ended, told = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(ended), _DRAIN_SECONDS)
    if not ended.done():
        process.kill()
    told.cancel()
    await reading
    return await ended


async def _read(lines: asyncio.StreamReader | None, name: str, ready: Callable[[str], None]) -> None:
    """What the part prints; `ready` is taken note of, the rest passed on."""
    while lines is not None and (line := await lines.readline()):
        if line.strip() == b"ready":
            ready(name)
        else:
            sys.stdout.buffer.write(line)
            sys.stdout.flush()
