"""Export every message as JSON Schema, and all topics as one AsyncAPI 3 document, into topics/schemas: `make schemas`.

`--check` compares instead: a change on the wire must show in review.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from orchestrator.payload import Certificate
from topics.commands import COMMAND_TYPE, Command
from topics.dead_letters import DEAD_LETTER_TYPE, DeadLetter
from topics.events import RIGHT_OF, SubjectRequest
from topics.names import Names, Topic, TopicSpec
from topics.notices import NOTICE_TYPE, Notice
from topics.orders import ORDERS, STOP_ORDERS
from topics.reports import ANSWERED_TYPE, LOCATED_TYPE, Answered, Located

FOLDER = Path(__file__).parents[2] / "topics" / "schemas"

MODELS: dict[str, type[BaseModel]] = {
    "request": SubjectRequest,
    **{str(type).replace(".", "-"): model for type, model in [*ORDERS.items(), *STOP_ORDERS.items()]},
    "command": Command,
    "located": Located,
    "answered": Answered,
    "certificate": Certificate,
    "notice": Notice,
    "dead-letter": DeadLetter,
}
_COMMANDS = Names().commands("{processor}")
_ON_TOPIC = {
    str(Topic.REQUESTS): {
        "request": [str(type) for type in RIGHT_OF],
        **{str(type).replace(".", "-"): [str(type)] for type in (*ORDERS, *STOP_ORDERS)},
    },
    _COMMANDS: {"command": [COMMAND_TYPE]},
    str(Topic.REPORTS): {"located": [LOCATED_TYPE], "answered": [ANSWERED_TYPE]},
    str(Topic.CERTIFICATES): {"certificate": ["subject.certificate"]},
    str(Topic.NOTICES): {"notice": [NOTICE_TYPE]},
    str(Topic.DEAD_LETTERS): {"dead-letter": [DEAD_LETTER_TYPE]},
}
_WRITERS = {
    str(Topic.REQUESTS): "backend services",
    _COMMANDS: "the orchestrator",
    str(Topic.REPORTS): "the workers",
    str(Topic.CERTIFICATES): "the orchestrator",
    str(Topic.NOTICES): "the orchestrator",
    str(Topic.DEAD_LETTERS): "the orchestrator and the workers",
}


def documents() -> dict[str, str]:
    """Every exported file by name, as it must be."""
    files = {f"{name}.json": _schema(model) for name, model in MODELS.items()}
    return {
        name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in (files | {"asyncapi.json": _asyncapi()}).items()
    }


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema(mode="serialization")


def _asyncapi() -> dict[str, Any]:
    """All topics with their messages, in the words of AsyncAPI 3 (asyncapi.com/docs/reference/specification/v3.0.0)."""
    specs = {spec.name: spec for spec in Names().specs(["{processor}"], partitions=6)}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "GDPR erasure orchestrator", "version": "1.0.0"},
        "defaultContentType": "application/json",
        "channels": {_id(topic): _channel(specs[topic]) for topic in _ON_TOPIC},
        "operations": {f"write.{_id(topic)}": _operation(topic) for topic in _ON_TOPIC},
        "components": {"messages": {name: _message(name, types) for on in _ON_TOPIC.values() for name, types in on.items()}},
    }


def _channel(spec: TopicSpec) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": spec.name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _ON_TOPIC[spec.name]},
        "bindings": {"kafka": {"topicConfiguration": {name: _value(name, value) for name, value in spec.settings().items()}}},
    }
    if "{processor}" in spec.name:
        channel["parameters"] = {"processor": {"description": "The processor's name in erasure.toml."}}
    return channel


def _value(name: str, value: str) -> Any:
    return [value] if name == "cleanup.policy" else int(value)


def _operation(topic: str) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{_id(topic)}"}, "summary": f"Written by {_WRITERS[topic]}."}


def _message(name: str, types: list[str]) -> dict[str, Any]:
    """A CloudEvent in Kafka's binary mode: attributes as headers, data as the value, the request id as the key."""
    required = ["ce_specversion", "ce_id", "ce_source", "ce_type"]
    headers = {header: {"type": "string"} for header in (*required, "ce_time", "ce_correlationid", "ce_traceparent")}
    headers["ce_type"] = {"type": "string", "enum": types}  # type: ignore[dict-item]
    return {
        "name": name,
        "contentType": "application/jose" if name == "certificate" else "application/json",
        "headers": {"type": "object", "required": required, "properties": headers},
        "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": f"./{name}.json"}},
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}}},
    }


def _id(topic: str) -> str:
    return topic.replace("{processor}", "processor").replace(".", "-")


def main() -> int:
    """Write the files; with `--check` only compare. Returns the exit status."""
    wanted = documents()
    there = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    different = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if "--check" in sys.argv:
        for name in different:
            print(
                f"topics/schemas/{name} differs from the models: run `make schemas`, and look at what changes on the wire.", file=sys.stderr
            )
        return 1 if different else 0
    FOLDER.mkdir(exist_ok=True)
    for name in different:
        (FOLDER / name).write_text(wanted[name]) if name in wanted else (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
