"""Plain callers of Autotask, ConnectWise and Mindmatrix, written from the contracts' pages."""

from __future__ import annotations

import itertools
from typing import Any

import requests

Answer = requests.Response
KEYS = itertools.count(1)
FIELDS = ("email", "first_name", "last_name", "title", "company", "phone", "mobile", "address_1", "address_2", "city", "state", "zip")


class Autotask:
    """One API user of a database."""

    def __init__(self, url: str, user: str = "api@example.test", **headers: str) -> None:
        self.entry = f"{url}/autotask/ATServicesRest/V1.0"
        self.user = user
        self.http = requests.Session()
        self.http.headers.update({"ApiIntegrationCode": "SANDBOXCODE", "UserName": user, "Secret": "sandbox-secret", **headers})

    def zone(self) -> Answer:
        return requests.get(f"{self.entry}/zoneInformation", params={"user": self.user}, timeout=10)

    def get(self, path: str, **query: Any) -> Answer:
        return self.http.get(f"{self.zone().json()['url']}V1.0{path}", params=query, timeout=30)

    def post(self, path: str, body: Any) -> Answer:
        return self.http.post(f"{self.zone().json()['url']}V1.0{path}", json=body, timeout=30)

    def query(self, entity: str, *filters: Any, **more: Any) -> Answer:
        return self.post(f"/{entity}/query", {"filter": list(filters), **more})


class ConnectWise:
    """One API member of a company."""

    def __init__(self, url: str, company: str = "northwind", keys: str = "publickey:sandbox-secret", **headers: str) -> None:
        self.base = f"{url}/connectwise/v2099_1/apis/3.0/company"
        public, _, private = keys.partition(":")
        self.http = requests.Session()
        self.http.auth = (f"{company}+{public}", private)
        self.http.headers.update({"clientId": "00000000-0000-4000-8000-000000000007", **headers})

    def get(self, path: str, *, forward: bool = True, **query: Any) -> Answer:
        headers = {"pagination-type": "forward-only"} if forward else {}
        return self.http.get(self.base + path, params=query, headers=headers, timeout=30)


class Mindmatrix:
    """One caller of an organization."""

    def __init__(self, url: str, organization: str = "MM-2001", key: str = "sandbox-key") -> None:
        self.base = f"{url}/mindmatrix/v1/organizations/{organization}"
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str = "", **query: Any) -> Answer:
        return self.http.get(self.base + path, params=query, timeout=10)

    def write(self, path: str, body: Any, key: str | None = None) -> Answer:
        headers = {"Idempotency-Key": f"key-{next(KEYS)}" if key is None else key}
        return self.http.post(self.base + path, json=body, headers=headers, timeout=10)

    def open(self, snapshot: int = 1, key: str | None = None, **changed: Any) -> Answer:
        body = {"snapshot": snapshot, "source": {"system": "connectwise", "company": "acme"}, "opt_in_acknowledged": True, **changed}
        return self.write("/deliveries", body, key)

    def send(self, delivery: str, *upserts: Any, deletes: Any = (), key: str | None = None, update: bool = True) -> Answer:
        body = {"update_current": update, "upserts": list(upserts), "deletes": [{"contact_id": one} for one in deletes]}
        return self.write(f"/deliveries/{delivery}/contacts", body, key)

    def contacts(self) -> dict[str, Any]:
        return {row["contact_id"]: row for row in self.get("/contacts").json()["contacts"]}


def person(number: int, **changed: Any) -> dict[str, Any]:
    """An upsert of a contact."""
    return {"source_id": f"{number}", **dict.fromkeys(FIELDS, ""), "email": f"p{number}@example.test", **changed}
