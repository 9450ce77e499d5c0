"""Logging, set up so that no log line can hold personal data, at any level, and an outage does not fill the disk.

Not by scrubbing: words that are not ours are not written. Of a library's line stands its template with numbers in it, of an
exception its type and the places that it went through.
"""

import copy
import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TextIO

_OURS = ("orchestrator", "connectors", "topics")
_LIBRARIES = (
    "aiohttp", "aiokafka", "alembic", "asyncio", "cloudevents", "faust", "httpcore", "httpx", "imapclient", "joserfc", "mode",
    "orchestrator.faust_app", "psycopg", "sqlalchemy", "tenacity",
)  # fmt: skip
"""Faust names its app's logger after our module. Any other library is held by the handler."""
_REPEAT_SECONDS = 10.0
_WITHHELD = "…"

log = logging.getLogger(__name__)


def _ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _OURS and not record.name.startswith("orchestrator.faust_app")


class _Guard(logging.Filter):
    """Ours pass. A library speaks from warnings on, and the same line of its code once in ten seconds: a lost broker is told by
    aiokafka hundreds of times."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if _ours(record):
            return True
        if record.levelno < logging.WARNING:
            return False
        place, now = (record.name, record.pathname, record.lineno), time.monotonic()
        if now - self._said.get(place, -_REPEAT_SECONDS) < _REPEAT_SECONDS:
            return False
        self._said[place] = now
        return True


class _Formatter(logging.Formatter):
    """Our lines as they are written; of a library's neither what it puts into them nor a text that is ready made."""

    def format(self, record: logging.LogRecord) -> str:
        told = copy.copy(record)
        told.msg, told.args, told.exc_info, told.exc_text, told.stack_info = _told(record), (), None, None, None
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return "\n".join([super().format(told), *(places(error) if error else ())])


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Nothing: the library would print what it could not write."""


def _told(record: logging.LogRecord) -> str:
    """The line; of a library's its template with numbers filled in, and of anything else no more than an error's type."""
    try:
        if _ours(record):
            return record.getMessage()
        if record.args and isinstance(record.args, tuple):
            return str(record.msg) % tuple(one if isinstance(one, (int, float)) else _Unsaid(one) for one in record.args)
    except (TypeError, ValueError):
        pass
    return f"line {record.lineno} of {Path(record.pathname).name} {_WITHHELD}"


class _Unsaid:
    """Stands for what a library would have printed."""

    def __init__(self, given: object) -> None:
        self._told = type(given).__name__ if isinstance(given, BaseException) else _WITHHELD

    def __repr__(self) -> str:
        return self._told


def places(error: BaseException) -> Iterator[str]:
    """The type of an error and of those behind it, with the lines of code that each went through; never its text."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield f"{type(following).__module__}.{type(following).__qualname__}, raised at"
        for frame in traceback.extract_tb(following.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        for one in following.exceptions if isinstance(following, BaseExceptionGroup) else ():
            yield f"  with {type(one).__module__}.{type(one).__qualname__}"
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def set_up(level: int = logging.INFO) -> None:
    """Our own loggers at `level`, on standard error. Those of libraries stay at warnings whatever the level."""
    handler = _Handler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_Guard())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.setLevel(logging.WARNING)
        library.handlers[:] = []
    logging.captureWarnings(True)  # pydantic's, for one, repeat values
    sys.excepthook = _uncaught
    threading.excepthook = lambda given: log.critical("a thread ended by an error", exc_info=given.exc_value)
    sys.unraisablehook = lambda given: log.error("an error that nobody could catch", exc_info=given.exc_value)


def _uncaught(_type: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
    log.critical("ended by an error", exc_info=error)


def line_of(error: Exception) -> int:
    """The line that raised a defect of ours, for the log: its text may hold personal data, so only type and place are told."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return frame.tb_lineno if frame else 0
