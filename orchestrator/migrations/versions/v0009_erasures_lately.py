"""When erasures were opened, for as long as the guard counts them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table; what came before is not counted."""
    op.create_table(
        "erasures_lately",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("erasures_lately_opened_at", "erasures_lately", ["opened_at"], unique=False)
