"""A small ConnectWise for tests, written from systems/connectwise/README.md: codebase, forward-only lists, counts."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, FAST, NAME, Subject
from crosswalk.systems.connectwise.client import ConnectWiseClient
from crosswalk.systems.connectwise.source import ConnectWiseSource
from crosswalk.wire.connection import connection_settings

Record = dict[str, Any]
EMAIL: Record = {
    "id": 7,
    "type": {"id": 1, "name": "Email"},
    "value": "ana@example.test",
    "defaultFlag": True,
    "communicationType": "Email",
}
CONTACT: Record = {
    "firstName": "Ana",
    "lastName": "Ruiz",
    "inactiveFlag": False,
    "company": {"id": 210, "identifier": "ACME", "name": "Acme Ltd"},
    "communicationItems": [EMAIL],
    "types": [],
    "_info": {"lastUpdated": "2025-01-03T10:00:00Z"},
}
COMPANY: Record = {
    "id": 210,
    "identifier": "ACME",
    "name": "Acme Ltd",
    "status": {"id": 1, "name": "Active"},
    "types": [{"id": 1, "name": "Customer"}],
    "_info": {"lastUpdated": "2025-01-03T10:00:00Z"},
}
BASE = "/connectwise/v2099_1/apis/3.0/company"
LOGIN = b64encode(b"northwind+publickey:sandbox-secret").decode()


class ConnectWiseStandIn:
    """Answers as the README says. `change` may alter an answer before it goes: (path behind /company, headers, document) to document."""

    def __init__(self, contacts: list[Record], companies: list[Record] | None = None) -> None:
        self.lists: dict[str, list[Record]] = {
            "/contacts": contacts,
            "/contacts/types": [{"id": 1, "name": "Technical"}],
            "/companies": [COMPANY] if companies is None else companies,
            "/companies/statuses": [{"id": 1, "name": "Active", "inactiveFlag": False}, {"id": 2, "name": "Gone", "inactiveFlag": True}],
            "/companies/types": [{"id": 1, "name": "Customer"}, {"id": 3, "name": " Prospect "}],
        }
        self.asked: list[tuple[str, str]] = []
        self.change: Callable[[str, dict[str, str], Any], Any] = lambda _path, _headers, document: document

    def __call__(self, seen: Seen) -> Reply:
        headers = {"Content-Type": "application/json"}
        if seen.path.startswith("/connectwise/login/companyinfo/"):
            known = seen.path.endswith("/northwind")
            company = {"CompanyName": "Northwind", "Codebase": "v2099_1/", "CompanyID": "northwind", "IsCloud": True} if known else None
            return _json(200, self.change("codebase", headers, company), headers)
        if seen.headers.get("authorization") != f"Basic {LOGIN}" or len(seen.headers.get("clientid", "")) != 36:
            return _json(401, {"code": "Unauthorized", "message": seen.headers.get("authorization")}, headers)
        assert seen.headers["pagination-type"] == "forward-only"
        assert "application/vnd.connectwise.com+json; version=2026.4" in seen.headers["accept"]
        path = seen.path.removeprefix(BASE)
        conditions = seen.query.get("conditions", "")
        self.asked.append((path, conditions))
        found = [one for one in self.lists[path.removesuffix("/count")] if _keeps(one, conditions)]
        if path.endswith("/count"):
            return _json(200, self.change(path, headers, {"count": len(found)}), headers)
        rest = [one for one in sorted(found, key=lambda one: one["id"]) if one["id"] > int(seen.query.get("pageId", 0))]
        page = rest[: int(seen.query["pageSize"])]
        if len(rest) > len(page):
            headers["Link"] = f'<https://evil.test/contacts?pageSize=2&pageId={page[-1]["id"]}>; rel="next"'
        names = seen.query["fields"].split(",")
        shown = [{name: one[name] for name in names if name in one} for one in page]
        return _json(200, self.change(path, headers, shown), headers)


def contact(number: int, **changed: Any) -> Record:
    return {**CONTACT, "id": number, **changed}


def item(number: int, value: str, kind: str = "Email", name: str = "", *, default: bool | None = None) -> Record:
    """A communication item; default None leaves the key out."""
    flag = {} if default is None else {"defaultFlag": default}
    return {"id": number, "type": {"id": 1, "name": name or kind}, "value": value, "communicationType": kind, **flag}


def _keeps(record: Record, conditions: str) -> bool:
    if not conditions:
        return True
    if match := re.fullmatch(r"lastUpdated>=\[(.+)\]", conditions):
        return bool(record["_info"]["lastUpdated"] >= match[1])
    match = re.fullmatch(r"(id|company/id) in \(([\d,]+)\)", conditions)
    assert match, conditions
    have = record["id"] if match[1] == "id" else record.get("company", {}).get("id")
    return str(have) in match[2].split(",")


def _json(status: int, document: Any, headers: dict[str, str]) -> Reply:
    return Reply(json.dumps(document).encode(), status, headers, packed=True)


def connect(url: str, page_size: int = 1000, company: str = "northwind", **changes: Any) -> ConnectWiseSource:
    """Connect to the default company of a stand-in or sandbox."""
    who = {"login": "publickey", "password": "sandbox-secret", "client_id": "00000000-0000-4000-8000-000000000007"}
    settings = {"company": company, "page_size": page_size, "name": "connectwise_summit", **who, **FAST, **changes}
    return ConnectWiseSource(ConnectWiseClient(connection_settings("connectwise", f"{url}/connectwise", **settings)))


def _stand_in() -> ConnectWiseStandIn:
    listed = [contact(number, firstName=NAME) for number in range(1, 8)]
    listed[3]["communicationItems"] = [item(9, CANARY)]
    return ConnectWiseStandIn(listed)


SUBJECT = Subject(
    connection="connectwise_summit",
    stand_in=_stand_in,
    pages=lambda url: connect(url, page_size=3).pages("contact", None),
    id_field="source_id",
    records=7,
    calls=8,
    secrets=("sandbox-secret",),
)
