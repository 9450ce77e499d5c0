"""One command carried out against a simulator in this process: no broker, no network, no waiting."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from connectors.act import rights
from connectors.ageing import RetentionRule
from connectors.client import Client
from connectors.contract import Connector, Right
from connectors.evidence import Evidence
from connectors.holds import HoldRule
from connectors.http import Limits, Vendor
from connectors.pace import Pace
from connectors.read_only import ReadOnly
from connectors.recording import RecordedCall, Recorder, look
from connectors.testing.simulator import Simulator
from connectors.worker import Account, Nothing, Processor, Worker
from topics.commands import Action, Command, command_id
from topics.events import Mode
from topics.keyring import Keyring, case_key, hold_key
from topics.reports import Answered, Located
from topics.sealing import Key
from topics.subject import Subject

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Time:
    """A clock that only moves when somebody waits on it."""

    now: datetime = START
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class Crash(BaseException):
    """The process dies here (no `Exception`, so that nothing can catch it by mistake)."""


@dataclass
class Bench:
    """A connector wired to a simulator, and one case on it.

    `rules`, `retention`: the rules that apply. `about`: what else the command says of the case. `crash_after_report`: die
    when what was located is safely reported. `forgotten`: the case's key is destroyed, so that the command names nobody.
    """

    connector: type[Connector[Any]]
    simulator: Simulator
    settings: Mapping[str, Any]
    base_url: str
    rules: Sequence[HoldRule] = ()
    retention: Sequence[RetentionRule] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    time: Time = field(default_factory=Time)
    located: list[Located] = field(default_factory=list)
    keyring: Keyring = field(default_factory=lambda: Keyring.open("sqlite://"))
    request_id: UUID = field(default_factory=uuid4)
    round: int = 0
    crash_after_report: bool = False
    forgotten: bool = False
    give_up_after: timedelta = timedelta(minutes=10)

    def carry_out(self, subject: Mapping[str, Any], action: Action = "erase", mode: Mode = "execute", *, known: bool = True) -> Answered:
        """The next round of the case, in a worker that has just been started. `known`: the command brings what is known.

        An officer has confirmed whatever cannot be lifted (`irreversible`).
        """
        self.round += 1
        return asyncio.run(self._carry_out(subject, action, mode, known))

    async def _carry_out(self, subject: Mapping[str, Any], action: Action, mode: Mode, known: bool) -> Answered:
        key, _ = self.keyring.ensure(case_key(self.request_id), hold_key(self.request_id))
        person = Subject.model_validate(subject)
        command = Command(
            command_id=command_id(self.request_id, self.connector.spec.name, self.round),
            request_id=self.request_id,
            processor=self.connector.spec.name,
            action=action,
            mode=mode,
            round=self.round,
            subject=None if self.forgotten else key.seal("subject", person.to_seal()),
            known=tuple(report.sealed for report in self.located) if known else (),
            due_by=date(2026, 12, 21),
            **{"irreversible": True, **self.about},
        )
        async with AsyncExitStack() as stack:
            self.worker = Worker(await self._processor(stack), self.keyring, self.time, self.time.sleep)
            return await self.worker.carry_out(command, self._report)

    def rights(self) -> Sequence[Right]:
        """What the vendor says that the credential may do, asked as `erasure connectors check` asks."""
        return asyncio.run(self._rights())

    async def _rights(self) -> Sequence[Right]:
        async with AsyncExitStack() as stack:
            processor = await self._processor(stack)
            door = processor.account.door(Evidence(Key("rights", bytes(32))))
            return await rights(self.connector(processor.settings, ReadOnly(door)))

    def record(self, subject: Mapping[str, Any]) -> list[RecordedCall]:
        """The calls of one look at the person, as `erasure connectors record` keeps them."""
        return asyncio.run(self._record(Subject.model_validate(subject)))

    async def _record(self, subject: Subject) -> list[RecordedCall]:
        recorder = Recorder(Key("record", bytes(32)), subject)
        async with AsyncExitStack() as stack:
            processor = await self._processor(stack)
            await look(self.connector(processor.settings, ReadOnly(processor.account.door(recorder))), subject)
        return recorder.recorded

    async def _report(self, located: Located) -> None:
        self.located.append(located)
        if self.crash_after_report:
            raise Crash

    async def _processor(self, stack: AsyncExitStack) -> Processor:
        settings = settings_of(self.connector, self.settings)
        account = await self._account(stack, settings)
        retention = self.connector.retention(settings) or self.retention
        zone = ZoneInfo("Europe/Amsterdam")
        return Processor(self.connector.spec.name, self.connector, settings, account, self.rules, zone, retention, self.give_up_after)

    async def _account(self, stack: AsyncExitStack, settings: Any) -> Account:
        """What the connector `opens`: the simulator over HTTP, or the account that the simulator makes itself."""
        if self.connector.opens == "nothing":
            return Nothing()
        if self.connector.opens != "http":
            account: Account = self.simulator.account(self.time)
            stack.callback(getattr(account, "close", lambda: None))
            return account
        auth: Any = self.connector.auth(settings)
        client = await stack.enter_async_context(Client(self.base_url, 30.0, httpx.MockTransport(self.simulator.handle)))
        pace = Pace(1_000_000, self.time, self.time.sleep)
        limits = Limits(timeout=30.0, give_up_after=self.give_up_after)
        spec = self.connector.spec
        return Vendor(spec.name, client, auth, pace, limits, self.time, self.time.sleep, spec.bare_403_is_busy)


def settings_of(connector: type[Connector[Any]], raw: Mapping[str, Any]) -> Any:
    """A connector's settings as the configuration would give them; `{env = ...}` is read from `SECRETS`."""
    return connector.settings_model.model_validate(dict(raw), context={"folder": Path.cwd(), "environ": SECRETS})


SECRETS = {"KIT_SECRET": "kit-secret-9f3a71"}
"""The environment of the kit: settings name their secrets with `{"env": "KIT_SECRET"}`."""
