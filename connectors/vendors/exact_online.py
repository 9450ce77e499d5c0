"""Exact Online: accounts, their contacts, and the books, which Exact does not let go. Facts and doubts: docs/vendors/exact_online.md."""

import datetime as dt
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from connectors import contract
from connectors.auth import By
from connectors.contract import Call, Gone, Kind, NeedsPerson, Record, Refused, Spec, State, Subject, by_href, found, rows
from connectors.oauth import RotatingToken

Json = dict[str, Any]  # what is read by [] must be there: a missing key is told as `Misread`
_KEPT = "Exact documents no call that erases it: do it there, once no law keeps it."
_TOKEN = partial(RotatingToken, "/api/oauth2/token", "/api/v1")
_KINDS = (
    Kind("draft", _KEPT), Kind("invoice", _KEPT), Kind("transaction", _KEPT),
    Kind("contact", at="/api/v1/{division}/crm/Contacts(guid'{id}')"),
    Kind("customer", at="/api/v1/{division}/crm/Accounts(guid'{id}')", how="blocked",
         restricts=Call("PUT", {"Blocked": True}), lifts=Call("PUT", {"Blocked": False})),
)  # fmt: skip


class ExactOnlineSettings(contract.Settings):
    division: str
    client_id: str
    client_secret: contract.Secret
    token_file: contract.ConfiguredPath


class ExactOnline(contract.Connector[ExactOnlineSettings]):
    spec = Spec(
        name="exact_online", kind="accounting", kinds=_KINDS, checked=dt.date(2026, 11, 22), facts="documentation in part",
        calls_per_minute=60, identifiers=("email", "customer_id", "exact_online.account_id"),
        docs="https://start.exactonline.nl/docs/HlpRestAPIResources.aspx",
        not_covered=("quotations, opportunities, subscriptions, documents and mail", "people who are only named in somebody else's record"),
    )  # fmt: skip
    base_url = "https://start.exactonline.nl"
    signs_in = By(_TOKEN, "client_id", "client_secret", "token_file", headers={"Accept": "application/json"})  # else it is Atom

    async def locate(self, subject: Subject) -> contract.Records:
        contacts = [row async for row in self._list("crm/Contacts", "ID,Account,Email,BusinessEmail")]
        own = [row["ID"] for row in contacts if _addresses(row) & {*subject.values("email")}]
        async for account in self._list("crm/Accounts", "ID,Code,Email,Blocked"):
            if _is_of(account, subject):
                inside = [row for row in contacts if _same(row["Account"], account["ID"]) and row["ID"] not in own]
                if any(_addresses(row) - _addresses(account) for row in inside):
                    raise NeedsPerson("Other people are contacts in the person's account: move them, then retry.")
                own += [row["ID"] for row in inside]
                async for record in self._books(account["ID"]):
                    yield record
                yield Record("customer", account["ID"], state=_state(account))
        for contact in own:
            yield Record("contact", contact)

    async def _books(self, account: str) -> contract.Records:
        for field in ("OrderedBy", "InvoiceTo"):
            async for row in self._list("salesinvoice/SalesInvoices", "InvoiceID,OrderedBy,InvoiceTo,InvoiceDate,Status", field, account):
                kind = "draft" if row.get("Status") in (10, 20) else "invoice"  # 20 is open, 50 processed
                yield Record(kind, row["InvoiceID"], _day(row.get("InvoiceDate")), ("customer", account))
        async for row in self._list("financialtransaction/TransactionLines", "ID,Account,Date", "Account", account):
            yield Record("transaction", row["ID"], _day(row.get("Date")), ("customer", account))

    async def _list(self, path: str, fields: str, field: str = "", account: str = "") -> AsyncIterator[Json]:
        """A whole list, or what names an account. Addresses are not filtered by: whether that minds their letter case is not known."""
        pages, of = by_href("d/__next?"), self.settings.division
        path, absent = f"/api/v1/{{division}}/{path}", Gone if field else ()  # a module that the division does not have
        filtered = [{"$select": fields, "$filter": f"{field} eq guid'{account}'"}] if field else []
        for query in (*filtered, {"$select": fields}):
            try:
                listed = rows(self.http.get, path, Json, pages, at="d/results", query=query, absent=absent, division=of)
                async for row in listed:
                    if not field or _same(row[field], account):
                        yield row
                return
            except Refused:  # only some fields may be filtered by, and which is not known: then the whole list is read
                if "$filter" not in query:
                    raise

    async def rights(self) -> list[contract.Right]:  # no call tells a token's scopes
        return contract.for_both({"the scope Crm accounts (manage)": None})

    async def erase(self, record: Record) -> None:
        if record.kind == "customer" and [booked async for booked in self._books(record.ref)]:
            raise Refused("An invoice or a booking hangs from the account, so that Exact keeps it: anonymise it there.")
        await self.on(record, self.http.delete)

    async def peek(self, record: Record) -> State | None:
        row = await found(self.on(record, self.http.get), Json, "d") if record.kind in ("contact", "customer") else None
        return None if row is None or row.get("results") == [] else _state(row)  # gone? the lists are whole, and must say so too


def _addresses(row: Json) -> set[str]:
    written = ";".join(each for each in (row["Email"], row.get("BusinessEmail")) if each)  # a number among them is told
    return {normal for each in re.split("[,;]", written) if (normal := each.strip().lower())}


def _is_of(account: Json, subject: Subject) -> bool:
    there, own, numbered = _addresses(account), {*subject.values("email")}, subject.matches("customer_id", account.get("Code"))
    if _same(account["ID"], *subject.values("exact_online.account_id")):
        return True
    if there - own and (there & own or (numbered and own)):
        raise NeedsPerson("An account with another's address has the person's number or address too: give its exact_online.account_id.")
    return numbered or bool(there & own)


def _same(id: str | None, *ids: str) -> bool:
    return str(id).lower() in [each.lower() for each in ids]


def _state(account: Json) -> State:
    return State.RESTRICTED if account.get("Blocked") else State.PRESENT


def _day(written: str | None) -> dt.date | None:
    told = re.fullmatch(r"/Date\((-?\d{1,14})\)/", written or "")  # milliseconds, in no time zone
    return dt.date(1970, 1, 1) + dt.timedelta(milliseconds=int(told[1])) if told else None
