"""The kit: a correct connector passes all of it, and each one that is broken on purpose is caught by the check named here."""

import socket
from dataclasses import replace
from typing import Any

import pytest

from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.network import touched_hosts
from connectors.testing.kit.subject import HTTP_ONLY
from connectors.testing.simulator import Simulator
from tests.connectors import broken, broken_lists
from tests.connectors.shoebox import Shoebox, ShoeboxSimulator
from tests.connectors.strongbox import Strongbox, StrongboxSimulator


class TestShoebox(ConformanceKit):
    connector = Shoebox
    simulator = ShoeboxSimulator
    settings = {"token": {"env": "KIT_SECRET"}}
    dated = ("invoice",)


class TestSays(TestShoebox):
    """What its kinds say is as good as methods of its own."""

    connector = broken.Says


class TestStrongbox(TestShoebox):
    connector = Strongbox
    simulator = StrongboxSimulator


BROKEN: list[tuple[type[Shoebox], str]] = [
    (broken.NoDocs, "spec_is_complete"),
    (broken.FirstPageOnly, "every_page_is_read"),
    (broken.FirstPageOfInvoicesOnly, "every_page_is_read"),
    (broken.EndlessPages, "everything_is_erased_and_verified"),
    (broken.EndlessLoop, "everything_is_erased_and_verified"),
    (broken.ArchivedNotAsked, "archived_and_restricted_records_are_found"),
    (broken.MatchesByPrefix, "near_misses_are_untouched"),
    (broken.MatchesByPart, "near_misses_are_untouched"),
    (broken.MatchesByPart, "nothing_found_is_an_answer"),
    (broken.MatchesByPartOfNumber, "near_misses_are_untouched"),
    (broken.MatchesByName, "near_misses_are_untouched"),
    (broken.MatchesByDomain, "near_misses_are_untouched"),
    (broken.FoldsPlusAddresses, "near_misses_are_untouched"),
    (broken.MatchesCase, "letter_case_of_an_address_is_ignored"),
    (broken.ForgetsAnIdentifier, "each_identifier_is_enough"),
    (broken.SwallowsErrors, "unreadable_answers_are_never_nothing_found"),
    (broken.SwallowsErrors, "a_long_wait_is_deferred"),
    (broken.SwallowsErrors, "an_outage_ends_in_failed_after_the_cap"),
    (broken.SwallowsErrors, "a_redirect_is_not_followed"),
    (broken.SwallowsErrors, "a_vendor_that_knows_no_path_is_never_nothing_found"),
    (broken.SwallowsRefusals, "a_refused_credential_is_not_tried_again"),
    (broken.ReadsAnythingAsEmpty, "unreadable_answers_are_never_nothing_found"),
    (broken.ReadsWithDefaults, "unreadable_answers_are_never_nothing_found"),
    (broken.TakesMissingForNothing, "a_vendor_that_knows_no_path_is_never_nothing_found"),
    (broken.Undated, "held_records_are_left_whole_with_rule_and_date"),
    (broken.Undated, "a_record_past_its_hold_is_erased"),
    (broken.CannotTellWithoutThePerson, "the_end_of_a_hold_is_worked_off_and_proven_without_the_person"),
    (broken.Misdated, "held_records_are_left_whole_with_rule_and_date"),
    (broken.BindsNothing, "held_records_are_left_whole_with_rule_and_date"),
    (broken.ErasesNothing, "everything_is_erased_and_verified"),
    (broken.ErasesAllButOneKind, "everything_is_erased_and_verified"),
    (broken.BelievesItself, "a_vendor_that_says_yes_and_does_nothing_is_caught"),
    (broken.PeeksGone, "a_vendor_that_says_yes_and_does_nothing_is_caught"),
    (broken.PeeksPresent, "everything_is_erased_and_verified"),
    (broken.PeeksPresent, "a_lagging_search_is_waited_for"),
    (broken.PeeksGoneOnErrors, "a_look_that_fails_is_no_proof"),
    (broken.WritesInPeek, "a_second_delivery_makes_no_writing_call"),
    (broken.ErasesBlindly, "nothing_found_is_an_answer"),
    (broken.WritesInLocate, "a_dry_run_writes_nothing"),
    (broken.WritesInLocate, "nothing_found_is_an_answer"),
    (broken.ErasesInLocate, "a_dry_run_writes_nothing"),
    (broken.ErasesInLocate, "what_is_located_is_reported_before_the_first_writing_call"),
    (broken.WritesEachTime, "a_second_delivery_makes_no_writing_call"),
    (broken.RestrictsEachTime, "a_second_delivery_leaves_held_records_alone"),
    (broken.LogsTheAddress, "no_personal_data_or_secret_is_logged_or_reported"),
    (broken.PrintsTheAddress, "no_personal_data_or_secret_is_logged_or_reported"),
    (broken.RaisesWithTheAddress, "no_personal_data_or_secret_is_logged_or_reported"),
    (broken.ReasonsWithTheName, "no_personal_data_or_secret_is_logged_or_reported"),
    (broken.LogsTheSecret, "no_personal_data_or_secret_is_logged_or_reported"),
    (broken.ReasonsWithTheSecret, "no_personal_data_or_secret_is_logged_or_reported"),
    (broken.CallsAnotherHost, "everything_is_erased_and_verified"),  # the door refuses a whole URL for a path
    (broken.HasItsOwnClient, "only_the_declared_host_is_called"),
    (broken.UndeclaredKind, "everything_is_erased_and_verified"),
    (broken.DeclaresTooMuch, "every_declared_kind_is_found"),
    (broken.RestrictsNothing, "restricting_is_verified_and_lifted_where_declared"),
    (broken.SaysTheWrongCall, "restricting_is_verified_and_lifted_where_declared"),
    (broken.SaysNoCall, "spec_is_complete"),
    (broken.SaysNoPath, "spec_is_complete"),
    (broken.ShowsNoState, "restricting_is_verified_and_lifted_where_declared"),
    (broken.SignsInByNoSetting, "spec_is_complete"),
    (broken.RestrictsByErasing, "restricting_is_verified_and_lifted_where_declared"),
    (broken.SaysNotHow, "a_restriction_says_what_is_done_and_whether_it_can_be_lifted"),
    (broken.SaysHowAsTheVendorDoes, "a_restriction_says_what_is_done_and_whether_it_can_be_lifted"),
    (broken.LiftsNothing, "restricting_is_verified_and_lifted_where_declared"),
    (broken.YieldsTwice, "every_declared_kind_is_found"),
    (broken.ErasesTheNeighbour, "near_misses_are_untouched"),
    (broken.SwallowsDenied, "a_credential_without_the_right_to_delete_is_told"),
    (broken.SwallowsOutages, "an_outage_in_mid_case_is_told"),
    (broken.SwallowsRefusalsOfTheLook, "a_look_again_that_fails_claims_nothing"),
    (broken.ErasesTheTrunkFirst, "a_crash_at_any_writing_call_is_harmless"),
    (broken.HidesRefusals, "one_refusal_does_not_hide_the_rest"),
    (broken.TakesGoneForAnError, "a_dropped_line_is_tried_again"),
    (broken.StripsNothing, "held_records_are_stripped_of_what_the_duty_does_not_need"),
    (broken.StripsEverything, "held_records_are_stripped_of_what_the_duty_does_not_need"),
    (broken.StripsByErasing, "held_records_are_stripped_of_what_the_duty_does_not_need"),
    (broken.StripsEachTime, "held_records_are_stripped_of_what_the_duty_does_not_need"),
    (broken.StripsNothing, "what_a_held_record_hangs_from_is_stripped"),
    (broken.StripsEverything, "what_a_held_record_hangs_from_is_stripped"),
    (broken.StripsByErasing, "what_a_held_record_hangs_from_is_stripped"),
    (broken.StripsEachTime, "what_a_held_record_hangs_from_is_stripped"),
    (broken.StripsInTwoSteps, "a_crash_while_held_records_are_shut_off_and_stripped_is_harmless"),
    (broken.StripsTheAddress, "what_a_held_record_hangs_from_is_stripped"),
    (broken.TriesItsRights, "what_the_credential_may_is_asked_without_writing"),
    (broken.LacksARight, "what_the_credential_may_is_asked_without_writing"),
    (broken.ShutsOffNothing, "held_records_are_left_whole_with_rule_and_date"),
    (broken.BelievesItself, "a_late_effect_is_never_claimed_early"),
    (broken.PeeksGone, "a_late_effect_is_never_claimed_early"),
    (broken.NamesAnewEachTime, "what_comes_back_is_the_same_record_and_is_erased_again"),
    (broken.ReadsWithDefaults, "a_field_with_a_new_name_is_never_nothing_found"),
    (broken.TakesANumberForAnAddress, "an_address_that_comes_as_a_number_is_never_nothing_found"),
    (broken_lists.StopsAfterAWhile, "a_list_without_end_is_told_and_never_nothing_found"),
    (broken_lists.TakesEndlessForNothing, "a_list_without_end_is_told_and_never_nothing_found"),
    (broken.EndlessPages, "a_list_without_end_is_told_and_never_nothing_found"),
    (broken_lists.LosesWhatLiesFarBack, "a_thousand_records_are_found_erased_and_looked_for_again"),
    (broken_lists.SearchesAnewForEach, "a_thousand_records_are_found_erased_and_looked_for_again"),
]

AT = {broken.ErasesTheTrunkFirst: broken.OrphaningSimulator, broken.HidesRefusals: broken.OrphaningSimulator}
"""Vendors at which the fault shows; the others show it at any."""

OF_THE_DOOR_AND_THE_WORKER = {
    "a_busy_vendor_is_asked_again_when_it_says": "no connector sees a 429: the door waits",
    "a_missing_identifier_is_named": "asked before the connector is",
    "every_call_has_a_time_out": "the door sets it; a client of the connector's own is caught as another host",
}
"""Checks that no connector can fail by itself: they keep the ground under it honest."""


def kit_for(connector: type[Shoebox], simulator: type[Simulator] | None = None) -> ConformanceKit:
    usual = StrongboxSimulator if issubclass(connector, Strongbox) else ShoeboxSimulator
    kit = type("Kit", (TestShoebox,), {"connector": connector, "simulator": simulator or AT.get(connector, usual)})
    return kit()


def run(kit: ConformanceKit, check: str) -> Any:
    return getattr(kit, f"test_{check}")()


@pytest.mark.parametrize(("connector", "check"), BROKEN, ids=[f"{connector.__name__}-{check}" for connector, check in BROKEN])
def test_a_broken_connector_is_caught(connector: type[Shoebox], check: str) -> None:
    with pytest.raises(AssertionError):
        run(kit_for(connector), check)


def test_a_contact_that_the_vendor_erases_together_with_its_held_invoice_is_caught() -> None:
    with pytest.raises(AssertionError, match="before, 0 after"):
        run(kit_for(broken.BindsNothing, broken.CascadingSimulator), "held_records_are_left_whole_with_rule_and_date")


def test_an_order_that_loses_records_shows_only_in_a_crash() -> None:
    run(kit_for(broken.ErasesTheTrunkFirst), "everything_is_erased_and_verified")


def test_every_check_of_the_kit_catches_something() -> None:
    """A check that cannot fail is a defect."""
    checks = {name.removeprefix("test_") for name in dir(ConformanceKit) if name.startswith("test_")}
    caught = {check for _, check in BROKEN}
    assert set() == checks - caught - OF_THE_DOOR_AND_THE_WORKER.keys()
    assert set() == caught & OF_THE_DOOR_AND_THE_WORKER.keys()


def test_every_broken_connector_stands_in_the_table() -> None:
    named = [*vars(broken).values(), *vars(broken_lists).values()]
    classes = {each for each in named if isinstance(each, type) and issubclass(each, Shoebox) and each is not Shoebox}
    assert {broken.YieldsTheSameTwice, broken.Says} == classes - {connector for connector, _ in BROKEN}


def test_a_record_that_is_yielded_twice_under_one_reference_is_counted_once() -> None:
    """So it is no fault: two searches of one connector may find the same record."""
    run(kit_for(broken.YieldsTheSameTwice), "every_declared_kind_is_found")


@pytest.mark.parametrize("ability", [{"restricts": False}, {"lifts": False}])
def test_an_ability_that_is_written_but_not_declared_is_caught(ability: dict[str, bool]) -> None:
    kinds = (*Shoebox.spec.kinds[:2], replace(Shoebox.spec.kinds[2], **ability))
    silent = type("Silent", (Shoebox,), {"spec": replace(Shoebox.spec, kinds=kinds)})
    with pytest.raises(AssertionError, match="written but no kind declares it"):
        run(kit_for(silent), "spec_is_complete")


def test_a_check_that_is_declared_not_to_apply_is_skipped_with_its_reason() -> None:
    kit = type("Kit", (TestShoebox,), {"connector": broken.NoDocs, "exempt": {"spec_is_complete": "it is a toy"}})()
    with pytest.raises(pytest.skip.Exception, match="exempt: it is a toy"):
        run(kit, "spec_is_complete")


def test_a_check_that_speaks_of_http_is_skipped_where_none_is_opened() -> None:
    kit = type("Kit", (TestShoebox,), {"connector": type("Posted", (Shoebox,), {"opens": "mailbox"})})()
    with pytest.raises(pytest.skip.Exception, match="opens none"):
        run(kit, "a_redirect_is_not_followed")
    run(kit, "spec_is_complete")


def test_the_checks_that_speak_of_http_are_checks_of_the_kit() -> None:
    assert set() == HTTP_ONLY - {name.removeprefix("test_") for name in dir(ConformanceKit)}


def test_the_kit_lets_nothing_out() -> None:
    with touched_hosts() as hosts, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("elsewhere.test", 443))
    assert ["elsewhere.test"] == hosts


def test_loopback_is_no_other_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, touched_hosts() as hosts, socket.create_connection(server.getsockname()):
        pass
    assert [] == hosts
