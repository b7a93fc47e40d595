"""A small world for eMoney: a sandbox with an office of families and a firm, and runs of both integrations in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.model import Decided, RunKey
from crosswalk.engine.context import Run
from crosswalk.engine.in_process import IN_PROCESS, Account
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from crosswalk.systems.emoney.client import EmoneyClient
from crosswalk.systems.emoney.target import EmoneyTarget
from crosswalk.systems.emoney.tokens import forget_tokens
from crosswalk.systems.smartoffice.client import SmartOfficeClient
from crosswalk.systems.smartoffice.source import SmartOfficeSource
from crosswalk.wire.connection import connection_settings
from crosswalk.wire.quota import SharedQuota

CLIENTS, HOLDINGS = "smartoffice_to_emoney", "smartoffice_to_emoney_holdings"
EVERY_RIGHT = ("eMoney", "PolicyTracking", "PendingCasePolicySetupAdministrator", "InvestmentTracking")
FAMILIES = {
    "married": "Contact.7.801",
    "widower": "Contact.7.803",
    "partners": "Contact.7.804",
    "grown child": "Contact.7.806",
    "trust": "Contact.7.809",
    "single": "Contact.7.811",
    "no key relation": "Contact.7.812",
    "incomplete": "Contact.7.814",
}
"""The heads of the sandbox's families, in the order its page names them."""
READY = [one for name, one in FAMILIES.items() if name not in ("no key relation", "incomplete")]


@dataclass
class Firm:
    """One office of eight families, one firm, and what is kept of their runs. quota: what all requests are counted in."""

    url: str
    folder: Path
    key: str
    key_id: str
    office: str = "ELM"
    firm: str = "EM-1001"
    quota: SharedQuota | None = None
    source_url: str = ""
    options: dict[str, Any] = field(default_factory=lambda: {"at": "22:00"})

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        is_new, engine = not (self.folder / "store.db").exists(), connect(f"sqlite:///{self.folder / 'store.db'}")
        if is_new:
            migrate(engine)
        self.store, self.zone = Store(engine), LandingZone.open(str(self.folder / "landing"))

    def with_(self, **changes: Any) -> Firm:
        """The same firm through other settings; store and landing zone are the same."""
        return replace(self, **changes)

    def source(self) -> SmartOfficeSource:
        where = f"{self.source_url or self.url}/smartoffice/xmlengine"
        who = {"office": self.office, "login": "integration", "password": "sandbox-secret", "name": "smartoffice_elm"}
        fast: dict[str, Any] = {"requests_per_second": 1000, "allow_private_network": True, "first_wait": 0.001}
        return SmartOfficeSource(SmartOfficeClient(connection_settings("smartoffice", where, page_size=5, **who, **fast)))

    def target(self) -> EmoneyTarget:
        about: dict[str, Any] = {"login": "crosswalk-sandbox", "api_key": "sandbox-apikey", "firm": self.firm, "name": "emoney_elm"}
        key: dict[str, Any] = {"password": self.key, "key_id": self.key_id, "first_wait": 0.001, "allow_private_network": True}
        where = f"{self.url}/emoney"
        return EmoneyTarget(EmoneyClient(connection_settings("emoney", where, signin_url=where, **about, **key), self.quota))

    def account(self, integration: str) -> Account:
        """As it would be built from its settings now; clients are new each time, as in a new task."""
        settings = AccountSettings("elm", integration, "smartoffice_elm", "emoney_elm", None, "weeknights", options=self.options)
        return Account(settings, load_spec(integration), self.store, self.zone, self.source(), self.target())

    def export(self, *clients: str, **arguments: Any) -> RunRow:
        """Export clients; see Account.run."""
        return self.account(CLIENTS).run("export", narrow=list(clients), **arguments)

    def refresh(self, *clients: str, **arguments: Any) -> RunRow:
        """Refresh what is linked, of all clients or of some."""
        return self.account(HOLDINGS).run("refresh", narrow=list(clients) or None, **arguments)

    def link(self, client: str, *items: str, asset: str = "Other", ownership: str = "Client") -> RunRow:
        """Link items for a client, as a person decided."""
        from crosswalk.features.announcements.chosen_links import choose_links

        wish = [{"client": client, "assetType": asset, "ownership": ownership}]
        decided: dict[str, Decided] = {}
        for item in items:
            decided.setdefault(item.partition(".")[0].lower(), {})[item] = wish  # type: ignore[index]
        return self.account(HOLDINGS).run("linking", narrow=[client], prepare=lambda run: choose_links(run, decided, IN_PROCESS))

    def of(self, key: RunKey) -> Run:
        account = self.account(key.integration)
        return Run(key, account.settings, account.spec, account.store, account.zone)

    def plan(self, row: RunRow) -> pd.DataFrame:
        return self.of(row.key).folder.read_frame("plan")

    def outcomes(self, row: RunRow) -> dict[str, tuple[str, str]]:
        """What the plan says of each source record."""
        rows = self.plan(row)[["source_id", "outcome", "reason"]].itertuples(index=False, name=None)
        return {source_id: (outcome, reason) for source_id, outcome, reason in rows if source_id}

    def rejected(self, integration: str = CLIENTS) -> dict[str, list[str]]:
        """Codes of the open rejections by source id."""
        found: dict[str, list[str]] = {}
        for one in self.store.rejected.open(integration, "elm"):
            found.setdefault(one.source_id, []).append(one.code)
        return found

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Call the sandbox's control interface."""
        answer = requests.request(method, f"{self.url}/_sandbox{path}", json=body or None, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def clients(self) -> dict[str, dict[str, Any]]:
        """What eMoney holds, by our source id (by its own where there is none)."""
        return {one["externalId"] or one["clientId"]: one for one in self.control("GET", f"/emoney/firms/{self.firm}/clients")["clients"]}

    def links(self) -> dict[str, dict[str, Any]]:
        """What is linked, by item."""
        return {one["itemId"]: one for one in self.control("GET", f"/emoney/firms/{self.firm}/links")["links"]}

    def notices(self) -> list[str]:
        """Items that are announced and not linked."""
        return sorted(one["itemId"] for one in self.control("GET", f"/emoney/firms/{self.firm}/notices")["notices"])

    def contact(self, source_id: str, **fields: Any) -> None:
        self.control("PATCH", f"/smartoffice/offices/{self.office}/contacts/{source_id}", **fields)

    def holdings(self, kind: str) -> list[dict[str, Any]]:
        """Investments or policies of the office."""
        return list(self.control("GET", f"/smartoffice/offices/{self.office}/{kind}?limit=1000")[kind])

    def items_of(self, client: str) -> list[str]:
        return [one["id"] for kind in ("investments", "policies") for one in self.holdings(kind) if client in one["Contacts"]]

    def rights(self, *rights: str) -> None:
        self.control("PATCH", f"/smartoffice/offices/{self.office}/users/integration", rights=list(rights))

    def asked(self, *operations: str) -> list[str]:
        """Operations eMoney was asked for since the log was forgotten."""
        log = self.control("GET", "/requests?system=emoney")["requests"]
        return [one["operation"] for one in log if not operations or one["operation"] in operations]

    def written(self) -> list[str]:
        """Writes eMoney was sent since the log was forgotten."""
        log = self.control("GET", "/requests?system=emoney")["requests"]
        return [one["operation"] for one in log if one["method"] != "GET" and one["operation"] != "sign in"]

    def writes(self) -> int:
        return len(self.written())

    def holds_now(self) -> dict[str, Any]:
        """What eMoney holds, without what no two deliveries have in common: its ids, revisions and times."""
        clients = [_without(one, "clientId", "revision") for one in self.control("GET", f"/emoney/firms/{self.firm}/clients")["clients"]]
        links = [
            _without(one, "linkId", "connectionId", "clientId", "revision", "linkedAt", "lastRefreshedAt")
            for one in self.control("GET", f"/emoney/firms/{self.firm}/links")["links"]
        ]
        return {
            "clients": sorted(clients, key=lambda one: str(one["externalId"])),
            "links": sorted(links, key=lambda one: str(one["itemId"])),
            "notices": self.notices(),
        }

    def forget(self) -> None:
        self.control("DELETE", "/requests")


def _without(one: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name not in names}


@contextmanager
def planning_firm(folder: Path, *, families: int = 8, rights: Sequence[str] = EVERY_RIGHT, **settings: Any) -> Iterator[Firm]:
    """Start a sandbox and hand out a firm over it, without the limit of requests."""
    forget_tokens()
    with SandboxServer(contacts=0, groups=0, seed=3) as box:
        yield furnished(box.url, folder, families=families, rights=rights, **settings)


def furnished(url: str, folder: Path, *, families: int = 8, rights: Sequence[str] = EVERY_RIGHT, **settings: Any) -> Firm:
    """Open an office and a firm's certificate in a running sandbox."""
    made = requests.post(f"{url}/_sandbox/emoney/firms/EM-1001/certificates", json={"kind": "ec"}, timeout=30).json()
    firm = Firm(url, folder, made["private_key"], made["key_id"], **settings)
    firm.control("PATCH", "/settings", emoney_requests=0)
    firm.control("POST", "/smartoffice/offices", office=firm.office, families=families, seed=5, rights=list(rights))
    return firm


FirmMaker = Callable[..., Firm]
