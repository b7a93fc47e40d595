"""Records that left the target's list: whoever comes back is the same record there."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, bindparam, delete, select

from crosswalk.core.model import RunKey
from crosswalk.store.tables import delivered, former
from crosswalk.store.upsert import upsert

if TYPE_CHECKING:
    import pandas as pd

FORMER_COLUMNS = ("source_id", "target_id")


def read(connection: Connection, integration: str, account: str, entity: str) -> pd.DataFrame:
    """Read the records that left: source_id, target_id, all text, by source_id."""
    import pandas as pd

    query = select(*(former.c[name] for name in FORMER_COLUMNS)).where(*_of(former, integration, account, entity))
    rows = connection.execute(query.order_by(former.c.source_id)).all()
    return pd.DataFrame(rows, columns=list(FORMER_COLUMNS), dtype="str")


def leave(connection: Connection, key: RunKey, entity: str, gone: Collection[str]) -> None:
    """Turn delivered records into former ones. gone: source ids of what is not in the target any more."""
    if not gone:
        return
    ours = _of(delivered, key.integration, key.account, entity)
    rows = connection.execute(select(delivered.c.source_id, delivered.c.target_id).where(*ours))
    known = {row.source_id: row.target_id for row in rows}
    fixed = key.as_dict() | {"entity": entity}
    leaving = [one for one in gone if one in known]
    named = [fixed | {"source_id": one, "target_id": known[one]} for one in leaving]
    upsert(connection, former, named)
    _delete(connection, delivered, key, entity, leaving)


def come_back(connection: Connection, key: RunKey, entity: str, records: pd.DataFrame) -> None:
    """Forget as former what is delivered now, under its source id or its target id. records: source_id, target_id."""
    source_ids, target_ids = set(records["source_id"]), set(records["target_id"])
    ours = _of(former, key.integration, key.account, entity)
    known = connection.execute(select(former.c.source_id, former.c.target_id).where(*ours)).all()
    back = [one for one, target_id in known if one in source_ids or target_id in target_ids]
    _delete(connection, former, key, entity, back)


def forget(connection: Connection, key: RunKey, entity: str) -> None:
    """Forget all of an entity: the ids are of a list that is no more."""
    connection.execute(delete(former).where(*_of(former, key.integration, key.account, entity)))


def _of(table: Table, integration: str, account: str, entity: str) -> tuple[Any, ...]:
    return table.c.integration == integration, table.c.account == account, table.c.entity == entity


def _delete(connection: Connection, table: Table, key: RunKey, entity: str, source_ids: Collection[str]) -> None:
    if source_ids:
        statement = delete(table).where(*_of(table, key.integration, key.account, entity), table.c.source_id == bindparam("gone"))
        connection.execute(statement, [{"gone": one} for one in source_ids])
