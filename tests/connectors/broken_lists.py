"""Shoebox connectors that are broken where lists are long or do not end, one fault each."""

from contextlib import suppress
from typing import Any

from connectors.contract import Misread, Record, Turn
from tests.connectors.shoebox import Shoebox


class StopsAfterAWhile(Shoebox):
    def following(self, turn: Turn) -> Any:
        return super().following(turn) if turn.pages < 20 else None


class TakesEndlessForNothing(Shoebox):
    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        with suppress(Misread):
            return await super().rows(path, shape, query, **values)
        return []


class LosesWhatLiesFarBack(Shoebox):
    def following(self, turn: Turn) -> Any:
        return super().following(turn) if turn.rows < 100 else None


class SearchesAnewForEach(Shoebox):
    async def erase(self, record: Record) -> None:
        await self.still_listed(record)
        await super().erase(record)
