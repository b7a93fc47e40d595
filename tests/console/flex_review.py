"""A run of CRM → Flex as the review pages find it: both sides landed, candidates found, nothing decided. Nobody in it exists."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from console.rooms import Rooms
from crosswalk.core.model import RunKey
from crosswalk.core.ports import TargetState
from crosswalk.features.linking import review_files as review
from crosswalk.features.linking.candidates.find import Decided, find_candidates
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.feature import candidates_of
from crosswalk.features.linking.rules import Entity, links, statuses, with_company_names
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.manifest import EntityManifest, Manifest

INTEGRATION, DAG = "crm_to_flex", "flex_crm_sync"
SPEC = load_spec(INTEGRATION)
RECORD_ADDRESS = "https://demo.flex.example/contact/{id}"
Record = dict[str, str]

ANA = {"source_id": "501", "first_name": "Ana", "last_name": "Ruiz", "email": "ana@ruiz.example", "phone": "+12025550101"}
ANA |= {"company_name": "Orchid Stage", "employer": "9001", "job_title": "Buyer"}
PEOPLE = [
    ANA,
    {"source_id": "502", "first_name": "Bo", "last_name": "Chen", "email": "bo@chen.example", "phone": "+12025550100", "employer": "9001"},
    {"source_id": "503", "first_name": "Cy", "last_name": "Dole", "email": "cy@dole.example", "phone": "", "employer": "9002"},
    {"source_id": "504", "first_name": "Dee", "last_name": "Eng", "email": "dee@eng.example", "phone": "", "employer": "9003"},
]
FLEX_PEOPLE = [
    {
        "target_id": "f-1",
        "first_name": "Ana",
        "last_name": "Ruiz",
        "email": "ana@ruiz.example",
        "phone": "",
        "company_name": "Orchid Stage",
    },
    {"target_id": "f-2", "first_name": "Ann", "last_name": "Rush", "email": "office@orchid.example", "phone": "+12025550101"},
    {"target_id": "f-3", "first_name": "Bo", "last_name": "Chen", "email": "", "phone": "+12025550100"},
    {"target_id": "f-4", "first_name": "Ivy", "last_name": "Quill", "email": "ivy@quill.example", "phone": "+12025550100"},
    {"target_id": "f-5", "first_name": "Dee", "last_name": "Eng", "email": "", "source_id": "504", "company_name": "José & Søn"},
]
COMPANIES = [
    {"source_id": "9001", "name": "Orchid Stage", "website": "orchid.example"},
    {"source_id": "9002", "name": "Lantern Hire", "website": "lantern.example"},
    {"source_id": "9003", "name": "Mill Works", "website": "mill.example"},
]
FLEX_COMPANIES = [
    {"target_id": "c-1", "name": "Orchid Stage Ltd", "website": "www.orchid.example", "city": "Salem"},
    {"target_id": "c-3", "name": "Mill Works", "website": "mill.example", "source_id": "9003"},
]
DEALS = [{"source_id": "7001", "name": "Spring gala", "stage": "won", "amount": "120.00", "contacts": "504 501", "company": "9003"}]


def crowd(number: int, *, matched: bool) -> tuple[list[Record], list[Record]]:
    """Make up contacts that are new, or each of which Flex holds as well."""
    people = [
        {"source_id": f"{1000 + one}", "first_name": f"Pat{one:03d}", "last_name": "Vale", "email": f"pat{one}@vale.example"}
        for one in range(number)
    ]
    held = [{**one, "target_id": f"t-{one['source_id']}", "source_id": ""} for one in people] if matched else []
    return people, held


def accounts_file(folder: Path, **settings: str) -> None:
    """Write flex.toml with the account summit."""
    lines = {"source": "hubspot_summit", "target": "flex_summit", "frequency": "daily", "record_address": RECORD_ADDRESS, **settings}
    text = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
    (folder / "flex.toml").write_text(f"[summit]\n{text}", encoding="utf-8")


def land(
    rooms: Rooms,
    people: list[Record] | None = None,
    flex_people: list[Record] | None = None,
    companies: list[Record] | None = None,
    flex_companies: list[Record] | None = None,
) -> RunKey:
    """Land a run that read these and found its candidates, over what is decided already; what is left out is the usual."""
    accounts_file(rooms.folder)
    key = rooms.store.runs.begin(INTEGRATION, "summit", **_scheduled())
    rooms.store.runs.update(key, plan_hash="p")
    source = {"contact": PEOPLE if people is None else people, "company": COMPANIES if companies is None else companies}
    target = {
        "contact": FLEX_PEOPLE if flex_people is None else flex_people,
        "company": FLEX_COMPANIES if flex_companies is None else flex_companies,
    }
    folder, landed = rooms.zone.folder(key), {}
    names = {one: SPEC.entity(one).mapping.target_names for one in ("company", "contact", "deal")}
    desired = {one: _frame(rows, ["source_id", *names[one]]) for one, rows in source.items()}
    for entity in ("company", "contact"):
        columns = ["target_id", "source_id", *names[entity], "last_edit_date"]
        held = _frame(target[entity], columns)
        standing = DecisionLog(rooms.store.engine).standing(INTEGRATION, "summit", entity)
        both = Entity(entity, SPEC.entity(entity).mapping, desired[entity], held, standing)
        compared = with_company_names(desired["contact"], desired["company"]) if entity == "contact" else desired["company"]
        found = find_candidates(compared, held, candidates_of(SPEC)[entity], Decided(links(both), both.standing.apart))
        review.write(folder, entity, statuses(both, found), found)
        folder.write_frame(f"desired_{entity}", desired[entity])
        page = folder.write_page(f"target_{entity}", 1, held.to_dict("records"), columns)
        landed[f"target_{entity}"] = EntityManifest("target", entity, len(held), len(held), (page,))
    folder.write_frame("desired_deal", _frame(DEALS, ["source_id", *names["deal"]]))
    state = TargetState(managed_by=None, counts={}, generation=0, last_snapshot=0, revision=0)
    folder.seal(Manifest(key, datetime.now(UTC), None, landed, {}, "hubspot", "flex", state, "d" * 64, "1"))
    return key


def _frame(rows: list[Record], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns, dtype="str").fillna("")


def _scheduled() -> dict[str, Any]:
    usual: dict[str, Any] = {"dag_id": DAG, "run_id": "scheduled__1", "map_index": 0, "try_number": 1, "dry_run": False}
    return usual | {"interval_start": None, "interval_end": None, "settings_digest": "d" * 64}
