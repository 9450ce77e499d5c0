"""The ledger's disk full and its file damaged, under processes as users run them."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.live.groups import until
from tests.live.installation import Backend, Installation, request_of
from tests.live.test_cases import JAN, opened, really_left, seed, told_as_left
from tests.live.vendors import Vendors
from topics.broker import EmbeddedBroker


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip(
            "To mount a small disk one must be root; the same error is made without one in tests/orchestrator/test_ledger_failures.py"
        )
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


def installed(broker: EmbeddedBroker, vendors: Vendors, folder: Path, ledger: Path) -> Installation:
    installation = Installation(folder, broker.bootstrap_servers, vendors, f"sqlite:///{ledger}", f"t{uuid4().hex[:8]}.")
    installation.configure()
    seed(installation, JAN)
    assert 0 == installation.erasure("topics", "apply").returncode
    return installation


async def test_a_full_disk_is_waited_for_and_the_case_goes_on_once_there_is_room(
    broker: EmbeddedBroker, small_disk: Path, tmp_path: Path
) -> None:
    ballast, log = small_disk / "ballast", tmp_path / "all.log"
    with Vendors() as vendors:
        installation = installed(broker, vendors, tmp_path, small_disk / "erasure.db")
        async with Backend(installation.bootstrap_servers, installation.prefix) as backend:
            installation.start("all")
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(b"\0" * 4096)
            request = await backend.send(request_of(JAN))

            async def told() -> bool:
                return "SQLITE_FULL). Trying again." in log.read_text()

            await until(told, "the orchestrator has not said that the disk is full", 45.0)
            ballast.unlink()
            certificate = opened(installation, await backend.certificate(request))
            assert told_as_left(certificate) == really_left(installation, JAN)
        assert {"all": 0} == installation.stop()


async def test_a_damaged_ledger_is_refused_at_start_and_its_backup_is_taken(broker: EmbeddedBroker, tmp_path: Path) -> None:
    ledger, backup = tmp_path / "erasure.db", tmp_path / "backup.db"
    with Vendors() as vendors:
        installation = installed(broker, vendors, tmp_path, ledger)
        async with Backend(installation.bootstrap_servers, installation.prefix) as backend:
            installation.start("all")
            request = await backend.send(request_of(JAN))
            await backend.certificate(request)
            with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(backup)) as target:
                source.backup(target)
            installation.stop()
            os.truncate(ledger, ledger.stat().st_size // 2)
            refused = installation.erasure("run", "all")
            assert 2 == refused.returncode
            assert "damaged: restore the last backup" in refused.stderr and "Traceback" not in refused.stderr
            for left in tmp_path.glob("erasure.db*"):
                left.unlink()
            shutil.copy(backup, ledger)
            installation.start("all")
            assert 0 == installation.erasure("certificate", request).returncode
            assert {"all": 0} == installation.stop()
