"""A worker is killed at every step between two effects, and after every single call to a vendor: the case ends right, on every broker.

One case at many processors: each has a worker process of its own that dies at its own step, on records that nothing has touched.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from connectors.testing.harness import Bench
from connectors.testing.serve import serving
from connectors.vendors.moneybird import Moneybird
from orchestrator.ledger import Ledger
from tests.flow.company import BOOKS
from tests.live.installation import Backend, request_of
from tests.live.mortal import JAN, Ended, Site, known_vendor, opened
from topics.bus import Message
from topics.kafka import KafkaPublisher, find_cluster
from topics.steps import Step

CALLS = 36
"""What an undisturbed case takes at the vendor (a test below counts them)."""
AT_ONCE = 6

LIVES = {
    "received": f"{Step.COMMAND_RECEIVED}",
    "calling": f"{Step.CALLING}",
    **{f"called-{number}": f"{Step.CALLED}:{number}" for number in range(1, CALLS + 1)},
    "locating": f"{Step.REPORTING}:1",
    "located": f"{Step.REPORTED}:1",
    "answering": f"{Step.REPORTING}:2",
    "answered": f"{Step.REPORTED}:2",
    "parking": f"{Step.PARKING}",
    "parked": f"{Step.PARKED}",
    "committing": f"{Step.COMMANDS_COMMITTING}",
    "committed": f"{Step.COMMANDS_COMMITTED}",
}
"""Per processor the step at which its worker dies."""
POISONED = ("parked", "parking")
"""On the topics of these stands something first that nobody can read."""


async def poison(site: Site) -> None:
    """Put it there."""
    async with KafkaPublisher(await find_cluster(site.bootstrap_servers)) as publisher:
        await publisher.publish([Message(site.names.commands(name), b"k", b"\xff no command", ()) for name in POISONED])


async def crash_all(folder: Path, bootstrap_servers: str) -> Ended:
    """All workers die, each at its step; then one process works off what they left."""
    vendors = {name: known_vendor() for name in LIVES}
    ledger_url = f"sqlite:///{folder}/ledger.db"
    async with AsyncExitStack() as stack:
        urls = {name: await stack.enter_async_context(serving(vendor)) for name, vendor in vendors.items()}
        site = Site(folder, bootstrap_servers, ledger_url, f"c{uuid4().hex[:8]}.", urls)
        stack.push_async_callback(site.end)
        await site.prepare()
        await poison(site)
        site.start("orchestrator")
        backend = await stack.enter_async_context(Backend(bootstrap_servers, site.prefix))
        request = await backend.send(request_of(JAN))
        room = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, crash_at: str) -> int:
            async with room:
                return await site.dies(site.start("workers", "--only", name, crash_at=crash_at))

        statuses = await asyncio.gather(*(one(name, crash_at) for name, crash_at in LIVES.items()))
        site.start("workers")
        published = [await backend.certificate(request)]
        letters = {(letter["reason"], letter["topic"].removeprefix(site.prefix)) for letter in backend.dead_letters}
        ledger = Ledger.open(ledger_url)
        stack.callback(ledger.close)
        return Ended(statuses, published, opened(site, published, ledger, request), vendors, sorted(letters))


@pytest.fixture(scope="module")
def ended(bootstrap_servers: str, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return asyncio.run(crash_all(tmp_path_factory.mktemp("crashes"), bootstrap_servers))


@pytest.mark.parametrize("name", LIVES)
def test_a_worker_that_is_killed_there_and_started_again_ends_right(ended: Ended, name: str) -> None:
    assert -9 == dict(zip(LIVES, ended.statuses, strict=True))[name], "it never died"
    ended.assert_vendor(name)


def test_however_many_workers_die_the_case_has_one_certificate(ended: Ended) -> None:
    ended.assert_right("complete_with_holds")
    assert [("unreadable", f"processor.commands.{name}") for name in POISONED] == ended.dead_letters


def test_a_worker_is_killed_after_every_call_of_a_case() -> None:
    vendor = known_vendor()
    bench = Bench(
        Moneybird, vendor, {"administration_id": 123, "token": {"env": "KIT_SECRET"}}, "https://moneybird.example/api/v2", [BOOKS]
    )
    bench.carry_out(JAN.subject())
    assert CALLS == len(vendor.calls)


def test_no_step_of_the_workers_is_without_a_crash() -> None:
    steps = {step for step in Step if step.startswith("workers.")}
    assert steps == {Step(life.partition(":")[0]) for life in LIVES.values()}
