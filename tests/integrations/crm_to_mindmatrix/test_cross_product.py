"""The whole cross product from outside, for both CRMs: people in the CRM's sandbox, read, decided, delivered, Mindmatrix looked at.

The steps of a run are not part of it: reading, tables, decision and delivery are put together here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

import crosswalk
from crosswalk.core.decisions import load_decisions
from crosswalk.core.eligibility import Filter, chosen_values, decide
from crosswalk.core.facts import load_crm
from crosswalk.core.ports import Operation
from crosswalk.errors import ConfigurationError, DataError
from crosswalk.sandbox.server import SandboxServer
from integrations.crm_to_mindmatrix.crms import CRMS, CUSTOMER, DEAD, PROSPECT, Crm
from integrations.crm_to_mindmatrix.seed_rules import OUTCOMES, Situation, verdict
from systems.subjects import mindmatrix

FOLDER = Path(crosswalk.__file__).parent / "integrations" / "crm_to_mindmatrix"
LABELS = {"company_type": ["Customer", "Prospect"], "contact_type": ["Decision maker", "Technical"]}
EMAILS = {"valid": "valid{0}@example.test", "missing": "", "invalid": "none at all {0}", "shared": "Shared{0}@example.test"}


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=1, groups=0) as server:
        yield server


@pytest.fixture(params=CRMS, ids=lambda crm: crm.system)
def crm(request: pytest.FixtureRequest, box: SandboxServer) -> Crm:
    requests.post(f"{box.url}/_sandbox/reset", json={}, timeout=30)
    request.param.empty(box.url)
    found: Crm = request.param
    return found


@dataclass
class Sync:
    """One account's sync, run by run."""

    url: str
    crm: Crm
    fact: str = "company_type"
    delete_inactive: bool = False
    snapshot: int = 0

    def run(self) -> dict[str, tuple[str, str]]:
        """Read, decide, deliver; returns outcome and reason by source id."""
        self.snapshot += 1
        source, target = self.crm.source(self.url), mindmatrix(self.url)
        tables = load_crm(self.crm.system, "mindmatrix", FOLDER)
        values = chosen_values(LABELS[self.fact], source.choices(tables.source_of(self.fact)), self.fact)
        rows = pd.DataFrame([row for page in source.pages("contact", None) for row in page.rows], dtype="str")
        held = {row["source_id"]: row for page in target.pages("contact") for row in page.rows if row["source_id"]}
        facts = tables.facts.apply(rows).frame
        plan = decide(load_decisions(FOLDER), facts, Filter(self.fact, values), held, delete_inactive=self.delete_inactive, what="acme")
        records = {row["source_id"]: row for row in tables.records.apply(rows).frame.to_dict("records")}
        operations = []
        for one, outcome in zip(plan["source_id"], plan["outcome"], strict=True):
            target_id = held[one]["target_id"] if one in held else ""
            if outcome in ("create", "update"):
                operations.append(Operation("contact", "upsert", one, target_id, records[one]))
            elif outcome == "delete":
                operations.append(Operation("contact", "delete", one, target_id))
        state = target.state()
        delivery = target.open(mode="delta", snapshot=self.snapshot, base_revision=state.revision, source=source.describe())
        for number, start in enumerate(range(0, len(operations), delivery.max_batch), 1):
            batch = operations[start : start + delivery.max_batch]
            assert delivery.send(number, batch).accepted == {one.key for one in batch}
        counts = {op: sum(one.op == op for one in operations) for op in ("upsert", "delete")}
        delivery.commit(1, {"contact": counts})
        return {one: (outcome, reason) for one, outcome, reason in plan.itertuples(index=False)}

    def held(self) -> dict[str, dict[str, Any]]:
        """What Mindmatrix holds, by source id."""
        rows = requests.get(f"{self.url}/_sandbox/mindmatrix/organizations/MM-2001/contacts", params={"limit": 9999}, timeout=30).json()
        return {row["source_id"]: row for row in rows["contacts"]}


def situations(option: bool) -> dict[int, Situation]:
    cases = product((True, False), ("active", "inactive", "none"), (True, False), EMAILS, (True, False))
    named = (("active" if one else "inactive", company, kind, email, known, option) for one, company, kind, email, known in cases)
    return {1000 + 2 * place: Situation(*case) for place, case in enumerate(named)}


@pytest.mark.requirement("MIND-02", "MIND-03", "MIND-04", "MIND-05", "MIND-06")
@pytest.mark.parametrize("option", [False, True], ids=["keep", "delete inactive"])
@pytest.mark.parametrize("fact", ["company_type", "contact_type"])
def test_every_contact_ends_as_the_seed_says(box: SandboxServer, crm: Crm, option: bool, fact: str) -> None:
    cases = situations(option)
    by_company = fact == "company_type"
    companies = {("active", True): 11, ("active", False): 12, ("inactive", True): 13, ("inactive", False): 14}
    kinds = {True: PROSPECT, False: DEAD if by_company else 3}
    put = [crm.company(number, active=True, kind=CUSTOMER) for number in companies.values()]
    crm.put(box.url, "companies", put)
    known = {number: one for number, one in cases.items() if one.known}
    first = [
        crm.contact(number, active=True, company=companies.get((one.company, one.type_in_set), 11), email=f"before{number}@example.test")
        for number, one in known.items()
    ]
    crm.put(box.url, "contacts", first)
    sync = Sync(box.url, crm, fact, delete_inactive=option)
    assert set(sync.run().values()) == {("create", "ELIGIBLE")}
    for (company, in_set), number in companies.items():
        kind = kinds[in_set] if by_company else CUSTOMER
        crm.put(box.url, "companies", [crm.company(number, active=company == "active", kind=kind)])
    now = []
    for number, one in cases.items():
        home = {"company": companies.get((one.company, one.type_in_set)), "kind": CUSTOMER if by_company else kinds[one.type_in_set]}
        email = EMAILS[one.email].format(number)
        now.append(crm.contact(number, active=one.contact == "active", email=email, **home))
        if one.email == "shared":  # by someone out of every set: not active, of an inactive company
            now.append(crm.contact(number + 1, active=False, company=13, email=email.upper()))
    crm.put(box.url, "contacts", now)
    outcomes = sync.run()
    held = sync.held()
    for number, one in cases.items():
        company = "unsaid" if one.company == "none" else one.company
        expected = verdict(Situation(one.contact, company, one.type_in_set, one.email, one.known, one.delete_inactive))
        assert outcomes[str(number)][0] == OUTCOMES[expected], (one, outcomes[str(number)])
        email = held.get(str(number), {}).get("email")
        sent = EMAILS["valid"].format(number)
        assert email == {"create": sent, "update": sent, "left alone": f"before{number}@example.test"}.get(expected), one
    assert set(held) <= set(map(str, cases))


@pytest.mark.requirement("MIND-04")
def test_leaving_freezes_and_coming_back_resumes(box: SandboxServer, crm: Crm) -> None:
    crm.put(box.url, "companies", [crm.company(11, active=True, kind=PROSPECT), crm.company(12, active=True, kind=CUSTOMER)])
    crm.put(box.url, "contacts", [crm.contact(one, active=True, company=one, email=f"a{one}@example.test") for one in (11, 12)])
    sync = Sync(box.url, crm)
    seen = [sync.run()["11"]]
    ids = sync.held()["11"]["contact_id"]
    for kind, title in ((CUSTOMER, "moved"), (DEAD, "left"), (PROSPECT, "back")):
        crm.put(box.url, "companies", [crm.company(11, active=True, kind=kind)])
        crm.change(box.url, "contacts", 11, title=title)
        seen.append(sync.run()["11"])
        seen.append((sync.held()["11"]["title"], ""))
    assert [outcome for outcome, _ in seen] == ["create", "update", "moved", "frozen", "moved", "update", "back"]
    assert sync.held()["11"]["contact_id"] == ids


@pytest.mark.requirement("MIND-05")
def test_an_opt_out_outlives_the_contact(box: SandboxServer, crm: Crm) -> None:
    crm.put(box.url, "companies", [crm.company(11, active=True, kind=CUSTOMER)])
    crm.put(box.url, "contacts", [crm.contact(one, active=True, company=11, email=f"a{one}@example.test") for one in (1, 2)])
    sync = Sync(box.url, crm, delete_inactive=True)
    sync.run()
    organization = f"{box.url}/_sandbox/mindmatrix/organizations/MM-2001"
    requests.patch(f"{organization}/opt-in", json={"a1@example.test": "opted_out", "a2@example.test": "opted_in"}, timeout=30)
    for active, expected in ((False, "delete"), (True, "create")):
        crm.put(box.url, "contacts", [crm.contact(1, active=active, company=11, email="a1@example.test")])
        assert sync.run()["1"][0] == expected
    assert {key: row["opt_in"] for key, row in sync.held().items()} == {"1": "opted_out", "2": "opted_in"}


@pytest.mark.requirement("MIND-02")
def test_a_renamed_label_stops_before_anything_is_decided(box: SandboxServer, crm: Crm) -> None:
    crm.put(box.url, "companies", [crm.company(11, active=True, kind=CUSTOMER)])
    crm.put(box.url, "contacts", [crm.contact(1, active=True, company=11, email="a@example.test")])
    sync = Sync(box.url, crm)
    sync.run()
    if crm.system == "autotask":
        entries = [["1", "Client", True], ["2", "Prospect", True]]
        requests.patch(f"{box.url}{crm.base}", json={"picklists": {"companyType": entries}}, timeout=30)
    else:
        crm.change(box.url, "types", 1, name="Client")
    with pytest.raises(ConfigurationError) as caught:
        sync.run()
    assert caught.value.code == "FILTER_LABEL_UNKNOWN"
    assert "'Client', 'Prospect'" in str(caught.value)
    assert set(sync.held()) == {"1"}


@pytest.mark.parametrize("hidden", ["reference", "companies"])
def test_a_right_that_is_missing_freezes_nobody(box: SandboxServer, crm: Crm, hidden: str) -> None:
    crm.put(box.url, "companies", [crm.company(11, active=True, kind=CUSTOMER)])
    crm.put(box.url, "contacts", [crm.contact(one, active=True, company=11, email=f"a{one}@example.test") for one in (1, 2)])
    reference = "contacts.companyID" if crm.system == "autotask" else "contacts.company"
    field = reference if hidden == "reference" else "companies.isActive" if crm.system == "autotask" else "companies.status"
    requests.patch(f"{box.url}{crm.base}", json={"hidden": [field]}, timeout=30)
    with pytest.raises(DataError) as caught:
        Sync(box.url, crm).run()
    assert caught.value.code == "COMPANIES_HIDDEN"
