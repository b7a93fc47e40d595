"""Businesses and users of an FMO: made once, found again, never made twice."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from crosswalk.errors import ConfigurationError
from crosswalk.features.tenancy.ports import BusinessFacts, BusinessRequest, UserRequest
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.payloads import JsonObject, schema_error, text_of


class FmoBusinesses:
    """Implements features.tenancy.ports.Businesses. fmo: a client of the FMO's own business."""

    def __init__(self, fmo: AgentCrmClient) -> None:
        self._fmo = fmo

    def find(self, key: str) -> BusinessFacts | None:
        """Find the business of a key; None before it was made."""
        doing = self._fmo.doing("looking for a business")
        found = self._fmo.listed("/businesses", {"external_key": key}, doing)
        return _facts(found[0], doing) if found else None

    def make(self, business: BusinessRequest) -> BusinessFacts:
        doing = self._fmo.doing("making a business")
        body = {"external_key": business.key, "name": business.name, "kind": business.kind, "npn": business.npn}
        facts = _facts(self._fmo.call("POST", "/businesses", doing, body), doing)
        if business.npn not in facts.npns:
            raise ConfigurationError(
                "PROVISION_OTHER_NPN",
                operation=doing,
                problem="the business of this key has another NPN",
            )
        return facts

    def add_user(self, business_id: str, user: UserRequest) -> None:
        self._fmo.call("POST", f"{_path(business_id)}/users", self._fmo.doing("adding a user"), vars(user))

    def read(self, business_id: str) -> BusinessFacts:
        """Read a business by its id."""
        doing = self._fmo.doing("reading a business")
        return _facts(self._fmo.call("GET", _path(business_id), doing), doing)

    def switch_sync(self, business_id: str, *, on: bool) -> BusinessFacts:
        doing = self._fmo.doing("switching Policy Sync")
        return _facts(self._fmo.call("PATCH", _path(business_id), doing, {"policy_sync": on}), doing)


def _path(business_id: str) -> str:
    return f"/businesses/{quote(business_id, safe='')}"


def _facts(answer: JsonObject | Any, doing: str) -> BusinessFacts:
    if not isinstance(answer, dict):
        raise schema_error(doing, "a business")
    npns, sync = answer.get("npns"), answer.get("policy_sync")
    if not isinstance(npns, list) or not all(isinstance(npn, str) for npn in npns) or not isinstance(sync, bool):
        raise schema_error(doing, "npns or policy_sync")
    texts = {name: text_of(answer, name, doing) for name in ("id", "name", "kind")}
    return BusinessFacts(texts["id"], texts["name"], texts["kind"], tuple(npns), sync)
