"""How long until the next message after a SIGKILL: restarted in its place, and gone for good. Prints what it measured (-s)."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from connectors.testing.serve import serving
from connectors.testing.simulator import Person
from tests.live.installation import Backend, request_of
from tests.live.mortal import JAN, Site, known_vendor

PROMISED_IN_PLACE = 5.0
PROMISED_GONE = 15.0
NOISE = 4
"""Seconds are promised on a machine of its own; the tests share theirs. Faust's own settings take a minute, and would not pass."""

PEOPLE = [replace(JAN, email=f"p{n}@voorbeeld.nl", name=f"Piet {n}", customer_id=f"P-{n}x", phone=f"+3130{n:07d}") for n in range(16)]
PARTS = ("orchestrator", "workers")


@asynccontextmanager
async def running(folder: Path, bootstrap_servers: str) -> AsyncIterator[tuple[Site, Backend]]:
    """A site with one processor, and nobody running yet."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(known_vendor(*PEOPLE)))
        ledger_url = f"sqlite:///{folder}/ledger.db"
        site = Site(folder, bootstrap_servers, ledger_url, f"m{uuid4().hex[:8]}.", {"moneybird": url}, partitions=2)
        stack.push_async_callback(site.end)
        await site.prepare()
        yield site, await stack.enter_async_context(Backend(bootstrap_servers, site.prefix))


async def ended(backend: Backend, *people: Person) -> float:
    """Seconds until all of these have their certificate."""
    began = time.monotonic()
    requests = [await backend.send(request_of(person)) for person in people]
    await backend.certificates_of(requests)
    return time.monotonic() - began


@pytest.mark.parametrize("part", PARTS)
async def test_a_killed_process_that_is_started_again_takes_the_next_message_within_seconds(
    bootstrap_servers: str, tmp_path: Path, part: str
) -> None:
    async with running(tmp_path, bootstrap_servers) as (site, backend):
        living = {name: site.start(name) for name in PARTS}
        undisturbed = [await ended(backend, person) for person in PEOPLE[:2]][-1]
        living[part].kill()
        living[part].join()
        site.start(part)
        seconds = await ended(backend, *PEOPLE[2:8])
    print(f"\n{part} restarted after SIGKILL: {seconds:.1f} s to the last of six cases ({undisturbed:.1f} s for one when undisturbed)")
    assert seconds < NOISE * PROMISED_IN_PLACE


@pytest.mark.parametrize("part", PARTS)
async def test_the_others_take_over_from_one_that_is_gone_for_good(bootstrap_servers: str, tmp_path: Path, part: str) -> None:
    async with running(tmp_path, bootstrap_servers) as (site, backend):
        living = [site.start(part) for _ in range(2)]
        for other in set(PARTS) - {part}:
            site.start(other)
        await ended(backend, *PEOPLE[:2])
        living[0].kill()
        seconds = await ended(backend, *PEOPLE[2:])
    print(f"\n{part}, one of two gone for good: {seconds:.1f} s to the last of {len(PEOPLE) - 2} cases on all partitions")
    assert seconds < NOISE * PROMISED_GONE
