"""A command in the middle of its records: once it is stopped or recalled it destroys nothing more, and tells what it did."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from connectors.contract import Outcome
from connectors.leave import ASK_EVERY
from connectors.testing.harness import START, Bench, Time
from connectors.testing.simulator import Fault, Person
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator
from tests.connectors.test_worker import JAN
from topics.keyring import Keyring
from topics.outcomes import Evidence
from topics.reports import Answered, RecordOutcome
from topics.stopping import Against

CALL = timedelta(seconds=0.1)
"""How long a call at the vendor takes here."""
AT_MOST = int(ASK_EVERY / CALL)
"""How many calls are still begun: as many as fit into the time in which nobody asks."""

Say = Callable[[Bench], None]


def press(box: Bench) -> None:
    box.keyring.stops.press("olga", "The shop erases every visitor.")


def recall(box: Bench) -> None:
    box.keyring.recall(box.request_id, box.connector.spec.name, box.round)


BOTH = pytest.mark.parametrize(("say", "again"), [(press, START + timedelta(minutes=10)), (recall, None)])


class Vendor(ShoeboxSimulator):
    """Somebody with a thousand notes, at a vendor that takes its time over every call."""

    many = 1000

    def seed(self, person: Person) -> None:
        super().seed(person)
        next(iter(self.boxes.values())).notes.update(str(number) for number in range(10_000, 10_000 + self.many))


def bench(say: Say, after: int = 10, **given: Any) -> Bench:
    """`say`: what is said when so many writing calls were answered."""
    simulator = Vendor()
    simulator.seed(JAN)
    box = Bench(Shoebox, simulator, {"token": {"env": "KIT_SECRET"}}, "https://vendor.test/v1", **given)

    def watch(_request: httpx.Request, _answer: httpx.Response) -> None:
        box.time.now += CALL
        if simulator.writing_calls == after and simulator.calls[-1].writing:
            say(box)

    simulator.watch = watch
    return box


def lines(answer: Answered, outcome: Outcome) -> list[RecordOutcome]:
    return [line for line in answer.records if line.outcome is outcome]


@BOTH
def test_a_thousand_records_in_hand_are_not_destroyed_to_their_end(say: Say, again: Any) -> None:
    box = bench(say)
    answer = box.carry_out(JAN.subject())
    gone = 1007 - sum(box.simulator.traces(JAN).values())
    assert 10 <= gone <= 10 + AT_MOST
    assert {gone} == {box.simulator.writing_calls, len(lines(answer, Outcome.ERASED))}
    assert {Evidence.VERIFIED} == {line.evidence for line in lines(answer, Outcome.ERASED)}
    assert {None} == {line.evidence for line in lines(answer, Outcome.DEFERRED)}
    assert (1007 - gone, None) == (len(lines(answer, Outcome.DEFERRED)), answer.outcome)
    assert (again is None) == (answer.again_at is None)


def test_what_was_not_done_when_everything_was_stopped_is_done_by_the_next_round_after_it_is_lifted() -> None:
    box = bench(press)
    first = box.carry_out(JAN.subject())
    assert first.again_at is not None and first.again_at - START > timedelta(minutes=10)
    assert box.keyring.stops.lift("olga")
    last = box.carry_out(JAN.subject())
    assert {(Outcome.ERASED, Evidence.VERIFIED)} == {(line.outcome, line.evidence) for line in last.records}
    assert (1007, 0) == (len(last.records), sum(box.simulator.traces(JAN).values()))


@BOTH
def test_a_restriction_in_hand_ends_as_well(say: Say, again: Any) -> None:
    box = bench(say)
    for _ in range(40):
        box.simulator.seed(JAN)
    answer = box.carry_out(JAN.subject(), "restrict")
    shut = box.simulator.restricted(JAN)["customer"]
    assert 10 <= shut <= 10 + AT_MOST
    assert (shut, 41 - shut) == (len(lines(answer, Outcome.RESTRICTED)), len(lines(answer, Outcome.DEFERRED)))


@BOTH
def test_what_appears_while_it_was_stopped_is_written_down_and_left(say: Say, again: Any) -> None:
    """After the last record of the first pass something new is there: the second pass touches nothing."""

    def and_a_new_one(box: Bench) -> None:
        say(box)
        ShoeboxSimulator.seed(box.simulator, JAN)  # type: ignore[arg-type]

    box = bench(and_a_new_one, after=1007)
    answer = box.carry_out(JAN.subject())
    assert (1007, 1007) == (box.simulator.writing_calls, len(lines(answer, Outcome.ERASED)))
    assert 7 == len(lines(answer, Outcome.DEFERRED))
    assert 2 == len(box.located)


class Waited(Time):
    """Something is said during the first wait of a minute."""

    said: Callable[[], None] | None = None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if seconds >= 60 and self.said:
            self.said()
            self.said = None


def waiting(say: Say, **given: Any) -> Bench:
    time = Waited()
    box = bench(lambda box: None, time=time, **given)
    time.said = lambda: say(box)
    return box


@BOTH
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_call_that_waits_to_be_tried_again_is_not_and_nothing_is_claimed_of_it(say: Say, again: Any, after_effect: bool) -> None:
    box = waiting(say)
    busy = httpx.Response(503, headers={"Retry-After": "60"})
    box.simulator.faults.append(Fault(busy, writing=True, skip=3, after_effect=after_effect))
    answer = box.carry_out(JAN.subject())
    assert (4, 3) == (box.simulator.writing_calls, len(lines(answer, Outcome.ERASED)))
    assert (1004, 1007) == (len(lines(answer, Outcome.DEFERRED)), len(answer.records))
    box.keyring.stops.lift("olga")
    last = box.carry_out(JAN.subject())
    assert {(Outcome.ERASED, Evidence.VERIFIED)} == {(line.outcome, line.evidence) for line in last.records}


@BOTH
def test_a_dry_run_goes_on(say: Say, again: Any) -> None:
    box = waiting(say)
    box.simulator.faults.append(Fault(httpx.Response(503, headers={"Retry-After": "60"}), skip=1))
    answer = box.carry_out(JAN.subject(), mode="dry-run")
    assert ({Outcome.ERASED}, 1007) == ({line.outcome for line in answer.records}, len(answer.records))


@BOTH
def test_what_was_done_is_looked_at_again_however_long_the_vendor_asks_to_wait(say: Say, again: Any) -> None:
    box = waiting(say)
    box.simulator.faults.append(Fault(httpx.Response(503, headers={"Retry-After": "60"}), method="GET", skip=22))
    answer = box.carry_out(JAN.subject())
    assert (1007, {Evidence.VERIFIED}) == (len(lines(answer, Outcome.ERASED)), {line.evidence for line in answer.records})


class Failing(Keyring):
    """Cannot be read from the `fails_at`th question on."""

    fails_at = 3

    async def against(self, request_id: UUID, processor: str, round: int) -> Against | None:
        self.fails_at -= 1
        if self.fails_at <= 0:
            raise OperationalError("select", {}, Exception("the server is gone"))
        return await super().against(request_id, processor, round)


def test_where_the_keyring_cannot_be_read_nothing_more_is_destroyed() -> None:
    box = bench(lambda box: None, keyring=Failing.open("sqlite://"))
    answer = box.carry_out(JAN.subject())
    assert AT_MOST <= len(lines(answer, Outcome.ERASED)) == box.simulator.writing_calls <= 2 * AT_MOST
    reasons = {line.reason for line in lines(answer, Outcome.DEFERRED)}
    assert {"The keyring cannot be read: nothing is destroyed here until it can be."} == reasons
    assert answer.again_at is not None
    assert answer.again_at - box.time.now <= timedelta(seconds=5), "a moment's outage must not cost as much as a stop"
