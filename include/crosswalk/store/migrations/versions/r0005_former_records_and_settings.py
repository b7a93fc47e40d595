"""Records that left are remembered; a run says with which settings its plan was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crosswalk.store.column_types import CleanText, JsonValue

revision = "0005"
down_revision = "0004"

_KEY = ("integration", "account", "entity", "source_id")


def upgrade() -> None:
    """Add the table and the column. Of runs before this revision no settings are known."""
    op.create_table(
        "former",
        *(sa.Column(name, CleanText(), nullable=False) for name in (*_KEY, "target_id")),
        sa.Column("snapshot", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_former"),
    )
    with op.batch_alter_table("run") as run:
        run.add_column(sa.Column("settings", JsonValue, nullable=False, server_default="{}"))
    with op.batch_alter_table("run") as run:
        run.alter_column("settings", server_default=None)
