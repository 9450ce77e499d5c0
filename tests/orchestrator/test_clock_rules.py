"""Every rule of the clock prints its source, and the page of the law lists it."""

import re
from pathlib import Path

from orchestrator.clock_rules import RULES

LAW = Path(__file__).parents[2] / "docs/law.md"


def test_the_page_of_the_law_lists_every_rule_with_its_source_and_no_other() -> None:
    (section,) = re.findall(r"^## The clock\n(.*?)(?=^#{2,3} |\Z)", LAW.read_text(), re.MULTILINE | re.DOTALL)
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert [f"| `{rule.name}` | {rule.sentence} | {rule.source} |" for rule in RULES] == rows


def test_every_rule_prints_its_source_and_names_an_article_or_whose_decision_it_is() -> None:
    assert [] == [rule.name for rule in RULES if not re.search(r"art\. \d|our decision", rule.source)]
    assert "The day of receipt is not counted (Regulation (EEC, Euratom) 1182/71, art. 3(1))" == str(RULES[1])
