"""Who was said to be seen again, and is not suppressed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "not_suppressed",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("not_suppressed_seen_at", "not_suppressed", ["seen_at"], unique=False)
