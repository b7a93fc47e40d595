"""The eMoney part of the demo, beside the main job: an export of some clients, then a refresh of what is linked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crosswalk.local.airflow_api import LocalApi
from crosswalk.local.environment import Place
from crosswalk.local.firms import Firm
from crosswalk.local.results import Result, read_result
from crosswalk.local.world import World

if TYPE_CHECKING:
    from crosswalk.store.store import Store

EXPORT, REFRESH = "emoney_client_export", "emoney_weeknight_refresh"
JOBS = ((EXPORT, "smartoffice_to_emoney"), (REFRESH, "smartoffice_to_emoney_holdings"))
READY = (0, 2, 3, 5, 8, 10)
"""Places, in an office of families, of the clients who are ready for eMoney (sandbox/README.md, People)."""


@dataclass
class Planning:
    """One firm's jobs, one after the other. `step` is called until `over`."""

    api: LocalApi
    world: World
    firm: Firm
    run_ids: list[str] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writes.append(self._written())
        for dag, _ in JOBS:
            self.api.wait_for_dag(dag)
            self.api.unpause(dag)

    @property
    def over(self) -> bool:
        return len(self.writes) > len(JOBS)

    def step(self) -> None:
        """Begin the next job once the one before has ended."""
        if self.over or (self.run_ids and not self._has_ended()):
            return
        if self.run_ids:
            self.writes.append(self._written())
        if not self.over:
            self.run_ids.append(self._begin(JOBS[len(self.run_ids)][0]))

    def results(self, place: Place, store: Store) -> list[Result]:
        """How each job ended; both are expected to deliver."""
        sent = [after - before for before, after in zip(self.writes, self.writes[1:], strict=False)]
        return [
            read_result(place, store, run_id, self.firm.account, "delivered", writes, integration)
            for (_, integration), run_id, writes in zip(JOBS, self.run_ids, sent, strict=True)
        ]

    def _begin(self, dag: str) -> str:
        if dag == EXPORT:
            clients = [self.firm.contact(place) for place in READY]
            return self.api.trigger(dag, {"account": self.firm.account, "clients": clients, "existing": "update"})
        tonight = next((run for run in self.api.runs(dag) if self._is_for_us(run["dag_run_id"])), None)
        return str(tonight["dag_run_id"]) if tonight else self.api.trigger(dag, {"accounts": [self.firm.account]})

    def _is_for_us(self, run_id: str) -> bool:
        """The schedule may have begun the night of our firm just now."""
        fresh = self.api.call("GET", f"dags/{REFRESH}/dagRuns/{run_id}")["state"] in ("queued", "running")
        return fresh and self.firm.account in (self.api.returned(REFRESH, run_id, "accounts") or [])

    def _has_ended(self) -> bool:
        dag = JOBS[len(self.run_ids) - 1][0]
        return self.api.call("GET", f"dags/{dag}/dagRuns/{self.run_ids[-1]}")["state"] in ("success", "failed")

    def _written(self) -> int:
        return self.world.writes()[self.firm.account]
