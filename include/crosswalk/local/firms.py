"""The demo's eMoney firms: an office of families each, a firm in eMoney, and the key of the certificate it was given."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.local.control import USER, call
from crosswalk.local.environment import Place, kept_secrets, write_private

RIGHTS = ("eMoney", "PolicyTracking", "PendingCasePolicySetupAdministrator", "InvestmentTracking")
FIRST_CONTACT = 801


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


FIRMS = (Firm("elm", 5, 24),)


def open_firms(place: Place, url: str, firms: Sequence[Firm]) -> None:
    """Make offices and firms in a new sandbox, and keep their API keys and the keys of their certificates."""
    secret, keys = kept_secrets(place), {}
    for firm in firms:
        login = {"user": USER, "password": secret["smartoffice"], "rights": list(RIGHTS)}
        numbers = {"families": firm.families, "site": firm.site, "seed": firm.site}
        call("POST", f"{url}/_sandbox/smartoffice/offices", {"office": firm.office, **numbers, **login})
        api_key = secrets.token_urlsafe(18)
        about = {"firm": firm.firm, "name": firm.account.title(), "client_id": firm.client_id, "api_key": api_key}
        call("POST", f"{url}/_sandbox/emoney/firms", about)
        made = call("POST", f"{url}/_sandbox/emoney/firms/{firm.firm}/certificates", {"kind": "ec"})
        keys[firm.account] = {"api_key": api_key, "key_id": made["key_id"], "private_key": made["private_key"]}
    write_private(place.local / "emoney_keys.json", json.dumps(keys))


def firm_connections(place: Place, url: str, firms: Sequence[Firm]) -> dict[str, dict[str, Any]]:
    """Build the Airflow connections of the firms' accounts."""
    if not firms:
        return {}
    secret, keys = kept_secrets(place), json.loads((place.local / "emoney_keys.json").read_text(encoding="utf-8"))
    server = {"host": "127.0.0.1", "port": int(url.rpartition(":")[2]), "schema": "http"}
    made: dict[str, dict[str, Any]] = {}
    for firm in firms:
        source = {"login": USER, "password": secret["smartoffice"], "extra": {"office": firm.office, "allow_private_network": True}}
        made[f"smartoffice_{firm.account}"] = {"conn_type": "smartoffice", **server, **source}
        key = keys[firm.account]
        extra: dict[str, object] = {"api_key": key["api_key"], "firm": firm.firm, "key_id": key["key_id"], "allow_private_network": True}
        extra |= {"signin_url": f"{url}/emoney", "path": "/emoney"}
        target = {"login": firm.client_id, "password": key["private_key"], "extra": extra}
        made[f"emoney_{firm.account}"] = {"conn_type": "emoney", **server, **target}
    return made
