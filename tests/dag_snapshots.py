"""The DAG files as Airflow reads them, and what of them is kept as a snapshot."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pendulum
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval, TimeRestriction

MANY = 24
"""Runs a day of which each is shown."""

DAGS = Path(__file__).parents[1] / "dags"


@cache
def bag() -> DagBag:
    return DagBag(str(DAGS))


def shape(dag_id: str) -> str:
    """Every task with what comes before it and how it is run; the schedule in words; the form."""
    dag = bag().dags[dag_id]
    when = _stored(dag_id).timetable.serialize()
    hours = f"{when['expression']} {when['timezone']}" if when else "by hand only"
    lines = [f"{dag_id}: {hours}, catchup {dag.catchup}, {dag.max_active_runs} runs at most", ""]
    for task in dag.topological_sort():
        before = ", ".join(sorted(task.upstream_task_ids)) or "-"
        kind = task.operator_class.__name__ if task.is_mapped else type(task).__name__
        lines.append(f"{task.task_id} ({kind}) after {before}; {task.trigger_rule}, {task.retries} retries, pool {task.pool}")
    lines += ["", *(f"{name} = {dag.params.get_param(name).value!r} {dag.params.get_param(name).schema}" for name in dag.params)]
    return "\n".join(lines) + "\n"


def schedule(dag_id: str, first: datetime, days: int) -> str:
    """The runs that begin by themselves within some days: their instant in UTC and the interval each is for; many a day as their number."""
    timetable, first = _stored(dag_id).timetable, pendulum.instance(first)
    last, lines = DataInterval(first, first), []
    until = first + timedelta(days=days)
    many: dict[str, list[datetime]] = {}
    while True:
        info: Any = timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=TimeRestriction(earliest=first, latest=None, catchup=True)
        )
        if info is None or info.run_after > until:
            return "\n".join(lines if len(lines) <= MANY * days else _by_day(many)) + "\n"
        start, end, at = (moment.astimezone(UTC).strftime("%a %Y-%m-%d %H:%M") for moment in (*info.data_interval, info.run_after))
        lines.append(f"runs {at} UTC for {start} to {end}")
        many.setdefault(start.rpartition(" ")[0], []).append(info.data_interval.start)
        last = info.data_interval


def _by_day(runs: dict[str, list[datetime]]) -> list[str]:
    minutes = {day: sorted({int((b - a).total_seconds()) // 60 for a, b in itertools.pairwise(begun)}) for day, begun in runs.items()}
    return [f"{len(begun)} runs for {day}, {' or '.join(map(str, minutes[day]))} minutes apart" for day, begun in runs.items()]


def _stored(dag_id: str) -> Any:
    """The DAG as the scheduler reads it from the database."""
    return DagSerialization.from_dict(DagSerialization.to_dict(bag().dags[dag_id]))
