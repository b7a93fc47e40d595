"""What people decide about records of two systems, and the links that come of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from crosswalk.store.column_types import CleanText, UtcTime

revision = "0007"
down_revision = "0006"


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, CleanText(), nullable=False) for name in names]


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def upgrade() -> None:
    """Create both tables."""
    account = ["integration", "account"]
    op.create_table(
        "decision",
        *_texts(*account),
        _number("number"),
        *_texts("entity", "source_id", "target_id", "kind", "resource_type", "decided_by"),
        sa.Column("decided_at", UtcTime(), nullable=False),
        _number("undoes", nullable=True),
        sa.PrimaryKeyConstraint(*account, "number", name="pk_decision"),
    )
    op.create_index("ix_decision_record", "decision", [*account, "entity", "source_id"])
    op.create_table(
        "link",
        *_texts(*account, "entity", "source_id"),
        sa.Column("target_id", CleanText(), nullable=True),
        _number("decision"),
        sa.Column("made_at", UtcTime(), nullable=True),
        _number("made_snapshot", nullable=True),
        sa.PrimaryKeyConstraint(*account, "entity", "source_id", name="pk_link"),
        sa.UniqueConstraint(*account, "entity", "target_id", name="uq_link_integration_account_entity_target_id"),
    )
