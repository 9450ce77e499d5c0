"""The ledger's list of keys that were destroyed: ordered in one transaction with the case, and carried out in the keyring after it.

It stays: a keyring that is restored from a backup brings keys back, and this says which of them go again. Once the register has
forgotten a request a digest stands for the name of its key, since that holds the request id.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from orchestrator.tables import destroyed_keys as table

_AT_ONCE = 500


class DestroyedKeys:
    """As one transaction sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def order(self, kids: Iterable[str], now: datetime) -> None:
        """Those keys are to be destroyed; what was ordered before stands."""
        wanted = list(dict.fromkeys(kids))
        known = self.among(wanted)
        rows = [{"kid": kid, "ordered_at": now} for kid in wanted if kid not in known]
        if rows:
            self._connection.execute(insert(table), rows)

    def among(self, kids: Iterable[str]) -> set[str]:
        """Those of the names that were ordered to be destroyed."""
        stands_for = {name: kid for kid in kids for name in (kid, _forgotten(kid))}
        names = sorted(stands_for)
        parts = [names[first : first + _AT_ONCE] for first in range(0, len(names), _AT_ONCE)]
        found = (self._connection.scalars(select(table.c.kid).where(table.c.kid.in_(part))) for part in parts)
        return {stands_for[name] for part in found for name in part}

    def named(self, prefix: str) -> set[str]:
        """Those whose name begins so."""
        return set(self._connection.scalars(select(table.c.kid).where(table.c.kid.startswith(prefix))))

    def forget(self, kids: Iterable[str], now: datetime) -> None:
        """Those are destroyed, and their names are not to be read here any more."""
        names = list(kids)
        for first in range(0, len(names), _AT_ONCE):
            self._connection.execute(delete(table).where(table.c.kid.in_(names[first : first + _AT_ONCE])))
        self.order(map(_forgotten, names), now)
        self.done(map(_forgotten, names), now)

    def waiting(self, most: int = _AT_ONCE) -> list[str]:
        """Keys that were ordered to be destroyed, and of which nobody knows yet that they are."""
        return list(self._connection.scalars(select(table.c.kid).where(table.c.destroyed_at.is_(None)).limit(most)))

    def done(self, kids: Iterable[str], now: datetime) -> None:
        """The keyring has destroyed those."""
        waits = table.c.destroyed_at.is_(None)
        self._connection.execute(update(table).where(table.c.kid.in_(list(kids)), waits).values(destroyed_at=now))

    def destroyed_at(self, kid: str) -> datetime | None:
        """When the keyring had destroyed it; None: it has not, as far as this ledger knows."""
        moment: datetime | None = self._connection.scalar(select(table.c.destroyed_at).where(table.c.kid == kid))
        return moment


def _forgotten(kid: str) -> str:
    """Only who has the request id can make it."""
    return f"forgotten/{hashlib.sha256(kid.encode()).hexdigest()}"
