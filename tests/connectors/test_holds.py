"""Legal holds: until which day a record is kept."""

from datetime import date

import pytest

from connectors.holds import HoldRule, HoldUnknown, duty_on
from topics.configuration import HoldStart


def rule(
    years: int = 7, start: HoldStart = "end_of_financial_year", year_end: tuple[int, int] = (12, 31), statute: str = "AWR art. 52(4)"
) -> HoldRule:
    return HoldRule(frozenset({"invoice"}), statute, "GDPR art. 17(3)(b)", years, start, year_end)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (date(2025, 1, 1), date(2032, 12, 31)),
        (date(2025, 12, 31), date(2032, 12, 31)),
        (date(2026, 1, 1), date(2033, 12, 31)),
        (date(2024, 2, 29), date(2031, 12, 31)),
    ],
)
def test_seven_years_count_from_the_end_of_the_records_year(since: date, until: date) -> None:
    assert until == rule().until(since)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (date(2025, 6, 30), date(2032, 6, 30)),  # the last day of the year 2024/25
        (date(2025, 7, 1), date(2033, 6, 30)),  # the first of 2025/26
        (date(2025, 12, 31), date(2033, 6, 30)),
        (date(2026, 1, 1), date(2033, 6, 30)),
    ],
)
def test_a_financial_year_that_ends_in_june_is_not_the_calendars(since: date, until: date) -> None:
    assert until == rule(year_end=(6, 30)).until(since)


@pytest.mark.parametrize(
    ("since", "years", "until"),
    [
        (date(2025, 6, 1), 7, date(2032, 6, 1)),
        (date(2024, 2, 29), 7, date(2031, 2, 28)),  # no 29 February then
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2025, 2, 28), 3, date(2028, 2, 28)),
    ],
)
def test_a_hold_from_the_records_date_ends_on_the_same_day_or_the_last_of_its_month(since: date, years: int, until: date) -> None:
    assert until == rule(years, "record_date").until(since)


def test_a_financial_year_that_ends_with_february_ends_on_its_last_day_in_a_leap_year_too() -> None:
    """The configuration refuses 02-29, so 02-28 is what can be written."""
    assert date(2031, 2, 28) == rule(year_end=(2, 28)).until(date(2024, 2, 28))
    assert date(2032, 2, 28) == rule(year_end=(2, 28)).until(date(2024, 2, 29))


def test_the_longest_hold_wins() -> None:
    rules = [rule(5, statute="five"), rule(10, statute="ten"), rule(7, statute="seven")]
    for order in (rules, rules[::-1]):
        duty = duty_on("invoice", date(2025, 6, 1), order, date(2026, 1, 1))
        assert duty and ("ten", date(2035, 12, 31)) == (duty.hold.statute, duty.hold.until)


def test_a_hold_that_ends_today_still_holds_and_tomorrow_no_more() -> None:
    assert duty_on("invoice", date(2025, 6, 1), [rule()], date(2032, 12, 31))
    assert duty_on("invoice", date(2025, 6, 1), [rule()], date(2033, 1, 1)) is None


def test_a_rule_for_another_kind_holds_nothing() -> None:
    assert duty_on("contact", date(2025, 6, 1), [rule()], date(2026, 1, 1)) is None


def test_a_record_of_another_kind_without_a_date_needs_nobody() -> None:
    assert duty_on("contact", None, [rule()], date(2026, 1, 1)) is None


def test_a_record_without_a_date_is_never_taken_as_free() -> None:
    with pytest.raises(HoldUnknown, match="no date"):
        duty_on("invoice", None, [rule()], date(2026, 1, 1))


def test_the_end_of_a_contract_is_never_guessed() -> None:
    with pytest.raises(HoldUnknown, match="end of the contract"):
        duty_on("invoice", date(2000, 1, 1), [rule(start="end_of_contract")], date(2026, 1, 1))


def test_a_known_hold_does_not_hide_an_unknown_one() -> None:
    """The unknown one may be longer."""
    with pytest.raises(HoldUnknown):
        duty_on("invoice", date(2025, 6, 1), [rule(), rule(start="end_of_contract")], date(2026, 1, 1))


def test_a_hold_names_its_statute_and_its_exception() -> None:
    duty = duty_on("invoice", date(2025, 6, 1), [rule()], date(2026, 1, 1))
    assert duty and ("AWR art. 52(4)", "GDPR art. 17(3)(b)") == (duty.hold.statute, duty.hold.exception)
