"""Every topic: its name, who writes, how long it keeps, and what stands on it (a closed set)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal


class Topic(StrEnum):
    """The fixed topics, without the configured prefix. Command topics are made per processor: `command_topic`."""

    REQUESTS = "subject.requests"
    REPORTS = "processor.reports"
    CERTIFICATES = "subject.certificates"
    NOTICES = "subject.notices"
    DEAD_LETTERS = "dead-letters"


_COMMANDS = "processor.commands."

LARGEST_REQUEST_BYTES = 256 * 1024
"""A request over this goes to dead letters: no person has so many identifiers."""

LARGEST_MESSAGE_BYTES = 4 * 1024 * 1024
"""What the topics that we write take: a report on five thousand records."""


LARGEST_DEAD_LETTER_BYTES = 2 * LARGEST_MESSAGE_BYTES
"""A worker has no ledger to keep an original in: sealed, with its headers, it must fit whatever its size."""

INTAKE_RETENTION = timedelta(days=7)

SEGMENT = timedelta(hours=1)
"""Kafka deletes whole segments: without this, a message could outlive its retention by a week (the default `segment.ms`)."""

_LATEST = SEGMENT + timedelta(minutes=30)
"""The broker looks every few minutes, and deletes a segment when all of it is old enough."""

_DEAD_LETTERS_RETENTION = timedelta(days=30)

DEAD_LETTERS_KEPT = _DEAD_LETTERS_RETENTION + _LATEST
"""After that no dead letter stands on its topic."""

INTAKE_KEPT = INTAKE_RETENTION + _LATEST
"""After that no request stands on its topic, no command and no report on theirs."""


@dataclass(frozen=True)
class TopicSpec:
    """How a topic must be set up. `retention` is None where the topic is compacted."""

    name: str
    partitions: int
    cleanup: Literal["delete", "compact"]
    retention: timedelta | None
    largest_bytes: int = LARGEST_MESSAGE_BYTES

    def settings(self) -> dict[str, str]:
        """The topic's configuration in Kafka's words (`retention.ms` in milliseconds)."""
        settings = {"cleanup.policy": self.cleanup, "max.message.bytes": str(self.largest_bytes)}
        if self.retention is not None:
            settings["retention.ms"] = _milliseconds(self.retention)
            settings["segment.ms"] = _milliseconds(SEGMENT)
        return settings


@dataclass(frozen=True)
class Names:
    """The topics of one installation: all names carry its prefix."""

    prefix: str = ""

    def of(self, topic: Topic) -> str:
        """The full name of a fixed topic."""
        return self.prefix + topic

    def commands(self, processor: str) -> str:
        """The full name of a processor's command topic."""
        return self.prefix + _COMMANDS + processor

    def specs(self, processors: Iterable[str], partitions: int) -> list[TopicSpec]:
        """Every topic that must exist, in the order of the flow."""
        week, month = INTAKE_RETENTION, _DEAD_LETTERS_RETENTION
        return [
            TopicSpec(self.of(Topic.REQUESTS), partitions, "delete", week),
            *(TopicSpec(self.commands(name), partitions, "delete", week) for name in processors),
            TopicSpec(self.of(Topic.REPORTS), partitions, "delete", week),
            TopicSpec(self.of(Topic.CERTIFICATES), partitions, "compact", None),
            TopicSpec(self.of(Topic.NOTICES), partitions, "delete", month),
            TopicSpec(self.of(Topic.DEAD_LETTERS), partitions, "delete", month, LARGEST_DEAD_LETTER_BYTES),
        ]


def _milliseconds(span: timedelta) -> str:
    return str(int(span.total_seconds() * 1000))
