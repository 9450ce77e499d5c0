"""A vendor's API description as a list of operations: OpenAPI 3, Swagger 2, or Google's discovery format."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]
_ROOT = "urn:specification"
_METHODS = ("get", "post", "put", "patch", "delete", "head")
_NULLABLE = ("nullable", "x-nullable")


@dataclass(frozen=True)
class Parameter:
    """`where`: query, path or header."""

    name: str
    where: str
    required: bool
    schema: Any


@dataclass(frozen=True)
class Operation:
    """One call. `body`, and an answer by its status: a schema by media type, empty where there is no content."""

    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Mapping[str, Any]
    body_required: bool
    answers: Mapping[str, Mapping[str, Any]]
    pattern: re.Pattern[str] = field(repr=False)

    @property
    def literal(self) -> int:
        """How much of the path is fixed: of two that fit, the one that fixes more is meant."""
        return len(re.sub(r"\{[^}]*\}", "", self.path))


class Unknown(Exception):
    """The file is no API description that can be read here."""


class Document:
    """Every operation of a description, and its schemas."""

    def __init__(self, raw: Json) -> None:
        self._root = _readable(raw)
        self._registry: Registry[Any] = Registry().with_resource(_ROOT, DRAFT202012.create_resource(self._root))
        self.operations = sorted(self._operations(), key=lambda operation: -operation.literal)

    @classmethod
    def read(cls, path: Path) -> "Document":
        """A file in JSON or YAML.

        Raises:
            Unknown: it is none of the three formats.
        """
        raw = json.loads(path.read_text()) if path.suffix == ".json" else yaml.safe_load(path.read_text())
        if not isinstance(raw, dict) or not ({"openapi", "swagger"} & set(raw) or raw.get("kind") == "discovery#restDescription"):
            raise Unknown(f"{path.name} is no OpenAPI, Swagger or discovery document.")
        return cls(raw)

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a call is."""
        return next((each for each in self.operations if each.method == method and each.pattern.fullmatch(path)), None)

    def errors(self, schema: Any, value: Any) -> Iterator[ValidationError]:
        """What of a value does not fit."""
        yield from Draft202012Validator(schema, registry=self._registry).iter_errors(value)

    def resolved(self, node: Any) -> Any:
        """What a reference leads to."""
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            node = self._registry.resolver(_ROOT).lookup(node["$ref"]).contents
        return node

    def _operations(self) -> Iterator[Operation]:
        if self._root.get("kind") == "discovery#restDescription":
            yield from self._discovered(self._root)
            return
        base = self._root.get("basePath") or urlsplit((self._root.get("servers") or [{"url": ""}])[0]["url"]).path
        for path, item in self._root["paths"].items():
            for method in _METHODS & item.keys():
                yield self._operation(base.rstrip("/") + path, method.upper(), item, item[method])

    def _operation(self, path: str, method: str, item: Json, told: Json) -> Operation:
        given = [self.resolved(one) for one in (*item.get("parameters", ()), *told.get("parameters", ()))]
        parameters = tuple(Parameter(p["name"], p["in"], p.get("required", False), p.get("schema", p)) for p in given if p["in"] != "body")
        content = self.resolved(told.get("requestBody") or {})
        body = {name: media.get("schema", {}) for name, media in content.get("content", {}).items()}
        required = content.get("required", False)
        for parameter in given:
            if parameter["in"] == "body":
                body, required = {"*/*": parameter["schema"]}, parameter.get("required", False)
        answers = {str(status): self._content(self.resolved(answer)) for status, answer in told["responses"].items()}
        return Operation(method, path, parameters, body, required, answers, _pattern(path))

    @staticmethod
    def _content(answer: Json) -> Json:
        if "schema" in answer:  # Swagger 2
            return {"*/*": answer["schema"]}
        return {name: media.get("schema", {}) for name, media in (answer.get("content") or {}).items()}

    def _discovered(self, level: Json) -> Iterator[Operation]:
        """Google's own format: methods in nested resources."""
        for told in level.get("methods", {}).values():
            path = "/" + self._root["servicePath"] + told.get("flatPath", told["path"])
            parameters = {**self._root.get("parameters", {}), **told.get("parameters", {})}.items()
            known = tuple(Parameter(n, p["location"], p.get("required", False), _one_of_many(p)) for n, p in parameters)
            in_path = tuple(parameter for parameter in known if parameter.where != "path")  # flatPath names them otherwise
            body = {"*/*": told["request"]} if "request" in told else {}
            answers = {"200": {"*/*": told["response"]}} if "response" in told else {"2XX": {}}
            yield Operation(told["httpMethod"], path, in_path, body, bool(body), answers | {"4XX": {}}, _pattern(path))
        for deeper in level.get("resources", {}).values():
            yield from self._discovered(deeper)


def _one_of_many(parameter: Json) -> Json:
    return {"type": "array", "items": parameter} if parameter.get("repeated") else parameter


def _pattern(path: str) -> re.Pattern[str]:
    """Fits the path of a call, as it is sent. `{format}` at the end may be left out (`contacts.json`, `contacts`)."""
    return re.compile("".join(_part(part) for part in re.split(r"(\{[^}]*\})", path)))


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return r"(\.\w+)?" if part == "{format}" else "[^/]+?"


def _readable(raw: Json) -> Json:
    """The document with its schemas as JSON Schema has them: references from one root, `nullable` as a type."""
    google = raw.get("kind") == "discovery#restDescription"

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(each) for each in node]
        if not isinstance(node, dict):
            return node
        made = {name: walk(value) for name, value in node.items()}
        if isinstance(made.get("$ref"), str):
            ref = made["$ref"]
            made["$ref"] = f"{_ROOT}#/schemas/{ref}" if google else _ROOT + ref
        if made.get("type") in ("any", "file"):
            del made["type"]
        if google and isinstance(made.get("required"), bool) and "location" not in made:
            del made["required"]
        for bound in ("exclusiveMinimum", "exclusiveMaximum"):  # true or false in OpenAPI 3.0
            if isinstance(made.get(bound), bool):
                del made[bound]
        return _or_null(made) if any(made.get(word) is True for word in _NULLABLE) else made

    walked: Json = walk(raw)
    return walked


def _or_null(schema: Json) -> Json:
    plain = {name: value for name, value in schema.items() if name not in _NULLABLE}
    if isinstance(plain.get("type"), str) and "enum" not in plain:
        return plain | {"type": [plain["type"], "null"]}
    return {"anyOf": [plain, {"type": "null"}], **{name: plain[name] for name in ("name", "in") if name in plain}}
