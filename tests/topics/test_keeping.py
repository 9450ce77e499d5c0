"""`[register]` and `[suppression]`: how long something is kept, and what is refused with which words."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from topics.calendar_settings import Keep
from topics.configuration import Configuration, ConfigurationError, load

KEY = "0123456789abcdef0123456789abcdef"
LEAST = """\
[controller]
name = "Perfacilis"
contact = "privacy@example.nl"
[[processors]]
name = "moneybird"
connector = "moneybird"
"""
SUPPRESSION = {"url": '"sqlite:///suppression.db"', "key": '{env = "SUPPRESSION_KEY"}', "ground": '"6(1)(f), 21(3)"', "keep": '"2y"'}


def read(folder: Path, text: str, key: str = KEY) -> Configuration:
    (folder / "erasure.toml").write_text(LEAST + text)
    return load(folder / "erasure.toml", {"KAFKA_BOOTSTRAP_SERVERS": "k", "SUPPRESSION_KEY": key})


def suppression(**changed: str) -> str:
    return "[suppression]\n" + "".join(f"{name} = {value}\n" for name, value in (SUPPRESSION | changed).items() if value)


def test_the_register_keeps_five_years_unless_another_time_is_written(tmp_path: Path) -> None:
    assert Keep(5, "y") == read(tmp_path, "").register_.keep
    assert Keep(400, "d") == read(tmp_path, '[register]\nkeep = "400d"').register_.keep


@pytest.mark.parametrize("wrong", ['"5"', '"0y"', '"100y"', '"5m"', '"5 years"', "5", '"-1y"', "true", '"10000d"'])
def test_a_time_that_is_written_in_another_way_is_refused_with_one_that_is_right(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=r'line 8: register.keep: must be a number of days or years.*"5y"'):
        read(tmp_path, f"[register]\nkeep = {wrong}")


@pytest.mark.parametrize(
    ("keep", "start", "end"),
    [
        (Keep(2, "y"), date(2026, 11, 20), date(2028, 11, 20)),
        (Keep(1, "y"), date(2028, 2, 29), date(2029, 2, 28)),
        (Keep(4, "y"), date(2028, 2, 29), date(2032, 2, 29)),
        (Keep(30, "d"), date(2026, 2, 1), date(2026, 3, 3)),
    ],
)
def test_what_is_kept_ends_on_the_same_day_of_a_later_year_or_so_many_days_later(keep: Keep, start: date, end: date) -> None:
    assert end == keep.end(start)
    assert start in (keep.before(end), date(2028, 2, 29))


def test_without_the_section_nobody_is_suppressed(tmp_path: Path) -> None:
    assert read(tmp_path, "").suppression is None


def test_the_section_is_read_and_its_key_never_shown(tmp_path: Path) -> None:
    found = read(tmp_path, suppression())
    assert found.suppression is not None
    assert (KEY, Keep(2, "y")) == (found.suppression.key.get_secret_value(), found.suppression.keep)
    assert KEY not in repr(found) and KEY not in str(found.model_dump())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": '"sqlite:///erasure.db"'}, "must not be the ledger's database"),
        ({"url": '"sqlite:///./keyring.db"'}, "must not be the keyring's database"),
        ({"key": f'"{KEY}"'}, "never the secret itself"),
        ({"ground": '"jan@voorbeeld.nl"'}, "suppression.ground"),
        ({"ground": ""}, "suppression.ground: is missing"),
        ({"keep": ""}, "suppression.keep: is missing"),
        ({"keep": '"for ever"'}, "suppression.keep: must be"),
        ({"kept": '"2y"'}, "suppression.kept: is not a known key"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, suppression(**changed))
    assert words in str(refused.value)
    assert KEY not in str(refused.value) and "voorbeeld" not in str(refused.value)


def test_a_key_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="at least 32 characters"):
        read(tmp_path, suppression(), key="secret")


def test_a_worker_needs_neither_the_section_nor_its_key(tmp_path: Path) -> None:
    from orchestrator.command.opening import NOT_FOR_WORKERS

    (tmp_path / "erasure.toml").write_text(LEAST + suppression())
    assert load(tmp_path / "erasure.toml", {"KAFKA_BOOTSTRAP_SERVERS": "k"}, NOT_FOR_WORKERS).suppression is None
