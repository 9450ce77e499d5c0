"""Proofs that officers uploaded, each sealed under the key of its case: who destroys that key leaves nothing of them that can be read.

A file is named by the request and the SHA-256 of what is in it. It holds lines, each a compact JWE of at most a megabyte.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from orchestrator.lasting import make_last, write_whole
from topics.keyring import Keyring, case_key
from topics.sealing import CannotOpen

_PART = 1 << 20
_ENDING = ".sealed"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_REQUEST = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ProofsGone(Exception):
    """The folder of the proofs cannot be read or written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The folder of the proofs cannot be used: {error.strerror}. Look at [web] keep_proofs.")


class Proofs:
    """The folder, its mode 0700; every file 0600. Blocking."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder, self._keyring = folder, keyring

    @classmethod
    def open(cls, folder: Path, keyring: Keyring) -> "Proofs":
        """The proofs in a folder, which is made if it is not there.

        Raises:
            ProofsGone: it cannot be made, or not be written.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ProofsGone(error) from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ProofsGone(PermissionError(13, "Permission denied"))
        return cls(folder, keyring)

    def keep(self, request_id: UUID, digest: str, proof: BinaryIO) -> None:
        """The whole file or none, made to last.

        Raises:
            KeyMissing: the case has no key any more.
            ProofsGone: it could not be written.
        """
        key = self._keyring.get(case_key(request_id))
        of_request = self._folder / str(request_id)
        parts = iter(lambda: proof.read(_PART), b"")
        lines = (key.seal("proof", part).encode() + b"\n" for part in parts)
        try:
            of_request.mkdir(mode=0o700, exist_ok=True)
            write_whole(of_request / f"{digest}{_ENDING}", lambda file: file.writelines(lines))
            make_last(self._folder)
        except OSError as error:
            raise ProofsGone(error) from None

    def of(self, request_id: UUID) -> list[str]:
        """The SHA-256 of each proof that is kept of a request, the oldest first; raises ProofsGone."""
        try:
            found = [(path.stat().st_mtime, path.name) for path in (self._folder / str(request_id)).glob(f"[!.]*{_ENDING}")]
        except OSError as error:
            raise ProofsGone(error) from None
        return [name.removesuffix(_ENDING) for _, name in sorted(found)]

    def read(self, request_id: UUID, digest: str) -> bytes | None:
        """What was kept; None: nothing under that SHA-256.

        Raises:
            KeyMissing: the key is destroyed, and the proof with it.
            CannotOpen: the file is not what was kept.
            ProofsGone: it cannot be read.
        """
        if not _DIGEST.fullmatch(digest):
            return None
        key = self._keyring.get(case_key(request_id))
        try:
            lines = (self._folder / str(request_id) / f"{digest}{_ENDING}").read_bytes().splitlines()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ProofsGone(error) from None
        proof = b"".join(key.open("proof", line.decode("ascii", "replace")) for line in lines)
        if hashlib.sha256(proof).hexdigest() != digest:
            raise CannotOpen
        return proof

    def sweep(self) -> int:
        """Remove what nobody can read any more, since the key of its case is destroyed; returns of how many requests.

        Raises:
            KeyringGone, ProofsGone: the rest waits for the next time.
        """
        try:
            names = [path.name for path in self._folder.iterdir() if _REQUEST.fullmatch(path.name)]
            gone = self._keyring.destroyed(case_key(UUID(name)) for name in names)
            swept = [self._folder / name for name in names if case_key(UUID(name)) in gone]
            for folder in swept:
                for path in folder.iterdir():
                    path.unlink()
                folder.rmdir()
        except OSError as error:
            raise ProofsGone(error) from None
        return len(swept)


_BEGINNINGS = {b"%PDF": "pdf", b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"PK\x03\x04": "zip"}


def ending(proof: bytes) -> str:
    """By which a file can be opened, from how it begins: its name may hold personal data, and is not kept."""
    return next((name for beginning, name in _BEGINNINGS.items() if proof.startswith(beginning)), "bin")
