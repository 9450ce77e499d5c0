"""How many erasures were opened within the last hour, for the guard against too many at once (ADR 21)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, or_, select

from orchestrator.tables import erasures_lately as table

_HOUR = timedelta(hours=1)


def counted(connection: Connection, request_id: UUID, now: datetime) -> int:
    """How many there were in the hour before this one, which is noted too; older ones are forgotten."""
    connection.execute(delete(table).where(or_(table.c.opened_at <= now - _HOUR, table.c.request_id == request_id)))  # it may come again
    before = connection.scalar(select(func.count()).select_from(table)) or 0
    connection.execute(insert(table), [{"request_id": request_id, "opened_at": now}])
    return before
