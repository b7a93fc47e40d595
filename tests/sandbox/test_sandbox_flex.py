"""Flex's sandbox, asked as its contract page says."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import requests

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control

KEYS = itertools.count(1)
LINK = {"system": "hubspot", "kind": "contact", "sourceId": "501"}
ANA = {"organization": False, "firstName": "Ana", "lastName": "Ruiz", "email": "ana@acme.example"}


class Site:
    """A caller with an API key."""

    def __init__(self, url: str, token: str = "sandbox-flex-key", site: str = "demo") -> None:
        self.base = f"{url}/flex/{site}/f5/api"
        self.token = token

    def call(self, method: str, path: str, body: Any = None, key: str = "", **params: Any) -> requests.Response:
        headers = {"X-Auth-Token": self.token}
        if method != "GET":
            headers["Idempotency-Key"] = key or f"key-{next(KEYS)}"
        return requests.request(method, self.base + path, json=body, params=params, headers=headers, timeout=10)

    def all(self, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/contact", size=500, **params).json()["content"]
        return found

    def make(self, **members: Any) -> dict[str, Any]:
        answer = self.call("POST", "/contact", {**ANA, **members})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
def site(box: SandboxServer) -> Site:
    return Site(box.url)


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"], body.get("field", "")


class TestReading:
    def test_pages_count_from_nought(self, site: Site) -> None:
        page = site.call("GET", "/contact", page=1, size=50, organization="false", sort="id,asc").json()
        assert (len(page["content"]), page["totalElements"], page["totalPages"], page["number"], page["size"]) == (10, 60, 2, 1, 50)
        assert set(page["content"][0]) == {"id", "name", "organization"}
        assert refusal(site.call("GET", "/contact", size=501))[0] == 422

    def test_a_contact_in_full_and_at_a_glance(self, site: Site) -> None:
        one = site.all(organization="false", expand="all")[0]
        assert site.call("GET", f"/contact/{one['id']}").json() == one
        assert set(site.call("GET", f"/contact/{one['id']}/key-info/").json()) >= {"firstName", "lastName", "contactTypes"}
        assert refusal(site.call("GET", "/contact/nobody"))[:2] == (404, "NOT_FOUND")

    def test_search_and_lookups(self, site: Site) -> None:
        made = site.make(company="Quixotic Wines")
        assert [one["id"] for one in site.call("GET", "/contact/search", q="quixotic").json()["content"]] == [made["id"]]
        assert [one["name"] for one in site.call("GET", "/resource-type").json()][:2] == ["Clients", "Employees"]

    def test_the_newest_edit_is_first(self, site: Site) -> None:
        made = site.make()
        (newest,) = site.call("GET", "/contact", size=1, sort="lastEditDate,desc").json()["content"]
        assert newest["id"] == made["id"]


class TestTokens:
    def test_who_may_call(self, box: SandboxServer) -> None:
        assert refusal(Site(box.url, "nobody").call("GET", "/contact"))[:2] == (401, "UNAUTHORIZED")
        assert refusal(Site(box.url, site="elsewhere").call("GET", "/contact"))[:2] == (404, "NOT_FOUND")

    def test_a_login_gives_a_token_that_is_renewed_and_ends(self, box: SandboxServer, control: Control) -> None:
        body = {"username": "integration", "password": "sandbox-secret", "source": "test"}
        base = f"{box.url}/flex/demo/f5/api/authenticate"
        assert requests.post(base, json={**body, "password": "x"}, timeout=10).status_code == 401
        token = requests.post(base, json=body, timeout=10).json()["token"]
        control.call("PATCH", "/flex/sites/demo", {"renew": True})
        answer = Site(box.url, token).call("GET", "/resource-type")
        assert Site(box.url, answer.headers["X-Auth-Token-Refreshed"]).call("GET", "/resource-type").ok
        control.call("PATCH", "/flex/sites/demo", {"end_tokens": True})
        assert Site(box.url, token).call("GET", "/resource-type").status_code == 401


class TestWriting:
    def test_a_contact_is_made_with_its_link_or_not_at_all(self, site: Site, control: Control) -> None:
        made = site.make(crmLink=LINK, phone="+15550104477", mobile="+15550104478", otherEmails=["a@post.example"], resourceTypes=["rt-5"])
        assert [one["url"] for one in made["internetAddresses"]] == ["ana@acme.example", "a@post.example"]
        assert [(one["dialNumber"], one["type"]) for one in made["phoneNumbers"]] == [
            ("(555) 010-4477", "Work"),
            ("(555) 010-4478", "Mobile"),
        ]
        assert made["resourceTypes"] == [{"id": "rt-5", "name": "Vendors"}]
        again = site.call("POST", "/contact", {**ANA, "crmLink": LINK})
        assert (refusal(again)[:2], again.json()["contactId"]) == ((409, "LINKED_ELSEWHERE"), made["id"])
        assert site.call("GET", "/crm-link").json()["content"] == [{**LINK, "contactId": made["id"]}]
        assert control.call("GET", "/flex/sites/demo/links").json()["total"] == 1

    @pytest.mark.parametrize(
        ("change", "refused"),
        [
            ({"email": "nobody"}, ("INVALID", "email")),
            ({"otherEmails": "x"}, ("INVALID", "otherEmails")),
            ({"lastName": ""}, ("INVALID", "lastName")),
            ({"lastName": "x" * 501}, ("INVALID", "lastName")),
            ({"name": "Ana"}, ("INVALID", "name")),
            ({"organization": "no"}, ("INVALID", "organization")),
            ({"address": {"street": "x"}}, ("INVALID", "address")),
            ({"resourceTypes": ["rt-99"]}, ("INVALID", "resourceTypes")),
            ({"employer": {"sourceId": "9001"}}, ("UNKNOWN_EMPLOYER", "employer")),
            ({"crmLink": {"system": "hubspot"}}, ("INVALID", "crmLink")),
        ],
    )
    def test_a_body_that_breaks_a_rule_makes_nothing(self, site: Site, change: dict[str, Any], refused: tuple[str, str]) -> None:
        before = len(site.all())
        assert refusal(site.call("POST", "/contact", {**ANA, **change})) == (422, *refused)
        assert len(site.all()) == before

    def test_a_change_fills_members_and_leaves_the_others(self, site: Site) -> None:
        made = site.make(address={"line1": "1 Elm St"}, phone="+15550104477")
        changed = site.call("PATCH", f"/contact/{made['id']}", {"email": "new@acme.example", "address": {"city": "Salem"}}).json()
        assert [one["url"] for one in changed["internetAddresses"]] == ["new@acme.example", "ana@acme.example"]
        assert (changed["addresses"][0]["line1"], changed["addresses"][0]["city"]) == ("1 Elm St", "Salem")
        assert changed["phoneNumbers"] == made["phoneNumbers"]
        assert changed["lastEditDate"] > made["lastEditDate"]

    def test_a_change_of_what_was_edited_since_is_refused(self, site: Site) -> None:
        made = site.make()
        stale = {"jobTitle": "Buyer", "lastEditDate": made["lastEditDate"]}
        assert site.call("PATCH", f"/contact/{made['id']}", stale).ok
        assert refusal(site.call("PATCH", f"/contact/{made['id']}", stale))[:2] == (409, "EDITED")

    def test_a_key_answers_as_it_did_first(self, site: Site) -> None:
        first = site.call("POST", "/contact", ANA, key="one")
        assert site.call("POST", "/contact", ANA, key="one").json() == first.json()
        assert refusal(site.call("POST", "/contact", {**ANA, "lastName": "Stone"}, key="one"))[:2] == (422, "KEY_REUSED")
        headers = {"X-Auth-Token": site.token}
        assert requests.post(f"{site.base}/contact", json=ANA, headers=headers, timeout=10).status_code == 422

    def test_links_are_one_to_one(self, site: Site) -> None:
        one, two = site.make()["id"], site.make()["id"]
        path = "/crm-link/hubspot/contact/501"
        assert site.call("PUT", path, {"contactId": one}).ok
        assert site.call("PUT", path, {"contactId": one}).ok
        other = site.call("PUT", path, {"contactId": two})
        assert (refusal(other)[1], other.json()["contactId"]) == ("LINKED_ELSEWHERE", one)
        assert refusal(site.call("PUT", "/crm-link/hubspot/contact/502", {"contactId": one}))[1] == "LINKED_ELSEWHERE"
        assert refusal(site.call("PUT", "/crm-link/hubspot/company/502", {"contactId": two}))[1] == "INVALID"
        assert [site.call("DELETE", path).json() for _ in range(2)] == [{"deleted": 1}, {"deleted": 0}]
        assert site.call("GET", f"/contact/{one}").ok

    def test_deals_name_linked_contacts(self, site: Site) -> None:
        deal = {"name": "Tour", "amount": "12.50", "closeDate": "2026-03-15", "contactSourceIds": ["501"]}
        assert refusal(site.call("PUT", "/crm-deal/hubspot/7001", deal))[1] == "UNKNOWN_CONTACT"
        site.make(crmLink=LINK)
        assert site.call("PUT", "/crm-deal/hubspot/7001", deal).ok
        assert site.call("GET", "/crm-deal").json()["content"] == [{"system": "hubspot", "sourceId": "7001", **deal}]
        for wrong in ({"amount": "ten"}, {"closeDate": "soon"}, {"name": ""}, {"companySourceId": "1"}):
            assert site.call("PUT", "/crm-deal/hubspot/7001", {**deal, **wrong}).status_code == 422

    def test_an_employer_is_a_linked_company(self, site: Site) -> None:
        company = {"organization": True, "name": "Acme", "crmLink": {**LINK, "kind": "company", "sourceId": "9001"}}
        made = site.call("POST", "/contact", company).json()
        assert site.make(employer={"sourceId": "9001"})["employerId"] == made["id"]


def test_a_deleted_contact_gives_its_link_free(site: Site, control: Control) -> None:
    made = site.make(crmLink=LINK)
    control.call("DELETE", f"/flex/sites/demo/contacts/{made['id']}")
    assert site.call("GET", f"/contact/{made['id']}").json()["deleted"] is True
    assert site.make(crmLink=LINK)["id"] != made["id"]


def test_a_site_of_any_size_and_a_checkpoint(site: Site, control: Control) -> None:
    number = control.call("POST", "/checkpoints", {}).json()["checkpoint"]
    control.call("POST", "/flex/sites", {"site": "demo", "companies": 8, "contacts": 20, "seed": 9})
    assert control.call("GET", "/flex/sites").json()["demo"]["companies"] == 8
    assert control.call("POST", "/flex/sites/demo/contacts", {**ANA, "employerId": site.all(organization="true")[0]["id"]}).json()[
        "employerId"
    ]
    control.call("POST", f"/checkpoints/{number}/restore", {})
    assert control.call("GET", "/flex/sites").json()["demo"]["contacts"] == 60
