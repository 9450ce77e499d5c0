"""Legal holds: until which day a record is kept."""

from dataclasses import replace
from datetime import date

import pytest

from connectors.holds import HoldRule, HoldUnknown, duty_on
from topics.commands import Claim
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


def test_seven_years_after_the_end_of_a_contract_count_from_the_day_that_the_request_gives() -> None:
    """DirectCoDe, starred fields: whatever the record's own date, and where it has none."""
    after = rule(start="end_of_contract")
    for since in (date(2010, 1, 1), None):
        duty = duty_on("invoice", since, [after], date(2026, 1, 1), contract_ended_on=date(2024, 2, 29))
        assert duty and date(2031, 2, 28) == duty.hold.until


def test_ten_years_of_the_one_stop_shop_count_from_31_december_whatever_the_financial_year() -> None:
    """Directive 2006/112/EC art. 369k(2)."""
    shop = rule(10, "end_of_year", year_end=(6, 30))
    assert [date(2035, 12, 31)] * 2 == [shop.until(date(2025, 3, 1)), shop.until(date(2025, 12, 31))]


@pytest.mark.parametrize(
    ("months", "days", "until"),
    [(0, 90, date(2026, 4, 1)), (1, 0, date(2026, 2, 1)), (13, 0, date(2027, 2, 1)), (26, 0, date(2028, 3, 1)), (12, 0, date(2027, 1, 1))],
)
def test_a_period_may_be_in_months_or_days(months: int, days: int, until: date) -> None:
    given = HoldRule(frozenset({"invoice"}), "Act", "GDPR art. 17(3)(b)", 0, "record_date", months=months, days=days)
    assert until == given.until(date(2026, 1, 1))


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    given = HoldRule(frozenset({"invoice"}), "Act", "GDPR art. 17(3)(b)", 0, "record_date", months=1)
    assert [date(2026, 2, 28), date(2028, 2, 29)] == [given.until(date(2026, 1, 31)), given.until(date(2028, 1, 31))]


def test_a_rule_for_everything_else_leaves_alone_what_another_rule_names() -> None:
    """Even if the other one has run out: it says all there is to say of that kind."""
    rest = HoldRule(frozenset({"*"}), "rest", "GDPR art. 17(3)(b)", 20, "record_date")
    rules, today = [rule(), rest], date(2034, 1, 1)
    assert duty_on("invoice", date(2025, 6, 1), rules, today) is None
    duty = duty_on("ticket", date(2025, 6, 1), rules, today)
    assert duty and ("rest", date(2045, 6, 1)) == (duty.hold.statute, duty.hold.until)


def test_a_hold_gives_the_reason_of_its_class_of_records() -> None:
    given = replace(rule(), reason="The books must show every sale.")
    duty = duty_on("invoice", date(2025, 6, 1), [given], date(2026, 1, 1))
    assert duty and "The books must show every sale." == duty.hold.reason


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ((["company"],), {"company"}),
        ((["company"], ["iban", "company"]), {"company", "iban"}),
        ((["company"], None), None),  # one of the two needs all of it
        ((None,), None),
    ],
)
def test_of_several_duties_every_field_that_one_needs_is_kept(fields: tuple[list[str] | None, ...], kept: set[str] | None) -> None:
    rules = [replace(rule(), fields=None if names is None else frozenset(names)) for names in fields]
    duty = duty_on("invoice", date(2025, 6, 1), rules, date(2026, 1, 1))
    assert duty and kept == duty.fields


def test_a_duty_that_has_run_out_needs_no_field() -> None:
    rules = [replace(rule(), fields=frozenset({"company"})), replace(rule(1), fields=frozenset({"iban"}))]
    duty = duty_on("invoice", date(2020, 6, 1), rules, date(2026, 1, 1))
    assert duty and {"company"} == duty.fields


def test_a_legal_claim_holds_the_whole_record_until_its_review() -> None:
    claim = Claim(reason="Case at the court of Haarlem.", until=date(2027, 6, 1))
    duty = duty_on("ticket", None, [], date(2026, 1, 1), claims=[claim])
    assert duty and duty.fields is None
    assert ("Legal claim", "GDPR art. 17(3)(e)", date(2027, 6, 1), "Case at the court of Haarlem.") == (
        duty.hold.statute,
        duty.hold.exception,
        duty.hold.until,
        duty.hold.reason,
    )


@pytest.mark.parametrize(("review", "statute"), [(date(2027, 6, 1), "AWR art. 52(4)"), (date(2040, 6, 1), "Legal claim")])
def test_of_a_claim_and_a_statute_the_longer_is_named_and_the_record_stays_whole(review: date, statute: str) -> None:
    needs_little = replace(rule(), fields=frozenset({"company"}))
    duty = duty_on("invoice", date(2025, 6, 1), [needs_little], date(2026, 1, 1), claims=[Claim(reason="r", until=review)])
    assert duty and (statute, None) == (duty.hold.statute, duty.fields)


def test_a_claim_past_its_review_waits_for_an_officer_and_erases_nothing() -> None:
    with pytest.raises(HoldUnknown, match="reviewed by 2025-12-31: lift it"):
        duty_on("ticket", None, [], date(2026, 1, 1), claims=[Claim(reason="r", until=date(2025, 12, 31))])
