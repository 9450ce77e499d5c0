"""The orchestrator is killed at every step between two effects, and started again: the case ends right, on every broker and ledger."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from connectors.testing.simulator import Fault
from orchestrator.ledger import Ledger
from tests.live.installation import Backend, request_of
from tests.live.mortal import JAN, Ended, Site, known_vendor, opened, until, working
from topics.keyring import Keyring, case_key, hold_key
from topics.steps import Step

AT_ONCE = 8


@dataclass(frozen=True)
class Crashes:
    """Where each life in turn is to die.

    `refused`: the vendor refuses at first, so that time alone brings the first certificate. `shreds`: the key goes after a second.
    """

    lives: tuple[str, ...]
    refused: bool = False
    poison: bool = False
    shreds: bool = False


def _twice(step: Step, second: int) -> Crashes:
    """While the request is in hand, and in the next life while the answer is."""
    return Crashes((f"{step}:1", f"{step}:{second}"))


PLANS: dict[str, Crashes] = {
    "at start": Crashes((Step.KEYS_READY,)),
    **{
        step.value: _twice(step, 3)
        for step in (Step.BATCH_RECEIVED, Step.CASE_KEYS_MADE, Step.BATCH_WRITTEN, Step.BATCH_COMMITTED, Step.ACKNOWLEDGED)
    },
    **{step.value: _twice(step, 2) for step in (Step.PUBLISHING, Step.PUBLISHED)},
    **{step.value: Crashes((step,)) for step in (Step.OFFSETS_COMMITTED, Step.OUTBOX_STRIKING, Step.OUTBOX_STRUCK)},
    **{step.value: Crashes((step,)) for step in (Step.SUPPRESSED, Step.FORGETTING, Step.FORGOTTEN)},
    "commands left over": Crashes((Step.BATCH_COMMITTED, Step.PUBLISHING)),
    "a certificate left over": Crashes((f"{Step.BATCH_COMMITTED}:3", Step.PUBLISHED)),
    "a dead letter left over": Crashes((Step.BATCH_COMMITTED, Step.PUBLISHED), poison=True),
    **{step.value: Crashes((step,), refused=True) for step in (Step.WOKEN_WRITTEN, Step.WOKEN_COMMITTED)},
    **{step.value: Crashes((step,), shreds=True) for step in (Step.KEYS_DESTROYING, Step.KEYS_DESTROYED, Step.DESTRUCTION_NOTED)},
}


async def crash(plan: Crashes, folder: Path, bootstrap_servers: str, ledger_url: str) -> Ended:
    """One case, with a process that dies in each of its lives but the last."""
    folder.mkdir()
    site = Site(folder, bootstrap_servers, ledger_url, f"c{uuid4().hex[:8]}.", {"moneybird": "http://127.0.0.1:9/api/v2"})
    site.look_again_after = "1s" if plan.shreds else "1d"
    await site.prepare()
    vendor, ledger = known_vendor(), Ledger.open(ledger_url)
    if plan.refused:
        vendor.faults.append(Fault(httpx.Response(403)))
    try:
        async with Backend(bootstrap_servers, site.prefix) as backend, working(site, vendor, ledger):
            if plan.poison:
                await backend.send_raw(b"\xff no json", {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/x", "ce_type": "y"}, "k")
            request = await backend.send(request_of(JAN))
            statuses = [await site.dies(site.start("orchestrator", crash_at=life)) for life in plan.lives]
            site.start("orchestrator")
            published = [await backend.certificate(request)]
            if plan.refused:
                await backend.send({"request_id": request}, "case.retry")
                published.append(await backend.certificate(request, revision=2))
            if plan.shreds:
                await until(lambda: is_shredded(folder, ledger, request), "the key was never destroyed")
            letters = {(letter["reason"], letter["offset"]) for letter in backend.dead_letters}
        return Ended(statuses, published, opened(site, published, ledger, request), {"moneybird": vendor}, sorted(letters))
    finally:
        await site.end()
        ledger.close()


def is_shredded(folder: Path, ledger: Ledger, request: str) -> bool:
    """The ledger says when the case's key was destroyed, and the keyring has it no more; what is held can still be found."""
    kid, keyring = case_key(UUID(request)), Keyring.open(f"sqlite:///{folder}/keyring.db")
    with ledger.reading() as transaction:
        noted = transaction.destroyed_keys.destroyed_at(kid)
    there = keyring.names()
    keyring.close()
    return noted is not None and kid not in there and hold_key(UUID(request)) in there


async def crash_all(folder: Path, bootstrap_servers: str, new_ledger: Callable[[Path], str]) -> dict[str, Ended | BaseException]:
    """Every plan on an installation of its own, a few at once."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, plan: Crashes) -> Ended:
        async with room:
            place = folder / str(number)
            return await crash(plan, place, bootstrap_servers, new_ledger(place))

    ended = await asyncio.gather(*(one(number, plan) for number, plan in enumerate(PLANS.values())), return_exceptions=True)
    return dict(zip(PLANS, ended, strict=True))


@pytest.fixture(scope="module")
def ends(
    bootstrap_servers: str, new_ledger: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Ended | BaseException]:
    return asyncio.run(crash_all(tmp_path_factory.mktemp("crashes"), bootstrap_servers, new_ledger))


@pytest.mark.parametrize("name", PLANS)
def test_an_orchestrator_that_is_killed_there_and_started_again_ends_its_case_right(
    ends: dict[str, Ended | BaseException], name: str
) -> None:
    ended, plan = ends[name], PLANS[name]
    if isinstance(ended, BaseException):
        raise ended
    ended.assert_right(*(["partial"] if plan.refused else []), "complete_with_holds")
    assert ([("unreadable", 0)] if plan.poison else []) == ended.dead_letters


def test_no_step_of_the_orchestrator_is_without_a_crash() -> None:
    steps = {step for step in Step if step.startswith("orchestrator.")}
    assert steps == {Step(life.partition(":")[0]) for plan in PLANS.values() for life in plan.lives}
