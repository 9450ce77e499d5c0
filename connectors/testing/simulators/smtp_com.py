"""SMTP.com in memory, after smtpcom/smtpcom-python @ 00e4e4d (API v4), read on 2026-11-22; no text of it is used.

Believed only: that the log runs from the newest to the oldest, holds every event unless told, and caps a page; that an unknown
channel is 400. Nothing can be erased here, as there: what ages out is taken away by hand (`forget_before`).
"""

from collections import Counter
from itertools import count
from typing import Any

import httpx

from connectors.testing.simulator import Person, Simulator, query_of, route

Row = dict[str, Any]


class SmtpComSimulator(Simulator):
    """An account with two channels, `shop` and `invoices`."""

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1000)
        self.messages: list[Row] = []
        self.channels = {"shop", "invoices"}

    def seed(self, person: Person) -> None:
        self.add("shop", person.email)
        self.add("shop", f"{person.name} <{person.email}>")
        self.add("invoices", person.email)

    def add(self, channel: str, to: Any, sender: str = "shop@winkel.example", time: int = 1_748_772_000, **fields: Any) -> str:
        id = f"m-{next(self._ids)}"
        delivery = {"finished": "Sun, 01 Jun 2025 10:00:03 GMT", "retries": 0, "event": "delivered", "code": "250", "status": "OK"}
        opens = {"items": [{"open_time": "Sun, 01 Jun 2025 11:00:00 GMT", "remote_ip": "192.0.2.7", "ua": "Mail"}]}
        row = {
            "msg_id": id, "msg_time": time, "channel": channel, "smtp_vars": {},
            "msg_data": {"rcpt_to": to, "from": sender, "subject": "Your order"},
            "details": {"delivery": delivery}, "opens": opens, "clicks": {"items": []}, "unsubs": {"items": []},
        }  # fmt: skip
        self.messages.append(row | fields)
        return id

    def forget_before(self, time: int) -> None:
        """The log ages out."""
        self.messages = [row for row in self.messages if row["msg_time"] >= time]

    def traces(self, person: Person) -> Counter[str]:
        mine = (person.email.lower(), f"{person.name} <{person.email}>".lower())
        return Counter(message=sum(str(row["msg_data"]["rcpt_to"]).lower() in mine for row in self.messages))

    def signed_in(self, request: httpx.Request) -> bool:
        return bool(request.headers.get("x-smtpcom-api") == "kit-secret-9f3a71")

    @route("GET", "/v4/messages")
    def list_messages(self, request: httpx.Request) -> httpx.Response:
        query = query_of(request)
        required, known = {"start", "limit", "offset", "channel"}, {"end", "event", "msg_id"}
        numbers = [query.get(name, "") for name in ("limit", "offset", "start")]
        if required - {*query} or {*query} - required - known or not all(number.isdecimal() for number in numbers):
            return _error("start", "is not valid")
        if query["channel"] not in self.channels:
            return _error("channel", "is not known")
        limit, offset, start = map(int, numbers)
        rows = [row for row in reversed(self.messages) if row["channel"] == query["channel"] and row["msg_time"] >= start]
        shown, _ = self.cut(rows, offset, limit)
        return httpx.Response(200, json={"status": "success", "data": {"items": shown}})


def _error(field: str, message: str) -> httpx.Response:
    return httpx.Response(400, json={"status": "fail", "data": {"errors": {field: message}}})
