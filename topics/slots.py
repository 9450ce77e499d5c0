"""Slots: which of several like processes on this machine this one is, so that its static membership is its own.

The slot is a lock on a file, which the system lets go when the process ends, however it ends.
"""

import fcntl
import hashlib
import os
import socket
import tempfile
from pathlib import Path
from typing import IO

_MOST = 1_000


class Slot:
    """The lowest free slot for a role; held until the process ends or `release` is called."""

    def __init__(self, cluster: str, role: str) -> None:
        """`cluster`: bootstrap servers and prefix; `role`: the consumer group."""
        folder = Path(tempfile.gettempdir()) / f"erasure-slots-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        scope = hashlib.sha256(f"{cluster}/{role}".encode()).hexdigest()[:16]
        for number in range(_MOST):
            file = (folder / f"{scope}-{number}").open("w")
            if _locked(file):
                self._file, self.number = file, number
                break
            file.close()
        self.identity = f"{socket.gethostname()}-{role}-{self.number}"

    def release(self) -> None:
        """Free the slot."""
        self._file.close()


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
