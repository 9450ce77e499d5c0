"""A processor that only a person can empty: every command says what to do."""

from typing import Any

import pytest

from connectors.testing.harness import Bench
from connectors.testing.kit.subject import JAN
from connectors.vendors.manual import Manual, ManualSettings
from tests.connectors.vendors.test_nothing_held import NoVendor
from topics.commands import Action
from topics.outcomes import Outcome

INSTRUCTIONS = "Shred the folder in the cabinet of room 2, and note the date in the register."


def bench() -> Bench:
    return Bench(Manual, NoVendor.__new__(NoVendor), {"instructions": INSTRUCTIONS}, "")


@pytest.mark.parametrize("action", ["erase", "restrict", "lift"])
def test_whatever_is_asked_a_person_is_told_what_to_do(action: Action) -> None:
    answer = bench().carry_out(JAN.subject(), action)
    assert (Outcome.NEEDS_PERSON, INSTRUCTIONS, ()) == (answer.outcome, answer.reason, answer.records)


def test_no_identifier_is_needed() -> None:
    assert Outcome.NEEDS_PERSON is bench().carry_out({"badge": ["7"]}).outcome


def test_a_second_delivery_says_the_same() -> None:
    box = bench()
    assert box.carry_out(JAN.subject()).outcome is box.carry_out(JAN.subject()).outcome


@pytest.mark.parametrize("instructions", ["", "x" * 501, None])
def test_instructions_must_be_given_that_fit_on_a_certificate(instructions: Any) -> None:
    with pytest.raises(ValueError, match="instructions"):
        ManualSettings(instructions=instructions)
