"""The clients under test, behind one face: connect to a server and read every contact's id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crosswalk.core.ports import Page
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.target import AgentCrmTarget
from crosswalk.systems.autotask.client import AutotaskClient
from crosswalk.systems.autotask.source import AutotaskSource
from crosswalk.systems.connectwise.client import ConnectWiseClient
from crosswalk.systems.connectwise.source import ConnectWiseSource
from crosswalk.systems.emoney.client import EmoneyClient
from crosswalk.systems.emoney.target import EmoneyTarget
from crosswalk.systems.emoney.tokens import forget_tokens
from crosswalk.systems.flex.client import FlexClient
from crosswalk.systems.flex.target import FlexTarget
from crosswalk.systems.fmg.client import FmgClient
from crosswalk.systems.fmg.target import FmgTarget
from crosswalk.systems.hubspot.client import HubSpotClient
from crosswalk.systems.hubspot.source import HubSpotSource
from crosswalk.systems.mindmatrix.client import MindmatrixClient
from crosswalk.systems.mindmatrix.target import MindmatrixTarget
from crosswalk.systems.smartoffice.client import SmartOfficeClient
from crosswalk.systems.smartoffice.source import SmartOfficeSource
from crosswalk.wire.connection import connection_settings
from systems import agent_crm_stand_in
from systems.emoney_stand_in import API_KEY, PEM

FAST: dict[str, Any] = {"requests_per_second": 1000, "allow_private_network": True, "first_wait": 0.001}


@dataclass(frozen=True)
class Subject:
    """records and calls: what a whole read of the conformance stand-in brings and asks. renewed: a path whose words are new each time."""

    name: str
    pages: Callable[[str], list[Page]]
    id_field: str
    records: int
    calls: int
    renewed: str = "-"

    @property
    def connection(self) -> str:
        return f"{self.name}_summit"

    def read(self, url: str) -> list[str]:
        return [row[self.id_field] for page in self.pages(url) for row in page.rows]


def smartoffice(url: str, page_size: int = 3) -> SmartOfficeSource:
    """Connect to the default office of a stand-in or sandbox."""
    who = {"office": "DEMO01", "login": "integration", "password": "sandbox-secret", "name": "smartoffice_summit"}
    return SmartOfficeSource(
        SmartOfficeClient(connection_settings("smartoffice", f"{url}/smartoffice/xmlengine", page_size=page_size, **who, **FAST))
    )


def fmg(url: str, account: str = "FMG-1001", api_key: str = "sandbox-key") -> FmgTarget:
    """Connect to an account of a stand-in or sandbox."""
    return FmgTarget(FmgClient(connection_settings("fmg", f"{url}/fmg", account=account, password=api_key, name="fmg_summit", **FAST)))


def emoney(url: str, **changes: Any) -> EmoneyTarget:
    """Connect to the firm of a stand-in, without a token from before."""
    forget_tokens()
    about = {"login": "crosswalk-test", "api_key": API_KEY, "password": PEM, "firm": "EM-1001", "name": "emoney_summit"}
    settings = {**about, "signin_url": f"{url}/emoney", "first_wait": 0.001, "allow_private_network": True, **changes}
    return EmoneyTarget(EmoneyClient(connection_settings("emoney", f"{url}/emoney", **settings)))


def autotask(url: str, page_size: int = 500, type_field: str = "Contact Type", **changes: Any) -> AutotaskSource:
    """Connect to the default database of a stand-in or sandbox."""
    who = {"login": "api@example.test", "password": "sandbox-secret", "integration_code": "SANDBOXCODE", "name": "autotask_summit"}
    settings = {"page_size": page_size, "contact_type_field": type_field, **who, **FAST, **changes}
    return AutotaskSource(AutotaskClient(connection_settings("autotask", f"{url}/autotask", **settings)))


def connectwise(url: str, page_size: int = 1000, company: str = "northwind", **changes: Any) -> ConnectWiseSource:
    """Connect to the default company of a stand-in or sandbox."""
    who = {"login": "publickey", "password": "sandbox-secret", "client_id": "00000000-0000-4000-8000-000000000007"}
    settings = {"company": company, "page_size": page_size, "name": "connectwise_summit", **who, **FAST, **changes}
    return ConnectWiseSource(ConnectWiseClient(connection_settings("connectwise", f"{url}/connectwise", **settings)))


def mindmatrix(url: str, organization: str = "MM-2001", api_key: str = "sandbox-key", *, acknowledged: bool = True) -> MindmatrixTarget:
    """Connect to an organization of a stand-in or sandbox."""
    about = {"organization": organization, "password": api_key, "opt_in_acknowledged": acknowledged, "name": "mindmatrix_summit"}
    settings = connection_settings("mindmatrix", f"{url}/mindmatrix", **about, **FAST)
    return MindmatrixTarget(MindmatrixClient(settings))


def agent_crm(url: str, user: str, business: str, api_key: str = "sandbox-key") -> AgentCrmClient:
    """Connect to a business. url: what comes before /custom-objects."""
    about = {"login": user, "business": business, "password": api_key, "name": "agent_crm_summit"}
    return AgentCrmClient(connection_settings("agent_crm", url, **about, **FAST))


def _stood_in_for(url: str) -> AgentCrmTarget:
    return AgentCrmTarget(agent_crm(f"{url}/api", agent_crm_stand_in.USER, agent_crm_stand_in.BUSINESS))


def hubspot(url: str, token: str = "sandbox-hubspot-token", path: str = "/hubspot/crm/v3/objects") -> HubSpotSource:
    """Connect to the default portal of a stand-in or sandbox."""
    return HubSpotSource(
        HubSpotClient(connection_settings("hubspot", f"{url}{path}", portal="24100001", password=token, name="hubspot_summit", **FAST))
    )


def flex(url: str, secret: str = "sandbox-flex-key", user: str = "", site: str = "demo") -> FlexTarget:
    """Connect to a site of a stand-in or sandbox."""
    return FlexTarget(
        FlexClient(connection_settings("flex", f"{url}/flex/{site}/f5/api", password=secret, login=user, name="flex_summit", **FAST))
    )


SUBJECTS = (
    Subject("smartoffice", lambda url: list(smartoffice(url).pages("contact", None)), "source_id", 7, 3),
    Subject("fmg", lambda url: list(fmg(url).pages("contact")), "target_id", 2501, 4),
    Subject("emoney", lambda url: list(emoney(url).pages("client")), "target_id", 501, 3, "/connect/token"),
    Subject("autotask", lambda url: list(autotask(url, page_size=3).pages("contact", None)), "source_id", 7, 11),
    Subject("connectwise", lambda url: list(connectwise(url, page_size=3).pages("contact", None)), "source_id", 7, 8),
    Subject("mindmatrix", lambda url: list(mindmatrix(url).pages("contact")), "target_id", 1201, 3),
    Subject("agent_crm", lambda url: list(_stood_in_for(url).pages("contact")), "target_id", 1203, 3),
    Subject("hubspot", lambda url: list(hubspot(url).pages("contact", None)), "source_id", 250, 4),
    Subject("flex", lambda url: list(flex(url).pages("contact")), "target_id", 250, 5),
)
