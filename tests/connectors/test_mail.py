"""Whose a message is, by the addresses in its header: as RFC 5322 lets them be written, and never by a name or a comment."""

from typing import Any

import pytest

from connectors.evidence import Evidence
from connectors.mail import Place, copies, everywhere, listed, naming, reference
from connectors.testing.simulators.imap import ImapSimulator
from topics.sealing import Key


@pytest.mark.parametrize(
    "written",
    [
        "jan@voorbeeld.nl",
        "JAN@Voorbeeld.NL",
        "Jan de Vries <jan@voorbeeld.nl>",
        '"Vries, Jan de" <jan@voorbeeld.nl>',
        "<@relay.example,@b.example:jan@voorbeeld.nl>",
        '"jan"@voorbeeld.nl',
        '"jan" @ voorbeeld.nl',
        "jan @\r\n voorbeeld.nl",
        "vrienden: jan@voorbeeld.nl;",
        "jan@voorbeeld.nl (thuis)",
    ],
)
def test_an_address_is_found_however_the_grammar_lets_it_be_written(written: str) -> None:
    assert "jan@voorbeeld.nl" in listed(written)


@pytest.mark.parametrize(
    "written",
    [
        "jan@voorbeeld.nl <anna@x.nl>",
        '"jan@voorbeeld.nl" <anna@x.nl>',
        "anna@x.nl (jan@voorbeeld.nl)",
        '"Jan @ voorbeeld.nl" <anna@x.nl>',
        "jan@voorbeeld.nl.example",
        "anna.jan@voorbeeld.nl",
        "jan+x@voorbeeld.nl",
    ],
)
def test_what_stands_in_a_name_a_comment_or_a_longer_address_is_somebody_else(written: str) -> None:
    assert "jan@voorbeeld.nl" not in listed(written)


def box(simulator: ImapSimulator) -> Any:
    return simulator.door(Evidence(Key("case/1", bytes(32))))


async def test_a_message_that_two_searches_find_is_shown_once_where_it_stands() -> None:
    simulator = ImapSimulator()
    both = simulator.put("Sent", to="jan@voorbeeld.nl, j@voorbeeld.nl")
    longer = simulator.put("Junk", sender="anna.jan@voorbeeld.nl")  # a part of a word is found too: whoever reads it compares
    simulator.put("Junk", to="piet@elders.nl")
    shown = [place async for place, _ in everywhere(box(simulator), naming("jan@voorbeeld.nl"), naming("j@voorbeeld.nl"))]
    assert [Place("Sent", 42, both), Place("Junk", 42, longer)] == shown


async def test_headers_are_asked_for_two_hundred_at_once() -> None:
    """Servers limit the length of a command."""
    simulator = ImapSimulator()
    for _ in range(401):
        simulator.put("INBOX", to="jan@voorbeeld.nl")
    door, asked = box(simulator), list[int]()
    read = door.headers

    async def headers(folder: str, uids: list[int]) -> Any:
        asked.append(len(uids))
        return await read(folder, uids)

    door.headers = headers
    assert 401 == len([place async for place, _ in everywhere(door, ["ALL"])])
    assert [200, 200, 1] == asked


@pytest.mark.parametrize("message_id", ["<7@voorbeeld.example>", "<niet heel>"])
async def test_every_copy_of_a_message_is_found_by_its_reference_and_no_other(message_id: str) -> None:
    """An id with a blank in it cannot be searched for: then every message is looked at."""
    simulator = ImapSimulator()
    there = [simulator.put(folder, to="jan@voorbeeld.nl", message_id=message_id) for folder in ("INBOX", "Trash")]
    simulator.put("INBOX", to="piet@elders.nl", message_id=message_id)
    ref = reference(simulator.folders["INBOX"][there[0]], shared=False)
    assert [Place("INBOX", 42, there[0]), Place("Trash", 42, there[1])] == await copies(box(simulator), ref)
