"""The main job through real Airflow, from one command: `python -m crosswalk.local.demo`.

Four accounts: one of 30,000 contacts, one of tag groups only, one that is held for a person, one over its limit. Beside them an eMoney
firm: an export of clients and a refresh. Exits 0 only when each ended as expected. A second demo finds the same world: what did not
change is not written again.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console

from crosswalk.cli.screen import Screen, print_results
from crosswalk.errors import CrosswalkError, TransientError
from crosswalk.local.airflow_api import LocalApi
from crosswalk.local.environment import Place, find_place
from crosswalk.local.planning import Planning
from crosswalk.local.results import INTEGRATION, Result, read_result, write_summary
from crosswalk.local.stack import bring_up
from crosswalk.local.world import OFFICES
from crosswalk.orchestration.following import progress

if TYPE_CHECKING:
    from crosswalk.store.store import Store

DAG = "fmg_daily_sync"
RUN_SECONDS = 1800
SCHEDULE_SECONDS = 60


def main() -> int:
    """Run the demo; returns the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    console = Console(highlight=False)
    try:
        return _demo(find_place(), console)
    except CrosswalkError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130


def _demo(place: Place, console: Console) -> int:
    started = time.monotonic()
    world, stack, ours = bring_up(place, lambda text: console.print(text, markup=False))
    try:
        store = _store(place)
        expected = {office.account: _expected(store, office.account, office.ends) for office in OFFICES}
        api, before = LocalApi(stack), world.writes()
        run_id, planning = _begin(api, console), [Planning(api, world, firm) for firm in world.firms]
        _watch(api, run_id, planning, console)
        after = world.writes()
        results = [read_result(place, store, run_id, name, ends, after[name] - before[name]) for name, ends in expected.items()]
        results += [result for one in planning for result in one.results(place, store)]
    finally:
        if ours:
            stack.stop()
    _report(place, console, results, run_id, time.monotonic() - started)
    if not all(result.ok for result in results):
        console.print("[red]Not every account ended as expected.[/] Logs are in .local/logs and .local/airflow/logs.")
        return 1
    return 0


def _store(place: Place) -> Store:
    from crosswalk.store.engine import connect
    from crosswalk.store.store import Store

    return Store(connect(f"sqlite:///{place.store}"))


def _expected(store: Store, account: str, ends: str) -> str:
    """A held plan somebody approved since then is delivered, and stays so."""
    return "delivered" if ends == "held" and store.runs.last_delivered(INTEGRATION, account) else ends


def _begin(api: LocalApi, console: Console) -> str:
    """Start a run, or take one that has begun already: the schedule makes one when the DAG is unpaused past its hour."""
    api.wait_for_dag(DAG)
    before = {run["dag_run_id"] for run in api.runs(DAG) if progress(api, DAG, run["dag_run_id"]).settled}
    for question in api.questions(DAG):
        api.answer(question, "Reject")
        console.print(f"{question['task_instance']['rendered_map_index']}: the question of an earlier run was still open; answered Reject")
    api.unpause(DAG)
    _await_schedule(api)
    begun = [str(run["dag_run_id"]) for run in api.runs(DAG) if run["dag_run_id"] not in before]
    run_id = begun[0] if begun else api.trigger(DAG)
    console.print(f"Run {run_id}; watch it at {api.url}/dags/{DAG}", markup=False, soft_wrap=True)
    return run_id


def _await_schedule(api: LocalApi) -> None:
    """Give the scheduler the time to make the run that is due."""
    deadline = time.monotonic() + SCHEDULE_SECONDS
    while time.monotonic() < deadline:
        due = api.wait_for_dag(DAG)["next_dagrun_run_after"]
        if not due or datetime.fromisoformat(due) > datetime.now(UTC):
            return
        time.sleep(0.5)


def _watch(api: LocalApi, run_id: str, planning: list[Planning], console: Console) -> None:
    """Show progress until every account is at an end, or waits for a person; the firms' jobs go on beside it."""
    began = time.monotonic()
    with Screen(console, DAG) as screen:
        while (seconds := time.monotonic() - began) < RUN_SECONDS:
            now = progress(api, DAG, run_id)
            screen.show(now.steps, seconds)
            for one in planning:
                one.step()
            if now.settled and all(one.over for one in planning):
                return
            time.sleep(1)
    raise TransientError("LOCAL_DEMO", doing=f"waiting for {run_id}", found=f"not over after {RUN_SECONDS} s", fix="read .local/logs")


def _report(place: Place, console: Console, results: list[Result], run_id: str, seconds: float) -> None:
    print_results(console, [result.row() for result in results])
    for result in results:
        console.print(f"{result.account}: {result.report}", markup=False, soft_wrap=True)
    path = write_summary(place, results, run_id, seconds)
    console.print(f"Summary: {path}   ({seconds:.0f} s)", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
