"""Whose requests belong together, by keyed digests of the identifiers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "identifiers",
        sa.Column("token", sa.String(length=22), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("token", "request_id"),
    )
    op.create_index("identifiers_request_id", "identifiers", ["request_id"], unique=False)
