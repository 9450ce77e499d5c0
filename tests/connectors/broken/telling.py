"""Connectors that let something out: the person, a secret, a call to another host."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx

from connectors.contract import (
    Misread,
    NeedsPerson,
    Record,
    Refused,
    Subject,
    VendorError,
)
from tests.connectors.shoebox import Customer, Shoebox, ShoeboxSettings

log = logging.getLogger(__name__)


class LogsTheAddress(Shoebox):
    async def customers(self, subject: Subject) -> list[Customer]:
        found = await super().customers(subject)
        log.debug("%d customers of %s", len(found), subject.values("email"))
        return found


class PrintsTheAddress(Shoebox):
    async def customers(self, subject: Subject) -> list[Customer]:
        print("searching for", *subject.values("email"))
        return await super().customers(subject)


class LogsTheSecret(Shoebox):
    @classmethod
    def auth(cls, settings: ShoeboxSettings) -> httpx.Auth:
        log.debug("signing in with %s", settings.token.get_secret_value())
        return Shoebox.auth(settings)


class RaisesWithTheAddress(Shoebox):
    """In the text of an exception while locating."""

    async def rows(self, path: str, shape: Any, query: Any = None, **values: str) -> list[Any]:
        try:
            return await super().rows(path, shape, query, **values)
        except VendorError as error:
            raise Misread(f"{error.reason} ({query})") from error


class ReasonsWithTheName(Shoebox):
    """In the reason why one record cannot be erased."""

    async def locate(self, subject: Subject) -> AsyncIterator[Record]:
        self._name = subject.values("name")
        async for record in super().locate(subject):
            yield record

    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except Refused as error:
            raise NeedsPerson(f"Ask {self._name} about it.") from error


class ReasonsWithTheSecret(Shoebox):
    async def erase(self, record: Record) -> None:
        try:
            await super().erase(record)
        except VendorError as error:
            raise Refused(f"Not with {self.settings.token.get_secret_value()}.") from error


class CallsAnotherHost(Shoebox):
    """Through the door, with a whole URL for a path."""

    async def customers(self, subject: Subject) -> list[Customer]:
        await self.http.get("https://elsewhere.test/v1/customers")
        return await super().customers(subject)


class HasItsOwnClient(Shoebox):
    """Past the door: another host, no time-out, no pace, and failures that nobody hears of."""

    async def customers(self, subject: Subject) -> list[Customer]:
        try:
            async with httpx.AsyncClient(timeout=None, trust_env=False) as client:
                await client.get("https://elsewhere.test/seen")
        except httpx.HTTPError:
            pass
        return await super().customers(subject)
