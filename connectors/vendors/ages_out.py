"""What nobody can erase one person from, and what goes by itself: backups, logs, a quarantine. Facts: docs/vendors/ages_out.md."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from connectors.contract import Connector, Kind, Record, Records, RetentionRule, Settings, Spec, Subject

_Kind = Literal["backup", "log", "quarantined_message", "visit", "recording", "copy"]


class AgesOutSettings(Settings):
    kind: _Kind
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    days: Annotated[int, Field(ge=1, le=36500)] | None = None
    months: Annotated[int, Field(ge=1, le=1200)] | None = None

    @model_validator(mode="after")
    def _one_period(self) -> Self:
        if (self.days is None) == (self.months is None):
            raise ValueError("needs its period once: write days or months")
        return self


class AgesOut(Connector[AgesOutSettings]):
    spec = Spec(
        name="ages_out", kind="other", identifiers=(), calls_per_minute=600, docs="", checked=date(2026, 11, 22),
        kinds=tuple(Kind(name, kept_because="One person cannot be erased from it.") for name in get_args(_Kind)),
    )  # fmt: skip
    opens = "nothing"

    @classmethod
    def retention(cls, settings: AgesOutSettings) -> Sequence[RetentionRule]:
        rule = RetentionRule(
            frozenset({settings.kind}), settings.kind, settings.reason, months=settings.months or 0, days=settings.days or 0, looked=False
        )
        return (rule,)

    async def locate(self, subject: Subject) -> Records:
        yield Record(self.settings.kind, "*")
