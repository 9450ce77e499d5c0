"""Backups, logs, a quarantine: they go by themselves, which is said with the day and the rule, and never as if somebody had looked."""

from datetime import date, timedelta
from typing import Any

import pytest

from connectors.holds import HoldRule
from connectors.testing.harness import START, Bench
from connectors.testing.kit.subject import JAN
from connectors.vendors.ages_out import AgesOut, AgesOutSettings
from tests.connectors.vendors.test_nothing_held import NoVendor
from topics.commands import Action, Claim
from topics.outcomes import Outcome

REASON = "privacy statement 1.1: daily backups, kept at most 7 days"


def bench(kind: str = "backup", **period: int) -> Bench:
    return Bench(AgesOut, NoVendor.__new__(NoVendor), {"kind": kind, "reason": REASON, **(period or {"days": 7})}, "")


@pytest.mark.parametrize(
    ("kind", "period", "until"),
    [
        ("quarantined_message", {"days": 100}, date(2027, 2, 28)),
        ("backup", {"days": 7}, date(2026, 11, 27)),
        ("log", {"days": 10}, date(2026, 11, 30)),
        ("visit", {"months": 26}, date(2029, 1, 20)),
    ],
)
def test_what_perfacilis_promises_expires_on_its_day(kind: str, period: dict[str, int], until: date) -> None:
    (line,) = bench(kind, **period).carry_out(JAN.subject()).records
    assert (kind, Outcome.EXPIRING, until, None) == (line.kind, line.outcome, line.until, line.evidence)


def test_the_certificate_is_told_that_it_is_by_rule_and_not_by_looking() -> None:
    (line,) = bench().carry_out(JAN.subject()).records
    by_rule = f"By rule, not by looking: backup ({REASON}). What was there on 2026-11-20 is gone after 2026-11-27."
    assert f"One person cannot be erased from it. {by_rule}" == line.reason


def test_the_longest_reason_fits_with_all_that_is_said_beside_it() -> None:
    box = Bench(AgesOut, NoVendor.__new__(NoVendor), {"kind": "quarantined_message", "reason": "x" * 200, "days": 36500}, "")
    (line,) = box.carry_out(JAN.subject()).records
    assert (line.reason or "").endswith("is gone after 2126-10-27.")


@pytest.mark.parametrize(("days", "outcome"), [(7, Outcome.EXPIRING), (8, Outcome.NOT_APPLICABLE)])
def test_once_its_day_has_passed_it_no_longer_applies_and_nobody_is_said_to_have_looked(days: int, outcome: Outcome) -> None:
    box = bench()
    (first,) = box.carry_out(JAN.subject()).records
    box.about = {"expiring": {first.digest: first.until}}
    box.time.now = START + timedelta(days=days)
    (later,) = box.carry_out(JAN.subject()).records
    assert (first.digest, outcome) == (later.digest, later.outcome)
    if outcome is Outcome.NOT_APPLICABLE:
        assert f"By rule, not by looking: backup ({REASON}). It was gone after 2026-11-27; nobody looked." == later.reason


def test_its_day_is_told_though_the_person_is_forgotten_by_then() -> None:
    box = bench()
    (first,) = box.carry_out(JAN.subject()).records
    box.about = {"expiring": {first.digest: first.until}, "held": {first.digest: first.sealed}}
    box.time.now, box.forgotten = START + timedelta(days=8), True
    (later,) = box.carry_out(JAN.subject(), known=False).records
    assert (first.digest, Outcome.NOT_APPLICABLE, None) == (later.digest, later.outcome, later.sealed)


def test_asked_again_before_its_day_it_counts_from_then() -> None:
    """What another processor erased meanwhile may stand in yesterday's backup."""
    box = bench()
    (first,) = box.carry_out(JAN.subject()).records
    box.about = {"expiring": {first.digest: first.until}}
    box.time.now = START + timedelta(days=3)
    (later,) = box.carry_out(JAN.subject()).records
    assert date(2026, 11, 30) == later.until


@pytest.mark.parametrize("action", ["restrict", "lift"])
def test_a_restriction_allows_to_store_it(action: Action) -> None:
    (line,) = bench().carry_out(JAN.subject(), action).records
    assert (Outcome.NOT_APPLICABLE, "A backup is only stored, until it goes by itself.") == (line.outcome, line.reason)


def test_no_identifier_is_needed() -> None:
    (line,) = bench().carry_out({"badge": ["7"]}).records
    assert Outcome.EXPIRING is line.outcome


def test_neither_a_rule_for_everything_nor_a_claim_on_the_case_makes_it_held() -> None:
    box = bench()
    box.rules = [HoldRule(frozenset({"*"}), "Act", "GDPR art. 17(3)(b)", 7, "end_of_contract")]
    box.about = {"claims": [Claim(reason="r", until=date(2027, 1, 1))], "contract_ended_on": date(2026, 1, 1)}
    (line,) = box.carry_out(JAN.subject()).records
    assert (Outcome.EXPIRING, None) == (line.outcome, line.hold)


@pytest.mark.parametrize("wrong", [{}, {"days": 7, "months": 1}, {"days": 0}, {"days": 7, "kind": "diary"}, {"days": 7, "reason": ""}])
def test_settings_without_one_period_a_known_kind_and_a_reason_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"days|months|kind|reason"):
        AgesOutSettings.model_validate({"kind": "backup", "reason": REASON, **wrong})
