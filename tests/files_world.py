"""A small world of carrier files → FMO: a sandbox business, a drop folder, and runs of the five steps in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import requests

from crm_world import SmallBatches
from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.arrived_file import ArrivedFile
from crosswalk.core.ports import Target
from crosswalk.engine.context import Run
from crosswalk.engine.in_process import Account
from crosswalk.features.inbound_files.intake import arrived, has_news
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from crosswalk.systems.agent_crm.conformance import connect as agent_crm
from crosswalk.systems.agent_crm.target import FMO_ENTITIES, AgentCrmTarget
from crosswalk.systems.carriers.client import DropFolder
from crosswalk.systems.carriers.source import CarriersSource

NAME = "carriers_to_fmo"
FMO, USER = "1b6f0000-0000-4000-8000-000000000001", "77aa0000-0000-4000-8000-000000000001"
OBJECTS = {"policy": "policies", "member": "members", "agent": "agents_agencies"}
TODAY = date(2026, 3, 10)


@dataclass
class FilesWorld:
    """What a test holds of its drop folder, its business and its account. drop_at: the folder, when it is not the world's own."""

    url: str
    folder: Path
    drop_at: str = ""
    max_batch: int = 0

    def __post_init__(self) -> None:
        self.drop_place = Path(self.drop_at) if self.drop_at else self.folder / "drop"
        self.drop_place.mkdir(parents=True, exist_ok=True)
        engine = connect(f"sqlite:///{self.folder / 'store.db'}")
        migrate(engine)
        self.store = Store(engine)
        self.zone = LandingZone.open(str(self.folder / "landing"))

    def drop(self, carrier: str, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.drop_place / carrier / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def source(self) -> CarriersSource:
        return CarriersSource(DropFolder(self.drop_place), settle_seconds=0, today=TODAY)

    def account(self, source: CarriersSource | None = None, target: Target | None = None) -> Account:
        """The account as a task would open it now."""
        settings = AccountSettings("meridian", NAME, "carriers_test", "agent_crm_test", None, "hourly", system="carriers")
        crm: Any = target or AgentCrmTarget(agent_crm(f"{self.url}/agent_crm/api", USER, FMO), FMO_ENTITIES)
        return Account(
            settings,
            load_spec(NAME),
            self.store,
            self.zone,
            source or self.source(),
            SmallBatches(crm, self.max_batch) if self.max_batch else crm,
        )

    def ingest(self, name: str = "hour", *, again: bool = False, **arguments: Any) -> RunRow | None:
        """One hour of the DAG: nothing when nothing arrived."""
        source = self.source()
        if not has_news(self.store, NAME, "meridian", source, again=again):
            return None
        return self.account(source).run(name, **arguments)

    def run_of(self, row: RunRow) -> Run:
        account = self.account()
        return Run(row.key, account.settings, account.spec, self.store, self.zone)

    def files(self, row: RunRow) -> list[ArrivedFile]:
        return arrived(self.run_of(row))

    def held(self, entity: str) -> dict[str, dict[str, str]]:
        """What the business holds of an entity, by source id."""
        answer = requests.get(
            f"{self.url}/_sandbox/agent_crm/businesses/{FMO}/records/{OBJECTS[entity]}", params={"limit": "100000"}, timeout=60
        ).json()
        return {row["sync_key"]: row for row in answer["records"]}

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def writes(self) -> int:
        """Records written so far, as the vendor counts them."""
        return int(self.control("GET", "/")["requests"]["agent_crm"]["writes"])

    def holds_now(self) -> dict[str, Any]:
        """What the business holds, without what no two deliveries have in common: its ids."""
        rows = {entity: self.held(entity) for entity in OBJECTS}
        return {entity: {key: {**row, "id": ""} for key, row in held.items()} for entity, held in rows.items()}

    def forget(self) -> None:
        self.control("DELETE", "/requests")


@contextmanager
def files_box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=0, groups=0, seed=1) as started:
        yield started


def fresh(box: SandboxServer, folder: Path, **settings: Any) -> FilesWorld:
    """A world in which nothing was ever taken; the business is empty."""
    world = FilesWorld(box.url, folder, **settings)
    world.control("POST", "/reset")
    world.control("POST", "/agent_crm/businesses")
    return world
