"""Apache Kafka by Maven: one node in KRaft mode that can be stopped, killed and restarted on its data."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.live.servers import ServerUnavailable
from topics.broker import die_with_parent, free_port, wait_until_answers

VERSION = "4.3.0"
_CLUSTER_ID = "RXJhc3VyZVRlc3RzS2Fma2"  # StorageTool wants sixteen bytes in base64
_FETCH_SECONDS = 600
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_JVM_OPTIONS = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},FAR://127.0.0.1:{far_port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},FAR://127.0.0.1:{proxy_port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,FAR:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
"""
_LOGGING = """\
status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %m (%c)%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
"""


class Kafka:
    """A broker on loopback; its data, ports and cluster id stay the same over `kill` and `start`.

    It listens twice: at `port`, and at `far_port`, whose clients are told to come to `proxy_port`. So a test can put a proxy
    between the broker and a part of its clients, and look at the broker from the near side meanwhile.
    """

    def __init__(self) -> None:
        self.port, self.far_port, self.proxy_port = free_port(), free_port(), free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="erasure-kafka-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "kafka.log").read_text(errors="replace")

    @property
    def controller_epoch(self) -> int:
        """Grows with every election of a controller, so with every start."""
        state = json.loads((self.folder / "data/__cluster_metadata-0/quorum-state").read_text())
        return int(state["leaderEpoch"])

    def start(self) -> Self:
        if not (self.folder / "data").exists():
            self._format()
        with (self.folder / "kafka.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self.folder / "server.properties")),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        wait_until_answers(self.port, self._process, _START_SECONDS)
        return self

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """It takes connections, and answers nothing until `resume`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.kill()  # nobody reads the data again, and a clean stop takes longer
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _format(self) -> None:
        ports = {"port": self.port, "far_port": self.far_port, "proxy_port": self.proxy_port, "controller_port": free_port()}
        settings = _SETTINGS.format(**ports, folder=self.folder)
        (self.folder / "server.properties").write_text(settings)
        (self.folder / "log4j2.properties").write_text(_LOGGING)
        command = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self.folder / "server.properties")]
        subprocess.run(self._java(*command), check=True, capture_output=True)

    def _java(self, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        return ["java", *_JVM_OPTIONS, logging, "-cp", f"{jars()}/*", *arguments]


def jars() -> Path:
    """Kafka's jars in the user's cache, fetched by Maven the first time."""
    if not (shutil.which("java") and shutil.which("mvn")):
        raise ServerUnavailable("Apache Kafka needs `java` (17 or later) and `mvn`: apt-get install -y maven")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gdpr-erasure-orchestrator"
    folder = cache / f"kafka-{VERSION}"
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as unfinished:
        shutil.copy(Path(__file__).with_name("pom.xml"), unfinished)
        command = ["mvn", "-q", "-B", "-ntp", "dependency:copy-dependencies", "-DoutputDirectory=jars"]
        done = subprocess.run(command, cwd=unfinished, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
        if done.returncode:
            raise ServerUnavailable(f"Maven could not fetch Apache Kafka: {done.stdout[-500:]}")
        if not folder.exists():  # another run may have been faster
            (Path(unfinished) / "jars").rename(folder)
    return folder
