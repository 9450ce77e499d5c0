"""Google Analytics in memory: `submitUserDeletion` of the Admin API v1alpha, after its discovery document (revision 20260531), read on
2026-11-22; no text of it is used. Deletion never comes to an end here, since no call would show it.

Believed only: that an identifier nobody was ever sent with is accepted too, that one property that the credential may not see answers 403,
an unknown one 404, and the shape of errors.
"""

from collections import Counter
from datetime import UTC, datetime

import httpx

from connectors.testing.harness import SECRETS
from connectors.testing.simulator import Person, Simulator, body_of, route

_FIELDS = {"userId", "clientId", "appInstanceId", "userProvidedData"}
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class GoogleAnalyticsSimulator(Simulator):
    """Two properties. What is sent with a visit: the customer's number, the address and the phone number."""

    def __init__(self) -> None:
        super().__init__()
        self.visits: dict[str, list[set[str]]] = {"1001": [], "1002": []}
        self.now = NOW
        self.asked: list[tuple[str, str, str]] = []  # property, field, value

    def seed(self, person: Person) -> None:
        for visits in self.visits.values():
            visits.append({person.email.lower(), person.phone, person.customer_id})

    def traces(self, person: Person) -> Counter[str]:
        known = {person.email.lower(), person.phone, person.customer_id}
        return Counter(visit=sum(len(visit & known) for visits in self.visits.values() for visit in visits))

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("authorization") == f"Bearer {SECRETS['KIT_SECRET']}")

    @route("GET", "/v1alpha/properties/{id}")
    def show(self, request: httpx.Request, id: str) -> httpx.Response:
        told = {"name": f"properties/{id}", "displayName": "The shop"}
        return httpx.Response(200, json=told) if id in self.visits else _error(403, "PERMISSION_DENIED")

    @route("POST", "/v1alpha/properties/{id}:submitUserDeletion")
    def submit(self, request: httpx.Request, id: str) -> httpx.Response:
        body = body_of(request)
        if id not in self.visits:
            return _error(404, "NOT_FOUND")
        [(field, value)] = body.items() if len(body) == 1 else [("", "")]
        if field not in _FIELDS or not isinstance(value, str) or not value:
            return _error(400, "INVALID_ARGUMENT")
        self.asked.append((id, field, value))
        return httpx.Response(200, json={"deletionRequestTime": f"{self.now:%Y-%m-%dT%H:%M:%S}.123456789Z"})


def _error(status: int, word: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": status, "message": "It cannot be done.", "status": word}})
