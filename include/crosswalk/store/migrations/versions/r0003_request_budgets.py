"""The requests a vendor counts are counted by all processes together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crosswalk.store.column_types import CleanText, JsonValue

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "request_budget",
        sa.Column("connection", CleanText(), nullable=False),
        sa.Column("taken", JsonValue, nullable=False),
        sa.Column("paused_until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_request_budget")),
    )
