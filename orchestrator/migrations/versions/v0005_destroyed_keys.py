"""Which keys were destroyed, and when; cases that ended before wake once, so that theirs go too."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table, and wake what is closed."""
    op.create_table(
        "destroyed_keys",
        sa.Column("kid", sa.String(length=100), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid"),
    )
    op.create_index("destroyed_keys_destroyed_at", "destroyed_keys", ["destroyed_at"], unique=False)
    op.execute("UPDATE cases SET wake_at = '1970-01-01 00:00:00.000000' WHERE state = 'closed'")
