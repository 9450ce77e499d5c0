"""Pace: a minute's calls at once, then steadily, however many ask."""

import asyncio
from datetime import timedelta

import pytest

from connectors.pace import Pace
from connectors.testing.harness import START, Time


async def test_one_minutes_calls_start_at_once() -> None:
    time = Time()
    pace = Pace(60, time, time.sleep)
    for _ in range(60):
        await pace.turn()
    assert [] == time.waits


async def test_after_the_burst_calls_come_at_the_vendors_pace() -> None:
    time = Time()
    pace = Pace(60, time, time.sleep)
    for _ in range(180):
        await pace.turn()
    assert 120.0 == pytest.approx((time.now - START).total_seconds())
    assert all(wait == pytest.approx(1.0) for wait in time.waits)


async def test_those_who_ask_at_the_same_moment_queue_one_behind_the_other() -> None:
    waits: list[float] = []

    async def remember(seconds: float) -> None:
        waits.append(seconds)

    pace = Pace(2, lambda: START, remember)
    await asyncio.gather(*(pace.turn() for _ in range(5)))
    assert [30.0, 60.0, 90.0] == waits


async def test_a_long_silence_gives_no_more_than_one_minutes_calls() -> None:
    time = Time()
    pace = Pace(10, time, time.sleep)
    await pace.turn()
    time.now += timedelta(days=1)
    for _ in range(10):
        await pace.turn()
    assert [] == time.waits
    await pace.turn()
    assert [pytest.approx(6.0)] == time.waits


async def test_half_a_minute_gives_half_a_minutes_calls() -> None:
    time = Time()
    pace = Pace(10, time, time.sleep)
    for _ in range(10):
        await pace.turn()
    time.now += timedelta(seconds=30)
    for _ in range(5):
        await pace.turn()
    assert [] == time.waits
