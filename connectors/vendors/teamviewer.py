"""TeamViewer: users of the company, contacts, reports of connections, service cases. Facts and doubts: docs/vendors/teamviewer.md."""

import datetime as dt
from typing import Any

from connectors import contract
from connectors.auth import Bearer, By
from connectors.contract import Call, Connector, Key, Kind, Listed, Record, Records, RestrictedIf, Shape, Spec, Subject, by_cursor


class User(Shape):
    id: str
    email: str | None
    active: bool | None = None
    state = RestrictedIf("active", False)


class Contact(Shape):
    contact_id: str
    user_id: str | None = None
    email: str | None = None


class Report(Shape):
    id: str
    userid: str | None
    contact_id: str | None = None
    end_customer: dict[str, Any] | None = None
    start_date: dt.datetime | None = None


class Session(Shape):
    code: str
    end_customer: dict[str, Any] | None = None
    created_at: dt.datetime | None = None


class Teamviewer(Connector[contract.TokenSettings]):
    spec = Spec(
        name="teamviewer", kind="remote_support", identifiers=("email", "teamviewer.user_id", "teamviewer.contact_id"),
        kinds=(
            Kind("connection_report", at="/reports/connections/{id}",  # not found by its user any more when that is gone
                 listed=Listed(Report, at="records", query={"from_date": "2000-01-01T00:00:00Z"})),
            Kind("session", "TeamViewer can only close a service case, and keeps it.",
                 listed=Listed(Session, "code", at="sessions", query={"state": "open,closed", "full_list": "true"},  # else open ones only
                               paging=by_cursor("offset", "next_offset?"), path="/sessions")),
            Kind("contact", at="/contacts/{id}", listed=Listed(Contact, "contact_id", at="contacts")),
            Kind("user", at="/users/{id}", how="deactivated", restricts=Call("PUT", {"active": False}), lifts=Call("PUT", {"active": True}),
                 erases=Call("DELETE", query={"isPermanentDelete": "true"}),  # without it the account only leaves the company
                 listed=Listed(User, at="users", query={"full_list": "true"})),
        ),
        docs="https://webapi.teamviewer.com/api/v1/docs/index", checked=dt.date(2026, 11, 22), facts="specification", calls_per_minute=60,
        not_covered=("contacts, devices and reports that only give a name, open invitations", "chats, meetings, the event log"),
    )  # fmt: skip
    base_url = "https://webapi.teamviewer.com/api/v1"
    signs_in = By(Bearer, "token")
    lists = contract.Lists(by_cursor("offset_id", "next_offset?"), always=("/users", "/contacts", "/reports/connections"))
    _accounts, _contacts = frozenset[str](), frozenset[str]()  # of earlier looks too: their reports outlive them

    async def locate(self, subject: Subject) -> Records:
        users = [row async for row in self.everyone("user")]
        if users and not any(row.email for row in users):
            raise contract.Misread("TeamViewer shows no account's address, not even that of the token's user.")
        self._accounts |= {*subject.values("teamviewer.user_id"), *(row.id for row in users if subject.matches("email", row.email))}
        for row in users:
            if row.id in self._accounts:
                yield Record("user", row.id, state=row.state)
        async for row in self.everyone("contact"):
            named = subject.matches("email", row.email) or subject.matches("teamviewer.contact_id", row.contact_id)
            if named or row.user_id in self._accounts:
                self._contacts |= {row.contact_id}
                yield Record("contact", row.contact_id)
        async for row in self.everyone("connection_report"):
            binds: list[Key] = [("user", row.userid)] if row.userid in self._accounts else []
            binds += [("contact", row.contact_id)] if row.contact_id in self._contacts else []
            if binds or subject.matches("email", (row.end_customer or {}).get("email")):
                yield Record("connection_report", row.id, row.start_date, tuple(binds))
        async for row in self.everyone("session"):
            if subject.matches("email", (row.end_customer or {}).get("email")):
                yield Record("session", row.code, row.created_at)
