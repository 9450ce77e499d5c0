"""Orchestrators and workers join, leave and are killed under load: every case once, one chain, and the vendors as it says."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from connectors.testing.serve import serving
from connectors.testing.simulator import Person
from orchestrator.certificate import Certificate
from orchestrator.issued import Issued
from orchestrator.ledger import Ledger
from orchestrator.sign import SigningKeys
from orchestrator.verify import verify
from tests.flow.company import lines
from tests.live.installation import Backend, request_of
from tests.live.mortal import AS_IT_ENDS, JAN, LOOK_ALIKE, Site, known_vendor
from tests.live.servers.postgres import Postgres

CASES = 60
SECONDS = 240.0
PEOPLE = [replace(JAN, email=f"p{n}@voorbeeld.nl", name=f"Piet {n}", customer_id=f"P-{n}x", phone=f"+3130{n:07d}") for n in range(CASES)]


async def send(backend: Backend, people: Sequence[Person]) -> list[str]:
    return [await backend.send(request_of(person)) for person in people]


async def come_and_go(site: Site, backend: Backend, members: int) -> list[str]:
    """A third of the cases; one of each kind is killed for good; a third; one joins, one leaves; a third."""
    parts = ("orchestrator", "workers")
    living = [[site.start(part) for part in parts] for _ in range(members)]
    requests = await send(backend, PEOPLE[::3])
    await backend.until(lambda backend: len(backend.certificates) > 2, SECONDS)
    for process in living[0]:
        process.kill()
    requests += await send(backend, PEOPLE[1::3])
    for part in parts:
        site.start(part)
    await backend.until(lambda backend: len(backend.certificates) > CASES // 3, SECONDS)
    for process in living[1]:
        process.terminate()
    requests += await send(backend, PEOPLE[2::3])
    await backend.until(lambda backend: len(backend.certificates) == CASES, SECONDS)
    return requests


def assert_one_chain(register: Sequence[Issued], requests: Sequence[str]) -> None:
    """No gap and no fork: neither in the register nor in the revisions of a case."""
    assert list(range(1, len(register) + 1)) == [issued.register_index for issued in register]
    assert ["0" * 64, *(issued.sha256 for issued in register[:-1])] == [issued.previous for issued in register]
    for request in requests:
        own = [issued for issued in register if issued.request_id == UUID(request)]
        assert list(range(1, len(own) + 1)) == [issued.revision for issued in own]
    assert {UUID(request) for request in requests} == {issued.request_id for issued in register}


@pytest.mark.parametrize("members", [2, 3])
async def test_members_that_come_and_go_make_every_case_once(
    bootstrap_servers: str, postgres: Postgres, tmp_path: Path, members: int
) -> None:
    vendors = {name: known_vendor(*PEOPLE, LOOK_ALIKE) for name in ("one", "two")}
    ledger_url = postgres.new_database()
    async with AsyncExitStack() as stack:
        urls = {name: await stack.enter_async_context(serving(vendor)) for name, vendor in vendors.items()}
        site = Site(tmp_path, bootstrap_servers, ledger_url, f"r{uuid4().hex[:8]}.", urls, partitions=4)
        stack.push_async_callback(site.end)
        await site.prepare()
        backend = await stack.enter_async_context(Backend(bootstrap_servers, site.prefix))
        requests = await come_and_go(site, backend, members)
        ledger = Ledger.open(ledger_url)
        stack.callback(ledger.close)
        with ledger.reading() as transaction:
            register = transaction.register()
        assert_one_chain(register, requests)
        assert [] == backend.dead_letters
        assert {issued.jws for issued in register} == {jws for tokens in backend.certificates.values() for jws in tokens}
    keys = SigningKeys.open(tmp_path / "keys").jwks()
    last: dict[str, Certificate] = {str(issued.request_id): verify(issued.jws, keys) for issued in register}
    asked = dict(zip(requests, [*PEOPLE[::3], *PEOPLE[1::3], *PEOPLE[2::3]], strict=True))
    for name, vendor in vendors.items():
        for request, person in asked.items():
            assert (AS_IT_ENDS, {"contact": 1, "invoice": 1}) == (lines(last[request], name), dict(+vendor.traces(person)))
        assert {"contact": 1, "invoice": 2, "contact_person": 1} == dict(+vendor.traces(LOOK_ALIKE))
