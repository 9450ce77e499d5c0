"""A process of which a part hangs ends by itself."""

import subprocess
import sys
import textwrap
import threading

from topics.liveness import Watch


def test_what_hangs_is_told_once() -> None:
    told, ended = list[str](), threading.Event()

    def end(sentence: str) -> None:
        told.append(sentence)
        ended.set()

    with Watch(lambda: "It hangs.", end, every=0.001):
        assert ended.wait(20)
    assert ["It hangs."] == told


def test_while_all_is_well_nothing_is_told_and_the_watch_ends_with_the_work() -> None:
    looks, enough, told = list[int](), threading.Event(), list[str]()

    def hung() -> None:
        looks.append(1)
        if len(looks) > 20:
            enough.set()

    with Watch(hung, told.append, every=0.001) as watch:
        assert enough.wait(20)
    assert not watch._thread.is_alive()
    assert [] == told


def test_a_process_whose_event_loop_is_stuck_says_so_and_ends_with_status_one() -> None:
    program = """
        import asyncio, threading, time
        from topics.liveness import Watch

        async def main():
            began = time.monotonic()
            with Watch(lambda: "The worker of toy hangs." if time.monotonic() - began > 0.2 else None, every=0.05):
                threading.Event().wait(60)

        asyncio.run(main())
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=50, check=False)
    assert (1, "erasure: The worker of toy hangs.") == (ended.returncode, ended.stderr.strip().splitlines()[-1])
    assert "Traceback" not in ended.stderr
