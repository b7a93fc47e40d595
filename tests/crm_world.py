"""A small world of CRM → Mindmatrix: a sandbox, one CRM's database, one Mindmatrix organization, and runs of the five steps here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.ports import Source, Target
from crosswalk.engine.context import Run
from crosswalk.engine.in_process import Account
from crosswalk.integrations.accounts import spec_of
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from crosswalk.systems.mindmatrix.conformance import connect as mindmatrix
from integrations.crm_to_mindmatrix.crms import CRMS, Crm

NAME = "crm_to_mindmatrix"
OPTIONS: dict[str, Any] = {
    "filter_field": "company_type",
    "filter_values": ["Customer", "Prospect"],
    "delete_inactive": False,
    "at": "02:00",
}
ORGANIZATION = "/mindmatrix/organizations/MM-2001"


@dataclass
class CrmWorld:
    """What a test holds of its sandbox and its account."""

    url: str
    folder: Path
    crm: Crm
    options: dict[str, Any] = field(default_factory=dict)
    safety: dict[str, Any] = field(default_factory=dict)
    page_size: int = 500
    max_batch: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        is_new, engine = not (self.folder / "store.db").exists(), connect(f"sqlite:///{self.folder / 'store.db'}")
        if is_new:
            migrate(engine)
        self.store = Store(engine)
        self.zone = LandingZone.open(str(self.folder / "landing"))

    def account(self, source: Source | None = None, target: Target | None = None) -> Account:
        """The account as it would be built from its settings now; clients are new each time, as in a new task."""
        settings = AccountSettings(
            "northwind",
            NAME,
            "crm_test",
            "mindmatrix_test",
            None,
            "daily",
            self.safety,
            options={**OPTIONS, **self.options},
            system=self.crm.system,
        )
        given = source or self.crm.source(self.url, self.page_size), target or self._target()
        return Account(settings, spec_of(settings), self.store, self.zone, *given)

    def _target(self) -> Target:
        target = mindmatrix(self.url)
        return SmallBatches(target, self.max_batch) if self.max_batch else target

    def run(self, name: str = "test", **arguments: Any) -> RunRow:
        """One run of all steps; see Account.run."""
        return self.account().run(name, **arguments)

    def with_(self, **changes: Any) -> CrmWorld:
        """The same world seen through other settings; store and landing zone are the same."""
        other = replace(self, **changes)
        other.store, other.zone = self.store, self.zone
        return other

    def plan(self, row: RunRow) -> pd.DataFrame:
        """One row a contact, by source id."""
        return self.zone.folder(row.key).read_frame("plan").set_index("source_id")

    def outcomes(self, row: RunRow) -> dict[str, tuple[str, str]]:
        """Outcome and reason by source id."""
        return {one: (row["outcome"], row["reason"]) for one, row in self.plan(row).iterrows()}

    def report(self, row: RunRow) -> bytes:
        """The page people read."""
        return self.zone.report_folder(row.key).read_bytes("report.html")

    def held(self) -> dict[str, dict[str, Any]]:
        """What Mindmatrix holds, by source id, as its control interface says."""
        rows = self.control("GET", f"{ORGANIZATION}/contacts?limit=99999")["contacts"]
        return {row["source_id"] or row["contact_id"]: row for row in rows}

    def put(self, table: str, *records: dict[str, Any]) -> None:
        """Put records of the CRM, or put them anew."""
        self.crm.put(self.url, table, list(records))

    def change(self, table: str, record_id: int, **changes: Any) -> None:
        self.crm.change(self.url, table, record_id, **changes)

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Call the sandbox's control interface."""
        answer = requests.request(method, f"{self.url}/_sandbox{path}", json=body or None, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def requests(self, system: str) -> dict[str, int]:
        """Requests a vendor got so far: all, and writes."""
        counted = self.control("GET", "/")["requests"][system]
        return {name: int(counted[name]) for name in ("reads", "writes")}

    def writes(self) -> int:
        return self.requests("mindmatrix")["writes"]

    def holds_now(self) -> dict[str, Any]:
        """What Mindmatrix holds, without what no two deliveries have in common: its ids."""
        rows = self.control("GET", f"{ORGANIZATION}/contacts?limit=99999")["contacts"]
        kept = [{name: value for name, value in row.items() if name != "contact_id"} for row in rows]
        return {"contacts": sorted(kept, key=lambda one: (str(one["source_id"]), str(one["email"])))}

    def forget(self) -> None:
        self.control("DELETE", "/requests")

    def clean(self) -> None:
        """Begin with an empty CRM and an empty organization."""
        self.control("POST", "/reset")
        self.crm.empty(self.url)

    def resume(self, row: RunRow) -> Run:
        account = self.account()
        return Run(row.key, account.settings, account.spec, self.store, self.zone)


@dataclass
class SmallBatches:
    """A target that takes but so many records in a batch."""

    inner: Any
    max_batch: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def open(self, **arguments: Any) -> Any:
        delivery = self.inner.open(**arguments)
        delivery.max_batch = self.max_batch
        return delivery


CrmWorldMaker = Callable[..., CrmWorld]


def crm_world(url: str, folder: Path, system: str, **settings: Any) -> CrmWorld:
    """Build the world of a CRM by its name."""
    return CrmWorld(url, folder, next(one for one in CRMS if one.system == system), **settings)


@contextmanager
def sandbox() -> Iterator[SandboxServer]:
    """A sandbox whose CRMs are nearly empty."""
    with SandboxServer(contacts=1, groups=0) as box:
        yield box
