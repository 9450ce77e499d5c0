"""One call and its answer, held against the vendor's description. What deviates is told by field names, never by values."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import httpx
from jsonschema.exceptions import ValidationError, best_match

from tests.specifications.documents import Document, Operation, Parameter

_COERCED = {"integer": int, "number": float}
_OURS = {"authorization", "accept", "content-type"}
"""Headers that a description names at its will; how we sign in is told apart."""


def deviations(document: Document, request: httpx.Request, answer: httpx.Response) -> Iterator[str]:
    """Every way in which a call or its answer is not as described."""
    path = request.url.raw_path.decode().split("?")[0]
    operation = document.operation(request.method, path)
    if operation is None:
        yield f"{request.method} {_general(document, path)}: the call is not described"
        return
    found = [*_of_parameters(document, operation, request), *_of_body(document, operation, request)]
    found += _of_answer(document, operation, answer)
    for what in found:
        yield f"{operation.method} {operation.path}: {what}"


def _general(document: Document, path: str) -> str:
    """The path with what is no fixed word in the description, and looks like a value, left out."""
    words = {segment for operation in document.operations for segment in operation.path.split("/")}
    return "/".join(word if word in words or re.fullmatch(r"[A-Za-z_.-]*", word) else "{}" for word in path.split("/"))


def _of_parameters(document: Document, operation: Operation, request: httpx.Request) -> Iterator[str]:
    query: dict[str, list[str]] = {}
    for name, value in request.url.params.multi_items():
        query.setdefault(name, []).append(value)
    known = {parameter.name: parameter for parameter in operation.parameters if parameter.where == "query"}
    for name, values in query.items():
        parameter = known.get(name) or known.get(name.partition("[")[0]) or known.get(name.partition("[")[0] + "[]")
        if parameter is None:
            yield f"query: {name} is not described"
        elif parameter.name == name and (error := best_match(document.errors(parameter.schema, _read(document, parameter, values)))):
            yield f"query: {name} {_words(error)}"
    for name, parameter in known.items():
        if parameter.required and not any(given == name or given.startswith(f"{name}[") for given in query):
            yield f"query: {name} is required, and not sent"
    for parameter in operation.parameters:
        if parameter.where == "header" and parameter.required and parameter.name.lower() not in _OURS | request.headers.keys():
            yield f"header: {parameter.name} is required, and not sent"


def _read(document: Document, parameter: Parameter, values: list[str]) -> Any:
    """A query's text as the type that is described."""
    schema = document.resolved(parameter.schema)
    types = {type for part in _parts(document, schema) for type in _types(part)}
    if "array" in types:
        items = schema.get("items", {})
        texts = values if len(values) > 1 else values[0].split(",")
        return [_read(document, Parameter("", "query", False, items), [text]) for text in texts]
    (text,) = values[-1:]
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    for name, make in _COERCED.items():
        if name in types and re.fullmatch(r"-?\d+(\.\d+)?", text):
            return make(text)
    return text


def _types(schema: dict[str, Any]) -> list[str]:
    told = schema.get("type", [])
    return [told] if isinstance(told, str) else told


def _of_body(document: Document, operation: Operation, request: httpx.Request) -> Iterator[str]:
    if not request.content:
        if operation.body_required:
            yield "body: it is required, and not sent"
        return
    if not operation.body:
        form = [parameter.name for parameter in operation.parameters if parameter.where == "formData"]
        if not form:
            yield "body: none is described"
        return
    kind = request.headers.get("content-type", "").split(";")[0]
    if kind == "application/x-www-form-urlencoded":
        sent: Any = dict(parse_qsl(request.content.decode()))
        if any("[" in name for name in sent):  # a form's nested names need the vendor's own rule
            return
    else:
        sent = json.loads(request.content)
    for what in _of_value(document, _schema(operation.body, kind), sent):
        yield f"body: {what}"


def _of_answer(document: Document, operation: Operation, answer: httpx.Response) -> Iterator[str]:
    status = str(answer.status_code)
    content = next((operation.answers[key] for key in (status, f"{status[0]}XX", "default") if key in operation.answers), None)
    if content is None:
        yield f"answer {status}: the status is not described"
    elif not answer.content:
        if any(content.values()) and answer.status_code < 300:
            yield f"answer {status}: it is empty, and a body is described"
    elif not content:
        if answer.status_code < 300:
            yield f"answer {status}: no body is described"
    elif "json" in answer.headers.get("content-type", ""):
        for what in _of_value(document, _schema(content, "application/json"), answer.json()):
            yield f"answer {status}: {what}"


def _schema(content: Any, kind: str) -> Any:
    """Of that media type, else of one that is JSON too, else of whichever stands first."""
    return content.get(kind) or next((schema for name, schema in content.items() if "json" in name), next(iter(content.values())))


def _of_value(document: Document, schema: Any, value: Any) -> set[str]:
    errors = {" ".join((_place(error.absolute_path), _words(error))) for error in map(_deepest, document.errors(schema, value))}
    return errors | set(_unknown(document, schema, value, ""))


def _deepest(error: ValidationError) -> ValidationError:
    return best_match([error]) or error


def _place(path: Any) -> str:
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "the whole"


def _words(error: ValidationError) -> str:
    match error.validator:
        case "required":
            return f"lacks {error.message.partition(' is a')[0]}"
        case "type":
            return f"is {_type(error.instance)} and must be {error.validator_value}"
        case "enum" | "const":
            return "has a value that is not in the list"
        case "additionalProperties" | "unevaluatedProperties":
            return "has fields that are not described"
        case other:
            return f"does not fit ({other})"


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object", type(None): "null"}
    return names[type(value)]


def _unknown(document: Document, schema: Any, value: Any, at: str) -> Iterator[str]:
    """Fields that no part of the schema names, where it names any and does not say that others may come."""
    if isinstance(value, list):
        for items in (part["items"] for part in _parts(document, schema) if isinstance(part.get("items"), dict)):
            for each in value:
                yield from _unknown(document, items, each, f"{at}[]")
    if not isinstance(value, dict):
        return
    parts = _parts(document, schema)
    known: dict[str, list[Any]] = {}
    for part in parts:
        for name, inner in part.get("properties", {}).items():
            known.setdefault(name, []).append(inner)
    open_to_more = any(part.get("additionalProperties") or part.get("patternProperties") for part in parts)
    for name, inner in value.items():
        place = f"{at}.{name}".lstrip(".")
        if name in known:
            for option in known[name][:1]:
                yield from _unknown(document, option, inner, place)
        elif known and not open_to_more:
            yield f"{place} is not described"


def _parts(document: Document, schema: Any) -> list[dict[str, Any]]:
    """A schema and all that it is made of."""
    schema = document.resolved(schema)
    if not isinstance(schema, dict):
        return []
    deeper = [part for word in ("allOf", "anyOf", "oneOf") for one in schema.get(word, ()) for part in _parts(document, one)]
    return [schema, *deeper]
