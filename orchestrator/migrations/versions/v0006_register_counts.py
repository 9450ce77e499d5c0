"""What the register keeps of forgotten requests: counts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table, and find old certificates without reading all."""
    op.create_table(
        "register_counts",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("right", sa.String(length=20), nullable=False),
        sa.Column("standing", sa.String(length=30), nullable=False),
        sa.Column("met", sa.String(length=4), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "right", "standing", "met"),
    )
    op.create_index("certificates_issued_at", "certificates", ["issued_at"], unique=False)
