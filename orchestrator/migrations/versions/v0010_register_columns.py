"""What the register shows of a certificate, and for what a case waits, stand in columns: nothing is parsed to find it."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from orchestrator.case import Case
from orchestrator.listed import listed
from orchestrator.waiting import column
from topics.database import UtcDateTime

revision = "0010"
down_revision = "0009"

_AT_ONCE = 1_000
_LISTED: tuple[sa.Column[Any], ...] = (
    sa.Column("right", sa.String(20)),
    sa.Column("ground", sa.String(500)),
    sa.Column("pseudonym", sa.String(128)),
    sa.Column("received_at", UtcDateTime()),
    sa.Column("due_by", sa.Date()),
    sa.Column("outcomes", sa.Text()),
    sa.Column("refused_at", UtcDateTime()),
    sa.Column("deadline_met", sa.Boolean()),
    sa.Column("newest", sa.Boolean()),
)
_certificates = sa.table(
    "certificates",
    sa.column("register_index", sa.Integer()),
    sa.column("request_id", sa.Uuid()),
    sa.column("revision", sa.Integer()),
    sa.column("jws", sa.Text()),
    *(sa.column(one.name, one.type) for one in _LISTED),
)
_cases = sa.table(
    "cases",
    sa.column("request_id", sa.Uuid()),
    sa.column("state", sa.String()),
    sa.column("body", sa.Text()),
    sa.column("mode", sa.String()),
    sa.column("certified", sa.Boolean()),
    sa.column("waits", sa.Text()),
)


def upgrade() -> None:
    """Add the columns, and fill those of old rows."""
    for one in _LISTED:
        op.add_column("certificates", one)
    op.add_column("cases", sa.Column("mode", sa.String(10), nullable=False, server_default="execute"))
    op.add_column("cases", sa.Column("certified", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("waits", sa.Text()))
    _fill_certificates()
    _fill_cases()
    _index("certificates_newest", "certificates", ["received_at", "right"], "newest", "newest = 1")
    _index("cases_uncertified", "cases", ["received_at"], "NOT certified", "certified = 0")
    _index("cases_waits", "cases", ["due_by"], "waits IS NOT NULL", "waits IS NOT NULL")


def _index(name: str, table: str, columns: list[str], postgresql: str, sqlite: str) -> None:
    op.create_index(name, table, columns, unique=False, postgresql_where=sa.text(postgresql), sqlite_where=sa.text(sqlite))


def _fill_certificates() -> None:
    table, newer = _certificates, _certificates.alias()
    whole = table.c.jws != ""
    _fill(table, table.c.register_index, table.c.jws, whole, lambda jws: listed(jws)._asdict())
    overtaken = sa.exists().where(newer.c.request_id == table.c.request_id, newer.c.revision > table.c.revision)
    op.execute(sa.update(table).where(whole, ~overtaken).values(newest=True))


def _fill_cases() -> None:
    op.execute(sa.update(_cases).where(_cases.c.body.like('%"mode":"dry-run"%')).values(mode="dry-run"))
    op.execute(sa.update(_cases).where(_cases.c.request_id.in_(sa.select(_certificates.c.request_id))).values(certified=True))
    is_open = _cases.c.state == "open"
    _fill(_cases, _cases.c.request_id, _cases.c.body, is_open, lambda body: {"waits": column(Case.model_validate_json(body))})


def _fill(table: Any, key: Any, source: Any, which: Any, made: Callable[[str], dict[str, Any]]) -> None:
    """A part at a time: the table may be long, and a certificate is some thousand bytes."""
    connection, after = op.get_bind(), None
    while True:
        query = sa.select(key, source).where(which).order_by(key).limit(_AT_ONCE)
        rows = connection.execute(query if after is None else query.where(key > after)).all()
        if not rows:
            return
        changed = [{"_key": row[0], **made(row[1])} for row in rows]
        connection.execute(sa.update(table).where(key == sa.bindparam("_key")), changed)
        after = rows[-1][0]
