"""The rules that `clock`, `deadlines` and `working_days` compute by, each with its source: data for pages, letters and tests."""

from typing import NamedTuple

_PERIODS = "Regulation (EEC, Euratom) 1182/71"
_GUIDELINES = "EDPB Guidelines 01/2022, section 5.3"
_OURS = "our decision"


class Rule(NamedTuple):
    """One rule. `source` names the articles, or says that it is a decision of ours."""

    name: str
    source: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.sentence} ({self.source})"


RULES = (
    Rule(
        "one_month",
        f"GDPR art. 12(3); {_PERIODS}, art. 3(2)(c); Court of Justice, C-171/03",
        "The answer is due in one calendar month: on the day of the same date as that of receipt, the whole of it",
    ),
    Rule("day_of_receipt", f"{_PERIODS}, art. 3(1)", "The day of receipt is not counted"),
    Rule(
        "local_day",
        f"{_OURS}: art. 3 counts whole days and does not say in which time zone",
        "The day of receipt is the day in the controller's time zone",
    ),
    Rule("shorter_month", f"{_PERIODS}, art. 3(2)(c)", "Where the month has no such date, its last day is the last"),
    Rule(
        "next_working_day",
        f"{_PERIODS}, art. 3(4), with art. 2",
        "A last day that is a Saturday, a Sunday or a public holiday moves to the next working day",
    ),
    Rule(
        "doubtful_holiday",
        f"{_OURS}: Algemene termijnenwet, art. 1 and 3, the library `holidays` and collective agreements differ",
        "In the Netherlands Good Friday and 5 May do not move a date: the earlier one is taken",
    ),
    Rule("extension", "GDPR art. 12(3)", "An extension makes it three months from receipt, by the same rules"),
    Rule(
        "extension_told",
        f"GDPR art. 12(3); {_PERIODS}, art. 3(4)",
        "An extension is told, with its reasons, until the day on which the month ends; one told later changes nothing",
    ),
    Rule(
        "refusal",
        "GDPR art. 12(4)",
        "A refusal is told until the day on which the month ends, extended or not: with its reasons, the complaint and the way to court",
    ),
    Rule(
        "pause",
        f"GDPR art. 12(6) and 12(2); {_GUIDELINES}",
        "While the identity is in doubt, for a ground that is written down, the time stands still and no day is the last",
    ),
    Rule(
        "pause_days",
        f"{_GUIDELINES}; the days by analogy with {_PERIODS}, art. 3(1)",
        "The days after that of the question, up to that of the answer, are added, each once",
    ),
    Rule("no_revival", _OURS, "A pause that begins after the last day changes nothing"),
    Rule(
        "promise",
        f"the controller's privacy statement; {_OURS}: art. 3(4) is for acts of the Union, so nothing moves it",
        "The controller's own promise ends where it falls, on a Sunday too; a pause moves it and an extension does not",
    ),
    Rule("promise_in_month", "GDPR art. 12(3)", "A promise never reaches past the law's month"),
    Rule(
        "warnings",
        _OURS,
        "Warnings come 7, 3 and 1 working days before the promised day, and before the law's where they come after the promised day",
    ),
    Rule("passed", f"GDPR art. 12(3); for the promise {_OURS}", "On the day after the last one it has passed, and stays so"),
)
"""Every rule of the clock, in the order of `docs/law.md`."""
