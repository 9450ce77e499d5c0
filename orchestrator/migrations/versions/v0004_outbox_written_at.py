"""The outbox says when a message was put into it, so that two orchestrators do not both send it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """What stands in the outbox already was left there by a process that has ended."""
    long_ago = sa.text("'1970-01-01 00:00:00.000000'")
    op.add_column("outbox", sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, server_default=long_ago))
