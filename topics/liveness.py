"""A process of which a part hangs says so and ends; whoever started it starts it again. Nothing unsafe was acknowledged."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0

Hung = Callable[[], str | None]
"""What has not moved for too long, in a sentence; None while all is well. Called from another thread."""


def end(sentence: str) -> None:
    """End the process at once, with status 1: what hangs cannot be waited for. To the ledger and the broker it is a crash."""
    log.critical("%s", sentence)
    print(f"erasure: {sentence}", file=sys.stderr, flush=True)
    os._exit(1)


class Watch:
    """Asks `hung` every few seconds, from a thread of its own: it may be the event loop that hangs. Use as a context manager."""

    def __init__(self, hung: Hung, end: Callable[[str], None] = end, every: float = _LOOK_SECONDS) -> None:
        """`end`: what to do with the sentence, once. `every`: seconds."""
        self._hung, self._end, self._every = hung, end, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="liveness", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(self._every):
            if sentence := self._hung():
                self._end(sentence)
                return
