"""A small world of FMO → Agent CRM: a sandbox that is called without HTTP, one FMO, its businesses, and runs of the five steps here."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.ports import Row, Source, Target
from crosswalk.engine.context import Run
from crosswalk.engine.in_process import Account
from crosswalk.errors import operation
from crosswalk.features.tenancy.business_log import BusinessLog
from crosswalk.features.tenancy.businesses import Business, settings_of
from crosswalk.features.tenancy.ports import BusinessRequest, UserRequest
from crosswalk.features.tenancy.provision import Desk, provision
from crosswalk.features.tenancy.share import AgentShare
from crosswalk.integrations.accounts import spec_of
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.agent_crm.control import open_fmo
from crosswalk.sandbox.agent_crm.system import BASE, DEFAULT_KEY, FMO_BUSINESS, FMO_USER, AgentCrm
from crosswalk.sandbox.messages import Request
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.provisioning import FmoBusinesses
from crosswalk.systems.agent_crm.source import AgentCrmSource
from crosswalk.systems.agent_crm.target import AgentCrmTarget, NotMadeYet
from crosswalk.wire import http
from crosswalk.wire.connection import ConnectionSettings, connection_settings

NAME, FMO = "fmo_to_agent_crm", "meridian"
ADMINISTRATOR = "ada"
SETTINGS = connection_settings("agent_crm", f"https://crm.example{BASE}", login=FMO_USER, business=FMO_BUSINESS, password=DEFAULT_KEY)
TABLE = AccountSettings(FMO, NAME, "carriers_meridian", "agent_crm_meridian", None, "manual", system="agent_crm")


@dataclass
class DirectHttp:
    """Replaces an HttpClient: hands requests to the sandbox's system in this process."""

    system: AgentCrm
    settings: ConnectionSettings
    sent: Counter[str]
    endpoint: Any = field(default_factory=lambda: SimpleNamespace(host="crm.example"))

    def operation(self, what: str, page: int = 0) -> AbstractContextManager[None]:
        return operation(f"{what} of {self.settings.name}" + (f", page {page}" if page else ""))

    def send(self, sent: http.Request) -> http.Response:
        self.sent[sent.method] += 1
        keys = {"x-api-key": self.settings.password, "x-user-id": self.settings.login, "x-business-id": self.settings["business"]}
        body = sent.content if isinstance(sent.content, bytes) else b""
        request = Request(sent.method, BASE + sent.path, dict(sent.params), keys, body)
        reply = self.system.answer(request, self.system.describe(request), None)
        assert reply.status in (200, 201, *sent.expect), reply
        return http.Response(reply.status, {"content-type": reply.content_type}, reply.body)

    def close(self) -> None:
        """Nothing is open."""


class DirectClient(AgentCrmClient):
    """The product's client over a DirectHttp, for every business."""

    def __init__(self, system: AgentCrm, settings: ConnectionSettings = SETTINGS, sent: Counter[str] | None = None) -> None:
        self._system = system
        self._counted = Counter[str]() if sent is None else sent
        super().__init__(settings, DirectHttp(system, settings, self._counted))  # type: ignore[arg-type]

    def of_business(self, business: str) -> AgentCrmClient:
        return DirectClient(self._system, self.settings.changed(business=business), self._counted)


@dataclass
class FmoWorld:
    """What a test holds of its FMO. policies, agents: size of a book the sandbox makes up."""

    folder: Path
    policies: int = 0
    agents: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        engine = connect(f"sqlite:///{self.folder / 'store.db'}")
        migrate(engine)
        self.store, self.zone = Store(engine), LandingZone.open(str(self.folder / "landing"))
        self.clear()

    def clear(self) -> None:
        """Begin with another Agent CRM; store and landing zone stay."""
        self.system = AgentCrm()
        self.fmo = open_fmo(self.system, {"policies": self.policies, "agents": self.agents})
        self.client = DirectClient(self.system)

    @property
    def desk(self) -> Desk:
        return Desk(NAME, FMO, self.store, FmoBusinesses(self.client), ADMINISTRATOR)

    def put(self, name: str, key: str, **values: str) -> None:
        """Put a record into the FMO's business behind all rules, or change it."""
        shelf = self.fmo.shelf(name)
        one = shelf.by_key.get(key)
        blank = dict.fromkeys(field_names(name), "")
        shelf.keep(one, {**blank, **(shelf.values(one) or {} if one else {}), "sync_key": key, **values})

    def policy(self, number: object, npn: str, **values: str) -> None:
        about = {"carrier": "harborlight", "policy_number": f"H{number}", "writing_agent_npn": npn}
        self.put("policies", f"P-{number}", **{**about, **values})

    def member(self, number: object, policy: object, npn: str, first: str, **values: str) -> None:
        about = {"policy": f"P-{policy}", "role": "subscriber", "first_name": first, "last_name": "Quill", "birth_date": "1951-04-09"}
        self.put("members", f"M-{number}", **{**about, "writing_agent_npn": npn, **values})

    def provision(self, npn: str, *more: str, sync: bool = True, dry_run: bool = False) -> Business:
        """Have an administrator provision an agent, or with further NPNs an agency."""
        asked = BusinessRequest(npn, f"Business {npn}", "agency" if more else "agent", npn)
        return provision(self.desk, asked, [user(one) for one in (npn, *more)], sync=sync, dry_run=dry_run)

    def account(self, business: Business, source: Source | None = None, target: Target | None = None) -> Account:
        """The account as its tasks would open it now; read anew from the store."""
        kept = BusinessLog(self.store.engine).find(NAME, business.account)
        assert kept is not None
        settings, place = settings_of(kept, TABLE), kept.business_id
        there: Target = AgentCrmTarget(self.client.of_business(place)) if place else NotMadeYet()
        share = source or AgentShare(AgentCrmSource(self.client), FmoBusinesses(self.client), place, there)
        return Account(settings, spec_of(settings), self.store, self.zone, share, target or there)

    def run(self, business: Business, name: str = "test", **arguments: Any) -> RunRow:
        """One run of all steps; see Account.run."""
        return self.account(business).run(name, **arguments)

    def resume(self, business: Business, row: RunRow) -> Run:
        account = self.account(business)
        return Run(row.key, account.settings, account.spec, self.store, self.zone)

    def held(self, business: Business, name: str) -> dict[str, Row]:
        """What a business holds, by `sync_key`, else by record id, as the sandbox knows it."""
        shelf = self.system.customers[business.business_id].shelf(name)
        rows = {one: shelf.values(one) or {} for one in shelf.ids()}
        return {row["sync_key"] or one: row for one, row in rows.items()}

    def plan(self, row: RunRow) -> pd.DataFrame:
        """One row a record, by entity and source id."""
        return self.zone.folder(row.key).read_frame("plan").set_index(["entity", "source_id"])

    def report(self, row: RunRow) -> str:
        """The page people read."""
        return self.zone.report_folder(row.key).read_bytes("report.html").decode()


def user(npn: str) -> UserRequest:
    return UserRequest(f"agent{npn}@example.test", "Kim", "Quill", npn)


def field_names(name: str) -> tuple[str, ...]:
    from crosswalk.sandbox.agent_crm.fields import OBJECTS

    return OBJECTS[name]
