"""Messages that wait and are handed to nobody are noticed; whatever moves, is not ours, or was out of reach, is not."""

from datetime import UTC, datetime, timedelta

from orchestrator.standstill import Standstill
from topics.bus import Standing

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PLACE = ("subject.requests", 3)


def looks(*seen: tuple[float, Standing], ours: tuple[tuple[str, int], ...] = (PLACE,)) -> list[str | None]:
    """What a look after each of those minutes says."""
    standstill = Standstill()
    return [standstill.look({PLACE: one}, ours, NOW + timedelta(minutes=minutes)) for minutes, one in seen]


def test_messages_that_wait_for_two_minutes_on_a_partition_of_ours_are_a_standstill() -> None:
    first, second = looks((0, Standing(4, 0, 9)), (2, Standing(4, 0, 12)))
    assert first is None and second is not None and "subject.requests 3" in second


def test_a_group_that_never_committed_stands_at_the_first_message() -> None:
    assert None is looks((0, Standing(None, 5, 5)), (2, Standing(None, 5, 5)))[-1]
    assert None is not looks((0, Standing(None, 5, 6)), (2, Standing(None, 5, 6)))[-1]


def test_what_moves_however_slowly_is_none() -> None:
    assert [None] * 3 == looks((0, Standing(4, 0, 900)), (2, Standing(5, 0, 900)), (3.9, Standing(5, 0, 900)))


def test_where_nothing_waits_there_is_none() -> None:
    assert [None] * 2 == looks((0, Standing(9, 0, 9)), (60, Standing(9, 0, 9)))


def test_what_waits_on_another_members_partition_is_not_ours_to_tell() -> None:
    assert [None] * 2 == looks((0, Standing(4, 0, 9)), (60, Standing(4, 0, 9)), ours=(("subject.requests", 1),))


def test_who_was_given_no_partition_counts_all_for_a_rebalance_may_have_come_to_no_end() -> None:
    assert None is not looks((0, Standing(4, 0, 9)), (2, Standing(4, 0, 9)), ours=())[-1]
    assert None is looks((0, Standing(4, 0, 9)), (2, Standing(5, 0, 9)), ours=())[-1]


def test_a_broker_that_was_away_in_between_begins_the_wait_anew() -> None:
    standstill = Standstill()
    standstill.look({PLACE: Standing(4, 0, 9)}, [PLACE], NOW)
    standstill.forget()
    assert None is standstill.look({PLACE: Standing(4, 0, 9)}, [PLACE], NOW + timedelta(minutes=2))
    assert None is not standstill.look({PLACE: Standing(4, 0, 9)}, [PLACE], NOW + timedelta(minutes=4))
