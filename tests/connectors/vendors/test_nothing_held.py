"""A processor that holds nothing: declared, and told so with the reason."""

from typing import Any

import pytest

from connectors.testing.harness import Bench
from connectors.testing.kit.subject import JAN
from connectors.testing.simulator import Simulator
from connectors.vendors.nothing_held import NothingHeld, NothingHeldSettings
from topics.commands import Action
from topics.outcomes import Outcome

REASON = "Cached copies of public pages only; see the register, line 12."


def bench(reason: str = REASON) -> Bench:
    return Bench(NothingHeld, NoVendor.__new__(NoVendor), {"reason": reason}, "")


class NoVendor(Simulator):
    """Nothing may be called: there is nobody."""

    seed: Any = None
    traces: Any = None


@pytest.mark.parametrize("action", ["erase", "restrict", "lift"])
def test_whatever_is_asked_it_does_not_apply_and_the_reason_is_told(action: Action) -> None:
    answer = bench().carry_out(JAN.subject(), action)
    assert (Outcome.NOT_APPLICABLE, REASON, ()) == (answer.outcome, answer.reason, answer.records)


def test_a_reason_may_have_any_word_that_is_not_the_persons() -> None:
    """It was withheld where it had `none` in it."""
    reason = "None of it is of a person; none ever was."
    assert reason == bench(reason).carry_out(JAN.subject()).reason


def test_no_identifier_is_needed() -> None:
    assert Outcome.NOT_APPLICABLE is bench().carry_out({"badge": ["7"]}).outcome


def test_a_dry_run_says_the_same() -> None:
    assert Outcome.NOT_APPLICABLE is bench().carry_out(JAN.subject(), mode="dry-run").outcome


@pytest.mark.parametrize("reason", ["", "x" * 501, None])
def test_a_reason_must_be_given_that_fits_on_a_certificate(reason: Any) -> None:
    with pytest.raises(ValueError, match="reason"):
        NothingHeldSettings(reason=reason)
