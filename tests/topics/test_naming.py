"""Words that go onto a certificate are held against the whole of an identifier and its telling parts; what names nobody passes."""

import pytest

from topics.naming import named_at
from topics.subject import Subject

JAN = Subject.model_validate(
    {
        "email": ["Jan.Devries77@voorbeeld.nl", "info@devries-advies.example"],
        "name": ["Jan de Vries-Bos", "Zoë Müller"],
        "customer_id": ["C-1001", 4711, "20261120"],
        "phone": ["+31 20 777 01 78"],
        "iban": ["NL91ABNA0417164300"],
    }
)


@pytest.mark.parametrize(
    "words",
    [
        "Asked for by jan de  vries-bos.",
        "This is about Vries.",
        "De heer Bos is het oneens.",
        "VRIES' claim",
        "Vries's claim",
        "Mevrouw Mullers bezwaar",
        "Zoe has a contract.",
        "Jan asked twice.",
        "jan.devries77 at the usual provider",
        "Known as devries, we think.",
        "Write to JAN.DEVRIES77@VOORBEELD.NL",
        "Customer C-1001 has a dispute.",
        "Customer c1001 has a dispute.",
        "Customer C 1001.",
        "Number 4711 stays.",
        "call 020-7770178",
        "call 0031207770178",
        "call +31 (0)20 777 0178 after six",
        "call 777.01.78",
        "from NL91 ABNA 0417 1643 00",
        "from nl91-abna-0417-1643-00.",
    ],
)
def test_an_identifier_and_its_telling_parts_are_found_however_they_are_written(words: str) -> None:
    assert named_at(JAN, words) is not None


@pytest.mark.parametrize(
    "words",
    [
        "A dispute about the invoice, see GDPR art. 17(3)(e); the claim is looked at again on 2026-11-20.",
        "The debt of 20.11.2026 is not paid. Art. 21(1) does not help.",
        "Since 12 jan. 2026 nobody has answered; told again in January 2027.",
        "De gegevens van de klant zijn nodig voor een vordering.",
        "The person asked for it at the info desk.",
        "Vriesland and Bosnia are far away, and so is a januari.",
        "Order 24711, and C-10011, and 14711 of 47110.",
        "It costs 1,164.30; call 1234567.",
        "Nobody objected within the month.",
    ],
)
def test_what_names_nobody_passes(words: str) -> None:
    assert named_at(JAN, words) is None


def test_the_place_is_told_as_the_number_of_the_word() -> None:
    assert 4 == named_at(JAN, "We do not\tMÜLLER like")


@pytest.mark.parametrize("name", ["Bo", "Will Law", "Mark Post", "May Page", "Art Case"])
def test_what_is_a_word_as_often_as_a_name_counts_as_part_of_the_whole_name_only(name: str) -> None:
    subject = Subject.model_validate({"name": [name]})
    assert named_at(subject, "The law will be clear by May; see the case on the page that came by post. Mark it, art. 17. Bo!") is None
    assert (len(name) > 2) == (named_at(subject, f"It is about {name}.") is not None)


def test_a_name_in_a_script_that_does_not_write_words_apart_is_found_within_others() -> None:
    assert 1 == named_at(Subject.model_validate({"name": ["王小明"]}), "关于王小明的请求")


def test_a_desk_is_no_person() -> None:
    desk = Subject.model_validate({"email": ["support@voorbeeld.nl", "12345@voorbeeld.nl"]})
    assert named_at(desk, "Our support desk told it, number 12345.") is None


def test_a_day_of_birth_that_was_given_is_found() -> None:
    assert named_at(Subject.model_validate({"born": ["1980-02-03"]}), "born on 1980-02-03") is not None
