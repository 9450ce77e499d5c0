"""A rotating refresh token and real processes: killed (SIGKILL) at every moment of a renewal, and several at once."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

ROOT = Path(__file__).parents[2]
WORKER = """
import asyncio, os, pathlib, signal, sys, httpx
from pydantic import SecretStr
from connectors.errors import Denied
from connectors.oauth import RotatingToken

file, base_url, calls, moment = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)

class Worker(RotatingToken):
    _renewal = die if moment == "before it is sent" else RotatingToken._renewal
    _renewed = die if moment == "before the first byte is written" else RotatingToken._renewed
    def _write(self, kept):
        if kept.refresh_token != "r0" and moment == "while it is synced":
            os.fsync = die
        if kept.refresh_token != "r0" and moment == "before it takes its place":
            pathlib.Path.replace = die
        super()._write(kept)
        if kept.refresh_token != "r0" and moment == "before it is used":
            die()

async def main():
    auth = Worker("/api/oauth2/token", "/api/v1", "me", SecretStr("s"), file)
    async with httpx.AsyncClient(base_url=base_url, auth=auth, timeout=120, trust_env=False) as client:
        for _ in range(calls):
            try:
                print((await client.get("/api/v1/x")).status_code, flush=True)
            except Denied as error:
                print(error.reason, flush=True)

asyncio.run(main())
"""


class Vendor:
    """Takes each refresh token once: r0, then r1, ... `expires_in`: seconds; `forgives`: the one before too, until the next is used."""

    def __init__(self, folder: Path) -> None:
        self.file, self.expires_in, self.forgives, self.number = folder / "token.json", 600, False, 0
        self.file.write_text(json.dumps({"refresh_token": "r0"}))
        self.granted, self.refused, self.lock = list[str](), list[str](), threading.Lock()

    def renew(self, refresh_token: str) -> tuple[int, dict[str, object]]:
        with self.lock:
            again = self.forgives and refresh_token == f"r{self.number - 1}"
            if refresh_token != f"r{self.number}" and not again:
                self.refused.append(refresh_token)
                return 400, {"error": "invalid_grant"}
            self.granted.append(refresh_token)
            self.number += not again
            return 200, {"access_token": f"a{self.number}", "refresh_token": f"r{self.number}", "expires_in": self.expires_in}

    def start(self, calls: int = 1, moment: str = "never") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WORKER, str(self.file), self.url, str(calls), moment]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})

    def work(self, moment: str = "never") -> tuple[int, list[str]]:
        """One process that makes one call: how it ended, and what it was answered."""
        process = self.start(moment=moment)
        answers, _ = process.communicate(timeout=300)
        return process.returncode, answers.splitlines()

    url = ""


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Vendor]:
    vendor = Vendor(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self._answer(*vendor.renew(form["refresh_token"][0]))

        def do_GET(self) -> None:
            self._answer(200 if self.headers["authorization"].startswith("Bearer a") else 401, {})

        def _answer(self, status: int, body: object) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    yield vendor
    server.shutdown()
    thread.join()
    server.server_close()


KILLED = (-signal.SIGKILL, [])


@pytest.mark.parametrize("moment", ["while it is synced", "before it takes its place", "before it is used"])
def test_a_process_killed_once_the_next_token_is_written_loses_nothing(vendor: Vendor, moment: str) -> None:
    assert KILLED == vendor.work(moment)
    assert (0, ["200"]) == vendor.work()
    assert (["r0"], []) == (vendor.granted, vendor.refused)


def test_a_process_killed_before_the_renewal_is_sent_has_spent_nothing(vendor: Vendor) -> None:
    assert KILLED == vendor.work("before it is sent")
    assert (0, ["200"]) == vendor.work()
    assert (["r0"], []) == (vendor.granted, vendor.refused)


def test_a_process_killed_between_the_answer_and_the_first_byte_is_told_by_what_a_person_must_do(vendor: Vendor) -> None:
    assert KILLED == vendor.work("before the first byte is written")
    code, [told] = vendor.work()
    assert (0, True) == (code, "sign in at the vendor anew" in told)
    assert (["r0"], ["r0"]) == (vendor.granted, vendor.refused)
    vendor.file.write_text(json.dumps({"refresh_token": "r1"}))  # the new sign-in
    assert (0, ["200"]) == vendor.work()


def test_where_the_vendor_forgives_a_lost_answer_the_next_process_goes_on(vendor: Vendor) -> None:
    vendor.forgives = True
    assert KILLED == vendor.work("before the first byte is written")
    assert (0, ["200"]) == vendor.work()
    assert "r1" == json.loads(vendor.file.read_text())["refresh_token"]


def test_a_new_sign_in_counts_and_not_what_a_killed_process_left_behind(vendor: Vendor) -> None:
    assert KILLED == vendor.work("before it takes its place")
    vendor.number = 7
    vendor.file.write_text(json.dumps({"refresh_token": "r7"}))
    assert (0, ["200"]) == vendor.work()
    assert (["r0", "r7"], []) == (vendor.granted, vendor.refused)


def test_processes_that_renew_at_every_call_take_turns_and_none_uses_a_token_twice(vendor: Vendor) -> None:
    vendor.expires_in = 0
    processes = [vendor.start(calls=15) for _ in range(2)]
    answers = [process.communicate(timeout=300)[0].splitlines() for process in processes]
    assert [15 * ["200"]] * 2 == answers
    assert ([f"r{number}" for number in range(30)], []) == (vendor.granted, vendor.refused)
    assert "r30" == json.loads(vendor.file.read_text())["refresh_token"]
