"""Many commands for a vendor that is down, and many messages that nobody can read: what waits, and what stops."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.benchmarks import backlog
from tests.live.conftest import or_left_out
from tests.live.groups import Groups
from tests.live.installation import Backend, Installation, request_of
from tests.live.servers.kafka import Kafka
from tests.live.test_cases import JAN, opened, seed
from tests.live.vendors import Vendors

CASES, CALLS_PER_MINUTE = 500, 15_000
POISON, BOUND = 250, 100


@pytest.fixture
def kafka() -> Iterator[Kafka]:
    with or_left_out(Kafka) as server:
        yield server


def test_a_queue_at_a_vendor_that_is_down_costs_no_memory_slows_nobody_and_drains_whole(kafka: Kafka) -> None:
    """The bounds are wide: CI machines are noisy. docs/reliability.md has the figures of 20,000."""
    found = backlog.run(CASES, outage=5.0, calls_per_minute=CALLS_PER_MINUTE, server=kafka)
    assert CASES == found.certificates
    assert 50 > found.memory_most - found.memory_before, "MB"
    assert max(4 * found.latency_before, 2.0) > found.latency_during
    assert CASES > found.calls_during, "the queue does not press on a vendor that is down"
    assert CALLS_PER_MINUTE * (1 + found.recovery_seconds / 60) >= found.recovery_calls >= 3 * CASES - found.calls_during


async def test_when_too_many_cannot_be_read_it_stops_and_with_a_higher_bound_all_are_parked_and_the_next_case_runs(
    kafka: Kafka, tmp_path: Path
) -> None:
    with Vendors() as vendors:
        installation = Installation(tmp_path, kafka.bootstrap_servers, vendors, f"sqlite:///{tmp_path}/erasure.db", f"t{uuid4().hex[:8]}.")
        installation.configure()
        seed(installation, JAN)
        assert 0 == installation.erasure("topics", "apply").returncode
        group = f"{installation.prefix}erasure.orchestrator"
        async with Backend(kafka.bootstrap_servers, installation.prefix) as backend, Groups(kafka.bootstrap_servers) as groups:
            for number in range(POISON):
                await backend.send_raw(b"{}", {"content-type": "application/json"}, str(number))
            process = installation.start("orchestrator")
            assert 1 == process.wait(60)
            said = (tmp_path / "orchestrator.log").read_text()
            assert "subject.requests could not be processed within a minute" in said and "invalid_envelope" in said
            acknowledged = await groups.committed(group)
            assert BOUND >= acknowledged
            await backend.until(lambda backend: len(backend.dead_letters) >= acknowledged)
            installation.config.write_text(installation.config.read_text() + f"[dead_letters]\nmost_per_minute = {2 * POISON}\n")
            installation.kill("orchestrator")  # it has ended: this only takes note of it
            installation.start("all")
            request = await backend.send(request_of(JAN))
            assert "complete_with_holds" == opened(installation, await backend.certificate(request))["status"]
            await backend.until(lambda backend: len({(x["partition"], x["offset"]) for x in backend.dead_letters}) == POISON)
            assert {"all": 0} == installation.stop()
