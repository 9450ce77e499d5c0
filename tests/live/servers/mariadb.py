"""MariaDB from the Debian package, on a loopback TCP port, with a fresh database for each test."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.live.servers import ServerUnavailable
from tests.live.servers.process import end, launch, until_it_answers
from topics.broker import free_port

_PROGRAM = Path("/usr/sbin/mariadbd")
_ACCOUNT = "nobody"  # it is not to run as root
_SETTINGS = {
    "bind-address": "127.0.0.1",
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-buffer-pool-size": "32M",
    "skip-log-bin": "",
    "skip-name-resolve": "",
    "sql-mode": "",  # as in many an old installation: what does not fit is cut off, unless the client is strict
    "default-time-zone": "+02:00",
}


class MariaDb:
    """A server on loopback. `root` has no password."""

    def __init__(self) -> None:
        if not _PROGRAM.exists():
            raise ServerUnavailable("MariaDB is not installed: apt-get install --no-install-recommends mariadb-server")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="erasure-mariadb-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.folder / "mariadb.log").read_text(errors="replace")

    def start(self) -> Self:
        data = self.folder / "data"
        if os.geteuid() == 0:
            shutil.chown(self.folder, _ACCOUNT)
        made = self._run("mariadb-install-db", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db")
        if made.wait():
            raise RuntimeError(f"MariaDB could not make its data folder: {self.log[-1000:]}")
        settings = [f"--{name}={value}" if value or name == "sql-mode" else f"--{name}" for name, value in _SETTINGS.items()]
        files = [f"--datadir={data}", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid", f"--port={self.port}"]
        self._process = self._run(str(_PROGRAM), *files, *settings)
        until_it_answers(self._process, lambda: self.run("SELECT 1"), OperationalError, lambda: self.log)
        return self

    def stop(self) -> None:
        end(self._process)
        self._process = None

    def run(self, *statements: str, database: str = "") -> None:
        """As root."""
        engine = create_engine(self.url(database))
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def new_database(self) -> str:
        """An SQLAlchemy URL of a new, empty database."""
        name = f"erasure_{uuid4().hex}"
        self.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return self.url(name)

    def url(self, database: str) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return launch([program, "--no-defaults", *arguments], self.folder, account=_ACCOUNT, log=self.folder / "mariadb.log")
