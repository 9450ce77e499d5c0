"""A door that only reads keeps every call inside that could only write."""

import pytest

from connectors.contract import Record, Refused
from connectors.read_only import ReadOnly
from tests.connectors.test_contract import Books, BooksSettings
from tests.connectors.test_http import Bench, status


@pytest.mark.parametrize("call", ["put", "patch", "delete", "update", "expunge"])
def test_a_call_that_can_only_write_is_refused_at_every_kind_of_door(call: str) -> None:
    with pytest.raises(Refused, match="may only read; nothing was written"):
        getattr(ReadOnly(Bench().door), call)


async def test_a_connector_that_erases_through_it_reaches_nobody() -> None:
    bench = Bench(status(204))
    with pytest.raises(Refused):
        await Books(BooksSettings(division="7"), ReadOnly(bench.door)).erase(Record("contact", "1"))
    assert [] == bench.requests


async def test_reading_passes() -> None:
    bench = Bench(status(200))
    assert 200 == (await ReadOnly(bench.door).get("/contacts/{id}", id="1")).status
