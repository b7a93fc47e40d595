"""Businesses and users of an FMO: made once, found again, never made twice."""

from __future__ import annotations

from urllib.parse import quote

from crosswalk.errors import ConfigurationError
from crosswalk.features.tenancy.ports import BusinessFacts, BusinessRequest, UserRequest
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.payloads import READER
from crosswalk.wire.json_reader import JsonObject


class FmoBusinesses:
    """Implements features.tenancy.ports.Businesses. fmo: a client of the FMO's own business."""

    def __init__(self, fmo: AgentCrmClient) -> None:
        self._fmo = fmo

    def find(self, key: str) -> BusinessFacts | None:
        """Find the business of a key; None before it was made."""
        found = self._fmo.listed("/businesses", {"external_key": key}, "looking for a business")
        with self._fmo.operation("looking for a business"):
            return _facts(found[0]) if found else None

    def make(self, business: BusinessRequest) -> BusinessFacts:
        with self._fmo.operation("making a business"):
            body = {"external_key": business.key, "name": business.name, "kind": business.kind, "npn": business.npn}
            facts = _facts(self._fmo.request("POST", "/businesses", body))
            if business.npn not in facts.npns:
                raise ConfigurationError("PROVISION_OTHER_NPN", problem="the business of this key has another NPN")
            return facts

    def add_user(self, business_id: str, user: UserRequest) -> None:
        with self._fmo.operation("adding a user"):
            self._fmo.request("POST", f"{_path(business_id)}/users", vars(user))

    def read(self, business_id: str) -> BusinessFacts:
        """Read a business by its id."""
        with self._fmo.operation("reading a business"):
            return _facts(self._fmo.request("GET", _path(business_id)))

    def switch_sync(self, business_id: str, *, on: bool) -> BusinessFacts:
        with self._fmo.operation("switching Policy Sync"):
            return _facts(self._fmo.request("PATCH", _path(business_id), {"policy_sync": on}))


def _path(business_id: str) -> str:
    return f"/businesses/{quote(business_id, safe='')}"


def _facts(business: JsonObject) -> BusinessFacts:
    sync = business.get("policy_sync")
    if not isinstance(sync, bool):
        raise READER.wrong("policy_sync")
    business_id, name, kind = (READER.name(business, field) for field in ("id", "name", "kind"))
    return BusinessFacts(business_id, name, kind, tuple(READER.texts(business, "npns")), sync)
