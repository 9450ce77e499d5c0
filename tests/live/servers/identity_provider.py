"""An OpenID provider by npm (`oidc-provider`, certified): one client, some accounts, and a form that takes any password."""

import html
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx

from tests.live.servers import ServerUnavailable
from topics.broker import die_with_parent, free_port, wait_until_answers

_SOURCES = Path(__file__).with_name("identity")
_FETCH_SECONDS = 300
_START_SECONDS = 30.0
_FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


class IdentityProvider:
    """`redirect_uri`: where the client is answered. `accounts`: the roles of each, told as the claim `roles`."""

    def __init__(self, redirect_uri: str, accounts: Mapping[str, Sequence[str]]) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.client_id, self.client_secret = "erasure", secrets.token_urlsafe(24)
        client = {"client_id": self.client_id, "client_secret": self.client_secret, "redirect_uris": [redirect_uri]}
        self._given = {"port": self.port, "client": client, "accounts": {name: list(roles) for name, roles in accounts.items()}}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["node", str(modules() / "provider.mjs"), json.dumps(self._given)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        wait_until_answers(self.port, self._process, _START_SECONDS)
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def sign_in(self, authorization_url: str, account: str) -> str:
        """What a browser does at the provider: its two forms. Returns the address that it is sent back to."""
        with httpx.Client(base_url=self.issuer) as browser:
            answer = browser.get(authorization_url)
            while True:
                while answer.is_redirect:
                    following = answer.headers["location"]
                    if following.startswith("http") and not following.startswith(self.issuer):
                        return str(following)
                    answer = browser.get(following)
                form = _FORM.search(answer.text)
                if form is None:
                    raise AssertionError(f"The provider answered {answer.status_code} and no form.")
                fields = dict(_HIDDEN.findall(form[2])) | {"login": account, "password": "any"}
                answer = browser.post(html.unescape(form[1]), data=fields)


def modules() -> Path:
    """The provider and what it needs, in the user's cache, fetched by npm the first time; what is fetched is held against its hashes."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise ServerUnavailable("The OpenID provider of the tests needs `node` (20 or later) and `npm`: apt-get install -y nodejs npm")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gdpr-erasure-orchestrator"
    version = json.loads((_SOURCES / "package.json").read_text())["dependencies"]["oidc-provider"]
    folder = cache / f"oidc-provider-{version}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as unfinished:
            whole = shutil.copytree(_SOURCES, Path(unfinished) / "whole")
            command = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=whole, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
            if done.returncode:
                raise ServerUnavailable(f"npm could not fetch the OpenID provider: {done.stderr[-500:]}")
            if not folder.exists():  # another run may have been faster
                whole.rename(folder)
    shutil.copy(_SOURCES / "provider.mjs", folder / "provider.mjs")
    return folder
