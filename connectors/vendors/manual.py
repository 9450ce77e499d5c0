"""A processor that only a person can empty: every command is answered with what to do. Facts: docs/vendors/manual.md."""

from datetime import date

from connectors.contract import Connector, NeedsPerson, OfAnyKind, Records, Spec, Subject, Text


class ManualSettings(OfAnyKind):
    instructions: Text


class Manual(Connector[ManualSettings]):
    spec = Spec(name="manual", kind="other", kinds=(), identifiers=(), calls_per_minute=600, docs="", checked=date(2026, 11, 22))
    opens = "nothing"

    async def locate(self, subject: Subject) -> Records:
        raise NeedsPerson(self.settings.instructions)
        yield
