"""SmartOffice → eMoney: an office of families each, a firm in eMoney, and the key of the certificate it was given."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from crosswalk.local.control import Sandbox
from crosswalk.local.environment import write_private
from crosswalk.local.scenario import Connections, Job

RIGHTS = ("eMoney", "PolicyTracking", "PendingCasePolicySetupAdministrator", "InvestmentTracking")
FIRST_CONTACT = 801
READY = (0, 2, 3, 5, 8, 10)
"""Places, in an office of families, of the clients who are ready for eMoney (sandbox/README.md, People)."""


@dataclass(frozen=True)
class Firm:
    """One SmartOffice office of families and its eMoney firm."""

    account: str
    site: int
    families: int

    @property
    def office(self) -> str:
        return self.account.upper()

    @property
    def firm(self) -> str:
        return f"EM-{3000 + self.site}"

    @property
    def client_id(self) -> str:
        return f"crosswalk-{self.account}"

    def contact(self, number: int) -> str:
        """Name a contact by its place in the office, from 0."""
        return f"Contact.{self.site}.{FIRST_CONTACT + number}"


@dataclass(frozen=True)
class EmoneyScenario:
    """Firms: each exports some clients, then refreshes what is linked."""

    firms: tuple[Firm, ...] = (Firm("elm", 5, 24),)

    @property
    def announced(self) -> str:
        return f"{len(self.firms)} office of families for eMoney"

    def open(self, sandbox: Sandbox) -> None:
        keys = {firm.account: _open(sandbox, firm) for firm in self.firms}
        write_private(sandbox.place.local / "emoney_keys.json", json.dumps(keys))

    def connections(self, sandbox: Sandbox) -> Connections:
        keys = json.loads((sandbox.place.local / "emoney_keys.json").read_text(encoding="utf-8"))
        return {name: value for firm in self.firms for name, value in _connections(sandbox, firm, keys[firm.account]).items()}

    def jobs(self) -> Sequence[Job]:
        return [job for firm in self.firms for job in _jobs(firm)]

    def writes(self, sandbox: Sandbox) -> dict[str, int]:
        return {firm.account: sandbox.writes("emoney", firm.firm) for firm in self.firms}


def _open(sandbox: Sandbox, firm: Firm) -> dict[str, str]:
    sizes = {"families": firm.families, "site": firm.site, "seed": firm.site}
    sandbox.open("smartoffice", firm.account, sandbox.secret("smartoffice"), rights=list(RIGHTS), **sizes)
    api_key = secrets.token_urlsafe(18)
    about = {"firm": firm.firm, "name": firm.account.title(), "client_id": firm.client_id, "api_key": api_key}
    sandbox.call("POST", "/emoney/firms", about)
    made = sandbox.call("POST", f"/emoney/firms/{firm.firm}/certificates", {"kind": "ec"})
    return {"api_key": api_key, "key_id": made["key_id"], "private_key": made["private_key"]}


def _connections(sandbox: Sandbox, firm: Firm, key: dict[str, str]) -> Connections:
    extra: dict[str, object] = {"api_key": key["api_key"], "firm": firm.firm, "key_id": key["key_id"], "allow_private_network": True}
    extra |= {"signin_url": f"{sandbox.url}/emoney", "path": "/emoney"}
    target = {"login": firm.client_id, "password": key["private_key"], "extra": extra}
    return {
        f"smartoffice_{firm.account}": sandbox.connection("smartoffice", firm.account, sandbox.secret("smartoffice")),
        f"emoney_{firm.account}": {"conn_type": "emoney", **sandbox.server, **target},
    }


def _jobs(firm: Firm) -> tuple[Job, Job]:
    ends = {firm.account: "delivered"}
    export = {"account": firm.account, "clients": [firm.contact(place) for place in READY], "existing": "update"}
    return (
        Job("emoney_client_export", "smartoffice_to_emoney", ends, export),
        Job("emoney_weeknight_refresh", "smartoffice_to_emoney_holdings", ends),
    )
