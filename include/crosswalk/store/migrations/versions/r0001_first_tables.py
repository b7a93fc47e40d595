"""The first tables. Their comments live in crosswalk.store.tables alone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from crosswalk.store.column_types import CleanText, JsonValue, UtcTime

revision = "0001"
down_revision = None


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, CleanText(), nullable=False) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, UtcTime(), nullable=nullable) for name in names]


def _json(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, JsonValue, nullable=False) for name in names]


def _create(table: str, key: list[str], *parts: list[sa.Column[Any]], extra: tuple[sa.Constraint, ...] = (), **options: bool) -> None:
    columns = [column for part in parts for column in part]
    op.create_table(table, *columns, sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"), *extra, **options)


def upgrade() -> None:
    """Create every table."""
    account = ["integration", "account"]
    _account_tables(account)
    _run_tables([*account, "snapshot"])
    _record_tables(account)
    audit = ["event", "integration", "account", "actor", "details", "prev_hash", "hash"]
    _create("audit", ["position"], _numbers("position"), _times("at"), _texts(*audit))
    _create("audit_head", ["id"], _numbers("id", "position"), _texts("hash"))
    op.execute(f"INSERT INTO audit_head (id, position, hash) VALUES (1, 0, '{'0' * 64}')")  # noqa: S608  # a constant


def _account_tables(account: list[str]) -> None:
    ends = ["source_identity", "target_identity"]
    unique = tuple(sa.UniqueConstraint("integration", end, name=f"uq_binding_integration_{end}") for end in ends)
    _create("binding", account, _texts(*account, *ends), _times("bound_at"), extra=unique)
    _create("snapshot", account, _texts(*account), _numbers("handed_out", "fenced", "delivered", "released"))
    _create("lease", account, _texts(*account, "holder"), _numbers("fence"), _times("acquired_at", "expires_at"))


def _run_tables(key: list[str]) -> None:
    _create(
        "run",
        key,
        _texts("integration", "account", "status", "dag_id", "run_id", "settings_digest", "mapping_digest", "mode", "plan_hash"),
        _texts("approved_hash", "decided_by", "report_name", "error_code", "error_text"),
        _numbers("snapshot", "map_index", "try_number"),
        _numbers("generation", nullable=True),
        _times("started_at"),
        _times("interval_start", "interval_end", "ended_at", "delivered_at", nullable=True),
        _json("counts", "durations", "holds"),
        [sa.Column("dry_run", sa.Boolean(), nullable=False)],
    )
    _create(
        "batch",
        [*key, "number"],
        _texts("integration", "account", "body_hash"),
        _numbers("snapshot", "number", "operations"),
        _numbers("accepted", nullable=True),
        _times("intended_at"),
        _times("acknowledged_at", nullable=True),
        _json("refused"),
        extra=(sa.ForeignKeyConstraint(key, [f"run.{name}" for name in key], name="fk_batch_run"),),
    )


def _record_tables(account: list[str]) -> None:
    delivered = [*account, "entity", "source_id"]
    _create(
        "delivered", delivered, _texts(*delivered, "target_id", "payload_hash"), _numbers("snapshot", "generation"), sqlite_with_rowid=False
    )
    rejected = [*delivered, "code", "field"]
    _create(
        "rejected",
        rejected,
        _texts(*rejected, "reason", "fix", "masked", "resolution"),
        _numbers("first_snapshot", "last_snapshot", "attempts"),
        _numbers("resolved_snapshot", nullable=True),
        _times("first_seen_at", "last_seen_at"),
        _times("resolved_at", nullable=True),
    )
