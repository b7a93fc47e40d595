"""A small world of CRM → Flex: a sandbox, one HubSpot portal, one Flex site, and runs of the five steps here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.ports import Source, Target
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.extract import extract
from crosswalk.engine.in_process import Account
from crosswalk.engine.transform import transform
from crosswalk.engine.validate import validate
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Decision, Kind, Standing, Wish
from crosswalk.features.linking.review_files import Review, latest_review
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.zone import LandingZone
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from crosswalk.systems.flex.conformance import connect as flex
from crosswalk.systems.hubspot.conformance import connect as hubspot

NAME, ACCOUNT = "crm_to_flex", "summit"
PORTAL, SITE = "/hubspot/portals/24100001", "/flex/sites/demo"
OPTIONS: dict[str, Any] = {"default_resource_type": "Clients", "link_automatically": False, "region": "US", "at": "02:00"}


@dataclass
class FlexWorld:
    """What a test holds of its sandbox and its account."""

    url: str
    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    spec: IntegrationSpec = field(default_factory=lambda: load_spec(NAME))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new = not (self.folder / "store.db").exists()
        engine = connect(f"sqlite:///{self.folder / 'store.db'}")
        if new:
            migrate(engine)
        self.store = Store(engine)
        self.zone = LandingZone.open(str(self.folder / "landing"))

    def account(self, source: Source | None = None, target: Target | None = None) -> Account:
        """The account as it would be built from its settings now; clients are new each time, as in a new task."""
        options = {**OPTIONS, **self.options}
        settings = AccountSettings(ACCOUNT, NAME, "hubspot_test", "flex_test", None, "daily", options=options, system="hubspot")
        return Account(settings, self.spec, self.store, self.zone, source or hubspot(self.url), target or flex(self.url))

    def run(self, name: str = "test", **arguments: Any) -> RunRow:
        """One run of all steps; see Account.run."""
        return self.account().run(name, **arguments)

    def planned(self, account: Account, name: str = "planned") -> Run:
        """A run as it stands before its load."""
        run = Run.begin(account.settings, account.spec, self.store, self.zone, Trigger("test", name))
        extract(run, account.source, account.target)
        validate(run)
        transform(run)
        return run

    def later(self, seconds: float = 3600) -> None:
        """Let the store's clock be ahead: leases ran out."""
        self.store = Store(self.store.engine, lambda: time.time() + seconds)

    def with_(self, **changes: Any) -> FlexWorld:
        """The same world seen through other settings; store and landing zone are the same."""
        other = replace(self, **changes)
        other.store, other.zone = self.store, self.zone
        return other

    def review(self, entity: str) -> Review:
        """What the newest run shows to the people who decide."""
        found = latest_review(self.store, self.zone, NAME, ACCOUNT, entity)
        assert found is not None
        return found

    def statuses(self, entity: str) -> pd.DataFrame:
        return self.review(entity).statuses.set_index("source_id")

    def decide(self, entity: str, kind: Kind, source_id: str, target_id: str = "", seen: int = 0, by: str = "ana") -> Decision:
        return DecisionLog(self.store.engine).decide(NAME, ACCOUNT, Wish(entity, source_id, kind, target_id, seen=seen), by)

    def plan(self, row: RunRow, entity: str) -> pd.DataFrame:
        """The rows of one entity."""
        plan = self.zone.folder(row.key).read_frame("plan")
        return plan[plan["entity"] == entity]

    def outcomes(self, row: RunRow, entity: str) -> dict[str, tuple[str, str]]:
        """Outcome and reason by source id, of the records that have one."""
        rows = self.plan(row, entity)
        return {
            one: (outcome, reason) for one, outcome, reason in zip(rows["source_id"], rows["outcome"], rows["reason"], strict=True) if one
        }

    def report(self, row: RunRow) -> str:
        """The page people read."""
        return self.zone.report_folder(row.key).read_bytes("report.html").decode()

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Call the sandbox's control interface."""
        answer = requests.request(method, f"{self.url}/_sandbox{path}", json=body or None, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def holds_now(self) -> dict[str, Any]:
        """All that Flex holds, without the ids and moments it gave: contacts by their link or else their own id; and what stands here."""
        links = {one["contactId"]: f"{one['kind']} {one['sourceId']}" for one in self.links()}
        listed = self.control("GET", f"{SITE}/contacts?limit=99999")["contacts"]
        held = {links.get(one["id"], one["id"]): _without_moments(one, links) for one in listed}
        assert len(held) == len(listed)
        stands = {entity: DecisionLog(self.store.engine).standing(NAME, ACCOUNT, entity) for entity in ("company", "contact")}
        return {"contacts": held, "deals": self.deals(), "stands": {entity: _named(one) for entity, one in stands.items()}}

    def forget(self) -> None:
        """Let the sandbox forget the requests it was sent."""
        self.control("DELETE", "/requests")

    def links(self) -> list[dict[str, str]]:
        return list(self.control("GET", f"{SITE}/links")["links"])

    def deals(self) -> list[dict[str, Any]]:
        return list(self.control("GET", f"{SITE}/deals")["deals"])

    def contact(self, contact_id: str) -> dict[str, Any]:
        return dict(self.control("GET", f"{SITE}/contacts/{contact_id}"))

    def writes(self) -> int:
        """Write requests Flex got so far."""
        return int(self.control("GET", "/")["requests"]["flex"]["writes"])

    def crm_writes(self) -> int:
        """Write requests the CRM got so far."""
        return int(self.control("GET", "/")["requests"]["hubspot"]["writes"])


def _named(standing: Standing) -> tuple[Any, ...]:
    return sorted(standing.linked), dict(standing.imports), sorted(standing.skipped), len(standing.parted)


def _without_moments(record: dict[str, Any], links: Mapping[str, str]) -> dict[str, Any]:
    kept = {name: value for name, value in record.items() if name not in ("id", "createdDate", "lastEditDate")}
    return {**kept, "employerId": links.get(record.get("employerId", ""), record.get("employerId", ""))}
