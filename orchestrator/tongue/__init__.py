"""The words of the pages and papers in Dutch and English; dates and numbers as CLDR writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from orchestrator.letters.tongues import WORDS as LETTERS
from orchestrator.letters.words import Language
from orchestrator.tongue.dutch import DUTCH
from orchestrator.tongue.english import ENGLISH

_LOCALES = {Language.EN: "en_GB", Language.NL: "nl_NL"}
WORDS: Mapping[Language, Mapping[str, str]] = {Language.EN: ENGLISH, Language.NL: DUTCH}


@dataclass(frozen=True)
class Tongue:
    """One reader's language; moments are shown in that time zone, or, without one, as they stand, with their offset."""

    language: Language
    zone: ZoneInfo | None = None

    def __call__(self, key: str) -> str:
        """The words for a key; an outcome of a processor may stand under `outcome_…`."""
        words = WORDS[self.language]
        return words.get(key) or words[f"outcome_{key}"]

    def outcome(self, word: str) -> str:
        """An outcome in words; `failed` and `refused` say of records something else than of steps and requests."""
        words = WORDS[self.language]
        return words.get(f"outcome_{word}") or words[word]

    def reason(self, sentence: str) -> str:
        """An officer's words as they stand; a fixed reason in the reader's language."""
        return LETTERS[self.language].fixed_reasons.get(sentence, sentence)

    def day(self, day: date) -> str:
        """A date, as in a sentence."""
        return str(format_date(day, "long", locale=_LOCALES[self.language]))

    def moment(self, moment: datetime) -> str:
        """Date and time."""
        if self.zone is None:
            return f"{format_datetime(moment.replace(tzinfo=None), 'medium', locale=_LOCALES[self.language])} ({moment.isoformat()[-6:]})"
        return str(format_datetime(moment.astimezone(self.zone), "medium", locale=_LOCALES[self.language]))

    def number(self, number: int) -> str:
        """A number with its separators."""
        return str(format_decimal(number, locale=_LOCALES[self.language]))

    def left(self, days: int | None) -> str:
        """How much time is left, or by how much it is late."""
        if days is None:
            return self("stands_still")
        if days == 0:
            return self("last_day")
        word = ("day_left" if days == 1 else "days_left") if days > 0 else ("day_late" if days == -1 else "days_late")
        return f"{self.number(abs(days))} {self(word)}"
