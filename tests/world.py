"""A small world for tests: a sandbox, one SmartOffice office, one FMG account, and runs of the five steps in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.engine.in_process import Account
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.fmg.rules import CONTACT_FIELDS
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from crosswalk.systems.fmg.client import FmgClient
from crosswalk.systems.fmg.target import FmgTarget
from crosswalk.systems.smartoffice.client import SmartOfficeClient
from crosswalk.systems.smartoffice.source import SmartOfficeSource
from crosswalk.wire.connection import connection_settings

INTEGRATION = "smartoffice_to_fmg"
TEXTS = list(CONTACT_FIELDS)
"""FMG's contact fields but the groups, in the sandbox's reading of the contract."""
TYPES = ("form_completed", "email_sent", "opted_out")


@dataclass
class World:
    """What a test holds of its sandbox and its account."""

    url: str
    folder: Path
    spec: IntegrationSpec = field(default_factory=lambda: load_spec(INTEGRATION))
    page_size: int = 200
    paging: str = "search"
    scope: tuple[str, ...] | None = None
    safety: dict[str, float] = field(default_factory=dict)
    office: str = "DEMO01"
    fmg: str = "FMG-1001"

    def account(self) -> Account:
        """The account as it would be built from its settings now; clients are new each time, as in a new task."""
        source = SmartOfficeClient(
            connection_settings(
                "smartoffice",
                f"{self.url}/smartoffice/xmlengine",
                office=self.office,
                login="integration",
                password="sandbox-secret",
                paging=self.paging,
                page_size=self.page_size,
                requests_per_second=1000,
                allow_private_network=True,
                first_wait=0.01,
                name="smartoffice_test",
            )
        )
        target = FmgClient(
            connection_settings(
                "fmg",
                f"{self.url}/fmg",
                account=self.fmg,
                password="sandbox-key",
                requests_per_second=1000,
                allow_private_network=True,
                first_wait=0.01,
                name="fmg_test",
            )
        )
        settings = AccountSettings("summit", INTEGRATION, "smartoffice_test", "fmg_test", self.scope, "daily", self.safety)
        return Account(settings, self.spec, self.store, self.zone, SmartOfficeSource(source), FmgTarget(target))

    def work(self, holder: str = "test", activities: Sequence[str] = TYPES, zone: str = "UTC") -> Any:
        """The account's activities and the place for their notes, as its write-back would open them now."""
        from crosswalk.features.writeback.work import Writeback
        from crosswalk.systems.fmg.activity_feed import FmgActivities
        from crosswalk.systems.smartoffice.notes import SmartOfficeNotes

        account: Any = self.account()
        settings = replace(account.settings, options={"activities": list(activities)}, zone=zone)
        feed, notebook = FmgActivities(account.target._client), SmartOfficeNotes(account.source._client)
        return Writeback(settings, self.store, self.zone, feed, notebook, holder)

    def later(self, seconds: float = 3600) -> None:
        """Let the store's clock be ahead: leases ran out, and whatever was on its way has arrived."""
        self.store = Store(self.store.engine, lambda: time.time() + seconds)

    def act(self, *activities: dict[str, str]) -> list[dict[str, Any]]:
        """Let people do something in FMG; see the sandbox's control interface."""
        path = f"/fmg/accounts/{self.fmg}/activities"
        return list(self.control("POST", path, activities=list(activities))["activities"])

    def notes(self) -> list[dict[str, Any]]:
        """Every SmartPad note of the office."""
        return list(self.control("GET", f"/smartoffice/offices/{self.office}/notes?limit=100000")["notes"])

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        engine = connect(f"sqlite:///{self.folder / 'store.db'}")
        migrate(engine)
        self.store = Store(engine)
        self.zone = LandingZone.open(str(self.folder / "landing"))

    def run(self, name: str = "test", **arguments: Any) -> RunRow:
        """One run of all steps; see Account.run."""
        return self.account().run(name, **arguments)

    def undo(self, name: str = "undo", **arguments: Any) -> RunRow:
        """Put the list before the last delivery back; see Account.undo."""
        return self.account().undo(name, **arguments)

    def with_(self, **changes: Any) -> World:
        """The same world seen through other settings; store and landing zone are the same."""
        other = replace(self, **changes)
        other.store, other.zone = self.store, self.zone
        return other

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Call the sandbox's control interface."""
        answer = requests.request(method, f"{self.url}/_sandbox{path}", json=body or None, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def contacts(self) -> list[dict[str, Any]]:
        """What FMG holds, as it says itself."""
        return self._list("contacts")

    def seen(self) -> dict[str, dict[str, Any]]:
        """FMG's list by source id: every field and the groups."""
        return {c["source_id"]: {**{name: c[name] for name in TEXTS}, "groups": sorted(c["groups"])} for c in self.contacts()}

    def groups(self) -> list[dict[str, Any]]:
        return self._list("groups")

    def opt_outs(self) -> list[dict[str, Any]]:
        return self._list("opt-outs")

    def fmg_account(self) -> dict[str, Any]:
        return dict(self._fmg(""))

    def source_contact(self, source_id: str, **fields: Any) -> None:
        """Change one SmartOffice contact by its contract's field names."""
        self.control("PATCH", f"/smartoffice/offices/{self.office}/contacts/{source_id}", **fields)

    def source_contacts(self) -> list[dict[str, Any]]:
        return list(self.control("GET", f"/smartoffice/offices/{self.office}/contacts?limit=100000")["contacts"])

    def source_groups(self) -> list[dict[str, Any]]:
        return list(self.control("GET", f"/smartoffice/offices/{self.office}/groups?limit=100000")["groups"])

    def writes(self) -> int:
        """Write requests FMG got so far."""
        return int(self.control("GET", "/")["requests"]["fmg"]["writes"])

    def _list(self, what: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self._fmg(f"/{what}?limit=1000" + (f"&after={after}" if after else ""))
            rows += page[what.replace("-", "_")]
            if not page["next"]:
                return rows
            after = page["next"]

    def _fmg(self, path: str) -> Any:
        headers = {"Authorization": "Bearer sandbox-key"}
        answer = requests.get(f"{self.url}/fmg/v1/accounts/{self.fmg}{path}", headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def world(folder: Path, *, contacts: int = 300, groups: int = 12, seed: int = 3, **settings: Any) -> Iterator[World]:
    """Start a sandbox and hand out a world over it."""
    with SandboxServer(contacts=contacts, groups=groups, seed=seed) as box:
        yield World(box.url, folder, **settings)


WorldMaker = Callable[..., World]
