"""Google Analytics 4: it is asked to delete visits, and never says whether it did. Facts and doubts: docs/vendors/google_analytics.md."""

import datetime as dt
import re

from connectors import contract
from connectors.auth import Bearer, SignIn
from connectors.contract import Accepted, Connector, Gone, Kind, Misread, NeedsPerson, Record, Records, Secret, Spec, State, Subject
from connectors.oauth import ServiceAccount

_WITHIN = dt.timedelta(days=63)  # the longest that a deletion is said to take
_OWN = {"google_analytics.user_id": "userId", "google_analytics.client_id": "clientId", "google_analytics.app_instance_id": "appInstanceId"}
_SENT = re.compile(r"[^@]+@[^@]+|\+[1-9][0-9]+")
_FIELDS = {"email": "userProvidedData", "phone": "userProvidedData", **_OWN}


class GoogleAnalyticsSettings(contract.Settings):
    token: Secret | None = None
    service_account: Secret | None = None
    properties: tuple[str, ...]
    user_id_from: str = "customer_id"


class GoogleAnalytics(Connector[GoogleAnalyticsSettings]):
    spec = Spec(
        name="google_analytics", kind="analytics", kinds=(Kind("visit"),),
        identifiers=("email", "phone", "customer_id", *_OWN), calls_per_minute=60, concurrency=2, searches=False,
        not_covered=("visits that no given identifier was sent with", "exports (BigQuery), linked advertising accounts"),
        docs="https://developers.google.com/analytics/devguides/config/admin/v1", checked=dt.date(2026, 11, 22), facts="specification",
    )  # fmt: skip
    base_url = "https://analyticsadmin.googleapis.com"

    @classmethod
    def auth(cls, settings: GoogleAnalyticsSettings) -> SignIn:
        if not settings.properties or not all(re.fullmatch(r"(properties/)?[0-9]+", name) for name in settings.properties):
            raise ValueError('`properties` lists numbers of GA4 properties, such as "1001"; a measurement id (G-…) is none.')
        if settings.token and not settings.service_account:
            return Bearer(settings.token)
        if settings.token or not settings.service_account:
            raise ValueError("give either `token` or `service_account`.")
        return ServiceAccount(settings.service_account, "https://www.googleapis.com/auth/analytics.edit")

    async def rights(self) -> list[contract.Right]:
        numbers = [name.removeprefix("properties/") for name in self.settings.properties]
        for number in numbers:  # the one thing that reading shows: it is there, and we may see it
            (await self.http.get("/v1alpha/properties/{number}", number=number)).read(str, "name")
        return [contract.Right(f"the role Editor on property {number}", "erase", None) for number in numbers]

    async def locate(self, subject: Subject) -> Records:
        """What to ask for: nobody can be looked up, so that each identifier at each property is one record, there or not."""
        fields = [*_FIELDS.items(), (self.settings.user_id_from, "userId")]
        asked = [f"{field}/{_written(kind, field, value)}" for kind, field in fields for value in subject.values(kind)]
        if not asked:
            raise NeedsPerson(f"To ask for a deletion here it needs one of: {', '.join(kind for kind, _ in fields)}.")
        for ref in [f"{name.removeprefix('properties/')}/{what}" for name in self.settings.properties for what in asked]:
            yield Record("visit", ref)

    async def erase(self, record: Record) -> Accepted:
        number, field, value = record.ref.split("/", 2)
        if field == "userProvidedData" and not _SENT.fullmatch(value):
            raise NeedsPerson("Google Analytics knows whole e-mail addresses and phone numbers with their country (+31…): give it so.")
        try:
            answer = await self.http.post("/v1alpha/properties/{number}:submitUserDeletion", json={field: value}, number=number)
        except Gone:  # of a property, never of a person
            raise Misread("Google Analytics knows no such property, or the credential may not see it: look at `properties`.") from None
        answer.read(str, "deletionRequestTime")  # a number is none, though it would be read as a moment of 1970
        return Accepted((answer.read(dt.datetime, "deletionRequestTime") + _WITHIN).date())

    async def peek(self, record: Record) -> State:
        return State.PRESENT  # until somebody knows better: there is no call that tells


def _written(kind: str, field: str, value: str) -> str:
    """An address or a number as Google wants it; an id as it was sent with the visits."""
    if field != "userProvidedData":
        return value
    if kind == "phone":
        return "+" + re.sub("[^0-9]", "", value.replace("(0)", "")).removeprefix("00")
    local, at, domain = "".join(value.split()).rpartition("@")
    return (local.replace(".", "") if domain in ("gmail.com", "googlemail.com") else local) + at + domain
