"""Activities on their way back to the source, how far they were read, and who opted out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from crosswalk.store.column_types import CleanText, UtcTime

revision = "0004"
down_revision = "0003"

_ACCOUNT = ["integration", "account"]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, CleanText(), nullable=False) for name in names]


def _times(*names: str, nullable: bool) -> list[sa.Column[Any]]:
    return [sa.Column(name, UtcTime(), nullable=nullable) for name in names]


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "watermark",
        *_texts(*_ACCOUNT, "feed", "cursor", "holder", "token"),
        sa.Column("position", sa.BigInteger(), nullable=True),
        *_times("moved_at", nullable=True),
        *_times("expires_at", nullable=False),
        sa.PrimaryKeyConstraint(*_ACCOUNT, "feed", name="pk_watermark"),
    )
    op.create_table(
        "outbox",
        *_texts(*_ACCOUNT, "event_id", "activity_id", "type", "contact_id", "source_id", "landed"),
        *_texts("status", "reason", "token", "noted_on", "note_id"),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        *_times("occurred_at", "first_seen_at", nullable=False),
        *_times("intended_at", "tried_at", "written_at", nullable=True),
        sa.PrimaryKeyConstraint(*_ACCOUNT, "event_id", name="pk_outbox"),
    )
    op.create_table(
        "suppression",
        *_texts(*_ACCOUNT, "key", "origin"),
        *_times("since", nullable=False),
        sa.PrimaryKeyConstraint(*_ACCOUNT, "key", name="pk_suppression"),
    )
