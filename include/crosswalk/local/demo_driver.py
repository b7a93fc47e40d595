"""How the demo carries out a scenario's jobs, one after the other, through Airflow's API. Several scenarios' go on side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crosswalk.local.airflow_api import LocalApi
from crosswalk.local.control import Sandbox
from crosswalk.local.results import NOTHING_NEW, Result, read_result, shown
from crosswalk.local.scenario import Job, Scenario
from crosswalk.orchestration.following import OVER, Progress, progress

if TYPE_CHECKING:
    from crosswalk.store.store import Store

SCHEDULE_SECONDS = 60
Say = Callable[[str], None]


class Turn:
    """One job, from its beginning to its end."""

    def __init__(self, api: LocalApi, job: Job, say: Say) -> None:
        """Answer what an earlier demo left open, and unpause the DAG. Raises TransientError LOCAL_AIRFLOW when it is not there."""
        self.api, self.job, self.say = api, job, say
        self.run_of: dict[str, str] = {}
        self.steps: dict[str, dict[str, str]] = {}
        api.wait_for_dag(job.dag)
        self._before = {run["dag_run_id"] for run in api.runs(job.dag) if progress(api, job.dag, run["dag_run_id"]).settled}
        for question in api.questions(job.dag):
            api.answer(question, "Reject")
            say(f"{question['task_instance']['rendered_map_index']}: the question of an earlier run was still open; answered Reject")
        api.unpause(job.dag)
        self._deadline = time.monotonic() + SCHEDULE_SECONDS

    def step(self) -> bool:
        """Begin it once the schedule has had its turn, else look how far it is; tells whether it is over."""
        if not self.run_of and not self._begin():
            return False
        stands = [progress(self.api, self.job.dag, run_id) for run_id in dict.fromkeys(self.run_of.values())]
        self._show(stands)
        return all(stand.settled for stand in stands)

    def _begin(self) -> bool:
        if self.job.conf is None:
            if self._schedule_is_due():
                return False
            begun = self._begun_by_schedule()
            if begun is None:
                return False
            self.run_of = begun
        rest = [account for account in self.job.ends if account not in self.run_of]
        if rest:
            run_id = self.api.trigger(self.job.dag, {"accounts": rest} if self.job.conf is None else self.job.conf)
            self.run_of |= dict.fromkeys(rest, run_id)
        for run_id in dict.fromkeys(self.run_of.values()):
            self.say(f"Run {run_id}; watch it at {self.api.url}/dags/{self.job.dag}")
        return True

    def _schedule_is_due(self) -> bool:
        """The scheduler makes the run that is due when a DAG is unpaused past its hour; it gets the time to."""
        due = self.api.wait_for_dag(self.job.dag)["next_dagrun_run_after"]
        return bool(due) and datetime.fromisoformat(due) <= datetime.now(UTC) and time.monotonic() < self._deadline

    def _begun_by_schedule(self) -> dict[str, str] | None:
        """Name the new run of each of our accounts that has one; None while a new run has not said for whom it is."""
        begun: dict[str, str] = {}
        for run in self.api.runs(self.job.dag):
            run_id = str(run["dag_run_id"])
            if run_id in self._before:
                continue
            accounts = self.api.returned(self.job.dag, run_id, "accounts")
            if accounts is None and run["state"] not in OVER:
                return None
            begun |= {account: run_id for account in accounts or [] if account in self.job.ends and account not in begun}
        return begun

    def _show(self, stands: list[Progress]) -> None:
        for stand in stands:
            self.steps |= {shown(self.job, account): steps for account, steps in stand.steps.items()}


@dataclass
class DemoDriver:
    """A scenario's jobs, one after the other. `step` is called until `over`."""

    api: LocalApi
    sandbox: Sandbox
    store: Store
    scenario: Scenario
    say: Say
    results: list[Result] = field(default_factory=list)
    steps: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._left = list(self.scenario.jobs())
        self._turn: Turn | None = None
        self._writes = self.scenario.writes(self.sandbox)

    @property
    def over(self) -> bool:
        return not self._left

    def step(self) -> None:
        """Go on with the job whose turn it is."""
        if self.over:
            return
        if self._turn is None:
            if self._left[0].before:
                self._left[0].before(self.sandbox.place, self.store)
            self._expected = {account: self._end(account) for account in self._left[0].ends}
            self._turn = Turn(self.api, self._left[0], self.say)
        ended = self._turn.step()
        self.steps |= self._turn.steps
        if ended:
            self._finish(self._turn)
            self._turn = None
            self._left.pop(0)

    def _end(self, account: str) -> str:
        """A held plan somebody approved since the last demo is delivered, and stays so; what is taken once is not there any more."""
        job = self._left[0]
        end = job.ends[account]
        if (end == "held" or job.once) and self.store.runs.last_delivered(job.integration, account):
            return NOTHING_NEW if job.once else "delivered"
        return end

    def _finish(self, turn: Turn) -> None:
        before, self._writes = self._writes, self.scenario.writes(self.sandbox)
        for account, run_id in turn.run_of.items():
            writes = self._writes[account] - before[account]
            steps = turn.steps.get(shown(turn.job, account), {})
            if steps.get("extract") == "skipped":
                self.results.append(Result(shown(turn.job, account), NOTHING_NEW, self._expected[account], writes=writes))
                continue
            expected = self._expected[account]
            self.results.append(read_result(self.sandbox.place, self.store, turn.job, account, run_id, expected, writes))
