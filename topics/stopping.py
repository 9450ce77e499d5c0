"""The stop button: while it is pressed no worker begins a command or destroys anything. It stands in the keyring, which every worker reads.

A worker that cannot read the keyring destroys nothing either. What one is doing already ends within half a second (`connectors.leave`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, func, insert, select, update

from topics.database import UtcDateTime

metadata = MetaData()
_stops = Table(
    "stops",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("began_by", String(200), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("lifted_at", UtcDateTime),
    Column("lifted_by", String(200)),
    sqlite_autoincrement=True,
)
PRESSED = select(func.count()).select_from(_stops).where(_stops.c.lifted_at.is_(None))
"""How many stops are not lifted."""


class Against(StrEnum):
    """Why a command is not to be carried out now."""

    RECALLED = "recalled"  # something was said about its case since it was ordered
    STOPPED = "stopped"  # everything is stopped


@dataclass(frozen=True)
class Stop:
    """One press of the button. `lifted_at` None: nothing is destroyed now."""

    began_at: datetime
    began_by: str
    reason: str
    lifted_at: datetime | None = None
    lifted_by: str | None = None


class Stops:
    """Every stop that there was, for the audit: none is deleted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def press(self, by: str, reason: str) -> None:
        """Stop everything; pressed twice, each press stands in the list, and both are lifted together."""
        with self._engine.begin() as connection:
            connection.execute(insert(_stops).values(began_at=datetime.now(UTC), began_by=by, reason=reason))

    def lift(self, by: str) -> bool:
        """Let everything go on; False: nothing was stopped."""
        with self._engine.begin() as connection:
            standing = _stops.c.lifted_at.is_(None)
            return connection.execute(update(_stops).where(standing).values(lifted_at=datetime.now(UTC), lifted_by=by)).rowcount > 0

    def now(self) -> Stop | None:
        """The stop that stands, the first of them if it was pressed more than once."""
        return next((one for one in self.all() if one.lifted_at is None), None)

    def all(self) -> list[Stop]:
        """Every stop, the oldest first."""
        columns = [_stops.c[name] for name in ("began_at", "began_by", "reason", "lifted_at", "lifted_by")]
        with self._engine.connect().execution_options(one_read=True) as connection:
            return [Stop(*row) for row in connection.execute(select(*columns).order_by(_stops.c.id))]
