"""A command moves with every answer, stands still without, and is recalled by what is said later."""

from datetime import timedelta
from typing import Any

from connectors.contract import Outcome, Record, Subject
from connectors.testing.harness import START, Bench
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator
from tests.connectors.test_worker import ERASED, JAN, bench, told
from topics.reports import Located


def test_a_command_moves_with_every_answer_so_that_a_long_healthy_one_never_stands_still() -> None:
    """An hour of answers every twenty seconds: it never stood for more than those."""
    box = bench()
    waits = box.time.sleep
    stood: list[timedelta] = []

    class Slow(Shoebox):
        async def customers(self, subject: Subject) -> list[Any]:
            for _ in range(180):
                await waits(20)
                stood.append(box.time.now - (box.worker.stood_since() or START))
                await self.http.get("/customers", query={"show": "all"})
            return await super().customers(subject)

    box.connector = Slow
    assert ERASED == told(box.carry_out(JAN.subject()), "customer")
    assert timedelta(hours=2) <= box.time.now - START
    assert timedelta(seconds=20) == max(stood)
    assert box.worker.stood_since() is None


def test_a_command_that_gets_no_answer_stands_still_since_its_last() -> None:
    box = bench()
    waits = box.time.sleep
    stood: list[timedelta] = []

    class Stuck(Shoebox):
        async def erase(self, record: Record) -> None:
            await waits(3600)
            stood.append(box.time.now - (box.worker.stood_since() or box.time.now))

    box.connector = Stuck
    box.carry_out(JAN.subject())
    assert timedelta(hours=7) == max(stood)


class Recalling(Bench):
    """The orchestrator recalls the command while what was located is being reported."""

    async def _report(self, located: Located) -> None:
        await super()._report(located)
        self.keyring.recall(self.request_id, self.connector.spec.name, self.round)


def test_a_command_that_was_recalled_calls_nobody() -> None:
    box = bench()
    box.keyring.recall(box.request_id, box.connector.spec.name, 1)
    answer = box.carry_out(JAN.subject())
    assert (Outcome.DEFERRED, (), []) == (answer.outcome, answer.records, box.located)
    assert ERASED == told(box.carry_out(JAN.subject()), "customer")  # the next round was not


def test_a_command_that_is_recalled_while_it_reports_erases_nothing() -> None:
    simulator = ShoeboxSimulator()
    simulator.seed(JAN)
    box = Recalling(Shoebox, simulator, {"token": {"env": "KIT_SECRET"}}, "https://vendor.test/v1", ())
    answer = box.carry_out(JAN.subject())
    assert (Outcome.DEFERRED, (), 1) == (answer.outcome, answer.records, len(simulator.boxes))


def test_a_dry_run_is_not_recalled() -> None:
    box = bench()
    box.keyring.recall(box.request_id, box.connector.spec.name, 1)
    assert box.carry_out(JAN.subject(), mode="dry-run").records
