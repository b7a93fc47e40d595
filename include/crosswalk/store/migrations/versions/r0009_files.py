"""Files that arrived, and which of them were taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crosswalk.store.column_types import CleanText, JsonValue, UtcTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table."""
    run = ["integration", "account", "snapshot"]
    op.create_table(
        "file",
        *(sa.Column(name, CleanText(), nullable=False) for name in run[:2]),
        *(sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False) for name in ("snapshot", "number")),
        *(
            sa.Column(name, CleanText(), nullable=False)
            for name in ("carrier", "name", "outcome", "code", "said", "digest", "business_date")
        ),
        *(sa.Column(name, JsonValue, nullable=False) for name in ("facts", "by_agent")),
        sa.Column("read_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint(*run, "number", name="pk_file"),
        sa.ForeignKeyConstraint(run, [f"run.{name}" for name in run], name="fk_file_run"),
    )
