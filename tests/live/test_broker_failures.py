"""Apache Kafka restarted, out of reach, silent or slow under a whole installation: every case ends, and nothing is left over."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from connectors.testing.simulator import Person
from orchestrator.standstill import PATIENCE
from tests.live.conftest import or_left_out
from tests.live.groups import Groups, until
from tests.live.installation import Backend, Installation, request_of
from tests.live.servers.kafka import Kafka
from tests.live.servers.proxy import Proxy
from tests.live.test_cases import opened, really_left, seed, told_as_left
from tests.live.vendors import SETTINGS, Vendors
from topics.kafka import Cluster

PEOPLE = [Person(f"p{n}@voorbeeld.nl", f"Piet {n}", f"P-{n}", f"+3130{n:07d}", date(date.today().year - 1, 6, 1)) for n in range(4)]  # noqa: DTZ011

SILENT_SECONDS = PATIENCE.total_seconds() + 120
"""Faust may fall silent when it comes back: that is noticed after `PATIENCE`, and the process started again."""
SESSION_SECONDS = Cluster("", embedded=False, static_membership=True).session_ms / 1000


@pytest.fixture(scope="module")
def kafka() -> Iterator[Kafka]:
    with or_left_out(Kafka) as server:
        yield server


@pytest.fixture
def proxy(kafka: Kafka) -> Iterator[Proxy]:
    with Proxy(kafka.proxy_port, kafka.far_port) as proxy:
        yield proxy


@pytest.fixture
def installation(kafka: Kafka, proxy: Proxy, tmp_path: Path) -> Iterator[Installation]:
    """An installation that reaches Kafka through the proxy only, running."""
    with Vendors() as vendors:
        installed = Installation(tmp_path, f"127.0.0.1:{proxy.port}", vendors, f"sqlite:///{tmp_path}/erasure.db", f"t{uuid4().hex[:8]}.")
        installed.configure()
        seed(installed, *PEOPLE)
        installed.start("all")
        yield installed
        installed.stop()


@pytest.fixture
async def groups(kafka: Kafka, installation: Installation) -> AsyncIterator[Groups]:
    async with Groups(kafka.bootstrap_servers) as groups:
        yield groups


@pytest.fixture
async def backend(kafka: Kafka, installation: Installation) -> AsyncIterator[Backend]:
    """A backend that the failure does not touch, so that requests come while the installation cannot see them."""
    async with Backend(kafka.bootstrap_servers, installation.prefix) as backend:
        yield backend


def names_of(installation: Installation) -> dict[str, list[str]]:
    """Every consumer group, and the topics that it reads."""
    workers = {f"erasure.worker.{name}": [f"processor.commands.{name}"] for name in SETTINGS}
    both = {"erasure.orchestrator": ["subject.requests", "processor.reports"], **workers}
    return {installation.prefix + group: [installation.prefix + topic for topic in topics] for group, topics in both.items()}


async def whole(installation: Installation, backend: Backend, groups: Groups, requests: list[str]) -> None:
    """Each case has a certificate that agrees with the vendors, nothing is parked, and nothing stays unacknowledged."""
    for person, jws in zip(PEOPLE, (await backend.certificates_of(requests)).values(), strict=True):
        certificate = opened(installation, jws)
        assert "complete_with_holds" == certificate["status"]
        assert told_as_left(certificate) == really_left(installation, person)
    for group, topics in names_of(installation).items():
        what = f"{group} still has unacknowledged messages"
        await until(lambda group=group, topics=topics: _nothing_left(groups, group, topics), what, SILENT_SECONDS)  # type: ignore[misc]
    assert [] == backend.dead_letters
    assert {"all": 0} == installation.stop()


async def _nothing_left(groups: Groups, group: str, topics: list[str]) -> bool:
    return await groups.lag(group, *topics) == 0


@pytest.mark.parametrize("fail", [Proxy.cut, Proxy.stall])
async def test_a_broker_out_of_reach_for_longer_than_the_session_loses_no_case(
    fail: Callable[[Proxy], None], installation: Installation, proxy: Proxy, backend: Backend, groups: Groups
) -> None:
    requests = [await backend.send(request_of(person)) for person in PEOPLE[:2]]
    await backend.certificate(requests[0])
    fail(proxy)
    requests += [await backend.send(request_of(person)) for person in PEOPLE[2:]]

    thrown_out_at = time.monotonic() + SESSION_SECONDS + 4

    async def thrown_out() -> bool:
        """Only the broker's clock decides; the processes learn of it when they can ask again."""
        return time.monotonic() > thrown_out_at

    await until(thrown_out, "the session")
    proxy.restore()
    await whole(installation, backend, groups, requests)
    assert "UnknownMemberIdError" in (installation.folder / "all.log").read_text()


async def test_a_slow_broker_slows_the_cases_and_nothing_else(
    installation: Installation, proxy: Proxy, backend: Backend, groups: Groups
) -> None:
    proxy.delay(0.2)
    requests = [await backend.send(request_of(person)) for person in PEOPLE]
    await backend.certificates_of(requests)
    proxy.restore()
    await whole(installation, backend, groups, requests)


async def test_a_broker_that_is_stopped_and_one_that_is_killed_come_back_with_a_new_epoch_and_lose_no_case(
    kafka: Kafka, installation: Installation, backend: Backend, groups: Groups
) -> None:
    requests, epochs = [], [kafka.controller_epoch]
    for person, end in zip(PEOPLE, (kafka.stop, kafka.kill), strict=False):
        requests.append(await backend.send(request_of(person)))
        end()  # while the case is under way
        kafka.start()
        epochs.append(kafka.controller_epoch)
    requests += [await backend.send(request_of(person)) for person in PEOPLE[2:]]
    assert sorted(set(epochs)) == epochs, "every start elects a controller anew"
    await whole(installation, backend, groups, requests)
