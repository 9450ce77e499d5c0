"""Logging, set up so that no log line can hold personal data, at any level, and an outage does not fill the disk."""

import logging
import sys
import time

_OURS = ("orchestrator", "connectors", "topics")
_LIBRARIES = ("aiokafka", "faust", "orchestrator.faust_app", "mode", "aiohttp", "sqlalchemy", "alembic", "asyncio")
"""Faust names its app's logger after our module."""
_REPEAT_SECONDS = 10.0


class _OncePerWhile(logging.Filter):
    """Lets the same line of code speak once in ten seconds: a lost broker is told by aiokafka hundreds of times."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._said.get(place, -_REPEAT_SECONDS) < _REPEAT_SECONDS:
            return False
        self._said[place] = now
        return True


def set_up(level: int = logging.INFO) -> None:
    """Our own loggers at `level`, on standard error. Those of libraries stay at warnings whatever the level.

    aiokafka, httpx, SQLAlchemy and Faust print messages, URLs and parameters below that.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.setLevel(logging.WARNING)
        library.propagate = False
        quiet = logging.StreamHandler(sys.stderr)
        quiet.setFormatter(handler.formatter)
        quiet.addFilter(_OncePerWhile())
        library.handlers[:] = [quiet]


def line_of(error: Exception) -> int:
    """The line that raised a defect of ours, for the log: its text may hold personal data, so only type and place are told."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return frame.tb_lineno if frame else 0
