"""How far a run has come, account by account and step by step, as Airflow tells it."""

from __future__ import annotations

from dataclasses import dataclass, field

from crosswalk.orchestration.airflow_api import AirflowApi, Json

ACCOUNTS_TASK = "accounts"
"""The task whose answer is the list of accounts a sync is mapped over."""

OVER = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
WAITS = "awaiting_input"


@dataclass(frozen=True)
class Progress:
    """state: Airflow's state of the run. steps: account → step → Airflow's state of the task, "" before it has one.

    tasks: account → (task id, map index) by step, as far as they exist.
    """

    state: str
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    tasks: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    complete: bool = False

    @property
    def settled(self) -> bool:
        """Nothing moves by itself any more: every account is at an end, or waits for a person."""
        return self.state in OVER or (self.complete and bool(self.steps) and all(_still(steps) for steps in self.steps.values()))


def progress(api: AirflowApi, dag_id: str, run_id: str) -> Progress:
    """Ask Airflow where a run stands."""
    state = str(api.run(dag_id, run_id)["state"])
    names: list[str] = api.returned(dag_id, run_id, ACCOUNTS_TASK) or []
    instances = api.tasks(dag_id, run_id)
    mapped = [one for one in instances if "." in one["task_id"]]
    found = Progress(state, {name: {} for name in names}, {name: {} for name in names}, all(one["map_index"] >= 0 for one in mapped))
    for one in sorted(mapped, key=_when):
        if 0 <= one["map_index"] < len(names):
            name, step = names[one["map_index"]], one["task_id"].rpartition(".")[2]
            found.steps[name][step] = one["state"] or ""
            found.tasks[name][step] = one["task_id"], one["map_index"]
    return found


def _when(task: Json) -> tuple[bool, str]:
    """Those that began first, in the order they began."""
    return task["start_date"] is None, task["start_date"] or ""


def _still(steps: dict[str, str]) -> bool:
    states = set(steps.values())
    return bool(states) and states <= (OVER | {WAITS, ""} if WAITS in states else OVER)
