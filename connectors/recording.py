"""A session with a vendor as anybody may see it: calls, statuses, and the shape of what was said. Never a value, never a secret."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from connectors.act import locate, state_of
from connectors.contract import Connector
from connectors.errors import VendorError
from connectors.evidence import Evidence
from topics.sealing import Key
from topics.subject import Subject

HIDDEN = "…"
"""Stands for the names in a body that may be values: a table by address, or by number."""

_FIELD = re.compile(r"[A-Za-z_$@][A-Za-z0-9_$.:\[\]-]{0,59}")
_NUMBER = re.compile(r"[0-9]{6}|[0-9a-f]{12}")
_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null", list: "list", dict: "object"}

Form = dict[str, Any]
"""`is`: what it may be; of an object `fields`, and `sometimes`, those that are not always there; of a list `items`."""


class RecordedCall(BaseModel):
    """One call: method and path template, names in the query, the forms of both bodies (None: there was none), and the status."""

    model_config = ConfigDict(extra="forbid")

    call: str
    query: tuple[str, ...]
    sent: Form | None
    status: int
    answer: Form | None


class Session(BaseModel):
    """What was recorded of one search at one vendor."""

    model_config = ConfigDict(extra="forbid")

    connector: str
    recorded_on: date
    calls: tuple[RecordedCall, ...]


class Recorder(Evidence):
    """Evidence that also keeps the form of every call. How it was signed in is not seen here, so it is not kept."""

    def __init__(self, key: Key, subject: Subject) -> None:
        super().__init__(key)
        self.recorded: list[RecordedCall] = []
        self._person = {part for value in subject.needles() for part in _parts(value.casefold()) if len(part) > 2}

    def add(self, call: str, status: int, started: datetime, body: bytes, request: httpx.Request | None = None) -> None:
        super().add(call, status, started, body, request)
        query = dict.fromkeys(self._shown(name) for name in request.url.params) if request else {}
        sent = self._form_of(request.content) if request else None
        self.recorded.append(RecordedCall(call=call, query=tuple(query), sent=sent, status=status, answer=self._form_of(body)))

    def _shown(self, name: str) -> str:
        lowered = name.casefold()
        plain = _FIELD.fullmatch(name) and not _NUMBER.search(lowered)
        return name if plain and not any(part in lowered for part in self._person) else HIDDEN

    def _form_of(self, body: bytes) -> Form | None:
        if not body:
            return None
        try:
            return self._form(json.loads(body))
        except ValueError:
            return {"is": ["no JSON"]}

    def _form(self, value: Any) -> Form:
        form: Form = {"is": [_NAMES[type(value)]]}
        if isinstance(value, dict):
            fields: Form = {}
            for name, inner in value.items():
                shown = self._shown(name)
                fields[shown] = merged([fields[shown], self._form(inner)]) if shown in fields else self._form(inner)
            form |= {"fields": fields, "sometimes": []}
        if isinstance(value, list) and value:
            form["items"] = merged([self._form(each) for each in value])
        return form


def _parts(value: str) -> list[str]:
    """What of a value may stand in a name: all of it, and its words; of an address those before the @."""
    return [value, *re.split(r"[\W_]+", value.partition("@")[0])]


def merged(forms: Iterable[Form]) -> Form:
    """One form that all of them fit."""
    several = list(forms)
    made: Form = {"is": sorted({word for form in several for word in form["is"]})}
    objects = [form for form in several if "fields" in form]
    if objects:
        names = sorted({name for form in objects for name in form["fields"]})
        made["fields"] = {name: merged(form["fields"][name] for form in objects if name in form["fields"]) for name in names}
        always = [name for name in names if all(name in form["fields"] and name not in form["sometimes"] for form in objects)]
        made["sometimes"] = [name for name in names if name not in always]
    items = [form["items"] for form in several if "items" in form]
    return made | ({"items": merged(items)} if items else {})


async def look(connector: Connector[Any], subject: Subject) -> None:
    """All that reads: search for the person, then ask for one record of each kind by its reference.

    Raises:
        VendorError: the search did not end.
    """
    found = await locate(connector, subject)
    for record in {record.kind: record for record in found.values()}.values():
        with suppress(VendorError):  # what was answered is recorded all the same
            await state_of(connector, record, searched=True)
