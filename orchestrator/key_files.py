"""Private keys as files of a folder, one each, under the moment at which it was made and its thumbprint (RFC 7638)."""

import fcntl
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_IMODE
from typing import Any, Generic, Protocol, Self, TypeVar

from joserfc.jwk import ECKey, OKPKey

from orchestrator.lasting import write_whole
from topics.model import Clock

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_OTHERS_MAY_WRITE = 0o022
_OTHERS_MAY_ANYTHING = 0o077


class KeyFolderError(Exception):
    """The key folder cannot be used; the message is a sentence that says why, and holds no key."""


class Made(Protocol):
    """A key that says when it was made."""

    @property
    def created_at(self) -> datetime: ...


K = TypeVar("K", bound=Made)


class KeyFolder(ABC, Generic[K]):
    """The keys of one folder. A key that another process adds is seen at the next use."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._names: list[str] = []
        self._keys: tuple[K, ...] = ()

    @classmethod
    def open(cls, folder: Path, clock: Clock = lambda: datetime.now(UTC)) -> Self:
        """The keys of `folder`; there are none yet if it does not exist.

        Raises:
            KeyFolderError: it cannot be read, a file is broken, or others may read a key or write into the folder.
        """
        keys = cls(folder, clock)
        _ = keys.all
        return keys

    @property
    def all(self) -> tuple[K, ...]:
        """Every key that is there, the oldest first."""
        found = names(self._folder)
        if found != self._names:
            self._keys = tuple(self._read(self._folder / name) for name in found)
            self._names = found
        return self._keys

    def ensure(self) -> K:
        """The newest key; the first one is made if there is none, once even if several processes ask."""
        if not self.all:  # looked at before the lock, so that a folder that is mounted read-only will do
            with locked(self._folder):
                if not self.all:
                    self._make()
        return self.all[-1]

    def rotate(self) -> K:
        """Make a new key, which is the one to use from now on."""
        with locked(self._folder):
            self._make()
        return self.all[-1]

    def _make(self) -> None:
        now = stamp(self._clock(), self.all[-1].created_at if self.all else None)
        key = self._generated()
        kid = key.thumbprint()
        write(self._folder, f"{now}-{kid}.json", {**key.as_dict(private=True), "kid": kid})

    @abstractmethod
    def _read(self, path: Path) -> K:
        """The key in a file; raises `KeyFolderError` where there is none."""

    @abstractmethod
    def _generated(self) -> ECKey | OKPKey:
        """A new private key."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process, so a crash leaves none behind."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise KeyFolderError(f"The key folder {folder} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def names(folder: Path) -> list[str]:
    """The key files in the folder, the oldest first; none if there is no folder."""
    try:
        mode = S_IMODE(folder.stat().st_mode)
        names = sorted(p.name for p in folder.iterdir() if p.suffix == ".json" and not p.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeyFolderError(f"The key folder {folder} cannot be read: {error.strerror}.") from error
    if mode & _OTHERS_MAY_WRITE:
        raise KeyFolderError(f"Others may write into the key folder {folder} (mode {mode:04o}); set it to 0700.")
    return names


def stamp(now: datetime, last: datetime | None) -> str:
    """The stamp of a key that is made now; a clock set back must not leave the old key active."""
    moment = now.astimezone(UTC)
    return (moment if last is None or moment > last else last + timedelta(microseconds=1)).strftime(_STAMP)


def made_at(name: str) -> datetime:
    """When the key in the file of that name was made.

    Raises:
        ValueError: the name does not say.
    """
    return datetime.strptime(name.partition("-")[0], _STAMP).replace(tzinfo=UTC)


def read(path: Path) -> bytes:
    """What a key file holds, which nobody else may read."""
    try:
        with path.open("rb") as file:
            mode = S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read()
    except OSError as error:
        raise KeyFolderError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if mode & _OTHERS_MAY_ANYTHING:
        raise KeyFolderError(f"Others may read the key file {path} (mode {mode:04o}); set it to 0600.")
    return content


def write(folder: Path, name: str, jwk: dict[str, Any]) -> None:
    """The whole file or none."""
    try:
        write_whole(folder / name, lambda file: file.write(json.dumps(jwk).encode()))
    except OSError as error:
        raise KeyFolderError(f"The key folder {folder} cannot be written: {error.strerror}.") from error
