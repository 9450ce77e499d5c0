"""The README's table of connectors is written from what they declare."""

import pytest

from tests.readme import BEGIN, END, README, table, written

BY_HAND = "# Title\n\n| processor | connector |\n| --- | --- |\n| x | y |\n\nAfter it.\n"


def test_the_table_in_the_readme_is_as_the_connectors_say() -> None:
    readme = README.read_text()
    assert written(readme) == readme


def test_a_table_that_was_written_by_hand_is_taken_over_and_then_stays() -> None:
    once = written(BY_HAND)
    assert f"# Title\n\n{BEGIN}\n{table()}\n{END}\n\nAfter it.\n" == once == written(once)


def test_a_table_that_differs_is_written_anew() -> None:
    right = written(BY_HAND)
    assert right == written(right.replace("| accounting |", "| accountants |"))


def test_a_line_tells_what_the_connector_declares_and_what_tests_it() -> None:
    (line,) = [line for line in table().splitlines() if "[mailman]" in line]
    cells = [cell.strip() for cell in line.strip("|").split(" | ")]
    assert ["mailing list", "[mailman](docs/vendors/mailman.md)"] == cells[:2]
    assert ["subscriber", "subscriber", "by reference", "-", "source code", "a real server, simulator"] == cells[3:]
    (jira,) = [line for line in table().splitlines() if "[jira]" in line]
    assert jira.endswith("| specification | its specification, simulator |")


@pytest.mark.parametrize("name", ["manual", "nothing_held", "ages_out"])
def test_what_calls_nothing_stands_there_for_any_kind_and_claims_nothing(name: str) -> None:
    assert f"| any | [{name}](docs/vendors/{name}.md) | - | - | - | never | - | - | - |" in table().splitlines()


@pytest.mark.parametrize("name", ["google_analytics", "opendsr"])
def test_who_takes_anothers_word_looks_never_again(name: str) -> None:
    (line,) = [line for line in table().splitlines() if f"[{name}]" in line]
    assert "never" == line.strip("|").split(" | ")[5]
