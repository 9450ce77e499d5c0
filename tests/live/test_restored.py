"""The restore drill on Apache Kafka: yesterday's ledger is put back while Kafka is ahead; no certificate is contradicted, no case lost."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url

from connectors.testing.simulator import Person
from orchestrator.ledger import Ledger
from tests.live.conftest import or_left_out
from tests.live.installation import Backend, Installation, request_of
from tests.live.servers.kafka import Kafka
from tests.live.servers.postgres import Postgres
from tests.live.test_cases import JAN, opened, really_left, seed, told_as_left
from tests.live.vendors import Vendors

PEOPLE = [Person(f"p{n}@voorbeeld.nl", f"Piet {n}", f"P-{n}", f"+3130{n:07d}", JAN.since) for n in range(4)]
AGED_OUT = "had aged out before the ledger held them"


@dataclass
class Store:
    """A ledger that can be backed up and put back while the orchestrator does not run, as docs/operate.md says."""

    folder: Path
    postgres: Postgres | None

    def __post_init__(self) -> None:
        self.url = self.postgres.new_database() if self.postgres else f"sqlite:///{self.folder}/erasure.db"

    def back_up(self) -> None:
        if self.postgres:
            self._sql(f"CREATE DATABASE {self._name}_copy TEMPLATE {self._name}")
        else:
            subprocess.run(["python3", "-c", BACK_UP], cwd=self.folder, check=True)

    def put_back(self) -> None:
        if self.postgres:
            self._sql(f"DROP DATABASE {self._name}")
            self._sql(f"CREATE DATABASE {self._name} TEMPLATE {self._name}_copy")
        else:
            for path in self.folder.glob("erasure.db*"):
                path.unlink()
            (self.folder / "erasure.db").write_bytes((self.folder / "ledger-backup.db").read_bytes())

    @property
    def _name(self) -> str:
        return str(make_url(self.url).database)

    def _sql(self, statement: str) -> None:
        import psycopg

        assert self.postgres is not None
        with psycopg.connect(self.postgres._dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


BACK_UP = """import sqlite3; sqlite3.connect("erasure.db").execute("VACUUM INTO 'ledger-backup.db'")"""


@pytest.fixture(scope="module")
def kafka() -> Iterator[str]:
    with or_left_out(Kafka) as broker:
        yield broker.bootstrap_servers


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path, request.getfixturevalue("postgres") if request.param == "postgresql" else None)


@pytest.fixture
def installation(kafka: str, store: Store, tmp_path: Path) -> Iterator[Installation]:
    with Vendors() as vendors:
        installed = Installation(tmp_path, kafka, vendors, store.url, f"t{uuid4().hex[:8]}.")
        installed.configure()
        assert 0 == installed.erasure("topics", "apply").returncode
        yield installed
        installed.stop()


def restart(installation: Installation, store: Store, do: Callable[[], None]) -> None:
    """Stop the orchestrator, do that to its ledger, and start it again."""
    installation.kill("orchestrator")
    do()
    installation.start("orchestrator")


async def age_out(installation: Installation, *topics: str) -> None:
    """As when their retention has passed: everything on them is gone."""
    consumer = AIOKafkaConsumer(bootstrap_servers=installation.bootstrap_servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=installation.bootstrap_servers)
    await consumer.start()
    await admin.start()
    places = [TopicPartition(installation.prefix + topic, number) for topic in topics for number in range(3)]
    ends = await consumer.end_offsets(places)
    await admin.delete_records({place: RecordsToDelete(before_offset=end) for place, end in ends.items() if end})
    await admin.close()
    await consumer.stop()


def register(store: Store) -> list[tuple[int, str, str]]:
    ledger = Ledger.open(store.url)
    with ledger.reading() as transaction:
        found = [(one.register_index, one.previous, one.sha256) for one in transaction.register()]
    ledger.close()
    return found


def assert_one_chain(register: list[tuple[int, str, str]]) -> None:
    assert list(range(1, len(register) + 1)) == [index for index, _, _ in register]
    assert ["0" * 64, *(sha256 for _, _, sha256 in register[:-1])] == [previous for _, previous, _ in register]


async def test_yesterdays_ledger_catches_up_from_the_topics_and_contradicts_nothing(installation: Installation, store: Store) -> None:
    seed(installation, *PEOPLE)
    installation.start("orchestrator")
    installation.start("workers", "--no-topics")
    async with Backend(installation.bootstrap_servers, installation.prefix) as backend:
        requests = [await backend.send(request_of(PEOPLE[0]))]
        await backend.certificate(requests[0])
        restart(installation, store, store.back_up)
        requests += [await backend.send(request_of(person)) for person in PEOPLE[1:3]]
        before = await backend.certificates_of(requests)
        installation.kill("workers")
        requests.append(await backend.send(request_of(PEOPLE[3])))  # acknowledged, ordered, and not yet answered
        await backend.until(lambda _: 0 == installation.erasure("status", requests[3]).returncode)
        restart(installation, store, store.put_back)
        installation.start("workers", "--no-topics")
        after = await backend.certificates_of(requests)
        assert before == {request: after[request] for request in requests[:3]}
        assert [1] * 4 == [len(set(backend.certificates[request])) for request in requests]
        assert [] == [letter["reason"] for letter in backend.dead_letters]
    for person, request in zip(PEOPLE, requests, strict=True):
        assert told_as_left(opened(installation, after[request])) == really_left(installation, person)
        assert "closed" == json.loads(installation.erasure("status", request, "--json").stdout)["state"]
    assert "was restored from a backup" in (installation.folder / "orchestrator.log").read_text()
    installation.stop()
    assert_one_chain(register(store))
    assert 4 <= len(register(store)) <= 5  # one more where a word came before the workers had looked again


async def test_what_aged_out_before_the_restore_is_said_on_the_certificate(installation: Installation, store: Store) -> None:
    seed(installation, *PEOPLE)
    installation.start("orchestrator")
    async with Backend(installation.bootstrap_servers, installation.prefix) as backend:
        waiting = await backend.send(request_of(PEOPLE[0]))
        await backend.until(lambda _: 0 == installation.erasure("status", waiting).returncode)
        restart(installation, store, store.back_up)
        installation.start("workers", "--no-topics")
        lost = await backend.send(request_of(PEOPLE[1]))
        first = await backend.certificates_of([waiting, lost])
        installation.kill("orchestrator")
        await age_out(installation, "subject.requests", "processor.reports")
        store.put_back()
        installation.start("orchestrator")
        second = opened(installation, await backend.certificate(waiting, revision=2))
        later = await backend.certificates_of([await backend.send(request_of(PEOPLE[2]))])
    assert [AGED_OUT in sentence for sentence in second["not_claimed"]].count(True) == 1
    left = really_left(installation, PEOPLE[0])
    assert left == told_as_left(opened(installation, first[waiting]))
    assert all(kinds <= left[name] for name, kinds in told_as_left(second).items())  # Mollie hides payments of an erased customer
    assert not any(
        AGED_OUT in sentence for jws in [*first.values(), *later.values()] for sentence in opened(installation, jws)["not_claimed"]
    )
    assert f"have them sent again. {lost}" in (installation.folder / "orchestrator.log").read_text()
    known = installation.erasure("status", lost)
    assert (1, True) == (known.returncode, f"erasure certificate {lost}" in known.stderr)
    assert first[lost] == installation.erasure("certificate", lost, "--format", "jws").stdout
    installation.stop()
    assert 4 <= len(register(store)) <= 5  # one more where a word came before the workers had looked again
    assert_one_chain(register(store))
