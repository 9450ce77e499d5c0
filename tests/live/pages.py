"""The pages of a simulated company, served on loopback as a process serves them."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from orchestrator.policy import Guards
from orchestrator.web.server import serve
from tests.web.conftest import Office
from topics.broker import free_port

T = TypeVar("T")
_UNGUARDED = Guards()

INSTRUCTIONS = "Ask the printer to shred the proofs of this customer."


@contextmanager
def served(folder: Path, guards: Guards = _UNGUARDED, keep_proofs: bool = False) -> Iterator[Office]:
    """A company with a printer that only a person can ask."""
    port = free_port()
    office = Office(folder, address=f"http://127.0.0.1:{port}", by_hand=INSTRUCTIONS, guards=guards, keep_proofs=keep_proofs)
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    serving = threading.Thread(target=lambda: loop.run_until_complete(serve(office.site, "127.0.0.1", port, stop, ready.set)))
    serving.start()
    assert ready.wait(20)
    try:
        yield office
    finally:
        loop.call_soon_threadsafe(stop.set)
        serving.join(20)
        loop.close()
        office.close()


def aside(work: Callable[..., T], **more: float) -> T:
    """In a thread: what drives a browser has an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, **more).result()
