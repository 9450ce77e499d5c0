"""A folder with a configuration, and what the orchestrator would have made of it: the stage on which a command is tried."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from typer.testing import CliRunner, Result

from orchestrator.command.__main__ import app
from orchestrator.intake import Expected
from orchestrator.ledger import Ledger
from orchestrator.wiring import process
from topics.admin import apply
from topics.bus import Delivery, Message
from topics.commands import Command
from topics.configuration import Configuration, load
from topics.envelope import write
from topics.events import SubjectRequest
from topics.kafka import KafkaPublisher, find_cluster
from topics.keyring import Keyring
from topics.names import Names, Topic
from topics.outcomes import Evidence, Outcome
from topics.reading import read_all
from topics.reports import ANSWERED_TYPE, LOCATED_TYPE, Answered, Located, LocatedRecord, RecordOutcome
from topics.subject import IN_PLAIN

VALUES = ("jan@voorbeeld.nl", "C-1001", "+31201234567", "Jan de Vries", "NL91ABNA0417164300")
"""A person's identifiers: none of them may ever stand in an output."""

PROCESSORS = ("moneybird", "jira")
NOWHERE = "127.0.0.1:1"

_TOML = """\
[controller]
name = "Perfacilis"
contact = "privacy@example.nl"

[kafka]
bootstrap_servers = "{broker}"
prefix = "{prefix}"
partitions = 2

[[processors]]
name = "moneybird"
connector = "moneybird"
base_url = "{base_url}"
settings.administration_id = "123"
settings.token = {{env = "MONEYBIRD_TOKEN"}}

[[processors]]
name = "jira"
connector = "jira"
base_url = "http://127.0.0.1:1"
settings.email = "bot@example.nl"
settings.api_token = {{env = "JIRA_TOKEN"}}
"""


@dataclass
class Opened:
    """A case as it was opened: its id, and the commands that went out."""

    request_id: UUID
    commands: dict[str, Command]


class Stage:
    """One installation. The clock stands at `now`, and is set forward by the test."""

    def __init__(self, folder: Path, broker: str = NOWHERE, base_url: str = "http://127.0.0.1:1") -> None:
        self.folder, self.broker = folder, broker
        self.now = datetime.now(UTC)
        self.config = folder / "erasure.toml"
        self.prefix = f"t{uuid4().hex[:8]}."
        self.config.write_text(_TOML.format(broker=broker, prefix=self.prefix, base_url=base_url))
        self.names = Names(self.prefix)

    def erasure(self, *arguments: str, **environ: str) -> Result:
        """The command, run in this process."""
        given = {"ERASURE_CONFIG": str(self.config), "MONEYBIRD_TOKEN": "kit-secret-9f3a71", "JIRA_TOKEN": "x"}
        env: dict[str, str | None] = {"KAFKA_BOOTSTRAP_SERVERS": None, "ERASURE_DEBUG": None, **given, **environ}
        return CliRunner().invoke(app, arguments, env=env)

    def configuration(self) -> Configuration:
        return load(self.config, {"MONEYBIRD_TOKEN": "kit-secret-9f3a71", "JIRA_TOKEN": "x"})

    def take(self, *messages: Message | Delivery) -> list[Message]:
        """What the orchestrator sends when it takes these in."""
        return [message for _, message in self._with(lambda core: core.take([_delivery(m) for m in messages], self.now))]

    def later(self, by: timedelta) -> None:
        """Time passes, and the cases that asked for it are woken."""
        self.now += by
        self._with(lambda core: core.wake(self.now))

    def _with(self, work: Any) -> Any:
        settings = self.configuration()
        ledger, keyring = Ledger.open(settings.ledger.url), Keyring.open(settings.keyring.url)
        try:
            return work(process(settings, [Expected(n, n, "accounting") for n in PROCESSORS], ledger, keyring))
        finally:
            keyring.close()
            ledger.close()

    def request(self, **more: Any) -> Message:
        """A request as a backend service sends it."""
        given = {"request_id": str(uuid4()), "received_at": self.now.isoformat(), "subject": {"email": ["jan@voorbeeld.nl"]}} | more
        body = SubjectRequest.model_validate(given)
        return write(self.names.of(Topic.REQUESTS), "subject.erase", "/shop", body.request_id, body, self.now, context=IN_PLAIN)

    def opened(self, **more: Any) -> Opened:
        """A case that was taken in."""
        message = self.request(**more)
        commands = [Command.model_validate_json(sent.value) for sent in self.take(message) if ".commands." in sent.topic]
        return Opened(commands[0].request_id, {command.processor: command for command in commands})

    def located(self, case: Opened, name: str) -> None:
        """One processor has found a contact, and not yet erased it."""
        settings, command = self.configuration(), case.commands[name]
        keyring = Keyring.open(settings.keyring.url)
        sealed = keyring.get(f"case/{case.request_id}").seal("located.records", b"[]")
        keyring.close()
        found = (LocatedRecord(digest="d" * 22, kind="contact"),)
        report = Located(**_head(command), records=found, sealed=sealed)
        self.take(write(self.names.of(Topic.REPORTS), LOCATED_TYPE, "/worker", case.request_id, report, self.now))

    def answered(self, case: Opened, name: str, outcome: Outcome = Outcome.ERASED) -> None:
        """One processor's answer: a contact that was erased, or an outcome of the processor as a whole."""
        line = RecordOutcome(digest="d" * 22, kind="contact", outcome=Outcome.ERASED, evidence=Evidence.VERIFIED)
        command = case.commands[name]
        if outcome is Outcome.ERASED:
            report = Answered(**_head(command), mode=command.mode, records=(line,))
        else:
            report = Answered(**_head(command), mode=command.mode, outcome=outcome, reason="The vendor did not answer.")
        self.take(write(self.names.of(Topic.REPORTS), ANSWERED_TYPE, "/worker", case.request_id, report, self.now))

    def refused(self, case: Opened, name: str, reason: str) -> None:
        """One processor let nothing go, and its record says why."""
        line = RecordOutcome(digest="d" * 22, kind="contact", outcome=Outcome.REFUSED, reason=reason)
        command = case.commands[name]
        report = Answered(**_head(command), mode=command.mode, records=(line,))
        self.take(write(self.names.of(Topic.REPORTS), ANSWERED_TYPE, "/worker", case.request_id, report, self.now))

    def completed(self, **more: Any) -> UUID:
        """A case with a complete certificate."""
        case = self.opened(**more)
        for name in PROCESSORS:
            self.answered(case, name)
        return case.request_id

    def partial(self) -> Opened:
        """A case with a partial certificate: Jira failed."""
        case = self.opened()
        self.answered(case, "moneybird")
        self.answered(case, "jira", Outcome.FAILED)
        self.later(timedelta(minutes=16))
        return case

    def make_topics(self) -> None:
        asyncio.run(apply(self.broker, self.names.specs(PROCESSORS, 2), None))

    def publish(self, messages: Sequence[Message]) -> None:
        async def work() -> None:
            async with KafkaPublisher(await find_cluster(self.broker)) as publisher:
                await publisher.publish(messages)

        asyncio.run(work())

    def on_topic(self, topic: Topic) -> list[Delivery]:
        async def work() -> list[Delivery]:
            return await read_all(await find_cluster(self.broker), self.names.of(topic))

        return asyncio.run(work())


def _head(command: Command) -> dict[str, Any]:
    return command.model_dump(include={"command_id", "request_id", "processor", "round"})


def _delivery(message: Message | Delivery) -> Delivery:
    return message if isinstance(message, Delivery) else Delivery(message.topic, 0, 0, message.key, message.value, message.headers)
