"""Plain callers of the vendors and of the control API, written from the contracts' pages."""

from __future__ import annotations

import csv
import itertools
import time
from html import escape
from importlib import resources
from typing import Any

import jwt
import requests
from lxml import etree

EVERY_PROPERTY = (
    "<FirstName/><LastName/><Greeting/><ReviewDate/><Person><Dob/><Gender/><Marital/></Person>"
    "<PreferredEmail><Address/></PreferredEmail>"
    "<PreferredAddress><Line1/><Line2/><City/><State/><ZipCode/></PreferredAddress>"
    "<PreferredPhone><AreaCode/><Number/></PreferredPhone><TagGroups><TagGroup/></TagGroups>"
)
FMG_FIELDS = resources.files("crosswalk").joinpath("systems/fmg/fields.csv").read_text(encoding="utf-8").splitlines()
CONTACT_TEXTS = [row["field"] for row in csv.DictReader(FMG_FIELDS) if row["entity"] == "contact" and row["type"] != "ids"]
"""FMG's fields as the client reads the contract, so that the sandbox's own reading is held against another one."""
SOURCE = {"system": "smartoffice", "office": "DEMO01"}
KEYS = itertools.count(1)
Answer = requests.Response


def parsed(answer: Answer) -> etree._Element:
    """The XML of an answer."""
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    return etree.fromstring(answer.content)


def error_code(answer: Answer) -> str:
    """The code of an XML Engine error, or of a JSON one."""
    if answer.headers["Content-Type"] == "application/json":
        return str(answer.json()["error"]["code"])
    error = parsed(answer).find("error")
    assert error is not None
    return str(error.get("code"))


class Engine:
    """One user of the XML Engine, with a cookie jar."""

    def __init__(self, url: str, office: str = "DEMO01", user: str = "integration", password: str = "sandbox-secret") -> None:
        self.url = f"{url}/smartoffice/xmlengine"
        self.login = f"<office>{office}</office><user>{user}</user><password>{escape(password)}</password>"
        self.http = requests.Session()

    def send(self, operation: str, *, keep: bool = True) -> Answer:
        header = f"<header>{self.login}<keepsession>{str(keep).lower()}</keepsession></header>"
        body = f'<request version="1.0">{header}{operation}</request>'
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        return self.http.post(self.url, params={"AppName": "crosswalk"}, data=body.encode(), headers=headers, timeout=10)

    def search(
        self,
        page: int = 0,
        search: int | str = -1,
        *,
        size: int = 50,
        kind: str = "Contact",
        template: str = EVERY_PROPERTY,
        where: str = "",
    ) -> Answer:
        asked = f"<object><{kind}>{template}</{kind}></object>"
        order = '<sort><item prop="id" order="asc"/></sort>'
        return self.send(f'<search pageno="{page}" pagesize="{size}" searchid="{search}">{asked}{where}{order}</search>')

    def pages(self, **options: Any) -> list[etree._Element]:
        """Every page of one search, as its `search` element."""
        found: list[etree._Element] = []
        search: int | str = -1
        while not found or found[-1].get("more") == "true":
            page = parsed(self.search(len(found), search, **options)).find("search")
            assert page is not None
            search = page.get("searchid", "")
            found.append(page)
        return found

    def report(self, page: int = 0, key: int | str = -1, *, size: int = 50, name: str = "Crosswalk contacts", where: str = "") -> Answer:
        numbers = f"<pageNo>{page}</pageNo><pageSize>{size}</pageSize><searchKey>{key}</searchKey>"
        report = f"<reportName>{name}</reportName><format>2</format>{numbers}<runtimefilter>{where}</runtimefilter>"
        return self.send(f"<method><DynamicReport>{report}</DynamicReport></method>")


def in_groups(*groups: str) -> str:
    """The condition of a search for contacts in any of the groups."""
    values = "".join(f"<v>{group}</v>" for group in groups)
    return f'<condition><expr prop="TagGroups" op="in">{values}</expr></condition>'


class Fmg:
    """One caller of an FMG account."""

    def __init__(self, url: str, account: str = "FMG-1001", key: str = "sandbox-key") -> None:
        self.base = f"{url}/fmg/v1/accounts/{account}"
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str = "", **query: Any) -> Answer:
        return self.http.get(self.base + path, params=query, timeout=10)

    def write(self, method: str, path: str, body: Any, key: str | None = None) -> Answer:
        headers = {"Idempotency-Key": f"key-{next(KEYS)}" if key is None else key}
        return self.http.request(method, self.base + path, json=body, headers=headers, timeout=10)

    def open(self, snapshot: int, mode: str = "replace", *, revision: int | None = None, key: str | None = None, **changed: Any) -> Answer:
        base = self.get().json()["revision"] if revision is None else revision
        body = {"mode": mode, "snapshot": snapshot, "base_revision": base, "source": SOURCE, **changed}
        return self.write("POST", "/imports", body, key)

    def part(self, job: str, number: int, *, groups: Any = (), contacts: Any = (), key: str | None = None) -> Answer:
        return self.write("PUT", f"/imports/{job}/parts/{number}", {"groups": list(groups), "contacts": list(contacts)}, key)

    def commit(self, job: str, *, parts: int = 1, contacts: tuple[int, int] = (0, 0), groups: tuple[int, int] = (0, 0)) -> Answer:
        counts = {name: {"upsert": upsert, "delete": delete} for name, (upsert, delete) in (("contacts", contacts), ("groups", groups))}
        return self.write("POST", f"/imports/{job}/commit", {"parts": parts, **counts})

    def deliver(
        self, snapshot: int, contacts: list[dict[str, Any]], groups: list[dict[str, Any]] | None = None, mode: str = "replace"
    ) -> Answer:
        """A whole import in one part."""
        groups = groups or []
        job = self.open(snapshot, mode).json()["import_id"]
        taken = self.part(job, 1, groups=groups, contacts=contacts).json()
        assert taken["rejected"] == []
        return self.commit(job, contacts=_counted(contacts), groups=_counted(groups))

    def contacts(self, size: int = 1000) -> list[dict[str, Any]]:
        """The whole list, page by page."""
        rows: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.get("/contacts", limit=size, **({"after": after} if after else {})).json()
            rows += page["contacts"]
            after = page["next"]
            if after is None:
                assert len(rows) == page["total"]
                return rows


def _counted(operations: list[dict[str, Any]]) -> tuple[int, int]:
    upserts = sum(operation["op"] == "upsert" for operation in operations)
    return upserts, len(operations) - upserts


def contact(number: int, **changed: Any) -> dict[str, Any]:
    """An upsert of a contact."""
    named = {"first_name": "Quinn", "last_name": f"Quill {number}", "email": f"quinn{number}@example.test", "groups": []}
    return {"op": "upsert", "source_id": f"Contact.7.{number}", **dict.fromkeys(CONTACT_TEXTS, ""), **named, **changed}


def group(number: int, name: str = "Newsletter") -> dict[str, Any]:
    """An upsert of a group."""
    return {"op": "upsert", "source_id": f"TagGroup.7.{number}", "name": name}


class Emoney:
    """One caller of an eMoney firm; the control API makes its certificate."""

    def __init__(self, url: str, firm: str = "EM-1001", client_id: str = "crosswalk-sandbox", kind: str = "ec") -> None:
        self.base, self.token_url = f"{url}/emoney/public/v1", f"{url}/emoney/connect/token"
        self.client_id = client_id
        made = requests.post(f"{url}/_sandbox/emoney/firms/{firm}/certificates", json={"kind": kind}, timeout=10).json()
        self.private_key, self.key_id, self.algorithm = made["private_key"], made["key_id"], "RS256" if kind == "rsa" else "ES256"
        self.http = requests.Session()
        self.http.headers["apikey"] = "sandbox-apikey"

    def assertion(self, key: str = "", algorithm: str = "", headers: Any = None, **changed: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.token_url, "jti": f"j{next(KEYS)}", "iat": now, "exp": now + 60}
        claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
        headers = {"kid": self.key_id} if headers is None else headers
        return jwt.encode(claims, key or self.private_key, algorithm or self.algorithm, headers)

    def form(self, **changed: Any) -> dict[str, Any]:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form = {"grant_type": "client_credentials", "client_assertion_type": kind, "scope": "API"}
        return {**form, "client_assertion": self.assertion(), **changed}

    def sign_in(self) -> str:
        token = str(requests.post(self.token_url, data=self.form(), timeout=10).json()["access_token"])
        self.http.headers["Authorization"] = f"Bearer {token}"
        return token

    def get(self, path: str, **query: Any) -> Answer:
        return self.http.get(self.base + path, params=query, timeout=10)

    def write(self, method: str, path: str, body: Any = None, key: str | None = None, revision: int | None = None) -> Answer:
        headers = {"Idempotency-Key": f"key-{next(KEYS)}" if key is None else key}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        return self.http.request(method, self.base + path, json=body, headers=headers, timeout=10)

    def client(self, **fields: str) -> dict[str, Any]:
        """A new client."""
        made = self.write("POST", "/clients", {"lastName": "Quill", **fields})
        assert made.status_code == 201, made.text
        return dict(made.json())

    def connection(self, client_id: str) -> str:
        """A client's connection."""
        body = {"institution": "SmartOffice (Ebix CRM)"}
        return str(self.write("POST", f"/clients/{client_id}/connections", body).json()["connectionId"])


class Control:
    """The control API."""

    def __init__(self, url: str) -> None:
        self.base = f"{url}/_sandbox"
        self.http = requests.Session()

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        return self.http.request(method, self.base + path, json=body, params=query, timeout=30)

    def get(self, path: str = "/", **query: Any) -> Any:
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200
        return answer.json()

    def fault(self, **fault: Any) -> None:
        answer = self.call("POST", "/faults", fault)
        assert answer.status_code == 201, answer.text
