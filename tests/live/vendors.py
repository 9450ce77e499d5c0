"""Simulated vendors over real HTTP, served from a thread, so that a test can look into them at any time."""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Self

from connectors.testing.harness import SECRETS
from connectors.testing.serve import serving
from connectors.testing.simulator import Simulator
from connectors.testing.simulators.jira import JiraSimulator
from connectors.testing.simulators.mailman import MailmanSimulator
from connectors.testing.simulators.mollie import MollieSimulator
from connectors.testing.simulators.moneybird import MoneybirdSimulator
from connectors.testing.simulators.transip import TransipSimulator

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "jira": {"email": "bot@bureau.example", "api_token": "env"},
    "mailman": {"user": "restadmin", "password": "env"},
    "moneybird": {"administration_id": "123", "token": "env"},
    "mollie": {"api_key": "env"},
    "transip": {"login": "example", "private_key": "env"},
}


class Served:
    """Use as a context manager; `urls` are then the base_urls, by the names of `simulators`."""

    def __init__(self, simulators: Mapping[str, Simulator]) -> None:
        self._simulators = dict(simulators)
        self.urls: dict[str, str] = {}
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)

    def by_name(self) -> dict[str, Simulator]:
        return dict(self._simulators)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: Any) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        async with AsyncExitStack() as stack:
            for name, simulator in self._simulators.items():
                self.urls[name] = await stack.enter_async_context(serving(simulator))
            self._ready.set()
            await self._stop.wait()


class Vendors(Served):
    """The five of the first version."""

    def __init__(self) -> None:
        self.jira, self.mailman, self.moneybird = JiraSimulator(), MailmanSimulator(), MoneybirdSimulator()
        self.mollie, self.transip = MollieSimulator(), TransipSimulator()
        super().__init__({name: getattr(self, name) for name in SETTINGS})

    def processors(self) -> str:
        """The `[[processors]]` of an erasure.toml."""
        return "\n".join(self._processor(name) for name in SETTINGS)

    def _processor(self, name: str) -> str:
        lines = ["[[processors]]", f'name = "{name}"', f'connector = "{name}"', f'base_url = "{self.urls[name]}"']
        lines.append("calls_per_minute = 1000000")
        for key, value in SETTINGS[name].items():
            lines.append(f"settings.{key} = " + (f'{{env = "{name.upper()}_SECRET"}}' if value == "env" else f'"{value}"'))
        return "\n".join(lines) + "\n"

    @staticmethod
    def secrets() -> dict[str, str]:
        return {f"{name.upper()}_SECRET": SECRETS.get(f"{name.upper()}_SECRET", SECRETS["KIT_SECRET"]) for name in SETTINGS}
