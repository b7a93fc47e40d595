"""What was about to be written, what the target acknowledged, and what it holds since (design: order of a write).

intend (committed) → request → acknowledge (committed) → … → finish (delivered rows and run in one transaction)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, select, update

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.core.ports import Receipt
from crosswalk.errors import DataError
from crosswalk.store import leases, runs
from crosswalk.store import run_sequence as snapshots
from crosswalk.store import tombstones as former
from crosswalk.store.database import reading, writing
from crosswalk.store.leases import Lease
from crosswalk.store.tables import batch, delivered, run
from crosswalk.store.upsert import upsert

if TYPE_CHECKING:
    import pandas as pd

DELIVERED_COLUMNS = ("source_id", "target_id", "payload_hash")


@dataclass(frozen=True)
class BatchRow:
    """One batch: an intent, and the target's answer once `acknowledged_at` is set."""

    number: int
    body_hash: str
    operations: int
    intended_at: datetime
    acknowledged_at: datetime | None
    accepted: int | None
    refused: list[dict[str, Any]]


@dataclass(frozen=True)
class Acknowledged:
    """What the target holds of one record: under which id, from which snapshot, since which generation."""

    entity: str
    target_id: str
    snapshot: int
    generation: int


class Ledger:
    """Intents, acknowledgements and delivered records."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def delivered(self, integration: str, account: str, entity: str) -> pd.DataFrame:
        """Read what the target last acknowledged: source_id, target_id, payload_hash, all text, by source_id."""
        import pandas as pd

        query = select(*(delivered.c[name] for name in DELIVERED_COLUMNS)).where(
            delivered.c.integration == integration, delivered.c.account == account, delivered.c.entity == entity
        )
        with reading(self._engine, f"reading the delivered {entity} records of {integration}/{account}") as connection:
            rows = connection.execute(query.order_by(delivered.c.source_id)).all()
        return pd.DataFrame(rows, columns=list(DELIVERED_COLUMNS), dtype="str")

    def known(self, integration: str, account: str, entity: str, ids: Collection[str]) -> list[tuple[str, str]]:
        """Read (source id, target id) of the records that have one of these ids on either side and that the target holds."""
        columns = delivered.c
        query = select(columns.source_id, columns.target_id).where(
            columns.integration == integration,
            columns.account == account,
            columns.entity == entity,
            columns.source_id.in_(ids) | columns.target_id.in_(ids),
        )
        with reading(self._engine, f"reading which {entity} records of {integration}/{account} are known") as connection:
            return [(row.source_id, row.target_id) for row in connection.execute(query)]

    def former(self, integration: str, account: str, entity: str) -> pd.DataFrame:
        """Read the records that left the target: source_id, target_id, all text, by source_id."""
        with reading(self._engine, f"reading the former {entity} records of {integration}/{account}") as connection:
            return former.read(connection, integration, account, entity)

    def intend(self, held: Lease, number: int, body_hash: str, operations_count: int) -> BatchRow:
        """Record that a batch is about to be sent; return it as it stands, acknowledged or not.

        Another body under the same number replaces it: half of a batch that was split. Raises Fenced LEASE_LOST or STALE_SNAPSHOT:
        nothing may be sent then.
        """
        key = held.key
        with writing(self._engine, f"recording batch {number} of {key}") as connection:
            snapshots.refuse_stale(snapshots.lock(connection, key.integration, key.account), key)
            leases.require(connection, held)
            runs.fetch(connection, key)
            found = _find(connection, key, number)
            if found is not None and found.body_hash == body_hash:
                return found
            intent = BatchRow(number, body_hash, operations_count, datetime.now(UTC), None, None, [])
            upsert(connection, batch, [key.as_dict() | vars(intent)])
            return intent

    def acknowledge(self, key: RunKey, number: int, accepted: int, refused: Sequence[Mapping[str, Any]] = ()) -> None:
        """Record the target's answer to an intended batch. Raises DataError BATCH_UNKNOWN.

        A run that was fenced meanwhile may still do so: it only tells what happened.
        """
        answer = {"accepted": accepted, "refused": [dict(refusal) for refusal in refused], "acknowledged_at": datetime.now(UTC)}
        with writing(self._engine, f"acknowledging batch {number} of {key}") as connection:
            if not connection.execute(update(batch).where(*_of_run(key), batch.c.number == number).values(**answer)).rowcount:
                raise DataError("BATCH_UNKNOWN", problem="no intent was recorded")

    def batches(self, key: RunKey) -> list[BatchRow]:
        """Read the batches of a run by number."""
        with reading(self._engine, f"reading the batches of {key}") as connection:
            return [_batch_row(row) for row in connection.execute(select(batch).where(*_of_run(key)).order_by(batch.c.number))]

    def finish(
        self,
        key: RunKey,
        receipt: Receipt,
        upserted: Mapping[str, pd.DataFrame],
        departed: Mapping[str, Collection[str]],
        *,
        status: RunStatus = RunStatus.SUCCESS,
        afresh: bool = False,
    ) -> bool:
        """Record a visible delivery, all or nothing: delivered records, the run, the account's newest snapshot.

        upserted: by entity, columns source_id, target_id, payload_hash. departed: source ids by entity. afresh: the list was nobody's
        before, so that ids given earlier mean nothing.
        Returns False, changing nothing, when the run was finished before. Raises Fenced STALE_SNAPSHOT.
        """
        with writing(self._engine, f"finishing the delivery of {key}") as connection:
            numbers = snapshots.lock(connection, key.integration, key.account)
            if runs.fetch(connection, key).delivered_at is not None:
                return False
            snapshots.refuse_stale(numbers, key)
            for entity, gone in departed.items():
                former.leave(connection, key, entity, gone)
                if afresh:
                    former.forget(connection, key, entity)
            for entity, frame in upserted.items():
                former.come_back(connection, key, entity, frame)
                upsert(connection, delivered, _delivered_rows(key, entity, frame, receipt.generation))
            now = datetime.now(UTC)
            done = {"status": status, "generation": receipt.generation, "delivered_at": now, "ended_at": now}
            connection.execute(update(run).where(*runs.is_run(key)).values(**done))
            snapshots.write(connection, key.integration, key.account, delivered=key.snapshot)
        return True

    def acknowledged(self, integration: str, account: str, source_id: str, entities: Sequence[str]) -> list[Acknowledged]:
        """Read what the target last acknowledged of one source record, entity by entity."""
        columns = delivered.c.entity, delivered.c.target_id, delivered.c.snapshot, delivered.c.generation
        query = select(*columns).where(
            delivered.c.integration == integration,
            delivered.c.account == account,
            delivered.c.entity.in_(entities),
            delivered.c.source_id == source_id,
        )
        with reading(self._engine, f"reading what was acknowledged of one record of {integration}/{account}") as connection:
            return [Acknowledged(*row) for row in connection.execute(query)]

    def finished(self, key: RunKey) -> bool:
        """Tell whether the run's delivery was finished. Raises ConfigurationError RUN_UNKNOWN."""
        with reading(self._engine, f"reading the delivery of {key}") as connection:
            return runs.fetch(connection, key).delivered_at is not None


def _of_run(key: RunKey) -> tuple[Any, ...]:
    return batch.c.integration == key.integration, batch.c.account == key.account, batch.c.snapshot == key.snapshot


def _find(connection: Connection, key: RunKey, number: int) -> BatchRow | None:
    row = connection.execute(select(batch).where(*_of_run(key), batch.c.number == number)).one_or_none()
    return None if row is None else _batch_row(row)


def _batch_row(row: Row[Any]) -> BatchRow:
    return BatchRow(**{name: row._mapping[name] for name in BatchRow.__annotations__})


def _delivered_rows(key: RunKey, entity: str, frame: pd.DataFrame, generation: int) -> list[dict[str, Any]]:
    fixed = key.as_dict() | {"entity": entity, "generation": generation}
    columns = (frame[name].tolist() for name in DELIVERED_COLUMNS)
    return [fixed | dict(zip(DELIVERED_COLUMNS, values, strict=True)) for values in zip(*columns, strict=True)]
