"""A mailbox through the kit, on one in memory; on a real server in tests/live/test_imap_real.py."""

from typing import Any

import pytest

from connectors.contract import Gone, State
from connectors.evidence import Evidence
from connectors.mail import addresses
from connectors.testing.harness import Bench, settings_of
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import JAN
from connectors.testing.simulators.imap import ImapSimulator
from connectors.vendors.imap import Imap
from topics.commands import Action
from topics.outcomes import Outcome
from topics.reports import Answered
from topics.sealing import Key
from topics.subject import Subject

SETTINGS = {"user": "info@voorbeeld.example", "password": {"env": "KIT_SECRET"}}


class TestImap(ConformanceKit):
    connector = Imap
    simulator = ImapSimulator
    settings = SETTINGS
    dated = ("message",)


def case(**settings: Any) -> tuple[Bench, ImapSimulator]:
    simulator = ImapSimulator()
    return Bench(Imap, simulator, SETTINGS | settings, "imaps://mail.test"), simulator


def outcomes(answer: Answered) -> list[Outcome]:
    return [record.outcome for record in answer.records]


JANS = [
    "jan@voorbeeld.nl",
    "Els <els@x.nl>, =?utf-8?q?J=C3=A1n?= <JAN@Voorbeeld.NL>",
    "groep: els@x.nl, jan@voorbeeld.nl;",
    '"jan"@voorbeeld.nl (thuis)',
    "els@x.nl; jan@voorbeeld.nl",
    "<jan@voorbeeld.nl",
]
OTHERS = [
    '"jan@voorbeeld.nl via de lijst" <lijst@x.nl>',
    "=?utf-8?q?jan=40voorbeeld=2Enl?= <lijst@x.nl>",
    "anna.jan@voorbeeld.nl",
    "jan@voorbeeld.nl.example",
    "Jan de Vries <jan.de.vries@x.nl>",
    "lijst+jan=voorbeeld.nl@x.nl (was jan@voorbeeld.nl)",
]


@pytest.mark.parametrize(("to", "found"), [*((to, 1) for to in JANS), *((to, 0) for to in OTHERS)])
def test_a_message_is_somebodys_by_the_addresses_of_its_header_and_never_by_a_name(to: str, found: int) -> None:
    bench, simulator = case()
    simulator.put("INBOX", to=to)
    assert found == len(bench.carry_out(JAN.subject(), mode="dry-run").records)


def test_a_message_to_several_people_waits_for_a_person_unless_told_otherwise() -> None:
    for settings, left, outcome in (({}, 1, Outcome.NEEDS_PERSON), ({"shared": "erase"}, 0, Outcome.ERASED)):
        bench, simulator = case(**settings)
        simulator.put("INBOX", **{"from": "info@voorbeeld.example", "to": f"{JAN.email}, els@x.nl"})
        assert [outcome] == outcomes(bench.carry_out(JAN.subject(), mode="dry-run"))
        assert [outcome] == outcomes(bench.carry_out(JAN.subject()))
        assert left == len(simulator.folders["INBOX"])


def test_what_the_person_wrote_goes_whoever_else_it_was_sent_to() -> None:
    bench, simulator = case()
    simulator.put("INBOX", **{"from": JAN.email, "to": "info@voorbeeld.example", "cc": "els@x.nl, piet@x.nl"})
    assert [Outcome.ERASED] == outcomes(bench.carry_out(JAN.subject()))


def test_addresses_of_ones_own_are_not_other_people() -> None:
    bench, simulator = case(own=["Verkoop@voorbeeld.example"])
    simulator.put("INBOX", to=JAN.email, cc="info@voorbeeld.example, verkoop@voorbeeld.example")
    assert [Outcome.ERASED] == outcomes(bench.carry_out(JAN.subject()))


@pytest.mark.parametrize("address", ["INFO@voorbeeld.example", "verkoop@voorbeeld.example"])
@pytest.mark.parametrize("action", ["erase", "restrict"])
def test_the_mailboxs_own_address_is_left_to_a_person_since_all_of_it_would_go(action: Action, address: str) -> None:
    bench, simulator = case(own=["Verkoop@voorbeeld.example"])
    simulator.put("INBOX", **{"from": "els@x.nl", "to": address})
    simulator.put("Sent", **{"from": address, "to": "els@x.nl"})
    assert Outcome.NEEDS_PERSON is bench.carry_out({"email": [address]}, action).outcome
    assert (1, 1) == (len(simulator.folders["INBOX"]), len(simulator.folders["Sent"]))


def test_the_same_message_in_two_folders_is_one_and_goes_from_both() -> None:
    bench, simulator = case()
    uid = simulator.put("INBOX", to=JAN.email)
    simulator.folders["Archive/2025"][99] = simulator.folders["INBOX"][uid]
    assert [Outcome.ERASED] == outcomes(bench.carry_out(JAN.subject()))
    assert not any(simulator.folders.values())


def test_a_restricted_message_leaves_its_folder_and_comes_back_to_it() -> None:
    bench, simulator = case()
    simulator.put("Archive/2025", to=JAN.email)
    before = list(simulator.folders["Archive/2025"].values())
    assert [Outcome.RESTRICTED] == outcomes(bench.carry_out(JAN.subject(), "restrict"))
    assert [] == list(simulator.folders["Archive/2025"].values())
    assert before == list(simulator.folders["Restricted - Archive/2025"].values())
    assert [Outcome.LIFTED] == outcomes(bench.carry_out(JAN.subject(), "lift"))
    assert before == list(simulator.folders["Archive/2025"].values())


def test_a_message_of_which_one_copy_only_was_set_aside_is_not_lifted_until_that_is_back() -> None:
    bench, simulator = case()
    uid = simulator.put("INBOX", to=JAN.email)
    simulator.folders["Restricted - Trash"] = {99: simulator.folders["INBOX"][uid]}
    assert [Outcome.LIFTED] == outcomes(bench.carry_out(JAN.subject(), "lift"))
    assert ({}, 1, 1) == (simulator.folders["Restricted - Trash"], len(simulator.folders["Trash"]), len(simulator.folders["INBOX"]))
    simulator.folders["Restricted - Trash"] = simulator.folders.pop("Trash")
    assert [Outcome.RESTRICTED] == outcomes(bench.carry_out(JAN.subject(), "restrict"))
    assert {} == simulator.folders["INBOX"]


@pytest.mark.parametrize("flag", ["\\All", "\\Flagged", "\\important"])
def test_a_folder_that_shows_what_stands_in_others_is_searched_and_moves_nothing(flag: str) -> None:
    """On a Dovecot with its plug-in for virtual folders the message went from there to a folder of which nobody knew whence it came."""
    bench, simulator = case()
    uid = simulator.put("INBOX", to=JAN.email)
    simulator.flags["Alles"] = (flag,)
    simulator.folders["Alles"] = {99: simulator.folders["INBOX"][uid]}
    assert [Outcome.RESTRICTED] == outcomes(bench.carry_out(JAN.subject(), "restrict"))
    assert ({}, [99], 1) == (simulator.folders["INBOX"], [*simulator.folders["Alles"]], len(simulator.folders["Restricted - INBOX"]))
    assert [Outcome.LIFTED] == outcomes(bench.carry_out(JAN.subject(), "lift"))
    assert (1, {}) == (len(simulator.folders["INBOX"]), simulator.folders["Restricted - INBOX"])
    assert [Outcome.ERASED] == outcomes(bench.carry_out(JAN.subject()))
    assert not any(simulator.folders.values())


def test_a_message_that_only_such_a_folder_shows_is_restricted_and_erased_from_there() -> None:
    for action in ("restrict", "erase"):
        bench, simulator = case()
        simulator.flags["Alles"] = ("\\All",)
        simulator.folders["Alles"] = {}
        simulator.put("Alles", to=JAN.email)
        bench.carry_out(JAN.subject(), action)  # type: ignore[arg-type]
        assert {} == simulator.folders["Alles"]


def test_a_message_without_a_date_under_a_hold_waits_for_a_person() -> None:
    bench, simulator = case()
    bench.rules = [TestImap().hold("message")]
    simulator.put("INBOX", to=JAN.email, date="eens")
    assert [Outcome.NEEDS_PERSON] == outcomes(bench.carry_out(JAN.subject()))


def test_a_thousand_messages_are_all_found() -> None:
    bench, simulator = case()
    for _ in range(1000):
        simulator.put("INBOX", to=JAN.email)
    assert 1000 == len(bench.carry_out(JAN.subject(), mode="dry-run").records)


async def test_a_message_whose_hold_ends_is_found_by_itself_when_nobody_knows_any_more_whose_it_is() -> None:
    for message_id in ("<1@voorbeeld.example>", ""):
        simulator = ImapSimulator()
        simulator.put("INBOX", to=JAN.email, message_id=message_id)
        simulator.put("INBOX", to="els@x.nl", message_id=message_id)
        (record,) = [record async for record in connector(simulator).locate(Subject.model_validate(JAN.subject()))]
        later = connector(simulator)
        assert State.PRESENT is await later.peek(record)
        await later.erase(record)
        assert 1 == len(simulator.folders["INBOX"])
        with pytest.raises(Gone):
            await later.peek(record)


async def test_a_shared_message_waits_for_a_person_then_too() -> None:
    simulator = ImapSimulator()
    simulator.put("INBOX", to=f"{JAN.email}, els@x.nl")
    (record,) = [record async for record in connector(simulator).locate(Subject.model_validate(JAN.subject()))]
    assert connector(simulator).left_to_a_person(record)


def connector(simulator: ImapSimulator) -> Imap:
    return Imap(settings_of(Imap, SETTINGS), simulator.door(Evidence(Key("case/1", bytes(32)))))


def test_an_address_that_stands_only_in_a_name_is_not_whose_message_it_is() -> None:
    assert {"anna@voorbeeld.nl"} == addresses(b"To: jan@voorbeeld.nl <anna@voorbeeld.nl>\n\n", ("To",))
