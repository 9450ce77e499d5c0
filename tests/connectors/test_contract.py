"""What a connector gets for nothing: a kind's path erases and asks for one record."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest

from connectors.contract import Connector, Gone, Kind, Misread, Record, Refused, Settings, Spec, State, Subject
from tests.connectors.test_http import Bench, status


class BooksSettings(Settings):
    division: str


KINDS = (
    Kind("contact", at="/api/{division}/contacts/{id}", peeks=True),
    Kind("card", at="/contacts/{contact}/cards/{id}"),
    Kind("account", at="/{division}/Accounts(guid'{id}')", peeks=True),
    Kind("log", kept_because="Logs cannot be erased."),
)


class Books(Connector[BooksSettings]):
    spec = Spec("books", "other", KINDS, ("email",), 600, "https://books.example", date(2026, 11, 22))
    settings_model = BooksSettings

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        for kind in self.spec.kinds:
            yield Record(kind.name, "1")


def books(*answers: Any) -> tuple[Books, Bench]:
    bench = Bench(*answers)
    return Books(BooksSettings(division="7 a"), bench.door), bench


def called(bench: Bench) -> list[str]:
    return [f"{request.method} {request.url.raw_path.decode()}" for request in bench.requests]


@pytest.mark.parametrize(
    ("kind", "ref", "call"),
    [
        ("contact", "12", "DELETE /v1/api/7%20a/contacts/12"),
        ("contact", "a/b@c", "DELETE /v1/api/7%20a/contacts/a%2Fb%40c"),
        ("card", "12/3", "DELETE /v1/contacts/12/cards/3"),
        ("card", "12/3/4", "DELETE /v1/contacts/12/cards/3%2F4"),
        ("account", "f-1", "DELETE /v1/7%20a/Accounts(guid'f-1')"),
    ],
)
async def test_a_record_is_erased_at_its_kinds_path(kind: str, ref: str, call: str) -> None:
    connector, bench = books(status(204))
    await connector.erase(Record(kind, ref))
    assert [call] == called(bench)


async def test_a_reference_with_too_few_parts_is_a_defect_and_no_call() -> None:
    connector, bench = books(status(204))
    with pytest.raises(ValueError, match="shorter"):
        await connector.erase(Record("card", "12"))
    assert [] == bench.requests


async def test_a_kind_that_peeks_is_asked_for_at_its_path() -> None:
    connector, bench = books(status(200))
    assert State.PRESENT is await connector.peek(Record("contact", "12"))
    assert ["GET /v1/api/7%20a/contacts/12"] == called(bench)
    with pytest.raises(Gone):
        await books(status(404))[0].peek(Record("contact", "12"))


async def test_a_kind_that_does_not_peek_is_not_asked_for() -> None:
    """A path that knows no GET answers 404 always: that must never be taken for gone."""
    connector, bench = books(status(404))
    assert await connector.peek(Record("card", "12/3")) is None
    assert [] == bench.requests


async def test_what_is_no_object_is_not_taken_for_a_record() -> None:
    for body in (b"<html></html>", b"[]", b""):
        with pytest.raises(Misread):
            await books(httpx.Response(200, content=body))[0].peek(Record("contact", "12"))


async def test_a_kind_without_a_path_is_refused() -> None:
    connector, bench = books(status(204))
    with pytest.raises(Refused, match="no path of a log"):
        await connector.erase(Record("log", "1"))
    assert [] == bench.requests
