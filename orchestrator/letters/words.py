"""What a letter can say, as data that every language fills in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum, auto
from zoneinfo import ZoneInfo

from orchestrator.sentences import Waits
from topics.commands import Action
from topics.events import Right


class Language(StrEnum):
    """The languages in which letters are written."""

    NL = "nl"
    EN = "en"


def language_of(country: str) -> Language:
    """The language of a controller's letters, where nobody says otherwise."""
    return Language.NL if country == "NL" else Language.EN


@dataclass(frozen=True)
class Seat:
    """Where the controller sits: whose courts are named, whose days count, and the supervisory authority, if configured."""

    zone: ZoneInfo
    country: str = "NL"
    authority: str | None = None


class Section(Enum):
    """The parts of the letter to the person, in their order."""

    GONE = auto()
    ANONYMOUS = auto()
    KEPT = auto()
    SHUT = auto()
    FREE = auto()
    AGEING = auto()
    AGED = auto()
    PROMISED = auto()
    UNCHECKED = auto()
    OPEN = auto()
    TO_DECIDE = auto()
    BY_HAND = auto()
    UNKNOWN = auto()
    IMPOSSIBLE = auto()
    TURNED_DOWN = auto()
    ABSENT = auto()
    NEEDLESS = auto()
    TOLD = auto()


@dataclass(frozen=True)
class ToRecipient:
    """What is done, and what a recipient is asked, by the action that was ordered."""

    about: Mapping[Action, str]
    done: Mapping[Action, str]
    duty: str
    own: Mapping[Action, str]
    ordered: Mapping[Action, str]
    confirm_by: str
    confirm_soon: str
    only_reference: str
    to: str
    code: str
    who: str
    name: str
    known_by: str


@dataclass(frozen=True)
class ToAccess:
    """Who holds data of the person; `holders` is a heading and what it says."""

    about: str
    received: str
    holders: tuple[str, str]
    no_copy: str


@dataclass(frozen=True)
class Words:
    """One language. Texts in braces are filled in; `nouns` are one and several; an unknown kind is the noun of `""`."""

    months: tuple[str, ...]
    gdpr: str
    reference: str
    about_word: str
    greeting: str
    closing: str
    about: Mapping[Right, str]
    received: Mapping[Right, str]
    no_longer_needed: str
    done: str
    done_but_kept: str
    not_done: str
    until: str
    late: str
    answered_late: str
    refused_late: str
    promise_broken: str
    waits: Mapping[Waits, str]
    lifting_from: str
    lifting_now: str
    turned_down: str
    rest_turned_down: str
    referred: str
    examining: str
    objection_upheld: str
    objection_rejected: str
    upheld: str
    paused: str
    was_paused: str
    extended: str
    reason: str
    fixed_reasons: Mapping[str, str]
    sections: Mapping[Section, tuple[str, str]]
    areas: Mapping[str, str]
    nouns: Mapping[str, tuple[str, str]]
    statutes: Mapping[str, str]
    kept_until: str
    law: str
    claim: str
    claim_until: str
    over: str
    belongs_to: str
    stays_shut: str
    rule_stands: str
    not_yet_erased: str
    can_be_lifted: str
    until_decided: str
    gone_after: str
    should_be_gone: str
    told_on: str
    disagree: str
    tell_us: str
    complaint: str
    court: str
    courts_of: Mapping[str, str]
    authorities: Mapping[str, str]
    any_authority: str
    limits: str
    limits_of: str
    we_keep: str
    we_keep_request: str
    we_keep_request_sealed: str
    we_keep_sealed: str
    we_keep_key: str
    we_keep_tokens: str
    address: str
    recipient: ToRecipient
    access: ToAccess

    def day(self, day: date) -> str:
        """The date, its month as a word."""
        return f"{day.day} {self.months[day.month - 1]} {day.year}"

    def because(self, reason: str) -> str:
        """The officer's reason; a fixed one in this language."""
        return self.reason.format(reason=self.fixed_reasons.get(reason, reason))

    def counted(self, kind: str, count: int) -> str:
        """So many records of a kind."""
        return f"{count} {self._noun(kind)[count > 1]}"

    def several(self, kind: str) -> str:
        """Records of a kind, uncounted."""
        return self._noun(kind)[1]

    def _noun(self, kind: str) -> tuple[str, str]:
        return self.nouns.get(kind) or self.nouns[""]

    def area(self, kind: str) -> str:
        """A kind of processor as the person would call it, at the start of a line."""
        named = self.areas.get(kind) or self.areas["other"]
        return named[0].upper() + named[1:]

    def statute(self, text: str) -> str:
        """A statute as a rule names it, with what it says where that is known."""
        known = self.statutes.get(text)
        return text if known is None else f"{text}, {known}"

    def article(self, text: str) -> str:
        """A reference to law, in this language's abbreviations."""
        return text.replace("GDPR", self.gdpr)
