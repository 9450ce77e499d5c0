"""Dovecot from the Debian package: its own configuration and mail on a loopback IMAP port, any user with one password."""

import getpass
import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from imapclient import IMAPClient  # type: ignore[import-untyped]

from tests.live.servers import ServerUnavailable
from tests.live.servers.process import end, launch, until_it_answers
from topics.broker import free_port

_PROGRAM = Path("/usr/sbin/dovecot")
_MODULE = Path("/usr/lib/dovecot/imap")
_SETTINGS = """\
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


class Dovecot:
    """A server on loopback; its mail and port stay the same over `stop` and `start`."""

    password = "dovepass"

    def __init__(self) -> None:
        if not (_PROGRAM.exists() and _MODULE.exists()):
            raise ServerUnavailable("Dovecot is not installed: apt-get install -y --no-install-recommends dovecot-imapd")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="erasure-dovecot-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"imap://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        file = self.folder / "dovecot.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def start(self) -> Self:
        (self.folder / "mail").mkdir(exist_ok=True)
        (self.folder / "dovecot.conf").write_text(self._settings())
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            shutil.chown(self.folder / "mail", "nobody", "nogroup")
        self._process = launch([str(_PROGRAM), "-F", "-c", str(self.folder / "dovecot.conf")], self.folder)
        until_it_answers(self._process, lambda: self.client("nobody@voorbeeld.example").logout(), OSError, lambda: self.log)
        return self

    def stop(self) -> None:
        end(self._process)
        self._process = None

    def client(self, user: str) -> IMAPClient:
        """A connection that has signed in; close it by `with`."""
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=30)
        client.login(user, self.password)
        return client

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _settings(self) -> str:
        root, me = os.geteuid() == 0, getpass.getuser()
        mine = grp.getgrgid(os.getegid()).gr_name
        owner = pwd.getpwnam("nobody") if root else pwd.getpwnam(me)
        return _SETTINGS.format(
            folder=self.folder,
            port=self.port,
            password=self.password,
            internal="dovecot" if root else me,
            group="dovecot" if root else mine,
            login="dovenull" if root else me,
            owner=owner.pw_uid,
            owner_group=owner.pw_gid,
        )
