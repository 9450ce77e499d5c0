"""Mailman 3 core from the Debian package: its own configuration, data and REST port, and no mail goes out."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import httpx

from tests.live.servers import ServerUnavailable
from tests.live.servers.process import end, launch, until_it_answers
from topics.broker import free_port

_PROGRAM = Path("/usr/lib/mailman3/bin/master")
_ACCOUNT = "list"
_FOLDERS = ("queue", "list_data", "log", "lock", "data", "cache", "etc", "ext", "messages", "archive", "template")
_IDLE_RUNNERS = ["archive", "bounces", "command", "digest", "in", "lmtp", "nntp", "out", "pipeline", "retry", "shunt", "task", "virgin"]
_SETTINGS = """\
[mailman]
layout: test
site_owner: owner@example.org
[paths.test]
var_dir: {folder}
bin_dir: /usr/lib/mailman3/bin
{folders}
pid_file: $var_dir/master.pid
lock_file: $lock_dir/master.lck
[webservice]
hostname: 127.0.0.1
port: {port}
api_version: 3.1
admin_user: {user}
admin_pass: {password}
[mta]
incoming: mailman.mta.null.NullMTA
{runners}
"""


class Mailman:
    """A Mailman core with REST on loopback; its data and port stay the same over `stop` and `start`."""

    user = "restadmin"
    password = "restpass"

    def __init__(self) -> None:
        if not _PROGRAM.exists():
            raise ServerUnavailable("Mailman 3 is not installed: apt-get install -y --no-install-recommends mailman3")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="erasure-mailman-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/3.1"

    @property
    def log(self) -> str:
        return (self.folder / "master.log").read_text(errors="replace")

    def start(self) -> Self:
        configuration = self.folder / "mailman.cfg"
        if not configuration.exists():
            configuration.write_text(self._settings())
        if os.geteuid() == 0:
            shutil.chown(self.folder, _ACCOUNT, _ACCOUNT)
        # `master` and not `mailman start`: it stays in the foreground, so that it ends with us. Force: a killed one leaves its lock.
        command = [str(_PROGRAM), "--force", "-C", str(configuration)]
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder)}
        self._process = launch(command, self.folder, account=_ACCOUNT, log=self.folder / "master.log", env=env)
        with self._client() as client:
            until_it_answers(self._process, lambda: client.get("/system/versions").raise_for_status(), httpx.HTTPError, lambda: self.log)
        return self

    def stop(self) -> None:
        end(self._process)  # its runners outlive a master that was killed
        self._process = None

    def add_list(self, address: str) -> None:
        """Create a mailing list, and its domain if that is new."""
        with self._client() as client:
            domain = client.post("/domains", data={"mail_host": address.partition("@")[2]})
            if domain.status_code != httpx.codes.BAD_REQUEST:  # the answer when it exists
                domain.raise_for_status()
            client.post("/lists", data={"fqdn_listname": address}).raise_for_status()

    def subscribe(self, list_address: str, address: str, display_name: str = "") -> None:
        form = {"list_id": list_address.replace("@", "."), "subscriber": address, "display_name": display_name}
        form |= dict.fromkeys(("pre_verified", "pre_confirmed", "pre_approved"), "true")
        with self._client() as client:
            client.post("/members", data=form).raise_for_status()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, auth=(self.user, self.password), timeout=10, trust_env=False)

    def _settings(self) -> str:
        return _SETTINGS.format(
            folder=self.folder,
            folders="\n".join(f"{name}_dir: $var_dir/{name}" for name in _FOLDERS),
            port=self.port,
            user=self.user,
            password=self.password,
            runners="\n".join(f"[runner.{name}]\nstart: no" for name in _IDLE_RUNNERS),
        )
