"""Every scenario of the demo fits the packaged accounts and DAGs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from crosswalk.features.tenancy.businesses import account_name
from crosswalk.features.tenancy.feature import is_provisioned
from crosswalk.integrations.accounts import load_accounts
from crosswalk.integrations.specs import load_spec
from crosswalk.local.control import Sandbox
from crosswalk.local.environment import Place
from crosswalk.local.scenario import Scenario
from crosswalk.local.scenarios import SCENARIOS

ROOT = Path(__file__).parents[3]


class Made(dict[str, Any]):
    """What a vendor made: an answer with whatever is asked for."""

    def __missing__(self, name: str) -> str:
        return f"the {name}"


@dataclass(frozen=True)
class Deaf(Sandbox):
    """A sandbox that does nothing, and keeps what it was asked."""

    asked: list[tuple[str, Any]] = field(default_factory=list)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        self.asked.append((path, body))
        return Made(extra={})


@pytest.fixture
def sandbox(tmp_path: Path) -> Deaf:
    return Deaf(Place(ROOT, tmp_path), "http://127.0.0.1:1")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: type(scenario).__name__)
def test_a_scenario_brings_what_its_jobs_need(scenario: Scenario, sandbox: Deaf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSWALK_ACCOUNTS", raising=False)  # the packaged accounts, whatever ran in this process before
    scenario.open(sandbox)
    connections = scenario.connections(sandbox)
    for job in scenario.jobs():
        accounts = load_accounts(job.integration)
        if is_provisioned(load_spec(job.integration)):
            assert job.conf is not None
            made = account_name(job.conf["fmo"], job.conf["npn"])
            accounts = {made: replace(accounts[job.conf["fmo"]], name=made)}
        assert set(job.ends) <= set(accounts)
        for name in job.ends:
            assert {accounts[name].source, accounts[name].target} <= set(connections), f"{name} of {job.integration}"
        assert (ROOT / "dags" / f"{job.dag}.py").is_file()
    assert scenario.announced
    json.dumps(connections)


@pytest.mark.requirement("SAFE-9")
def test_a_secret_stands_in_no_open_part_of_a_connection(sandbox: Deaf) -> None:
    """What Airflow shows of a connection without asking: everything but the password and extra."""
    for scenario in SCENARIOS:
        scenario.open(sandbox)
        secrets = set(json.loads((sandbox.place.local / "secrets.json").read_text()).values())
        for name, connection in scenario.connections(sandbox).items():
            shown = {key: value for key, value in connection.items() if key not in ("password", "extra")}
            assert not [value for value in shown.values() if value in secrets], name
