"""MariaDB from the Debian package, on a loopback TCP port, with a fresh database for each test."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Self
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.live.servers import ServerUnavailable
from topics.broker import die_with_parent, free_port

_PROGRAM = Path("/usr/sbin/mariadbd")
_ACCOUNT = "nobody"  # it is not to run as root
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05
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
        self._wait_until_answers()
        return self

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

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
        account = _ACCOUNT if os.geteuid() == 0 else None
        with (self.folder / "mariadb.log").open("ab") as log:
            return subprocess.Popen(
                [program, "--no-defaults", *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=account,
                group=pwd.getpwnam(account).pw_gid if account else None,
                extra_groups=[] if account else None,
                process_group=0,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def _wait_until_answers(self) -> None:
        pause, deadline = threading.Event(), time.monotonic() + _START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
                return
            except OperationalError as error:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise RuntimeError(f"MariaDB did not start: {self.log[-1000:]}") from error
                pause.wait(_POLL_SECONDS)
