"""Runs can be found by their status: those that wait for a person, among very many."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_run_status", "run", ["status"])
