"""The clock's dates, against a list that was computed by hand (`dates.toml`)."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator import working_days
from orchestrator.clock import Clock, Extension
from orchestrator.clock_rules import RULES
from orchestrator.deadlines import Pause, due_by
from topics.calendar_settings import read_promise

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CASES = tomllib.loads((Path(__file__).parent / "dates.toml").read_text())["cases"]
PLAIN = [case for case in CASES if not case.keys() & {"pauses", "extended", "promise"} and "due" in case]


def name(case: dict[str, Any]) -> str:
    return f"{case['rule']}: {case['why']}"


def clock_of(case: dict[str, Any]) -> Clock:
    extended, promise = case.get("extended"), case.get("promise")
    return Clock(
        case["received"],
        ZoneInfo(case.get("zone", "Europe/Amsterdam")),
        case.get("country", "NL"),
        tuple(Pause(began, ended[0] if ended else None, "the address is not the known one") for began, *ended in case.get("pauses", [])),
        Extension(extended, "many systems hold the person") if extended else None,
        read_promise(promise) if promise else None,
    )


@pytest.mark.parametrize("case", CASES, ids=name)
def test_every_date_is_the_one_computed_by_hand(case: dict[str, Any]) -> None:
    clock, none = clock_of(case), {"none": None}
    dates = {"due": clock.due_by, "told_until": clock.may_extend_until, "promised": clock.promised_by}
    wanted = {key: none.get(case[key], case[key]) for key in dates if key in case}
    assert wanted == {key: dates[key] for key in wanted}
    assert case.get("warnings", list(clock.warnings)) == list(clock.warnings)
    states = case.get("states", [])
    assert states == [[on, clock.state(on)] for on, _ in states]
    assert wanted or states or "warnings" in case


def test_there_are_at_least_sixty_cases_and_some_for_every_rule() -> None:
    assert len(CASES) >= 60
    assert {rule.name for rule in RULES} == {case["rule"] for case in CASES}
    assert len(CASES) == len({name(case) for case in CASES})


@pytest.mark.parametrize("case", PLAIN, ids=name)
def test_the_month_alone_is_the_clock_without_anything_else(case: dict[str, Any]) -> None:
    assert case["due"] == due_by(case["received"], ZoneInfo(case.get("zone", "Europe/Amsterdam")), case.get("country", "NL"))


@pytest.mark.parametrize("language", ["en_US.UTF-8", "nl_NL.UTF-8", "th_TH.UTF-8", "C"])
def test_the_language_of_the_machine_moves_no_date(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setenv("LANG", language)
    working_days._holidays.cache_clear()
    assert date(2026, 4, 3) == due_by(datetime.fromisoformat("2026-03-03T10:00+01:00"), AMSTERDAM)
    assert date(2025, 5, 5) == due_by(datetime.fromisoformat("2025-04-05T10:00+02:00"), AMSTERDAM)


def test_a_moment_without_offset_is_refused() -> None:
    naive, received = datetime.fromisoformat("2026-01-01T10:00"), datetime.fromisoformat("2026-01-01T10:00+01:00")
    for refused in (
        lambda: due_by(naive, AMSTERDAM),
        lambda: Clock(naive, AMSTERDAM),
        lambda: Pause(naive, None, "doubt"),
        lambda: Pause(received, naive, "doubt"),
        lambda: Extension(naive, "many systems"),
    ):
        with pytest.raises(ValueError, match="offset"):
            refused()


def test_a_country_without_known_holidays_is_refused() -> None:
    received = datetime.fromisoformat("2026-06-15T10:00+02:00")
    with pytest.raises(ValueError, match="XX"):
        due_by(received, AMSTERDAM, "XX")
    with pytest.raises(ValueError, match="XX"):
        Clock(received, AMSTERDAM, "XX")


def test_a_pause_without_a_ground_and_an_extension_without_a_reason_are_refused() -> None:
    asked = datetime.fromisoformat("2026-06-15T10:00+02:00")
    with pytest.raises(ValueError, match="ground"):
        Pause(asked, None, " ")
    with pytest.raises(ValueError, match="reason"):
        Extension(asked, "")


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    asked = datetime.fromisoformat("2026-06-15T10:00+02:00")
    with pytest.raises(ValueError, match="before it begins"):
        Pause(asked, datetime.fromisoformat("2026-06-15T09:59+02:00"), "doubt")


def test_while_paused_the_earliest_last_day_is_the_one_had_the_person_answered_at_once() -> None:
    case = {"received": datetime.fromisoformat("2026-06-15T10:00+02:00"), "pauses": [[datetime.fromisoformat("2026-06-16T10:00+02:00")]]}
    assert date(2026, 7, 15) == clock_of(case).not_before


def test_an_extension_told_while_paused_counts_though_the_answer_comes_after_the_unpaused_month() -> None:
    moments = [datetime.fromisoformat(f"2026-{day}T10:00+02:00") for day in ("06-15", "06-20", "08-01")]
    clock = clock_of({"received": moments[0], "pauses": [[moments[1]]], "extended": moments[2]})
    assert (True, None, date(2026, 9, 15)) == (clock.extended, clock.due_by, clock.not_before)
