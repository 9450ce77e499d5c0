"""The stop button: while it is pressed no worker begins a command or destroys anything. It stands in the keyring, which every worker reads.

A worker that cannot read the keyring destroys nothing either. What one is doing already ends within half a second (`connectors.leave`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, Uuid, func, insert, select, update

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
_ordered = Table(
    "ordered_stops",
    metadata,
    Column("order_id", Uuid, primary_key=True),
    Column("stop_id", Integer, nullable=False),
)
_BY_ORDER = select(_ordered.c.stop_id)
PRESSED = select(func.count()).select_from(_stops).where(_stops.c.lifted_at.is_(None))
"""How many stops are not lifted."""


class Against(StrEnum):
    """Why a command is not to be carried out now."""

    RECALLED = "recalled"  # something was said about its case since it was ordered
    STOPPED = "stopped"  # everything is stopped


@dataclass(frozen=True)
class Stop:
    """One press of the button. `lifted_at` None: nothing is destroyed now. `ordered`: by a message on Kafka, as the pages send it."""

    number: int
    began_at: datetime
    began_by: str
    reason: str
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    ordered: bool = False


class Stops:
    """Every stop that there was, for the audit: none is deleted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def press(self, by: str, reason: str, order: UUID | None = None) -> None:
        """Stop everything; pressed twice, each press stands in the list, and both are lifted together. An `order` presses once."""
        with self._engine.begin() as connection:
            if order is not None and connection.scalar(select(_ordered.c.stop_id).where(_ordered.c.order_id == order)) is not None:
                return
            row = {"began_at": datetime.now(UTC), "began_by": by, "reason": reason}
            number = connection.scalar(insert(_stops).values(row).returning(_stops.c.id))
            if order is not None:
                connection.execute(insert(_ordered).values(order_id=order, stop_id=number))

    def lift(self, by: str, last_ordered: int | None = None) -> bool:
        """Let everything go on; False: nothing was stopped. `last_ordered`: only what was ordered, up to the stop of that number."""
        meant = [] if last_ordered is None else [_stops.c.id <= last_ordered, _stops.c.id.in_(_BY_ORDER)]
        lifted = update(_stops).where(_stops.c.lifted_at.is_(None), *meant).values(lifted_at=datetime.now(UTC), lifted_by=by)
        with self._engine.begin() as connection:
            return connection.execute(lifted).rowcount > 0

    def now(self) -> Stop | None:
        """The stop that stands, the first of them if it was pressed more than once."""
        return next(iter(self.standing()), None)

    def standing(self) -> list[Stop]:
        """Every stop that is not lifted, the oldest first."""
        return [one for one in self.all() if one.lifted_at is None]

    def all(self) -> list[Stop]:
        """Every stop, the oldest first."""
        columns = [_stops.c[name] for name in ("id", "began_at", "began_by", "reason", "lifted_at", "lifted_by")]
        by_order = _stops.c.id.in_(_BY_ORDER)
        with self._engine.connect().execution_options(one_read=True) as connection:
            return [Stop(*row) for row in connection.execute(select(*columns).add_columns(by_order).order_by(_stops.c.id))]
