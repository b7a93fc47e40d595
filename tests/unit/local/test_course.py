"""How the demo carries out a job: what the schedule began for our accounts counts, the rest is begun by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from crosswalk.local.demo_driver import Turn
from crosswalk.local.scenario import Job

ENDS = {"northwind": "delivered", "contoso": "held"}
STATES = {"success": {"load": "success"}, "running": {"load": "running"}, "held": {"approve": "awaiting_input"}}


@dataclass
class Airflow:
    """As much of the API as a turn asks for. made: run id → accounts (None: not said yet) and state."""

    url: str = "http://airflow"
    made: dict[str, tuple[list[str] | None, str]] = field(default_factory=dict)
    due: str | None = None
    open_questions: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def wait_for_dag(self, dag: str) -> dict[str, Any]:
        return {"next_dagrun_run_after": self.due}

    def unpause(self, dag: str) -> None:
        self.said.append("unpaused")

    def questions(self, dag: str) -> list[dict[str, Any]]:
        return self.open_questions

    def answer(self, question: dict[str, Any], choice: str) -> None:
        self.said.append(choice)

    def runs(self, dag: str) -> list[dict[str, Any]]:
        return [{"dag_run_id": name, "state": self.run(dag, name)["state"]} for name in self.made]

    def run(self, dag: str, run_id: str) -> dict[str, Any]:
        return {"state": "running" if self.made[run_id][1] == "held" else self.made[run_id][1]}

    def returned(self, dag: str, run_id: str, task: str) -> list[str] | None:
        return self.made[run_id][0]

    def tasks(self, dag: str, run_id: str) -> list[dict[str, Any]]:
        accounts, state = self.made[run_id]
        return [
            {"task_id": f"account.{step}", "map_index": number, "state": found, "start_date": "2026-03-02T07:00:00Z"}
            for number, _ in enumerate(accounts or [])
            for step, found in STATES[state].items()
        ]

    def trigger(self, dag: str, conf: dict[str, Any]) -> str:
        name = f"manual {len(self.made)}"
        self.made[name] = (conf.get("accounts", ["northwind"]), "running")
        return name


def turn(airflow: Airflow, conf: dict[str, Any] | None = None) -> Turn:
    return Turn(airflow, Job("a_dag", "crm_to_mindmatrix", ENDS, conf), airflow.said.append)  # type: ignore[arg-type]


def test_what_the_schedule_began_counts_and_the_rest_is_begun_by_hand() -> None:
    airflow = Airflow(due="2026-03-02T07:00:00+00:00")
    one = turn(airflow)
    assert not one.step(), "the schedule has not had its turn"
    assert one.run_of == {}
    airflow.due = "2999-03-02T07:00:00+00:00"
    airflow.made["scheduled"] = (None, "running")
    assert not one.step(), "nobody knows for whom it is"
    assert one.run_of == {}
    airflow.made["scheduled"] = (["elsewhere", "contoso"], "running")
    assert not one.step()
    assert one.run_of == {"contoso": "scheduled", "northwind": "manual 1"}
    airflow.made |= {"scheduled": (["elsewhere", "contoso"], "held"), "manual 1": (["northwind"], "success")}
    assert one.step(), "one is delivered, the other waits for a person"
    assert one.steps["northwind mindmatrix"] == {"load": "success"}


@pytest.mark.parametrize("conf", [None, {"account": "northwind"}])
def test_a_run_of_an_earlier_demo_does_not_count_and_its_question_is_answered(conf: dict[str, Any] | None) -> None:
    question = {"task_instance": {"rendered_map_index": "contoso"}}
    airflow = Airflow(made={"earlier": (["northwind", "contoso"], "held")}, open_questions=[question])
    one = turn(airflow, conf)
    assert not one.step()
    assert one.run_of == dict.fromkeys(ENDS, "manual 1")
    assert airflow.said[0] == "Reject"
    assert "unpaused" in airflow.said
