"""A processor that holds nothing of anybody: declared, and answered so with the reason. Facts: docs/vendors/nothing_held.md."""

from datetime import date

from connectors.contract import Connector, NotApplicable, OfAnyKind, Records, Spec, Subject, Text


class NothingHeldSettings(OfAnyKind):
    reason: Text


class NothingHeld(Connector[NothingHeldSettings]):
    spec = Spec(name="nothing_held", kind="other", kinds=(), identifiers=(), calls_per_minute=600, docs="", checked=date(2026, 11, 22))
    opens = "nothing"

    async def locate(self, subject: Subject) -> Records:
        raise NotApplicable(self.settings.reason)
        yield
