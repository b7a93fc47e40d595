"""Businesses administrators had provisioned."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from crosswalk.store.column_types import CleanText, JsonValue, UtcTime

revision = "0008"
down_revision = "0007"


_TEXTS = ("integration", "account", "fmo", "business_id", "kind", "made_by")


def upgrade() -> None:
    """Create the table."""
    texts: list[sa.Column[Any]] = [sa.Column(name, CleanText(), nullable=False) for name in _TEXTS]
    op.create_table(
        "business",
        *texts,
        sa.Column("npns", JsonValue, nullable=False),
        sa.Column("policy_sync", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("integration", "account", name="pk_business"),
    )
