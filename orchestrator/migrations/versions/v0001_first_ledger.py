"""The first ledger: cases, inbox, outbox, holds, certificates, originals."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _cases()
    _certificates()
    _holds()
    _inbox()
    _originals()
    _outbox()


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("right", sa.String(length=20), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_by", sa.Date(), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("cases_state_due_by", "cases", ["state", "due_by"], unique=False)
    op.create_index("cases_wake_at", "cases", ["wake_at"], unique=False)


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("register_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("register_index"),
        sa.UniqueConstraint("certificate_id"),
        sa.UniqueConstraint("request_id", "revision"),
        sa.UniqueConstraint("sha256"),
    )


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("processor", sa.String(length=63), nullable=False),
        sa.Column("record", sa.String(length=22), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("statute", sa.String(length=500), nullable=True),
        sa.Column("exception", sa.String(length=500), nullable=True),
        sa.Column("bound_to", sa.String(length=63), nullable=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "processor", "record"),
    )
    op.create_index("holds_until", "holds", ["until"], unique=False)


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("id", sa.String(length=300), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "id"),
    )
    op.create_index("inbox_seen_at", "inbox", ["seen_at"], unique=False)


def _originals() -> None:
    op.create_table(
        "originals",
        sa.Column("topic", sa.String(length=249), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "offset"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=249), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
