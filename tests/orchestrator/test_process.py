"""A batch in one transaction: what is repeated, contradictory, odd or too large never holds up the rest."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from orchestrator.ledger import Ledger, LedgerGone
from tests.orchestrator.process_cases import Installation, answer, delivery, line, reasons, request, topics
from topics.dead_letters import DeadLetter, unpack
from topics.outcomes import Hold, Outcome
from topics.parking import ParkedLately, TooManyParked

ID = uuid4()


def test_a_request_opens_a_case_and_sends_its_commands(installation: Installation) -> None:
    assert ["processor.commands.a", "processor.commands.b"] == topics(installation.take(request(ID)))
    case = installation.case(ID)
    assert case is not None
    assert (date(2026, 12, 21), "open") == (case.due_by, case.state)


def test_the_same_event_twice_is_one_also_within_a_batch(installation: Installation) -> None:
    twice = [request(ID, event_id="1"), request(ID, event_id="1")]
    assert 2 == len(installation.take(*twice))
    assert [] == installation.take(*twice)


def test_the_same_request_under_another_event_is_the_same_and_the_earliest_receipt_stands(installation: Installation) -> None:
    earlier = "2026-11-18T23:30:00+01:00"
    assert 2 == len(installation.take(request(ID), request(ID, received_at=earlier), request(ID)))
    case = installation.case(ID)
    assert case is not None
    assert (datetime.fromisoformat(earlier), date(2026, 12, 18)) == (case.received_at, case.due_by)


def test_the_same_event_with_other_content_is_a_dead_letter(installation: Installation) -> None:
    sent = installation.take(request(uuid4(), event_id="1"), request(uuid4(), event_id="1"))
    assert ["conflicting_event"] == reasons(sent)


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": {"email": ["piet@voorbeeld.nl"]}},
        {"ground": "17(1)(a)"},
        {"processors": ["a"]},
        {"mode": "dry-run"},
        {"type": "subject.restrict"},
    ],
)
def test_the_same_request_id_with_other_content_is_a_dead_letter(installation: Installation, changed: dict[str, Any]) -> None:
    installation.take(request(ID))
    before = installation.case(ID)
    assert ["conflicting_request"] == reasons(installation.take(request(ID, **changed)))
    assert before == installation.case(ID)


def test_what_is_no_content_does_not_make_it_another_request(installation: Installation) -> None:
    installation.take(request(ID, processors=["b", "a"]))
    same = request(
        ID, processors=["a", "b", "a"], subject={"email": [" JAN@voorbeeld.nl ", "jan@voorbeeld.nl"], "phone": []}, verified_by="seen"
    )
    assert [] == installation.take(same)


@pytest.mark.parametrize(
    "received_at", ["0001-01-01T00:00:00+14:00", "1969-07-20T20:17:00Z", "9999-12-31T23:59:59-14:00", "2026-11-22T09:00:00Z"]
)
def test_a_receipt_that_cannot_be_is_a_dead_letter(installation: Installation, received_at: str) -> None:
    assert ["invalid_content"] == reasons(installation.take(request(ID, received_at=received_at)))
    assert installation.case(ID) is None


@pytest.mark.parametrize("text", ["\x00", "x" * 10_000, "\u202e\u2028", "🤷" * 200, "'; DROP TABLE cases; --", "%s%(x)s{0}", "\\u0000"])
@pytest.mark.parametrize("field", ["verified_by", "ground", "subject", "processors", "mode", "type", "request_id", "event_id", "new"])
def test_odd_text_anywhere_ends_as_a_case_or_a_dead_letter_and_stops_nobody(installation: Installation, field: str, text: str) -> None:
    value: Any = {"subject": {"email": [text, "jan@voorbeeld.nl"]}, "processors": [text]}.get(field, text)
    other = uuid4()
    body = {"request_id": str(ID), "received_at": "2026-11-20T09:12:00+01:00", "subject": {"email": ["jan@voorbeeld.nl"]}} | {field: value}
    kind, event = body.pop("type", "subject.erase"), body.pop("event_id", None)
    odd = delivery(json.dumps(body).encode(), str(kind), event_id=event, key=text.encode())  # type: ignore[arg-type]
    sent = installation.take(odd, request(other))
    assert installation.case(other) is not None
    assert 1 == len(reasons(sent)) + (installation.case(ID) is not None)


@pytest.mark.parametrize("text", ["\x00", "x" * 500])
def test_odd_text_in_a_report_stops_nobody(installation: Installation, text: str) -> None:
    hold = Hold(statute=text, exception=text, until=date(9999, 12, 31))
    installation.take(request(ID))
    installation.take(answer(ID, line(Outcome.HELD, hold=hold, sealed="e30..AAAA.AAAA.AAAA", reason=text), reason=text))
    case = installation.case(ID)
    assert case is not None
    assert Outcome.HELD is case.processors[0].outcome


def test_a_vendor_that_waits_until_the_end_of_time_stops_nobody(installation: Installation) -> None:
    installation.take(request(ID))
    installation.take(answer(ID, outcome=Outcome.DEFERRED, again_at=datetime.fromisoformat("9999-12-31T23:59:59-12:00")))
    case = installation.case(ID)
    assert case is not None and case.wake_at is not None
    assert case.wake_at < datetime(2027, 1, 1, tzinfo=UTC)


def test_a_report_on_no_case_or_by_no_processor_of_it_is_a_dead_letter(installation: Installation) -> None:
    installation.take(request(ID, processors=["a"]))
    assert ["unknown_request", "unknown_processor"] == reasons(installation.take(answer(uuid4()), answer(ID, name="b")))


def test_an_unknown_type_and_an_unknown_processor_are_dead_letters(installation: Installation) -> None:
    sent = installation.take(
        request(type="subject.jan"), request(processors=["jan"]), request(processors=[]), request(type="subject.withdraw")
    )
    assert ["unknown_type", "unknown_processor", "invalid_content", "unsupported"] == reasons(sent)
    assert b"jan" not in b"".join(message.value.split(b'"sealed"')[0] for message in sent)


def test_an_oversized_original_is_kept_sealed_in_the_ledger(installation: Installation) -> None:
    large = delivery(b'{"email": "jan@voorbeeld.nl", "x": "' + b"x" * 2_000_000 + b'"}', "subject.erase")
    (message,) = installation.take(large)
    letter = DeadLetter.model_validate_json(message.value)
    with installation.ledger.reading() as transaction:
        sealed = transaction.original(large.topic, large.partition, large.offset)
    key = installation.keyring.get("dead-letters/2026-11")
    assert ("too_large", None) == (letter.reason, letter.sealed)
    assert sealed is not None
    assert large == unpack(key.open("ledger.original", sealed), letter)


def test_a_dead_letter_stands_under_a_key_only_if_that_is_a_uuid(installation: Installation) -> None:
    keys = [str(ID).encode(), b"jan@voorbeeld.nl", None, b"\xff"]
    sent = installation.take(*[delivery(b"{", "subject.erase", key=key) for key in keys])
    assert [keys[0], None, None, None] == [message.key for message in sent]


def test_all_answers_in_one_batch_end_in_one_certificate(installation: Installation) -> None:
    sent = installation.take(request(ID), answer(ID, line()), answer(ID, name="b"))
    assert ["processor.commands.a", "processor.commands.b", "subject.certificates", "subject.notices"] == topics(sent)


def test_time_wakes_a_case_once(installation: Installation) -> None:
    installation.take(request(ID), answer(ID, outcome=Outcome.FAILED), answer(ID, name="b"))
    assert [] == installation.process.wake(installation.time.now)
    later = installation.time.now + timedelta(minutes=15)
    assert ["subject.certificates"] == topics(message for _, message in installation.process.wake(later))
    assert [] == installation.process.wake(later)


def test_a_retry_that_comes_twice_orders_once(installation: Installation) -> None:
    installation.take(request(ID))
    retry = delivery(json.dumps({"request_id": str(ID), "only": "a"}).encode(), "case.retry", event_id="r")
    assert ["processor.commands.a"] == topics(installation.take(retry, retry))
    assert [] == installation.take(retry)


def test_what_is_in_the_outbox_stays_until_it_was_sent(installation: Installation, ledger: Ledger) -> None:
    sending = installation.process.take([request(ID)], installation.time.now)
    again = installation.another(ledger)
    assert sending == again.unsent(installation.time.now)
    again.sent([id for id, _ in sending], installation.time.now)
    assert [] == again.unsent(installation.time.now)


def test_what_was_taken_is_written_down_with_it_also_when_it_was_poison(installation: Installation) -> None:
    one, two = request(ID), delivery(b"{", "subject.erase")
    installation.take(one, two)
    with installation.ledger.reading() as transaction:
        assert {("subject.requests", 0): (two.offset + 1, installation.time.now)} == transaction.offsets()


def test_what_is_learnt_again_sends_nothing_and_moves_no_offset(installation: Installation) -> None:
    installation.process.learn_again([request(ID), delivery(b"{", "subject.erase"), answer(ID, line())], {}, installation.time.now)
    case = installation.case(ID)
    with installation.ledger.reading() as transaction:
        assert {} == transaction.offsets()
    assert [] == installation.process.unsent(installation.time.now)
    assert case is not None
    assert ([False, True], installation.time.now) == ([p.in_flight for p in case.processors], case.wake_at)


def test_a_repetition_is_known_for_thirty_days(installation: Installation) -> None:
    installation.take(request(ID, event_id="1"))
    installation.process.sent([], installation.time.now + timedelta(days=29))
    assert ["conflicting_event"] == reasons(installation.take(request(uuid4(), event_id="1")))


def test_when_too_much_is_parked_in_a_minute_nothing_of_that_batch_is_written(installation: Installation) -> None:
    installation.parked = ParkedLately(3)
    process = installation.another(installation.ledger)
    good, bad = uuid4(), [delivery(b"{not json", "subject.erase") for _ in range(4)]
    assert ["unreadable"] * 3 == reasons([message for _, message in process.take(bad[:3], installation.time.now)])
    with pytest.raises(TooManyParked, match=r"^4 messages of subject\.requests"):
        process.take([request(good), bad[3]], installation.time.now)
    assert installation.case(good) is None
    installation.time.now += timedelta(minutes=1)
    assert ["unreadable"] == reasons([message for _, message in process.take([request(good), bad[3]], installation.time.now)])
    assert installation.case(good) is not None


def test_a_batch_that_is_tried_again_because_the_ledger_was_away_is_counted_once(installation: Installation) -> None:
    installation.parked = ParkedLately(3)
    process = installation.another(installation.ledger)
    bad = [delivery(b"{not json", "subject.erase") for _ in range(2)]

    def gone(*_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("away"))

    event.listen(installation.ledger._engine, "commit", gone)
    for _ in range(3):
        with pytest.raises(LedgerGone):
            process.take(bad, installation.time.now)
    event.remove(installation.ledger._engine, "commit", gone)
    assert 2 == len(process.take(bad, installation.time.now))
