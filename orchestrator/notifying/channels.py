"""The ways out: a mail server, and a webhook that is signed as Standard Webhooks says. What goes wrong is told without addresses."""

import base64
import hashlib
import hmac
import json
import logging
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Protocol

import aiosmtplib
import httpx

from orchestrator.notifying.texts import Told
from topics.configuration import MailSettings, WebhookSettings
from topics.model import Clock

log = logging.getLogger(__name__)

_SECONDS = 30.0
_PASSING = frozenset({408, 425, 429})


class Undelivered(Exception):
    """It did not get through. `again`: whether trying again may help. The text names no address."""

    def __init__(self, sentence: str, again: bool) -> None:
        super().__init__(sentence)
        self.again = again


class Channel(Protocol):
    """A way to an officer."""

    name: str

    async def tell(self, told: Told) -> None:
        """Raises Undelivered."""
        ...


class Mail:
    """One mail to all recipients; the same `Message-ID` when it is sent again."""

    name = "mail"

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def message(self, told: Told) -> EmailMessage:
        """The mail."""
        sender = Address(addr_spec=self._settings.sender)
        message = EmailMessage()
        message["From"], message["To"] = str(sender), ", ".join(self._settings.to)
        message["Subject"], message["Message-ID"] = told.subject, f"<{told.id}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(told.body)
        return message

    async def tell(self, told: Told) -> None:
        given = self._settings
        try:
            refused, _ = await aiosmtplib.send(
                self.message(told),
                hostname=given.host,
                port=given.port,
                username=given.user,
                password=given.password.get_secret_value() if given.password else None,
                use_tls=given.tls == "tls",
                start_tls=given.tls == "starttls",
                timeout=_SECONDS,
            )
            if refused:
                log.error("mail: %d of %d recipients were refused; look at [notifications.mail] to", len(refused), len(given.to))
        except aiosmtplib.SMTPResponseException as error:
            raise Undelivered(f"The mail server answered {error.code}.", again=400 <= error.code < 500) from None
        except aiosmtplib.SMTPRecipientsRefused:
            raise Undelivered("The mail server refused every recipient.", again=False) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Undelivered(f"The mail server cannot be reached ({type(error).__name__}).", again=True) from None


class Webhook:
    """One POST of JSON: `webhook-id`, `webhook-timestamp`, and `webhook-signature` (HMAC-SHA-256, version 1)."""

    name = "webhook"

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    async def tell(self, told: Told) -> None:
        body, moment = json.dumps(told.payload).encode(), str(int(self._clock().timestamp()))
        signed = f"{told.id}.{moment}.".encode() + body
        secret = self._settings.secret.get_secret_value().encode()
        signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        headers = {"webhook-id": str(told.id), "webhook-timestamp": moment, "webhook-signature": f"v1,{signature}"}
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client:
                answer = await client.post(self._settings.url, content=body, headers={"content-type": "application/json", **headers})
        except httpx.HTTPError as error:
            raise Undelivered(f"The webhook cannot be reached ({type(error).__name__}).", again=True) from None
        if not answer.is_success:
            passing = answer.status_code in _PASSING or answer.status_code >= 500
            raise Undelivered(f"The webhook answered {answer.status_code}.", again=passing)
