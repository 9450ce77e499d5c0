"""An office: the pages of a company that is simulated whole, in memory and without a network."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Cookies, Response

from connectors.testing.simulator import Person
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from connectors.vendors.manual import Manual
from orchestrator.letters import Language, Seat
from orchestrator.policy import Guards
from orchestrator.web.access import Access, Role
from orchestrator.web.ports import Ports
from orchestrator.web.proofs import Proofs
from orchestrator.web.site import build
from tests.flow.company import AMSTERDAM, NAMES, Company, seed
from tests.flow.test_shredding import SHREDDING
from topics.bus import Message
from topics.configuration import SignIn

JAN = Person("jan@voorbeeld.nl")
ADDRESS = "http://127.0.0.1:8080"


class Browser:
    """Asks the application as a server would hand it on; follows nothing by itself, and keeps cookies."""

    def __init__(self, site: FastAPI) -> None:
        self._client = AsyncClient(transport=ASGITransport(site), base_url=ADDRESS)

    @property
    def cookies(self) -> Cookies:
        return self._client.cookies

    def request(self, method: str, path: str, **more: Any) -> Response:
        return asyncio.run(self._client.request(method, path, **more))

    def get(self, path: str, **more: Any) -> Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> Response:
        return self.request("POST", path, **more)


@dataclass
class Office:
    """`by_hand`: what a person does at a processor that nobody can call; None: there is none. `sent`: what the pages said on Kafka."""

    folder: Path
    show_person: bool = False
    sign_in: SignIn | None = None
    address: str = ADDRESS
    by_hand: str | None = None
    guards: Guards = field(default_factory=Guards)
    keep_proofs: bool = False
    sent: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.company = Company(self.folder, policy=replace(SHREDDING, guards=self.guards))
        if self.by_hand:
            self.company.vendors["printer"] = MoneybirdSimulator()  # nobody calls it
            self.company.connectors["printer"] = Manual
            self.company.own_settings["printer"] = {"instructions": self.by_hand}
            self.company.restart()
        self.access = Access.open(f"sqlite:///{self.folder}/web.db", self.company.time)
        self.ports = Ports(
            ledger=self.company.ledger,
            keyring=self.company.keyring,
            publish=self._publish,
            names=NAMES,
            jwks=self.company.keys.jwks(),
            address=self.address,
            seat=Seat(AMSTERDAM),
            language=Language.EN,
            clock=self.company.time,
            sleep=self.company.time.sleep,
            show_person=self.show_person,
            sign_in=self.sign_in,
            proofs=Proofs.open(self.folder / "proofs", self.company.keyring) if self.keep_proofs else None,
        )
        self.site = build(self.ports, self.access)

    async def _publish(self, messages: Any) -> None:
        for message in messages:
            self.sent.append(message)
            self.company.broker.append(message)

    def stranger(self) -> Browser:
        """A browser without a session."""
        return Browser(self.site)

    def visitor(self, role: Role = Role.OFFICER) -> Browser:
        """A browser that used a link."""
        browser = self.stranger()
        assert 303 == browser.post("/sign-in/link", data={"link": self.access.link("olga", role)}).status_code
        return browser

    def erased(self) -> UUID:
        """A request that is carried out, with an invoice that is held."""
        seed(self.company.vendors["moneybird"], JAN)
        request = self.company.ask(JAN.subject(), ground="17(1)(b)")
        self.company.settle()
        return request

    def close(self) -> None:
        self.access.close()
        self.company.close()


def csrf(page: Response) -> str:
    """What the forms of a page carry."""
    return re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]


def act(browser: Browser, request: UUID, order: str, **given: Any) -> Response:
    """Fill in a form of a case's page and send it."""
    form = {"csrf": csrf(browser.get(f"/cases/{request}"))} | given
    return browser.post(f"/cases/{request}/orders/{order}", data=form)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.close()
