"""Runs and their snapshot numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import Connection, Engine, Row, Select, select, update

from crosswalk.core.model import UNDO, RunKey, RunStatus
from crosswalk.errors import ConfigurationError, TransientError
from crosswalk.store import run_sequence as snapshots
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import run


@dataclass(frozen=True)
class RunRow:
    """One run as the store knows it; the columns are explained in docs/store.md."""

    key: RunKey
    status: RunStatus
    dag_id: str
    run_id: str
    map_index: int
    try_number: int
    interval_start: datetime | None
    interval_end: datetime | None
    started_at: datetime
    ended_at: datetime | None
    dry_run: bool
    replays: int | None
    settings_digest: str
    settings: dict[str, Any]
    mapping_digest: str
    mode: str
    counts: dict[str, Any]
    durations: dict[str, float]
    plan_hash: str
    holds: list[dict[str, Any]]
    approved_hash: str
    decided_by: str
    generation: int | None
    delivered_at: datetime | None
    report_name: str
    error_code: str
    error_text: str


class RunChanges(TypedDict, total=False):
    """Columns `Runs.update` may set. Delivery columns are set by `Ledger.finish` only."""

    status: RunStatus
    ended_at: datetime | None
    settings: dict[str, Any]
    mapping_digest: str
    mode: str
    counts: dict[str, Any]
    durations: dict[str, float]
    plan_hash: str
    holds: list[dict[str, Any]]
    approved_hash: str
    decided_by: str
    report_name: str
    error_code: str
    error_text: str


class Runs:
    """Every run of every account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self,
        integration: str,
        account: str,
        *,
        dag_id: str,
        run_id: str,
        map_index: int,
        try_number: int,
        interval_start: datetime | None,
        interval_end: datetime | None,
        dry_run: bool,
        settings_digest: str,
        replays: int | None = None,
    ) -> RunKey:
        """Take the account's next snapshot number and record the run as running. replays: the snapshot a backfill looks at again."""
        row = {name: value for name, value in locals().items() if name != "self"}
        with writing(self._engine, f"beginning a run of {integration}/{account}") as connection:
            number = snapshots.lock(connection, integration, account).handed_out + 1
            snapshots.write(connection, integration, account, handed_out=number)
            connection.execute(run.insert().values(**row, snapshot=number, status=RunStatus.RUNNING, started_at=datetime.now(UTC)))
        return RunKey(integration, account, number)

    def skip_to(self, integration: str, account: str, number: int) -> None:
        """Hand out only numbers above `number` from now on: a target may know of later snapshots than a restored store."""
        with writing(self._engine, f"moving the snapshot numbers of {integration}/{account} on") as connection:
            handed_out = snapshots.lock(connection, integration, account).handed_out
            snapshots.write(connection, integration, account, handed_out=max(handed_out, number))

    def get(self, key: RunKey) -> RunRow:
        """Read one run. Raises ConfigurationError RUN_UNKNOWN."""
        with reading(self._engine, f"reading the run {key}") as connection:
            return fetch(connection, key)

    def find(self, key: RunKey) -> RunRow | None:
        """Read one run, None when the store does not know it."""
        with reading(self._engine, f"looking for the run {key}") as connection:
            row = connection.execute(select(run).where(*is_run(key))).one_or_none()
            return None if row is None else run_row(row)

    def update(self, key: RunKey, **columns: Unpack[RunChanges]) -> None:
        """Set columns of a run. Raises ConfigurationError RUN_UNKNOWN."""
        unknown = set(columns) - RunChanges.__annotations__.keys()
        if unknown:
            raise TypeError(f"not columns a step may set: {sorted(unknown)}")
        with writing(self._engine, f"updating the run {key}") as connection:
            if not connection.execute(update(run).where(*is_run(key)).values(**columns)).rowcount:
                raise unknown_run(key)

    def give_up_on_older(self, key: RunKey) -> None:
        """Say of older runs still called running that they ended: whoever holds the lease knows that nobody is at work on them."""
        ours = run.c.integration == key.integration, run.c.account == key.account
        dead = *ours, run.c.snapshot < key.snapshot, run.c.status == RunStatus.RUNNING, run.c.replays.is_(None)
        error = TransientError(
            "RUN_ABANDONED",
            operation=f"beginning snapshot {key.snapshot} of {key.integration}/{key.account}",
            problem="this earlier run had ended without a word, its process killed",
        )
        ended = {"status": RunStatus.FAILED, "error_code": error.code, "error_text": str(error), "ended_at": datetime.now(UTC)}
        with writing(self._engine, f"closing the older runs of {key.integration}/{key.account}") as connection:
            connection.execute(update(run).where(*dead).values(**ended))

    def latest(self, integration: str, account: str, limit: int = 14) -> list[RunRow]:
        """Read the account's newest runs, newest first; what a backfill looked at again is not among them."""
        query = _of(integration, account).where(run.c.replays.is_(None)).limit(limit)
        return self._read(query, f"reading the runs of {integration}/{account}")

    def of_trigger(self, integration: str, account: str, dag_id: str, run_id: str) -> list[RunRow]:
        """Read the account's runs that one DAG run began, newest first."""
        query = _of(integration, account).where(run.c.dag_id == dag_id, run.c.run_id == run_id)
        return self._read(query, f"reading the runs of {integration}/{account} in {run_id}")

    def of_interval(self, integration: str, account: str, dag_id: str, start: datetime, end: datetime) -> list[RunRow]:
        """Read the account's runs of a DAG for one data interval that read the source, the night's own first.

        Airflow gives a run by hand the interval before it: those come last; then delivered before others, newer before older.
        """
        query = _of(integration, account).where(
            run.c.dag_id == dag_id, run.c.interval_start == start, run.c.interval_end == end, run.c.replays.is_(None), run.c.mode != UNDO
        )
        rows = self._read(query, f"reading the runs of {integration}/{account} for {start:%Y-%m-%d %H:%M} UTC")
        return sorted(rows, key=lambda row: (row.run_id.startswith("manual__"), row.delivered_at is None))

    def maker_of(self, integration: str, account: str, generation: int) -> RunRow | None:
        """Read the run whose delivery made a generation of the target, None when it is not known."""
        with reading(self._engine, f"reading the run that made generation {generation} of {integration}/{account}") as connection:
            released = snapshots.read(connection, integration, account).released
            made = run.c.delivered_at.is_not(None), run.c.snapshot > released, run.c.generation == generation
            row = connection.execute(_of(integration, account).where(*made).order_by(None).order_by(run.c.snapshot).limit(1)).one_or_none()
            return None if row is None else run_row(row)

    def last_delivered(self, integration: str, account: str) -> RunRow | None:
        """Read the newest delivered run, None before the first delivery through the present binding."""
        with reading(self._engine, f"reading the last delivery of {integration}/{account}") as connection:
            released = snapshots.read(connection, integration, account).released
            query = _of(integration, account).where(run.c.delivered_at.is_not(None), run.c.snapshot > released).limit(1)
            row = connection.execute(query).one_or_none()
            return None if row is None else run_row(row)

    def newest_delivered_snapshot(self, integration: str, account: str) -> int:
        """Read the highest snapshot ever delivered, 0 before the first."""
        with reading(self._engine, f"reading the snapshots of {integration}/{account}") as connection:
            return snapshots.read(connection, integration, account).delivered

    def _read(self, query: Select[Any], what: str) -> list[RunRow]:
        with reading(self._engine, what) as connection:
            return [run_row(row) for row in connection.execute(query)]


def fetch(connection: Connection, key: RunKey) -> RunRow:
    """Read one run inside a transaction. Raises ConfigurationError RUN_UNKNOWN."""
    row = connection.execute(select(run).where(*is_run(key))).one_or_none()
    if row is None:
        raise unknown_run(key)
    return run_row(row)


def is_run(key: RunKey) -> tuple[Any, ...]:
    """Build the conditions that name one run."""
    return run.c.integration == key.integration, run.c.account == key.account, run.c.snapshot == key.snapshot


def unknown_run(key: RunKey) -> ConfigurationError:
    """Build the error for a run the store has never seen."""
    return ConfigurationError(
        "RUN_UNKNOWN",
        problem=f"the store has no run {key}",
    )


def _of(integration: str, account: str) -> Select[Any]:
    return select(run).where(run.c.integration == integration, run.c.account == account).order_by(run.c.snapshot.desc())


def run_row(row: Row[Any]) -> RunRow:
    """Build a run from a row that has at least the columns of `run`."""
    columns = {column.name: row._mapping[column.name] for column in run.columns}
    key = RunKey(columns.pop("integration"), columns.pop("account"), columns.pop("snapshot"))
    return RunRow(key=key, status=RunStatus(columns.pop("status")), **columns)
