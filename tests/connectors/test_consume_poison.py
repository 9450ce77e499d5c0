"""What cannot be read goes to dead letters, sealed; what cannot be opened for now is waited for."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from connectors.testing.harness import START
from connectors.worker import Worker
from tests.connectors.test_consume import COMMANDS, LETTERS, REPORTS, Bench, GatedWorker, a_while, command, message, until
from topics.bus import BrokerGone, Delivery, Message
from topics.commands import Command
from topics.dead_letters import unpack
from topics.keyring import KeyMissing, KeyringGone, case_key, dead_letters_key, hold_key
from topics.names import LARGEST_DEAD_LETTER_BYTES, LARGEST_MESSAGE_BYTES
from topics.outcomes import Outcome
from topics.parking import TooManyParked
from topics.reports import Answered, Located
from topics.sealing import CannotOpen


def poison(value: bytes | None) -> Message:
    good = message(command())
    return Message(COMMANDS, b"jan@voorbeeld.nl", value or b"", good.headers)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (poison(b"{not json"), "unreadable"),
        (poison(None), "unreadable"),
        (poison(b'{"request_id": "jan@voorbeeld.nl"}'), "invalid_content"),
        (Message(COMMANDS, None, b"{}", ()), "invalid_envelope"),
        (message(command(), "processor.something_else"), "unknown_type"),
        (message(command(processor="other")), "unknown_processor"),
        (poison(b" " * (4 * 1024**2 + 1)), "too_large"),
    ],
)
async def test_poison_goes_to_dead_letters_sealed_and_the_next_command_runs(given: Message, reason: str) -> None:
    bench = Bench(GatedWorker(open=True))
    bench.broker.append(given)
    bench.send(command())
    async with bench.running():
        await until(lambda: bench.committed == 2)
    (letter,) = bench.letters
    assert (reason, COMMANDS, 0, 0) == (letter.reason.value, letter.topic, letter.partition, letter.offset)
    assert "jan" not in letter.detail and 1 == len(bench.answers)
    assert b"jan@" not in b"".join((d.key or b"") + (d.value or b"") for d in bench.broker.messages(LETTERS))


async def test_when_too_much_is_parked_in_a_minute_it_stops_and_all_that_follows_is_left_uncommitted() -> None:
    bench = Bench(GatedWorker(open=True), concurrency=1, most_parked=3)
    for _ in range(4):
        bench.broker.append(poison(b"{not json"))
    bench.send(command())
    async with bench.running() as run:
        with pytest.raises(TooManyParked, match=f"^4 messages of {COMMANDS} .* for the reason unreadable:"):
            await run
    assert (3, 3, []) == (len(bench.letters), bench.committed, bench.answers)


async def test_a_backlog_of_poison_drains_by_starting_again_since_each_start_commits_what_it_parked() -> None:
    bench = Bench(GatedWorker(open=True), concurrency=1, most_parked=3)
    for _ in range(4):
        bench.broker.append(poison(b"{not json"))
    bench.send(command())
    async with bench.running() as run:
        with pytest.raises(TooManyParked):
            await run
    bench.broker.groups["workers"].members[0].leave()
    async with bench.running():
        await until(lambda: bench.committed == 5)
    assert (4, 1) == (len(bench.letters), len(bench.answers))


async def test_a_dead_letter_opens_with_the_months_key_to_what_was_received() -> None:
    bench = Bench(GatedWorker(open=True))
    bench.broker.append(poison(b"{not json"))
    async with bench.running():
        await until(lambda: bench.committed)
    (letter,) = bench.letters
    opened: Delivery = unpack(bench.keyring.get(dead_letters_key(START)).open("dead_letter", letter.sealed or ""), letter)
    assert (b"{not json", b"jan@voorbeeld.nl", 0) == (opened.value, opened.key, opened.offset)


async def test_poison_is_committed_once_its_dead_letter_is_on_the_broker() -> None:
    bench = Bench(GatedWorker(open=True))
    bench.broker.append(poison(b"{not json"))
    async with bench.running():
        await until(lambda: bench.letters)
        await a_while()
    assert (1, 1) == (bench.committed, len(bench.letters))


async def test_a_large_command_that_nobody_can_open_keeps_its_original_in_the_dead_letter() -> None:
    bench = Bench(GatedWorker(open=True))
    bench.worker.faults = [KeyMissing("case/1")]
    known = ("eyJh..AA." + "A" * 3_900_000 + ".AA",)
    bench.broker.append(message(command().model_copy(update={"known": known})))
    async with bench.running():
        await until(lambda: bench.committed)
    (letter,) = bench.letters
    (sent,) = bench.broker.messages(LETTERS)
    opened = unpack(bench.keyring.get(dead_letters_key(START)).open("dead_letter", letter.sealed or ""), letter)
    assert known[0].encode() in (opened.value or b"")
    assert LARGEST_MESSAGE_BYTES < len(sent.value or b"") < LARGEST_DEAD_LETTER_BYTES


@pytest.mark.parametrize("fault", [KeyMissing("case/1"), CannotOpen()])
async def test_a_command_that_nobody_can_open_goes_to_dead_letters_as_sealed(fault: Exception) -> None:
    """Of a case that this keyring never knew: another keyring, or one that is lost."""
    bench = Bench(GatedWorker(open=True))
    bench.worker.faults = [fault]
    bench.send(command(), command())
    async with bench.running():
        await until(lambda: bench.committed == 2)
    assert ["sealed"] == [letter.reason.value for letter in bench.letters]
    assert 1 == len(bench.answers)


async def test_a_broker_that_does_not_take_the_dead_letter_ends_the_run_and_nothing_is_committed() -> None:

    class Cut(GatedWorker):
        async def carry_out(self, given: Command, report: Callable[[Located], Awaitable[None]]) -> Answered:
            bench.broker.away = True
            raise KeyMissing("case/1")

    bench = Bench(Cut())
    bench.send(command())
    async with bench.running() as run:
        with pytest.raises(BrokerGone):
            await run
    assert (0, []) == (bench.committed, bench.letters)


async def test_a_replayed_command_of_a_shredded_case_does_nothing_and_says_so() -> None:
    """With the worker itself: the key is destroyed, so the person cannot be read by anybody. That is no reason for a dead letter."""
    bench = Bench()
    given = command()
    key, _ = bench.keyring.ensure(case_key(given.request_id), hold_key(given.request_id))
    sealed = key.seal("subject", b'{"email": ["jan@voorbeeld.nl"]}')
    bench.keyring.destroy(key.kid)
    nobody: Any = None
    bench.worker = Worker(nobody, bench.keyring, bench.time, bench.time.sleep)  # type: ignore[assignment]
    bench.send(given.model_copy(update={"subject": sealed}))
    async with bench.running():
        await until(lambda: bench.committed)
    (answer,) = [Answered.model_validate_json(one.value or b"") for one in bench.broker.messages("processor.reports")]
    assert (Outcome.NEEDS_PERSON, (), []) == (answer.outcome, answer.records, bench.letters)
    assert "key is destroyed" in (answer.reason or "")


@pytest.mark.parametrize("fault", [OperationalError("select", {}, Exception("locked")), KeyringGone("wrapped by another key")])
async def test_a_keyring_that_is_away_for_a_while_is_waited_for(fault: Exception) -> None:
    bench = Bench(GatedWorker(open=True))
    bench.worker.faults = [fault for _ in range(3)]
    bench.send(command())
    async with bench.running():
        await until(lambda: bench.committed)
    assert [0.5, 1.0, 2.0] == bench.time.waits and 1 == len(bench.answers)


async def test_a_keyring_that_stays_away_ends_the_run_and_nothing_is_committed() -> None:
    bench = Bench()
    bench.worker.faults = [OperationalError("select", {}, Exception("locked")) for _ in range(99)]
    bench.send(command())
    async with bench.running() as run:
        with pytest.raises(OperationalError):
            await run
    assert (0, [], []) == (bench.committed, bench.answers, bench.letters)


async def test_a_defect_of_ours_is_told_as_a_failure_without_its_text() -> None:
    bench = Bench(GatedWorker(open=True))
    bench.worker.faults = [ZeroDivisionError("jan@voorbeeld.nl")]
    bench.send(command())
    async with bench.running():
        await until(lambda: bench.committed)
    (report,) = bench.broker.messages(REPORTS)
    answer = Answered.model_validate_json(report.value or b"")
    assert "failed" == answer.outcome and "ZeroDivisionError" in (answer.reason or "") and b"jan" not in (report.value or b"")


async def test_a_wrong_value_inside_the_worker_is_a_defect_and_not_called_a_missing_key() -> None:
    """Its command would go to dead letters as unreadable, and the case would wait for nobody."""
    bench = Bench(GatedWorker(open=True))
    with pytest.raises(ValidationError) as wrong:
        Command.model_validate({})
    bench.worker.faults = [wrong.value]
    bench.send(command())
    async with bench.running():
        await until(lambda: bench.committed)
    assert ([], 1) == (bench.letters, len(bench.answers))
