"""Records that did not travel, kept with reason, fix, first and last seen, attempts (SAFE-10). Values only masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, bindparam, case, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from crosswalk.core.model import Rejection, RunKey
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import rejected
from crosswalk.store.upsert import insert_into

_KEY = [column.name for column in rejected.primary_key]


@dataclass(frozen=True)
class RejectedRow:
    """One open or resolved rejection; the columns are explained in docs/store.md."""

    integration: str
    account: str
    entity: str
    source_id: str
    code: str
    field: str
    reason: str
    fix: str
    masked: str
    first_snapshot: int
    first_seen_at: datetime
    last_snapshot: int
    last_seen_at: datetime
    attempts: int
    resolved_at: datetime | None
    resolved_snapshot: int | None
    resolution: str


@dataclass(frozen=True)
class Reason:
    """How many records of an entity are rejected for one code and field; reason and fix are those of one of them."""

    entity: str
    code: str
    field: str
    reason: str
    fix: str
    first_seen_at: datetime
    records: int


@dataclass(frozen=True)
class Wanted:
    """Which open rejections to look for; blank is any. text: a part of the source id."""

    code: str = ""
    field: str = ""
    text: str = ""


class Rejected:
    """The rejected records of every account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(
        self,
        key: RunKey,
        entity: str,
        rejections: Iterable[Rejection],
        present: AbstractSet[str] | None,
        *,
        only: AbstractSet[str] | None = None,
    ) -> None:
        """Record a run's rejections of one entity; the same run may do so several times, and again.

        present: every source id of the entity in this snapshot. Older open rows the run does not reject are closed: as
        passed when their record is present, else as gone. None closes nothing: these rejections come on top (the target's).
        What a newer snapshot recorded is left alone. only: of a retry; rows of other records were not tried and stay as they are.
        """
        now = datetime.now(UTC)
        rows = [_new_row(key, entity, one, now) for one in rejections if only is None or one.source_id in only]
        with writing(self._engine, f"recording the rejected {entity} records of {key}") as connection:
            _upsert(connection, rows)
            if present is not None:
                _close(connection, key, entity, present, now, only)

    def open(self, integration: str, account: str) -> list[RejectedRow]:
        """Read the rejections not yet resolved, by entity, source id, code and field."""
        query = select(rejected).where(*_open(integration, account))
        return self._read(query.order_by(*(rejected.c[name] for name in _KEY)), f"reading the rejected records of {integration}/{account}")

    def reasons(self, integration: str, account: str) -> list[Reason]:
        """Count the open rejections of an account by entity, code and field, the most frequent first."""
        group = rejected.c.entity, rejected.c.code, rejected.c.field
        words = func.min(rejected.c.reason), func.min(rejected.c.fix), func.min(rejected.c.first_seen_at)
        count = func.count().label("records")
        query = select(*group, *words, count).where(*_open(integration, account)).group_by(*group).order_by(count.desc(), *group)
        with reading(self._engine, f"counting the rejected records of {integration}/{account}") as connection:
            return [Reason(*row) for row in connection.execute(query)]

    def search(self, integration: str, account: str, wanted: Wanted, limit: int | None = None, offset: int = 0) -> list[RejectedRow]:
        """Read open rejections by source id, code and field."""
        order = rejected.c.source_id, rejected.c.entity, rejected.c.code, rejected.c.field
        query = select(rejected).where(*_open(integration, account), *_narrowed(wanted)).order_by(*order).limit(limit).offset(offset)
        return self._read(query, f"reading the rejected records of {integration}/{account}")

    def count(self, integration: str, account: str, wanted: Wanted) -> int:
        """Count what `search` finds."""
        query = select(func.count()).select_from(rejected).where(*_open(integration, account), *_narrowed(wanted))
        with reading(self._engine, f"counting the rejected records of {integration}/{account}") as connection:
            return int(connection.execute(query).scalar_one())

    def of_record(self, integration: str, account: str, source_id: str) -> list[RejectedRow]:
        """Read every rejection of one source record, open and resolved, the last seen first."""
        query = select(rejected).where(
            rejected.c.integration == integration, rejected.c.account == account, rejected.c.source_id == source_id
        )
        return self._read(
            query.order_by(rejected.c.last_snapshot.desc(), *(rejected.c[name] for name in _KEY)), "reading one record's rejections"
        )

    def _read(self, query: Select[Any], what: str) -> list[RejectedRow]:
        with reading(self._engine, what) as connection:
            return [RejectedRow(**row._mapping) for row in connection.execute(query)]


def _open(integration: str, account: str) -> tuple[ColumnElement[bool], ...]:
    return rejected.c.integration == integration, rejected.c.account == account, rejected.c.resolved_at.is_(None)


def _narrowed(wanted: Wanted) -> list[ColumnElement[bool]]:
    named = [rejected.c[name] == value for name, value in (("code", wanted.code), ("field", wanted.field)) if value]
    return [*named, *([rejected.c.source_id.contains(wanted.text, autoescape=True)] if wanted.text else [])]


def _new_row(key: RunKey, entity: str, rejection: Rejection, now: datetime) -> dict[str, Any]:
    seen = {"first_snapshot": key.snapshot, "first_seen_at": now, "last_snapshot": key.snapshot, "last_seen_at": now}
    state = {"attempts": 1, "resolved_at": None, "resolved_snapshot": None, "resolution": ""}
    return vars(rejection) | {"integration": key.integration, "account": key.account, "entity": entity} | seen | state


def _upsert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    insert = insert_into(connection, rejected)
    new = insert.excluded
    again = case((rejected.c.last_snapshot < new.last_snapshot, 1), else_=0)
    changed = {name: new[name] for name in ("reason", "fix", "masked", "last_snapshot", "last_seen_at")}
    reopened = {name: new[name] for name in ("resolved_at", "resolved_snapshot", "resolution")}
    not_newer = and_(rejected.c.last_snapshot <= new.last_snapshot, func.coalesce(rejected.c.resolved_snapshot, 0) <= new.last_snapshot)
    statement = insert.on_conflict_do_update(
        index_elements=_KEY, set_=changed | reopened | {"attempts": rejected.c.attempts + again}, where=not_newer
    )
    connection.execute(statement, rows)


def _close(
    connection: Connection, key: RunKey, entity: str, present: AbstractSet[str], now: datetime, only: AbstractSet[str] | None
) -> None:
    older = (
        rejected.c.integration == key.integration,
        rejected.c.account == key.account,
        rejected.c.entity == entity,
        rejected.c.resolved_at.is_(None),
        rejected.c.last_snapshot < key.snapshot,
    )
    found = connection.execute(select(rejected.c.source_id).where(*older).distinct()).scalars()
    ids = [one for one in found if only is None or one in only]
    if ids:
        closed = {"resolved_at": now, "resolved_snapshot": key.snapshot, "resolution": bindparam("how")}
        statement = update(rejected).where(*older, rejected.c.source_id == bindparam("closing")).values(closed)
        connection.execute(statement, [{"closing": one, "how": "passed" if one in present else "gone"} for one in ids])
