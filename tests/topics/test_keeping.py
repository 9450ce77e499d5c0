"""`[register]`: how long something is kept, and what is refused with which words."""

from datetime import date
from pathlib import Path

import pytest

from topics.calendar_settings import Keep
from topics.configuration import Configuration, ConfigurationError, load

LEAST = """\
[controller]
name = "Perfacilis"
contact = "privacy@example.nl"
[[processors]]
name = "moneybird"
connector = "moneybird"
"""


def read(folder: Path, text: str) -> Configuration:
    (folder / "erasure.toml").write_text(LEAST + text)
    return load(folder / "erasure.toml", {"KAFKA_BOOTSTRAP_SERVERS": "k"})


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
