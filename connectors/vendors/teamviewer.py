"""TeamViewer: users of the company, contacts, reports of connections, service cases. Facts and doubts: docs/vendors/teamviewer.md."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

from connectors import contract
from connectors.auth import Bearer, By
from connectors.contract import Answer, Call, Connector, Gone, Key, Kind, Misread, Record, Records, Shape, Spec, State, Subject


class User(Shape):
    id: str
    email: str | None
    active: bool | None = None


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


_LISTS: dict[str, tuple[str, str, Any, str, dict[str, str]]] = {  # everybody's, each read whole: what is in none of them is gone
    "user": ("/users", "users", User, "id", {"full_list": "true"}),
    "contact": ("/contacts", "contacts", Contact, "contact_id", {}),
    "connection_report": ("/reports/connections", "records", Report, "id", {"from_date": "2000-01-01T00:00:00Z"}),
    "session": ("/sessions", "sessions", Session, "code", {"state": "open,closed", "full_list": "true"}),  # else the open ones only
}


class Teamviewer(Connector[contract.TokenSettings]):
    spec = Spec(
        name="teamviewer", kind="remote_support", identifiers=("email", "teamviewer.user_id", "teamviewer.contact_id"),
        kinds=(
            Kind("connection_report", at="/reports/connections/{id}"),
            Kind("session", "TeamViewer can only close a service case, and keeps it."), Kind("contact", at="/contacts/{id}"),
            Kind("user", at="/users/{id}", how="deactivated", restricts=Call("PUT", {"active": False}), lifts=Call("PUT", {"active": True}),
                 erases=Call("DELETE", query={"isPermanentDelete": "true"})),  # without it the account only leaves the company
        ),
        docs="https://webapi.teamviewer.com/api/v1/docs/index", checked=dt.date(2026, 11, 22), facts="specification", calls_per_minute=60,
        not_covered=("contacts, devices and reports that only give a name, open invitations", "chats, meetings, the event log"),
    )  # fmt: skip
    base_url = "https://webapi.teamviewer.com/api/v1"
    signs_in = By(Bearer, "token")
    _searched = False
    _accounts, _contacts = frozenset[str](), frozenset[str]()  # of earlier looks too: their reports outlive them

    async def locate(self, subject: Subject) -> Records:
        self._seen: dict[str, dict[str, State]] = {}
        self._searched = True
        self._accounts |= {*subject.values("teamviewer.user_id")}
        async for row in self._all("user"):
            if row.id in self._accounts or subject.matches("email", row.email):
                self._accounts |= {row.id}
                yield Record("user", row.id, state=self._seen["user"][row.id])
        async for row in self._all("contact"):
            named = subject.matches("email", row.email) or subject.matches("teamviewer.contact_id", row.contact_id)
            if named or row.user_id in self._accounts:
                self._contacts |= {row.contact_id}
                yield Record("contact", row.contact_id)
        async for row in self._all("connection_report"):
            binds: list[Key] = [("user", row.userid)] if row.userid in self._accounts else []
            binds += [("contact", row.contact_id)] if row.contact_id in self._contacts else []
            if binds or subject.matches("email", (row.end_customer or {}).get("email")):
                yield Record("connection_report", row.id, row.start_date, tuple(binds))
        async for row in self._all("session"):
            if subject.matches("email", (row.end_customer or {}).get("email")):
                yield Record("session", row.code, row.created_at)

    async def _all(self, kind: str) -> AsyncIterator[Any]:
        async def get(path: str, **given: Any) -> Answer:
            answer = await self.http.get(path, **given)
            self._seen.setdefault(kind, {})
            return answer

        async for row in _listed(get, kind, () if kind == "user" else Gone):
            self._seen[kind][getattr(row, _LISTS[kind][3])] = State.RESTRICTED if getattr(row, "active", None) is False else State.PRESENT
            yield row

    async def peek(self, record: Record) -> State | None:
        if not self._searched:
            return None
        if record.kind not in self._seen:  # a report is not found by its user any more when that is gone, so the last look tells
            raise Misread(f"TeamViewer lists no {record.kind}s any more, so nothing is known of this one.")
        return self._seen[record.kind].get(record.ref, State.GONE)

    async def still_listed(self, record: Record) -> bool:
        return record.ref in [getattr(row, _LISTS[record.kind][3]) async for row in _listed(self.http.get, record.kind)]


def _listed(get: Any, kind: str, absent: Any = ()) -> AsyncIterator[Any]:
    path, at, shape, _, query = _LISTS[kind]
    paging = contract.by_cursor("offset" if kind == "session" else "offset_id", "next_offset?")
    return contract.rows(get, path, shape, paging, at=at, query=query, absent=absent)
