"""SMTP.com: the log of outgoing mail, which can be searched and not erased. Facts and doubts: docs/vendors/smtp_com.md."""

import datetime as dt
from email.utils import getaddresses
from functools import partial
from typing import Any

from connectors import contract
from connectors.auth import By, Header
from connectors.contract import Connector, Kind, NeedsPerson, Record, Records, Shape, Spec, State, Subject, by_offset, rows

_EVER = "946684800"  # 2000-01-01: a start must be given


class SmtpComSettings(contract.ApiKeySettings):
    channels: contract.Texts


class Envelope(Shape):
    model_config = {"alias_generator": lambda name: "from" if name == "sender" else name}
    rcpt_to: contract.Address | list[contract.Address]
    sender: contract.Address | None = None

    @property
    def addresses(self) -> list[str]:
        recipients = [self.rcpt_to] if isinstance(self.rcpt_to, str) else self.rcpt_to
        return [address for _, address in getaddresses([*recipients, self.sender or ""])]


class Message(Shape):
    msg_id: str
    msg_data: Envelope
    msg_time: dt.datetime | None = None


class SmtpCom(Connector[SmtpComSettings]):
    spec = Spec(
        name="smtp_com", kind="hosting", identifiers=("email",), calls_per_minute=120,
        kinds=(Kind("message", "SMTP.com offers no way to erase its log: ask SMTP.com to, and attach its answer as proof."),),
        docs="https://github.com/smtpcom/smtpcom-python", checked=dt.date(2026, 11, 22), facts="client library",
        not_covered=("channels that settings.channels does not name", "reports and logs of callbacks", "what the log shows no more"),
    )  # fmt: skip
    base_url = "https://api.smtp.com"
    signs_in = By(partial(Header, "X-SMTPCOM-API"), "api_key")

    def __init__(self, settings: SmtpComSettings, door: Any) -> None:
        super().__init__(settings, door)
        self._shown = set[str]()  # what the search has just shown

    async def locate(self, subject: Subject) -> Records:
        for channel in self.settings.channels:  # everybody's mail: there is no filter on an address
            query = {"channel": channel, "start": _EVER, "limit": 100, "offset": 0}
            async for message in rows(self.http.get, "/v4/messages", Message, by_offset(), at="data/items", query=query):
                if any(subject.matches("email", address) for address in message.msg_data.addresses):
                    self._shown.add(ref := f"{channel}/{message.msg_id}")
                    yield Record("message", ref, message.msg_time)

    async def peek(self, record: Record) -> State | None:
        if record.ref in self._shown:
            return State.PRESENT
        raise NeedsPerson("SMTP.com's log shows a message no more that it showed before: only SMTP.com can say whether it was erased.")
