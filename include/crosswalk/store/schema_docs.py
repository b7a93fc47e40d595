"""docs/store.md, written from the tables' own comments: `python -m crosswalk.store.schema_docs > docs/store.md`."""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from crosswalk.store.tables import metadata

_INTRODUCTION = """\
# The store

Crosswalk's own database: what was bound, run, leased, delivered, rejected and decided. Never Airflow's database, and never a
person's data: ids, hashes, counts and masked values only. The Airflow connection `crosswalk_store` leads to it, to a SQLite file or
to PostgreSQL; `crosswalk store migrate` creates and upgrades the tables. Times are UTC.

Analysts may read every table. Writing is Crosswalk's alone: a row changed by hand in `snapshot`, `lease` or `delivered` can let an
older run write over a newer one.

Three questions, as queries:

```sql
-- The last fourteen runs of an account
SELECT snapshot, status, started_at, ended_at, counts, error_code FROM run
 WHERE integration = 'smartoffice_to_fmg' AND account = 'summit' ORDER BY snapshot DESC LIMIT 14;

-- Which rules reject most, today
SELECT code, field, count(*) AS records, max(attempts) AS longest FROM rejected
 WHERE resolved_at IS NULL GROUP BY code, field ORDER BY records DESC;

-- When did the target last acknowledge this record?
SELECT delivered.entity, target_id, delivered.snapshot, run.delivered_at FROM delivered
  JOIN run USING (integration, account, snapshot) WHERE account = 'summit' AND source_id = '4711';
```

The tables below are generated from `include/crosswalk/store/tables.py`; a test keeps them current.
"""


def render() -> str:
    """Write the page: introduction, then every table with its columns."""
    return "\n".join([_INTRODUCTION, *map(_describe, metadata.tables.values())])


def _describe(table: Table) -> str:
    rows = [f"| {_name(column)} | {_type(column)} | {column.comment} |" for column in table.columns]
    return "\n".join([f"## {table.name}", "", f"{table.comment}", "", "| column | type | meaning |", "|---|---|---|", *rows, ""])


def _name(column: Column[Any]) -> str:
    return f"**{column.name}**" if column.primary_key else column.name


def _type(column: Column[Any]) -> str:
    kind = column.type.compile(postgresql.dialect()).lower().replace("timestamp with time zone", "timestamptz")  # type: ignore[no-untyped-call]
    return f"{kind}, may be empty" if column.nullable else kind


if __name__ == "__main__":
    sys.stdout.write(render())
