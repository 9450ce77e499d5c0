"""Whose a message is, by the addresses in its header: as RFC 5322 lets them be written, and never by a name or a comment."""

import pytest

from connectors.mail import listed


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
