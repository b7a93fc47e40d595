"""`crosswalk run`: start the DAG through Airflow's own API, follow it, say what came of each account."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from crosswalk.cli.screen import Screen, print_results
from crosswalk.cli.show import as_facts, as_json
from crosswalk.core.model import RunStatus
from crosswalk.errors import ConfigurationError, TransientError
from crosswalk.integrations.specs import load_spec, resolve_integration
from crosswalk.orchestration.selection import choose

if TYPE_CHECKING:
    from crosswalk.orchestration.airflow_api import AirflowApi, Json
    from crosswalk.orchestration.following import Progress

ASK_EVERY = 1.0
"""Seconds between two questions to Airflow."""

GIVE_UP_AFTER = 600.0
"""Seconds without any answer from Airflow after which nobody follows any more. The run goes on."""

STOPPED = 130
_DONE = {RunStatus.SUCCESS: "delivered", RunStatus.PARTIAL: "delivered", RunStatus.DRY_RUN: "dry run"}
_OUTCOMES = {"created": "create", "updated": "update", "deleted": "delete", "unchanged": "unchanged", "rejected": "rejected"}


@dataclass(frozen=True)
class Ending:
    """How one account ended. ok: as asked. counts: the whole source database, and records by outcome; say: what to do now."""

    account: str
    ended: str
    ok: bool
    counts: dict[str, int] = field(default_factory=dict)
    holds: list[str] = field(default_factory=list)
    say: str = ""
    report: str = ""

    def row(self) -> dict[str, object]:
        """What the table at the end shows."""
        names = ("contacts", "groups", *_OUTCOMES, "seconds")
        return {"account": self.account, "ended": self.ended, **{name: self.counts.get(name, "") for name in names}}


def run(arguments: argparse.Namespace) -> int:
    """Start a run of the named accounts; 0 when each ended as asked, 1 when one is held, failed or was refused."""
    from crosswalk.orchestration.airflow_api import AirflowApi, SignIn
    from crosswalk.orchestration.all_accounts import all_accounts

    spec = load_spec(resolve_integration(arguments.integration))
    accounts = choose(all_accounts(spec.name), arguments.account, on_demand=True)
    api = AirflowApi(SignIn.from_environment())
    _require_active(api, spec.dag)
    asked = {name: True for name in ("dry_run", "full_resync") if getattr(arguments, name)}
    run_id = api.trigger(spec.dag, {"accounts": accounts, **asked})
    begun = {"run_id": run_id, "dag_id": spec.dag, "accounts": accounts, "url": _page(api, spec.dag, run_id)}
    if not arguments.wait:
        as_json(begun) if arguments.json else as_facts(begun)
        return 0
    console = Console(highlight=False, stderr=arguments.json)
    console.print(f"Run {run_id} of {', '.join(accounts)}: {begun['url']}", markup=False, soft_wrap=True)
    try:
        endings = list(_endings(api, spec.dag, run_id, accounts, _follow(api, spec.dag, run_id, console)))
    except KeyboardInterrupt:
        console.print(f"Not followed any more. The run goes on: {begun['url']}", markup=False, soft_wrap=True)
        return STOPPED
    if arguments.json:
        as_json({**begun, "ok": all(one.ok for one in endings), "accounts": [asdict(one) for one in endings]})
    else:
        _show(console, endings)
    return 0 if all(one.ok for one in endings) else 1


def _require_active(api: AirflowApi, dag_id: str) -> None:
    dag = api.dag(dag_id)
    if dag is None:
        fix = "check that CROSSWALK_AIRFLOW_URL leads to the Airflow that has Crosswalk's DAGs, and that it has parsed them"
        raise ConfigurationError(
            "AIRFLOW_NO_DAG", operation=f"looking for {dag_id} in Airflow", problem="there is no such DAG", next_step=fix
        )
    if dag.get("is_paused"):
        found = "it is paused: a run would wait until somebody switches it on, its schedule too"
        fix = f"switch {dag_id} on in Airflow, or `airflow dags unpause {dag_id}`; then start the run again"
        raise ConfigurationError("AIRFLOW_DAG_PAUSED", operation=f"starting {dag_id}", problem=found, next_step=fix)


def _follow(api: AirflowApi, dag_id: str, run_id: str, console: Console) -> Progress:
    """Show progress until every account is at an end or waits for a person. Airflow may be away meanwhile."""
    from crosswalk.orchestration.following import progress

    began = heard = time.monotonic()
    with Screen(console, dag_id) as screen:
        while True:
            try:
                now = progress(api, dag_id, run_id)
            except TransientError as error:
                if time.monotonic() - heard > GIVE_UP_AFTER:
                    fix = f"the run goes on in Airflow; look at {run_id} once Airflow answers again"
                    raise TransientError("AIRFLOW_SILENT", operation=f"following {run_id}", problem=error.problem, next_step=fix) from None
                console.print(f"Airflow does not answer ({error.code}); the run goes on, asking again", markup=False)
            else:
                heard = time.monotonic()
                screen.show(now.steps, heard - began)
                if now.settled:
                    return now
            time.sleep(ASK_EVERY)


def _endings(api: AirflowApi, dag_id: str, run_id: str, accounts: list[str], now: Progress) -> Iterator[Ending]:
    """Read how each account ended out of its run report, which Crosswalk serves beside Airflow's API."""
    for account in accounts:
        tasks = now.tasks.get(account, {})
        found = next((one for task in tasks.values() if (one := api.report(dag_id, run_id, *task))), None)
        yield (
            _ending(api, account, now.steps.get(account, {}), *found)
            if found
            else _without_report(account, now, _page(api, dag_id, run_id))
        )


def _ending(api: AirflowApi, account: str, steps: dict[str, str], page: str, report: Json) -> Ending:
    status, error = RunStatus(report["status"]), report["error"] or {}
    counts = {str(one["name"]): int(one["used"]) for one in report["limits"]}
    plan = report["plan"].values()
    counts |= {name: sum(int(one.get(outcome, 0)) for one in plan) for name, outcome in _OUTCOMES.items()} if plan else {}
    counts["seconds"] = round(sum(map(float, report["durations"].values())))
    holds = [f"{one['code']}: {one['found']} (limit: {one['limit']})" for one in report["holds"]]
    say = str(error.get("text", ""))
    if status is RunStatus.HELD:
        say = f"a person has to decide: {api.url}/required_actions?response_received=false"
    elif status is RunStatus.DRY_RUN and holds:
        say = "a real run would be held"
    elif status in _DONE and "failed" in steps.values():
        say = "a task failed all the same; look at it in Airflow"
    ok = status in _DONE and "failed" not in steps.values()
    return Ending(account, _DONE.get(status) or error.get("code") or status.value, ok, counts, holds, say, page)


def _without_report(account: str, now: Progress, page: str) -> Ending:
    """An account whose run did not begin: skipped, or stopped at its settings or at the accounts task."""
    states = set(now.steps.get(account, {}).values())
    ended = "skipped" if states == {"skipped"} else "did not run"
    return Ending(account, ended, ok=False, say=f"the log of its first task says why: {page}")


def _page(api: AirflowApi, dag_id: str, run_id: str) -> str:
    """Where the run is in Airflow's UI."""
    return f"{api.url}/dags/{dag_id}/runs/{run_id}"


def _show(console: Console, endings: list[Ending]) -> None:
    print_results(console, [one.row() for one in endings])
    for one in endings:
        lines = [*one.holds, *([one.say] if one.say else []), *([f"report: {one.report}"] if one.report else [])]
        for line in lines:
            console.print(f"{one.account}: {line}", markup=False, soft_wrap=True)
