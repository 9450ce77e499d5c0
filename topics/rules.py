"""The rules of `erasure.toml` on what is kept and what goes by itself: `[[holds]]` and `[[retention]]`."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from topics.model import ProcessorName, Sentence
from topics.toml_lines import Section, Wrong

HoldStart = Literal["end_of_financial_year", "end_of_year", "end_of_contract", "record_date"]

EVERY_OTHER = "*"
"""As a rule's kind: every kind that no other rule for the same processor names."""

_Kind = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]{0,62})$")]
_Field = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.]{0,62}$")]
_Words = Annotated[str, Field(min_length=1, max_length=150)]
"""Short enough for a reason on the certificate to hold two of them and the dates."""


def _one_or_more(raw: object) -> object:
    return [raw] if isinstance(raw, str) else raw


class _Rule(Section):
    """Of records of some kinds, at one processor or (`processor` None) at all; the period in one of three units."""

    kinds: Annotated[tuple[_Kind, ...], Field(min_length=1, strict=False), BeforeValidator(_one_or_more)] = Field(alias="kind")
    processor: ProcessorName | None = None
    years: Annotated[int, Field(ge=1, le=100)] | None = None
    months: Annotated[int, Field(ge=1, le=1200)] | None = None
    days: Annotated[int, Field(ge=1, le=36500)] | None = None

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if sum(given is not None for given in (self.years, self.months, self.days)) != 1:
            raise Wrong("needs a period in one unit; write years, months or days")
        if EVERY_OTHER in self.kinds and len(self.kinds) > 1:
            raise Wrong('has "*" beside other kinds; write kind = "*" alone: it means every kind that no other rule names')
        return self


class HoldRule(_Rule):
    """A legal reason to keep records although a person asks to be forgotten (GDPR art. 17(3)): a least.

    `fields`: what the duty needs of a record; the rest is stripped where the connector can. None: it needs all; empty: nothing of
    what can be stripped.
    `reason`: one sentence for this class of records; it stands on the certificate.
    """

    statute: Annotated[Sentence, Field(min_length=1)]
    exception: Annotated[Sentence, Field(min_length=1)]
    starts: HoldStart = Field(alias="from")
    fields: Annotated[tuple[_Field, ...], Field(strict=False)] | None = None
    reason: Annotated[Sentence, Field(min_length=1)] | None = None


class RetentionRule(_Rule):
    """What goes by itself after a while, and cannot be erased before: a most. It never keeps anything from being erased.

    `source`: where that is promised or written.
    """

    name: _Words
    source: _Words
