"""Laposta: the subscribers of every list. Facts and doubts: docs/vendors/laposta.md."""

import datetime as dt
from contextlib import suppress

from connectors import contract
from connectors.auth import Basic
from connectors.contract import Connector, Gone, Kind, Record, Records, Refused, RestrictedIf, Shape, Spec, State, Subject, rows


class MailingList(Shape):
    list_id: str


class ListEntry(Shape):
    list: MailingList


class Member(Shape):
    member_id: str
    email: str
    state: str | None = None
    standing = RestrictedIf("state", "unsubscribed", "cleaned")


class MemberEntry(Shape):
    member: Member


class Laposta(Connector[contract.ApiKeySettings]):
    spec = Spec(  # no `lifts`: whoever left of their own accord looks the same, and must not be subscribed again
        name="laposta", kind="mailing_list", kinds=(Kind("subscriber", restricts=True, how="unsubscribed"),),
        not_covered=("reports of campaigns that were sent, and webhooks' receivers",), calls_per_minute=120, concurrency=2,
        identifiers=("email", "laposta.member_id"), docs="https://api.laposta.nl/doc", checked=dt.date(2026, 11, 22),
    )  # fmt: skip
    base_url = "https://api.laposta.nl/v2"

    @classmethod
    def auth(cls, settings: contract.ApiKeySettings) -> Basic:
        return Basic(settings.api_key.get_secret_value(), type(settings.api_key)(""))  # without a password

    async def locate(self, subject: Subject) -> Records:
        async for entry in rows(self.http.get, "/list", ListEntry, at="data"):
            at = entry.list.list_id
            members = [row.member async for row in rows(self.http.get, "/member", MemberEntry, at="data", query={"list_id": at})]
            asked = subject.values("email")  # besides, for nothing tells that the whole list holds whoever unsubscribed
            for address in dict.fromkeys([*asked, *(address.replace("+", "%2B") for address in asked)]):  # a plus may be unescaped twice
                with suppress(Gone, Refused):  # not in this list, told as 404 or as 400
                    answer = await self.http.get("/member/{id}", id=address, query={"list_id": at})
                    members.append(answer.read(MemberEntry).member)
            for member in members:
                if subject.matches("email", member.email) or subject.matches("laposta.member_id", member.member_id):
                    yield Record("subscriber", f"{at}/{member.member_id}", state=member.standing)

    async def erase(self, record: Record) -> None:
        at, id = record.ref.split("/")
        try:
            await self.http.delete("/member/{id}", id=id, query={"list_id": at})
        except Refused:  # its answer, too, where the member is gone already; then the fresh look must say so
            if await self.peek(record) is not None:
                raise

    async def restrict(self, record: Record) -> None:
        at, id = record.ref.split("/")
        await self.http.post("/member/{id}", id=id, json={"list_id": at, "state": "unsubscribed"})

    async def peek(self, record: Record) -> State | None:
        at, id = record.ref.split("/")
        try:
            return (await self.http.get("/member/{id}", id=id, query={"list_id": at})).read(MemberEntry).member.standing
        except (Gone, Refused):
            return None  # 400 may mean more than that it is gone: the lists decide
