"""The execution log: what became of each file that arrived, and which of them were taken.

A run writes its lines when it has read the files. They count as taken once the run is delivered, by that and nothing else: there is no
second place that could say otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, Select, delete, func, insert, select

from crosswalk.core.arrived_file import ArrivedFile, refusal_of
from crosswalk.core.model import RunKey, RunStatus
from crosswalk.features.inbound_files.ports import REFUSED, TAKEN, PastFile
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import file, run

ASKED = (RunStatus.HELD, RunStatus.REJECTED)
"""How a run stands whose files a person was asked about."""

_FACTS = ("rows", "policies", "members", "agents", "superseded", "without_email", "without_agent", "rejected", "dropped_columns", "holds")
_SELF = ("carrier", "name", "outcome", "code", "said", "digest", "business_date")


@dataclass(frozen=True)
class FileRow:
    """One line of the log with the run it is of. stands: taken, refused, or how the run that read it ended without taking it."""

    read_at: datetime
    snapshot: int
    stands: str
    file: ArrivedFile


class FileLog:
    """The execution log of every account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, key: RunKey, files: Sequence[ArrivedFile]) -> None:
        """Write the lines of a run, in the place of those it wrote before."""
        now = datetime.now(UTC)
        rows = [key.as_dict() | _columns(one) | {"number": number, "read_at": now} for number, one in enumerate(files, start=1)]
        with writing(self._engine, f"recording the files of {key}") as connection:
            mine = file.c.integration == key.integration, file.c.account == key.account, file.c.snapshot == key.snapshot
            connection.execute(delete(file).where(*mine))
            if rows:
                connection.execute(insert(file), rows)

    def past(self, integration: str, account: str) -> dict[str, list[PastFile]]:
        """Read the files taken so far, by carrier, oldest first. Of each carrier the last one knows its policies by agent."""
        taken = _of(integration, account).where(file.c.outcome == TAKEN, run.c.delivered_at.is_not(None))
        order = file.c.snapshot, file.c.number
        columns = file.c.carrier, file.c.name, file.c.digest, file.c.business_date
        newest = taken.with_only_columns(file.c.carrier, file.c.by_agent, file.c.snapshot, file.c.number).order_by(*order)
        newest = newest.where(*_newest_of_its_carrier(integration, account))
        with reading(self._engine, f"reading the files taken of {integration}/{account}") as connection:
            rows = connection.execute(taken.with_only_columns(*columns).order_by(*order)).all()
            by_agent = {row.carrier: row.by_agent for row in connection.execute(newest)}
        past: dict[str, list[PastFile]] = {}
        for row in rows:
            day = date.fromisoformat(row.business_date) if row.business_date else None
            past.setdefault(row.carrier, []).append(PastFile(row.name, row.digest, day))
        for carrier, files in past.items():
            last = files[-1]
            files[-1] = PastFile(last.name, last.digest, last.business_date, by_agent.get(carrier, {}))
        return past

    def asked_about(self, integration: str, account: str) -> frozenset[str]:
        """Name, by digest, the files of runs that wait for a person's answer, or were declined."""
        query = _of(integration, account).where(file.c.outcome == TAKEN, run.c.status.in_(ASKED))
        with reading(self._engine, f"reading the files {integration}/{account} was asked about") as connection:
            return frozenset(connection.execute(query.with_only_columns(file.c.digest)).scalars())

    def refusals(self, integration: str, account: str) -> frozenset[tuple[str, ...]]:
        """Name the refusals that are on record, as `ArrivedFile.refusal` does."""
        query = _of(integration, account).where(file.c.outcome == REFUSED)
        columns = file.c.carrier, file.c.name, file.c.digest, file.c.code, file.c.said
        with reading(self._engine, f"reading the refused files of {integration}/{account}") as connection:
            return frozenset(refusal_of(*row) for row in connection.execute(query.with_only_columns(*columns)))

    def log(self, integration: str, account: str, limit: int | None = None) -> list[FileRow]:
        """Read the log, newest first."""
        query = _of(integration, account).order_by(file.c.snapshot.desc(), file.c.number.desc()).limit(limit)
        with reading(self._engine, f"reading the files of {integration}/{account}") as connection:
            return [_file_row(row) for row in connection.execute(query)]


def _of(integration: str, account: str) -> Select[Any]:
    """Lines with their runs; what a dry run or a backfill looked at was not meant to be taken."""
    joined = (file.c.integration == run.c.integration) & (file.c.account == run.c.account) & (file.c.snapshot == run.c.snapshot)
    query = select(*file.c, run.c.status, run.c.delivered_at, run.c.dry_run).join(run, joined)
    return query.where(file.c.integration == integration, file.c.account == account)


def _newest_of_its_carrier(integration: str, account: str) -> tuple[Any, ...]:
    """Only the lines of each carrier's last delivered run."""
    older = file.alias("older")
    joined = (older.c.integration == run.c.integration) & (older.c.account == run.c.account) & (older.c.snapshot == run.c.snapshot)
    mine = older.c.integration == integration, older.c.account == account, older.c.outcome == TAKEN, run.c.delivered_at.is_not(None)
    last = select(older.c.carrier, func.max(older.c.snapshot).label("snapshot")).join(run, joined).where(*mine).group_by(older.c.carrier)
    newest = last.subquery()
    found = select(newest.c.snapshot).where(newest.c.carrier == file.c.carrier).scalar_subquery()
    return (file.c.snapshot == found,)


def _columns(one: ArrivedFile) -> dict[str, Any]:
    whole = one.as_dict()
    return {name: whole[name] for name in _SELF} | {"facts": {name: whole[name] for name in _FACTS}, "by_agent": whole["by_agent"]}


def _file_row(row: Any) -> FileRow:
    about = {name: row._mapping[name] for name in _SELF} | row.facts | {"by_agent": row.by_agent}
    return FileRow(row.read_at, row.snapshot, _stands(row), ArrivedFile.from_dict(about))


def _stands(row: Any) -> str:
    if row.outcome == REFUSED or row.delivered_at is not None:
        return str(row.outcome)
    return str(RunStatus(row.status).value)
