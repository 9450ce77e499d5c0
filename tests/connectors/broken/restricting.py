"""Connectors that restrict otherwise than they say, or say what cannot be done."""

from dataclasses import replace
from typing import Any

from connectors.auth import Bearer, By
from connectors.contract import (
    Call,
    Connector,
    Kind,
    Look,
    Record,
    RestrictedIf,
)
from tests.connectors.shoebox import Customer, Shoebox


class RestrictsNothing(Shoebox):
    async def restrict(self, record: Record) -> None:
        return None


class RestrictsByErasing(Shoebox):
    async def restrict(self, record: Record) -> None:
        await self.http.delete("/customers/{id}", id=record.ref)


class LiftsNothing(Shoebox):
    async def lift(self, record: Record) -> None:
        return None


class Shown(Customer):
    state = RestrictedIf("archived", True)


class Says(Shoebox):
    """No fault: its customers are restricted, lifted and shown as their kind says, by no method of its own."""

    restrict, lift, peek = Connector.restrict, Connector.lift, Connector.peek  # type: ignore[assignment]
    auth = Connector.__dict__["auth"]
    signs_in = By(Bearer, "token")
    customer = Kind(
        "customer",
        at="/customers/{id}",
        peeks=Look(Shown),
        restricts=Call("POST", at="/customers/{id}/archive"),
        lifts=Call("POST", at="/customers/{id}/unarchive"),
        how="archived",
    )
    spec = replace(Shoebox.spec, kinds=(*Shoebox.spec.kinds[:2], customer))


def _saying(**changes: Any) -> Any:
    return replace(Says.spec, kinds=(*Says.spec.kinds[:2], replace(Says.customer, **changes)))


class SaysTheWrongCall(Says):
    spec = _saying(restricts=Call("POST", at="/customers/{id}/unarchive"))


class SaysNoCall(Says):
    """It declares that it restricts, and not how."""

    spec = _saying(restricts=True)


class SaysNoPath(Says):
    spec = _saying(at=None, peeks=False, restricts=Call("POST"))


class ShowsNoState(Says):
    """Its look tells only that the record is there: what is restricted is shown as present."""

    spec = _saying(peeks=True)


class SignsInByNoSetting(Says):
    signs_in = By(Bearer, "api_key")


class SaysNotHow(Shoebox):
    """It restricts, and its certificate could only say that it is restricted."""

    spec = replace(Shoebox.spec, kinds=(*Shoebox.spec.kinds[:2], replace(Shoebox.spec.kinds[2], how="")))


class SaysHowAsTheVendorDoes(Shoebox):
    """No officer reads names of fields."""

    spec = replace(Shoebox.spec, kinds=(*Shoebox.spec.kinds[:2], replace(Shoebox.spec.kinds[2], how="isArchived = true")))
