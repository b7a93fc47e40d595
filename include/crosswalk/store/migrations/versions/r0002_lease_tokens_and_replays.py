"""A lease names the attempt that holds it; a run may replay the snapshot of an earlier one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crosswalk.store.column_types import CleanText

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add both columns. Leases held at that moment run out: their holders have no token and are fenced."""
    with op.batch_alter_table("lease") as lease:
        lease.add_column(sa.Column("token", CleanText(), nullable=False, server_default=""))
    with op.batch_alter_table("lease") as lease:
        lease.alter_column("token", server_default=None)
    op.add_column("run", sa.Column("replays", sa.BigInteger(), nullable=True))
