"""A server's process: started as a user that it accepts, waited for, and ended with what it started."""

import os
import pwd
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from topics.broker import die_with_parent

_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.05


def launch(
    command: Sequence[str],
    folder: Path,
    *,
    account: str | None = None,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    at_our_end: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Started in `folder`, as `account` where we are root, and ended when we end. What it prints goes to `log`."""
    user = account if os.geteuid() == 0 else None
    with (log or Path(os.devnull)).open("ab") as output:
        return subprocess.Popen(
            list(command),
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            process_group=0,
            preexec_fn=die_with_parent(at_our_end),
        )


def until_it_answers(
    process: subprocess.Popen[bytes], ask: Callable[[], object], refuses: type[Exception], log: Callable[[], str], seconds: float = 60.0
) -> None:
    """Ask until it does not raise `refuses`.

    Raises:
        RuntimeError: the process has ended, or took too long; with the end of its log.
    """
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while True:
        try:
            ask()
            return
        except refuses as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args[0]} did not start: {log()[-1000:]}") from error  # type: ignore[index]
            pause.wait(_POLL_SECONDS)


def end(process: subprocess.Popen[bytes] | None) -> None:
    """In good order; what does not end so is killed, with what it started in its group."""
    if process is None:
        return
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
