"""The questions as operators, without an Airflow around them: what is asked, what an answer does, what never travels."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskAwaitingInput

from crosswalk.core.model import RunKey
from crosswalk.errors import AuthRefused
from crosswalk.orchestration import connection_check, resources
from crosswalk.orchestration import task_runs as runs
from crosswalk.orchestration.alerts import log_news
from crosswalk.orchestration.operators import link_prompt as linking
from crosswalk.orchestration.operators.emoney import ASSETS, OWNERSHIP, EmoneyOfferLinksOperator
from planning_firm import HOLDINGS, READY, Firm, planning_firm

MARRIED = "Contact.7.801"


@dataclass
class Hook:
    firm: Firm

    def get_target(self) -> Any:
        return self.firm.target()


@pytest.mark.requirement("EMON-06", "SAFE-9")
def test_an_offer_asks_and_an_answer_classifies(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    with planning_firm(tmp_path) as firm:
        firm.export(*READY)
        row = firm.refresh(MARRIED)
        handle = row.key.as_dict()
        monkeypatch.setattr(runs, "resume_run", lambda _handle: firm.of(row.key))
        monkeypatch.setattr(resources, "hook_for", lambda _system, _connection, _business=None: Hook(firm))
        monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **what: asked.update(what))
        operator = EmoneyOfferLinksOperator(task_id="offer", handle=handle)
        with pytest.raises(TaskAwaitingInput):
            operator.execute({"task_instance": type("Instance", (), {"id": "1"})})  # type: ignore[arg-type]
        item = next(one for one in asked["options"] if one.startswith("Investment.7.1 "))
        form = {f"Investment.7.1 {MARRIED} assetType": "Brokerage", f"Investment.7.1 {MARRIED} ownership": "Nobody's"}
        event = {"chosen_options": [item], "params_input": form, "responded_by_user": {"name": "oncall"}}
        answered = EmoneyOfferLinksOperator(task_id="offer", handle=handle).execute_complete({}, event)  # type: ignore[typeddict-item]
        decided = firm.of(row.key).folder.read_bytes("decided.json")

    assert (asked["options"][0], asked["defaults"], asked["multiple"]) == (linking.NOTHING, [linking.NOTHING], True)
    assert len(asked["options"]) == 4
    assert set(asked["params"]) >= set(form)
    assert not [word for word in ("Joint brokerage", "Term 20") if word in json.dumps(asked, default=str)]
    assert answered == {**handle, "offered": 3, "links": 1}
    assert json.loads(decided) == {
        "investment": {"Investment.7.1": [{"client": MARRIED, "assetType": "Brokerage", "ownership": "Client"}]}
    }, "what the form does not offer is what it suggests"


@pytest.mark.requirement("EMON-06")
def test_what_can_be_chosen_is_what_emoney_takes() -> None:
    assert {entity: set(types) for entity, types in ASSETS.items()} == {
        "investment": {"Brokerage", "Retirement", "Education", "Cash", "Annuity", "Other"},
        "policy": {"Term Life", "Permanent Life", "Disability", "Long-Term Care", "Annuity", "Other"},
    }
    assert set(OWNERSHIP) == {"Client", "Spouse", "Joint", "Trust", "Other"}


@pytest.mark.requirement("EMON-08", "SAFE-9")
def test_news_are_one_line_with_numbers_and_the_report(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        log_news(RunKey(HOLDINGS, "elm", 7), 3)
    (line,) = caplog.messages
    told = json.loads(line.partition("notice ")[2])
    assert (told["account"], told["code"], told["records"]) == ("elm", "NEW_TO_LINK", 3)
    assert told["report"].endswith(f"/{HOLDINGS}/elm/7")


@pytest.mark.requirement("CARD-5", "EMON-01")
def test_a_connection_is_good_for_the_integrations_its_user_may_use(tmp_path: Any) -> None:
    with planning_firm(tmp_path, rights=["eMoney", "InvestmentTracking"]) as firm:
        said = connection_check.source_verdict("smartoffice", firm.source(), {})
        assert "smartoffice_to_emoney: right eMoney held" in said
        assert "smartoffice_to_fmg: the user does not hold its right" in said
        assert "Policys will be left out" not in said
        assert "Policies will be left out: the user lacks PendingCasePolicySetupAdministrator and PolicyTracking" in said
        firm.rights("InvestmentTracking")
        with pytest.raises(AuthRefused):
            connection_check.source_verdict("smartoffice", firm.source(), {})
