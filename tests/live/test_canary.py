"""Every byte that real processes write is searched for an unmistakable person: Kafka's segments, PostgreSQL's and SQLite's files with
their write-ahead logs, output at debug level, temporary files, certificates, letters and what the commands show."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from connectors.testing.simulator import Fault
from orchestrator.sealed_requests import sealed
from tests.canary.people import KNOWN, SUBJECT, VALUES, VERIFIED_BY
from tests.canary.search import Search
from tests.live.conftest import or_left_out
from tests.live.installation import Backend, Installation, request_of
from tests.live.servers.kafka import Kafka
from tests.live.servers.postgres import Postgres
from tests.live.test_cases import opened
from tests.live.vendors import Vendors
from topics.broker import EmbeddedBroker
from topics.bus import Message
from topics.kafka import find_cluster
from topics.names import Names
from topics.reading import read_all


class Outspoken(Installation):
    """Every process logs at debug level, and has a folder of its own for temporary files."""

    @property
    def environ(self) -> Mapping[str, str]:
        (self.folder / "tmp").mkdir(exist_ok=True)
        return {**super().environ, "ERASURE_DEBUG": "1", "PYTHONASYNCIODEBUG": "1", "TMPDIR": str(self.folder / "tmp")}


class SealingBackend(Backend):
    """A backend that seals whatever it sends, if it was given a key."""

    key: Mapping[str, Any] | None = None

    async def send_raw(self, value: bytes, headers: Mapping[str, str], key: str) -> None:
        if self.key is not None:
            encoded = tuple((name, text.encode()) for name, text in headers.items())
            message = sealed(Message("", None, value, encoded), self.key)
            value, headers = message.value, {name: text.decode() for name, text in message.headers}
        await super().send_raw(value, headers, key)


@dataclass
class Place:
    """Where a case is lived through. `disks`: everything that broker and database wrote, by their names."""

    installation: Outspoken
    disks: dict[str, Path]


@pytest.fixture(params=["kafka and postgresql", "embedded and sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Servers of its own, so that all that is on their disks is of this case."""
    with ExitStack() as stack:
        vendors, disks = stack.enter_context(Vendors()), {"installation": tmp_path}
        if request.param.startswith("kafka"):
            kafka, postgres = stack.enter_context(or_left_out(Kafka)), stack.enter_context(or_left_out(Postgres))
            servers, ledger = kafka.bootstrap_servers, postgres.new_database()
            disks |= {"kafka": kafka.folder, "postgresql": postgres.folder}
        else:
            servers, ledger = stack.enter_context(or_left_out(EmbeddedBroker)).bootstrap_servers, f"sqlite:///{tmp_path}/erasure.db"
        installation = Outspoken(tmp_path, servers, vendors, ledger, f"t{uuid4().hex[:8]}.")
        installation.configure()
        stack.callback(installation.stop)
        yield Place(installation, disks)


async def live_through(installation: Outspoken, backend: SealingBackend) -> str:
    """Erased, held, failed and told so, a crash of both sides, dead letters of every kind, a retry, and all that is shown to people."""
    vendors, echo = installation.vendors, json.dumps(SUBJECT)
    for simulator in vendors.by_name().values():
        simulator.seed(KNOWN)
        simulator.faults += [Fault(httpx.Response(500, text=echo)), Fault(None, writing=True, after_effect=True)]
    vendors.mailman.liar = True
    vendors.mollie.faults.append(Fault(httpx.Response(422, text=echo), writing=True))
    installation.start("orchestrator")
    request = request_of(KNOWN, subject=SUBJECT, verified_by=VERIFIED_BY)
    await backend.send(request)
    installation.start("workers", "--no-topics")
    installation.kill("workers")
    installation.kill("orchestrator")
    installation.start("orchestrator")
    installation.start("workers")
    await backend.send({**request, "mode": "dry-run"})
    await backend.send({**request, KNOWN.email: 1, "request_id": str(uuid4())})
    await backend.send({**request, "padding": "x" * 100_000}, type="subject.forget")
    await backend.send({"request_id": request["request_id"], "reason": f"about {KNOWN.email}"}, "case.extend")
    first = opened(installation, await backend.certificate(request["request_id"]))
    await backend.until(lambda backend: len(backend.dead_letters) == 4)
    assert "partial" == first["status"]
    vendors.mailman.liar = False
    installation.erasure("retry", request["request_id"])
    last = opened(installation, await backend.certificate(request["request_id"], revision=2))
    assert {"held", "erased"} <= {line["outcome"] for processor in last["processors"] for line in processor["records"]}
    return str(request["request_id"])


def shown(installation: Outspoken, request: str) -> dict[str, bytes]:
    """What the commands print; files that they write stand in the folder."""
    lines = [f"certificate {request}", f"certificate {request} --for subject", f"letter {request} --to jira", "dead-letters list --json"]
    lines += [f"status {request} --json", f"emit erase --email {KNOWN.email} --ground @", f"certificate {request} --revision 99"]
    ran = {line: installation.erasure(*line.split()) for line in lines}
    return {line.replace(KNOWN.email, "…"): (done.stdout + done.stderr).encode() for line, done in ran.items()}


async def on_the_wire(installation: Outspoken) -> dict[str, bytes]:
    """What every topic hands out: the embedded broker has no disk to look at."""
    cluster = await find_cluster(installation.bootstrap_servers, None)
    names = Names(installation.prefix)
    topics = [spec.name for spec in names.specs(installation.vendors.by_name(), 1)]
    found = {topic: await read_all(cluster, topic) for topic in topics}
    return {f"wire/{topic}": b"".join(repr((d.key, d.headers)).encode() + (d.value or b"") for d in ds) for topic, ds in found.items()}


def on_disk(disks: Mapping[str, Path]) -> dict[str, bytes]:
    """Every file, byte for byte; a file with the same bytes as another is searched once."""
    names: dict[bytes, list[str]] = {}
    for name, folder in disks.items():
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            names.setdefault(path.read_bytes(), []).append(f"{name}/{path.relative_to(folder)}")
    return {" = ".join(same): content for content, same in names.items()}


@pytest.mark.parametrize("how", ["plain", "sealed"])
async def test_the_person_stands_on_no_disk_but_where_the_design_says(place: Place, how: str) -> None:
    installation = place.installation
    assert 0 == installation.erasure("topics", "apply").returncode
    async with SealingBackend(installation.bootstrap_servers, installation.prefix) as backend:
        if how == "sealed":
            (backend.key,) = [key for key in json.loads(installation.erasure("keys", "export").stdout)["keys"] if key["use"] == "enc"]
        request = await live_through(installation, backend)
    told = shown(installation, request)
    wire = await on_the_wire(installation)
    alive, search = on_disk(place.disks), Search(VALUES)
    installation.stop()
    found = search.in_all({**told, **wire, **alive, **{f"stopped {name}": raw for name, raw in on_disk(place.disks).items()}})
    intake = f"{installation.prefix}subject.requests"
    elsewhere = {where: forms for where, forms in found.items() if intake not in where}
    assert {} == elsewhere
    assert (how == "plain") == bool(found)
    assert f"wire/{intake}" in wire and any(where.endswith("orchestrator.log") for where in alive)
    files = " ".join(found if how == "plain" and "kafka" in place.disks else alive)
    for file in [f"/{intake}-", ".log"] if "kafka" in place.disks else ["/erasure.db", "/erasure.db-wal", "/keyring.db"]:
        assert file in files
    assert "kafka" not in place.disks or any("pg_wal/" in where for where in alive)
