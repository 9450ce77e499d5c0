"""Following a case until there is an answer: waits for the request too, and for a ledger that is away for a while."""

from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from orchestrator.case import Case
from orchestrator.command.view import ended, standing, status
from orchestrator.ledger import LedgerGone

LOOK_SECONDS = 0.2


class Screen(Protocol):
    """Where progress is shown. `case` is None before the request is taken in."""

    def show(self, case: Case | None) -> None: ...

    def tell(self, sentence: str) -> None: ...


def follow(
    look: Callable[[], Case | None], screen: Screen, seconds: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Case | None:
    """The case as it was seen last, when it has ended or the time is over; None if it never came."""
    until, last, told = clock() + seconds, None, ""
    while True:
        try:
            last = look() or last
            screen.show(last)
        except LedgerGone as error:
            if str(error) != told:
                screen.tell(f"{error} Trying again.")
            told = str(error)
        if (last is not None and ended(last)) or clock() >= until:
            return last
        sleep(LOOK_SECONDS)


class Lines:
    """A line for each change: for logs and pipes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._said: list[str] | None = None

    def show(self, case: Case | None) -> None:
        lines = _lines(case)
        for line in lines:
            if line not in (self._said or ()):
                self._write(line)
        self._said = lines

    def tell(self, sentence: str) -> None:
        self._write(sentence)


class Terminal:
    """All processors at once, repainted in place. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> "Terminal":
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, case: Case | None) -> None:
        self._live.update(Text("\n".join(_lines(case))), refresh=True)

    def tell(self, sentence: str) -> None:
        self._live.console.print(Text(sentence))


def _lines(case: Case | None) -> list[str]:
    if case is None:
        return ["The request is not taken in yet."]
    processors = [f"{name}: {outcome.replace('_', ' ')}" for name, outcome in standing(case)]
    certificates = [f"certificate revision {one.revision}: {one.status.value.replace('_', ' ')}" for one in case.certificates]
    return [f"{case.request_id}: {case.right.value}, {(status(case) or 'under way').replace('_', ' ')}", *processors, *certificates]
