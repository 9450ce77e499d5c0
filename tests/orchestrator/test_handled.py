"""The register as the ledger holds it: what an entry says, and what goes when its time is over. On both databases."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from orchestrator.handled import counts, entries, forget, going, page
from orchestrator.listed import Listed
from orchestrator.register import Entry, Tally, Wanted, keys_of_years_before, register_key
from orchestrator.tables import cases, certificates, identifiers
from orchestrator.upkeep import Upkeep
from tests.orchestrator.process_cases import Installation, answer, delivery, line, request
from topics.calendar_settings import Keep
from topics.keyring import KeyMissing
from topics.orders import LiftHold, PlaceHold, Refuse
from topics.outcomes import Hold, Outcome
from topics.reports import Answered

ZONE = ZoneInfo("Europe/Amsterdam")
KEEP = Keep(5, "y")
DONE = Tally("2026-11", "erasure", "complete", True)


def handled(installation: Installation, id: UUID, *lines: Any, **fields: Any) -> None:
    installation.take(request(id, **fields))
    installation.take(*(answer(id, *(lines or [line()]), name=name) for name in ("a", "b")))


def register(installation: Installation) -> list[Entry]:
    return list(entries(installation.ledger, ZONE, Wanted()))


def counted(installation: Installation) -> Counter[Tally]:
    return counts(installation.ledger, ZONE, Wanted(), installation.time.now.date())


def upkeep(installation: Installation) -> Upkeep:
    return Upkeep(installation.ledger, installation.keyring, KEEP, ZONE)


def later(installation: Installation, years: int = 5) -> None:
    installation.time.now += timedelta(days=366 * years)


def test_what_was_sent_by_a_clock_that_is_a_day_ahead_is_found_on_the_day_it_names(installation: Installation) -> None:
    ahead = installation.time.now + timedelta(hours=23, minutes=59)
    id = uuid4()
    handled(installation, id, received_at=ahead.isoformat())
    day = ahead.astimezone(ZONE).date()
    assert 1 == len(list(entries(installation.ledger, ZONE, Wanted(since=day))))
    assert [] == list(entries(installation.ledger, ZONE, Wanted(since=day + timedelta(days=1))))


def test_certificates_from_before_the_first_day_that_is_asked_for_are_not_even_read(installation: Installation) -> None:
    handled(installation, uuid4())
    with installation.ledger.transaction() as transaction:
        transaction.connection.execute(update(certificates).values(jws="unreadable"))
    installation.time.now += timedelta(days=10)
    handled(installation, uuid4(), received_at=installation.time.now.isoformat())
    assert 1 == len(list(entries(installation.ledger, ZONE, Wanted(since=installation.time.now.date()))))


def test_the_first_of_all_days_may_be_asked_for(installation: Installation) -> None:
    handled(installation, uuid4())
    assert 1 == len(list(entries(installation.ledger, ZONE, Wanted(since=date.min))))


def test_an_entry_is_answered_on_the_day_of_its_first_certificate_that_is_not_partial(installation: Installation) -> None:
    id = uuid4()
    installation.take(request(id), answer(id, line()), answer(id, outcome=Outcome.FAILED, name="b"))
    installation.time.now += timedelta(minutes=20)
    installation.process.wake(installation.time.now)
    assert [("partial", None, 1)] == [(e.standing, e.answered_on, len(e.certificates)) for e in register(installation)]
    installation.time.now += timedelta(days=40)
    installation.take(answer(id, line(), name="b"))
    (entry,) = register(installation)
    assert ("complete", installation.time.now.date(), False) == (
        entry.standing, entry.answered_on, entry.deadline_met(installation.time.now.date()),
    )  # fmt: skip


def test_a_refusal_is_told_as_such_and_counts_as_an_answer(installation: Installation) -> None:
    id = uuid4()
    installation.take(request(id, identity="doubtful"))
    order = Refuse(request_id=id, reason="manifestly unfounded")
    installation.take(delivery(order.model_dump_json().encode(), "case.refuse"))
    (entry,) = register(installation)
    assert ("refused", date(2026, 11, 20), True) == (entry.standing, entry.answered_on, entry.deadline_met(date(2027, 1, 1)))


def test_one_person_has_one_pseudonym_in_a_year_and_another_in_the_next(installation: Installation) -> None:
    handled(installation, uuid4())
    handled(installation, uuid4(), subject={"email": ["JAN@voorbeeld.nl"]})
    handled(installation, uuid4(), received_at="2025-12-31T23:30:00+01:00")
    handled(installation, uuid4(), received_at="2025-12-31T23:30:00Z")  # that is 2026 in Amsterdam
    one, same, of_2025, of_2026 = [entry.pseudonym for entry in register(installation)]
    assert (one, one, True) == (same, of_2026, of_2025 != one)


def test_what_is_open_past_its_last_day_is_late(installation: Installation) -> None:
    installation.take(request(uuid4()))
    (entry,) = register(installation)
    assert (None, False) == (entry.deadline_met(date(2026, 12, 21)), entry.deadline_met(date(2026, 12, 22)))


def test_the_pages_are_the_register_from_behind_with_what_is_open_first(installation: Installation) -> None:
    for _ in range(3):
        handled(installation, uuid4())
        installation.time.now += timedelta(minutes=1)
    again = uuid4()
    installation.take(request(again), answer(again, line()), answer(again, outcome=Outcome.FAILED, name="b"))
    installation.time.now += timedelta(minutes=20)
    installation.process.wake(installation.time.now)
    for minutes in range(2):
        installation.take(
            request(uuid4(), "subject.restrict", received_at=(installation.time.now + timedelta(minutes=minutes)).isoformat())
        )
    installation.take(request(uuid4(), mode="dry-run"), answer(again, line(), name="b"))
    pages = [page(installation.ledger, ZONE, Wanted(), after, 2) for after in range(0, 8, 2)]
    assert [2, 2, 2, 0] == [len(one.entries) for one in pages]
    assert register(installation)[::-1] == [entry for one in pages for entry in one.entries]
    assert ["open", "open", *["complete"] * 4] == [entry.standing for one in pages for entry in one.entries]
    assert [(6, {"erasure": 4, "restriction": 2})] * 4 == [(one.number, dict(one.rights)) for one in pages]
    for wanted, number in [(Wanted(standing="open"), 2), (Wanted(standing="complete"), 4), (Wanted(right="erasure"), 4)]:
        found = page(installation.ledger, ZONE, wanted, 0, 10)
        assert (number, number) == (found.number, len(found.entries))


def test_the_days_asked_for_are_the_controllers_own(installation: Installation) -> None:
    handled(installation, uuid4(), received_at="2026-11-18T23:30:00Z")  # 00:30 on the 19th in Amsterdam
    days = [date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)]
    assert [0, 1, 0] == [len(list(entries(installation.ledger, ZONE, Wanted(since=day, until=day)))) for day in days]
    assert 1 == len(list(entries(installation.ledger, ZONE, Wanted(since=date.min, until=date.max))))


# What is kept no longer


def test_when_its_time_is_over_an_entry_goes_and_its_count_stays(installation: Installation) -> None:
    id = uuid4()
    handled(installation, id)
    late = upkeep(installation)
    installation.time.now = installation.time.now.replace(year=2031)
    late.run(installation.time.now)
    assert 1 == len(register(installation))
    installation.time.now += timedelta(days=1)
    late.run(installation.time.now + timedelta(hours=1))
    assert ([], Counter({DONE: 1})) == (register(installation), counted(installation))
    with installation.ledger.reading() as transaction:
        left = [transaction.connection.scalar(select(table.c.request_id)) for table in (cases, identifiers)]
        assert [None, None] == left
        assert [] == transaction.certificates_of(id)
        (link,) = transaction.register()
        assert ("", 1, "0" * 64) == (link.jws, link.register_index, link.previous)
        shown = transaction.connection.execute(select(*(certificates.c[name] for name in (*Listed._fields, "newest")))).one()
        assert {None} == set(shown)


def test_the_chain_goes_on_after_what_was_forgotten(installation: Installation) -> None:
    handled(installation, uuid4())
    later(installation, 6)
    upkeep(installation).run(installation.time.now)
    handled(installation, uuid4(), received_at=installation.time.now.isoformat())
    with installation.ledger.reading() as transaction:
        first, second = transaction.register()
    assert (first.sha256, 2) == (second.previous, second.register_index)


def test_a_key_of_pseudonyms_goes_with_its_year_and_no_other_can_be_tested_any_more(installation: Installation) -> None:
    handled(installation, uuid4())
    assert installation.keyring.get(register_key(2026))
    upkeep(installation).forget_all(date(2026, 12, 31), installation.time.now)
    assert installation.keyring.get(register_key(2026))
    upkeep(installation).forget_all(date(2027, 1, 1), installation.time.now)
    with pytest.raises(KeyMissing):
        installation.keyring.get(register_key(2026))
    assert [] == keys_of_years_before(date(2018, 6, 1))


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"type": "subject.restrict", "ground": "18(1)(b)"}, [line(Outcome.RESTRICTED)]),
        ({"type": "subject.object", "ground": "21(2)", "processors": ["a", "b"]}, [line()]),
        ({}, [line(Outcome.FAILED)]),
        ({}, [line(Outcome.HELD, hold=Hold(statute="AWR art. 52(4)", exception="GDPR art. 17(3)(b)", until=date(2099, 12, 31)))]),
    ],
)
def test_what_still_waits_or_still_means_something_stays(installation: Installation, fields: dict[str, Any], lines: list[Any]) -> None:
    handled(installation, uuid4(), *lines, **fields)
    installation.time.now += timedelta(days=40)
    installation.process.wake(installation.time.now)
    later(installation, 6)
    upkeep(installation).run(installation.time.now)
    assert 1 == len(register(installation))


def test_a_request_with_a_legal_claim_stays_until_the_claim_is_lifted(installation: Installation) -> None:
    id = uuid4()
    installation.take(request(id))
    claim = PlaceHold(request_id=id, reason="a claim in court", until=date(2027, 1, 1))
    installation.take(delivery(claim.model_dump_json().encode(), "hold.place"))
    for round in (1, 2):
        for name in ("a", "b"):
            report = Answered(command_id=uuid4(), request_id=id, processor=name, round=round, mode="execute", outcome=Outcome.NOTHING_FOUND)
            installation.take(delivery(report.model_dump_json().encode(), "processor.answered", "processor.reports"))
    case = installation.case(id)
    assert case is not None and "closed" == case.state
    later(installation, 6)
    upkeep(installation).run(installation.time.now)
    assert 1 == len(register(installation))
    installation.take(delivery(LiftHold(request_id=id).model_dump_json().encode(), "hold.lift"))
    assert installation.case(id) is not None


def test_a_restriction_that_was_lifted_goes(installation: Installation) -> None:
    handled(installation, uuid4(), line(Outcome.RESTRICTED), type="subject.restrict", ground="18(1)(b)")
    lifting = uuid4()
    installation.take(request(lifting, "subject.unrestrict"))
    installation.time.now += timedelta(seconds=2)
    installation.process.wake(installation.time.now)
    installation.take(*(answer(lifting, line(Outcome.LIFTED), name=name) for name in ("a", "b")))
    later(installation, 6)
    upkeep(installation).run(installation.time.now)
    assert [] == register(installation)


def test_a_dry_run_goes_too_and_was_never_counted(installation: Installation) -> None:
    handled(installation, uuid4(), mode="dry-run")
    later(installation, 6)
    upkeep(installation).run(installation.time.now)
    with installation.ledger.reading() as transaction:
        assert transaction.connection.scalar(select(cases.c.request_id)) is None
    assert Counter() == counted(installation)


def test_two_orchestrators_and_a_restart_count_a_request_once(installation: Installation) -> None:
    for _ in range(3):
        handled(installation, uuid4())
    later(installation, 6)
    for one in (upkeep(installation), upkeep(installation), upkeep(installation)):
        one.run(installation.time.now)
    assert Counter({DONE: 3}) == counted(installation)


def test_orchestrators_that_forget_at_the_same_moment_count_a_request_once(installation: Installation) -> None:
    for _ in range(8):
        handled(installation, uuid4())
    later(installation, 6)
    several = [upkeep(installation) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda one: one.run(installation.time.now), several))
    assert ([], Counter({DONE: 8})) == (register(installation), counted(installation))


def test_a_crash_after_the_keys_and_before_the_commit_counts_nothing_twice(installation: Installation) -> None:
    handled(installation, uuid4())
    later(installation, 6)
    before = KEEP.before(installation.time.now.date())
    with pytest.raises(Crash), installation.ledger.transaction() as transaction:
        forget(transaction, going(transaction, before, ZONE, 0, 200), installation.time.now)
        raise Crash
    assert 1 == len(register(installation))
    upkeep(installation).run(installation.time.now)
    assert Counter({DONE: 1}) == counted(installation)


class Crash(Exception):
    """The process ends here."""


def test_it_is_looked_at_once_an_hour(installation: Installation) -> None:
    later(installation, 6)
    handled(installation, uuid4(), received_at=installation.time.now.isoformat())
    late, began = upkeep(installation), installation.time.now
    late.run(began)
    upkeep_of_the_future = began + timedelta(days=366 * 6)
    late.run(upkeep_of_the_future)
    assert [] == register(installation)
    handled(installation, uuid4(), received_at=began.isoformat())
    late.run(upkeep_of_the_future + timedelta(minutes=59))
    assert 1 == len(register(installation))
    late.run(upkeep_of_the_future + timedelta(minutes=60))
    assert [] == register(installation)


def test_a_request_of_the_same_person_is_recognised_after_an_earlier_one_is_forgotten(installation: Installation) -> None:
    handled(installation, uuid4())
    restriction = uuid4()
    handled(installation, restriction, line(Outcome.RESTRICTED), type="subject.restrict", ground="18(1)(c)")
    later(installation, 6)
    upkeep(installation).run(installation.time.now)
    erasure = uuid4()
    installation.take(request(erasure, received_at=installation.time.now.isoformat()))
    case = installation.case(erasure)
    assert case is not None and case.block is not None and restriction == case.block.by
