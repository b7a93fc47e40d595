"""HubSpot's sandbox, asked as its contract page says."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control

PORTALS = "/hubspot/portals"


class Crm:
    """A caller with a token."""

    def __init__(self, url: str, token: str = "sandbox-hubspot-token", path: str = "/hubspot/crm/v3/objects") -> None:
        self.base = f"{url}{path}"
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **params: Any) -> requests.Response:
        return requests.get(self.base + path, params=params, headers=self.headers, timeout=10)

    def search(self, kind: str, **body: Any) -> requests.Response:
        return requests.post(f"{self.base}/{kind}/search", json=body, headers=self.headers, timeout=10)

    def ids(self, kind: str, *filters: dict[str, Any], **body: Any) -> list[str]:
        groups = [{"filters": list(filters)}] if filters else []
        return [one["id"] for one in self.search(kind, filterGroups=groups, **body).json()["results"]]


@pytest.fixture
def crm(box: SandboxServer) -> Crm:
    return Crm(box.url)


def refusal(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["status"] == "error"
    assert body["correlationId"]
    return answer.status_code, body["category"]


class TestLists:
    def test_pages_of_at_most_a_hundred_end_without_paging(self, crm: Crm) -> None:
        first = crm.get("/contacts", limit=40).json()
        second = crm.get("/contacts", limit=40, after=first["paging"]["next"]["after"]).json()
        assert (len(first["results"]), len(second["results"]), "paging" in second) == (40, 20, False)
        assert len({one["id"] for one in first["results"] + second["results"]}) == 60
        assert len(crm.get("/contacts").json()["results"]) == 10
        assert refusal(crm.get("/contacts", limit=101)) == (400, "VALIDATION_ERROR")
        assert refusal(crm.get("/contacts", after="x")) == (400, "VALIDATION_ERROR")

    def test_properties_are_texts_or_null_and_come_when_named(self, crm: Crm) -> None:
        (one,) = crm.get("/contacts", limit=1, properties="email,phone,fax").json()["results"]
        assert set(one["properties"]) == {"email", "phone", "fax", "hs_object_id", "createdate", "lastmodifieddate"}
        assert one["properties"]["fax"] is None
        assert one["properties"]["hs_object_id"] == one["id"]
        (two,) = crm.get("/contacts", limit=1, properties=["email", "phone"]).json()["results"]
        assert set(two["properties"]) >= {"email", "phone"}
        assert set(crm.get("/contacts", limit=1).json()["results"][0]["properties"]) >= {"firstname", "lastname", "email"}

    def test_associations_stand_in_the_record_an_id_for_each_type(self, crm: Crm) -> None:
        one = crm.get("/contacts", limit=1, associations="companies").json()["results"][0]
        listed = one["associations"]["companies"]["results"]
        assert [entry["type"] for entry in listed] == ["contact_to_company", "contact_to_company_unlabeled"]
        assert len({entry["id"] for entry in listed}) == 1
        assert "associations" not in crm.get("/contacts", limit=1).json()["results"][0]

    def test_many_associations_go_on_at_their_own_path(self, crm: Crm, control: Control) -> None:
        deal = crm.get("/deals", limit=1).json()["results"][0]["id"]
        company = crm.get("/companies", limit=1).json()["results"][0]["id"]
        made = control.call(
            "POST", f"{PORTALS}/24100001/contacts", {"contacts": [{"lastname": f"N{number}"} for number in range(120)]}
        ).json()
        for one in made["contacts"]:
            control.call("PUT", f"{PORTALS}/24100001/contacts/{one['id']}/companies/{company}", {})
            control.call("PUT", f"{PORTALS}/24100001/deals/{deal}/contacts/{one['id']}", {})
        held = crm.get(f"/deals/{deal}", associations="contacts").json()["associations"]["contacts"]
        rest = crm.get(f"/deals/{deal}/associations/contacts", after=held["paging"]["next"]["after"]).json()
        assert (len(held["results"]), len(rest["results"]), "paging" in rest) == (100, 21, False)

    def test_archived_records_are_listed_alone(self, crm: Crm, control: Control) -> None:
        one = crm.get("/contacts", limit=1).json()["results"][0]["id"]
        control.call("DELETE", f"{PORTALS}/24100001/contacts/{one}")
        assert [found["id"] for found in crm.get("/contacts", archived="true").json()["results"]] == [one]
        assert one not in crm.ids("contacts", limit=200)
        assert refusal(crm.get(f"/contacts/{one}")) == (404, "OBJECT_NOT_FOUND")

    def test_a_merged_record_is_gone_and_named_by_the_survivor(self, crm: Crm, control: Control) -> None:
        one, two = (found["id"] for found in crm.get("/contacts", limit=2).json()["results"])
        control.call("POST", f"{PORTALS}/24100001/contacts/{one}/merge", {"from": two})
        survivor = crm.get(f"/contacts/{one}", properties="hs_merged_object_ids").json()
        assert survivor["properties"]["hs_merged_object_ids"] == two
        assert crm.get("/contacts", archived="true").json()["results"] == []


class TestSearch:
    def test_filters_are_joined_by_and_groups_by_or(self, crm: Crm) -> None:
        first, second = (one for one in crm.get("/contacts", limit=2, properties="email,lastname").json()["results"])
        by_email = {"propertyName": "email", "operator": "EQ", "value": first["properties"]["email"]}
        by_name = {"propertyName": "lastname", "operator": "NEQ", "value": first["properties"]["lastname"]}
        assert crm.ids("contacts", by_email) == [first["id"]]
        assert crm.ids("contacts", by_email, by_name) == []
        groups = [{"filters": [by_email]}, {"filters": [{"propertyName": "hs_object_id", "operator": "EQ", "value": second["id"]}]}]
        assert crm.search("contacts", filterGroups=groups).json()["total"] == 2

    @pytest.mark.parametrize(
        ("condition", "found"),
        [
            ({"operator": "GT", "value": "150"}, {"200", "1000"}),
            ({"operator": "LTE", "value": "150"}, {"50", "150"}),
            ({"operator": "BETWEEN", "value": "100", "highValue": "250"}, {"150", "200"}),
            ({"operator": "IN", "values": ["50", "1000"]}, {"50", "1000"}),
            ({"operator": "NOT_IN", "values": ["50", "1000"]}, {"150", "200"}),
            ({"operator": "HAS_PROPERTY"}, {"50", "150", "200", "1000"}),
            ({"operator": "NOT_HAS_PROPERTY"}, {None}),
            ({"operator": "CONTAINS_TOKEN", "value": "1*"}, {"150", "1000"}),
        ],
    )
    def test_operators(self, crm: Crm, control: Control, condition: dict[str, Any], found: set[str | None]) -> None:
        control.call("POST", PORTALS, {"portal": "24100001"})
        for amount in ("50", "150", "200", "1000", ""):
            control.call("POST", f"{PORTALS}/24100001/deals", {"dealname": "D", "amount": amount})
        body = {"filterGroups": [{"filters": [{"propertyName": "amount", **condition}]}], "properties": ["amount"]}
        assert {one["properties"]["amount"] for one in crm.search("deals", **body).json()["results"]} == found

    def test_times_compare_with_milliseconds(self, crm: Crm) -> None:
        newer = {"propertyName": "lastmodifieddate", "operator": "GTE"}
        assert crm.search("contacts", filterGroups=[{"filters": [{**newer, "value": "1767225600000"}]}]).json()["total"] == 60
        assert crm.search("contacts", filterGroups=[{"filters": [{**newer, "value": "2030-01-01T00:00:00Z"}]}]).json()["total"] == 0

    def test_pages_sorts_and_words(self, crm: Crm) -> None:
        page = crm.search("contacts", limit=25, after="50", sorts=[{"propertyName": "hs_object_id", "direction": "DESCENDING"}]).json()
        assert (page["total"], len(page["results"]), "paging" in page) == (60, 10, False)
        ids = [int(one["id"]) for one in page["results"]]
        assert ids == sorted(ids, reverse=True)
        name = crm.get("/companies", limit=1, properties="name").json()["results"][0]["properties"]["name"]
        assert crm.search("companies", query=name.lower()).json()["total"] == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"limit": 201},
            {"limit": 100, "after": "9901"},
            {"filterGroups": [{"filters": []}] * 6},
            {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 7}]},
            {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "HAS_PROPERTY"}] * 5}] * 4},
            {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "LIKE", "value": "x"}]}]},
            {"sorts": ["email", "phone"]},
            {"query": "x" * 3001},
        ],
    )
    def test_what_passes_a_cap_is_refused(self, crm: Crm, body: dict[str, Any]) -> None:
        assert refusal(crm.search("contacts", **body)) == (400, "VALIDATION_ERROR")


def test_who_may_ask(box: SandboxServer, control: Control) -> None:
    assert refusal(Crm(box.url, "nobody").get("/contacts")) == (401, "INVALID_AUTHENTICATION")
    control.call("PATCH", f"{PORTALS}/24100001", {"scopes": ["crm.objects.companies.read"]})
    assert refusal(Crm(box.url).get("/contacts")) == (403, "MISSING_SCOPES")
    assert Crm(box.url).get("/companies").ok
    assert refusal(Crm(box.url).get("/tickets")) == (404, "OBJECT_NOT_FOUND")


@pytest.mark.requirement("FLEX-01")
def test_nothing_of_it_can_be_written(crm: Crm) -> None:
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        answer = requests.request(method, f"{crm.base}/contacts", json={}, headers=crm.headers, timeout=10)
        assert answer.status_code == 405


@pytest.mark.parametrize(("limit", "policy"), [("burst", "TEN_SECONDLY_ROLLING"), ("daily", "DAILY"), ("search", "SECONDLY")])
def test_limits_name_their_policy(crm: Crm, control: Control, limit: str, policy: str) -> None:
    control.call("PATCH", f"{PORTALS}/24100001", {limit: 3})
    answers = [crm.search("contacts", limit=1) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert (answers[3].json()["category"], answers[3].json()["policyName"]) == ("RATE_LIMITS", policy)
    assert crm.get("/contacts").ok is (limit == "search")


def test_a_checkpoint_holds_it(crm: Crm, control: Control) -> None:
    number = control.call("POST", "/checkpoints", {}).json()["checkpoint"]
    control.call("POST", PORTALS, {"portal": "24100001"})
    assert crm.get("/contacts").json()["results"] == []
    control.call("POST", f"/checkpoints/{number}/restore", {})
    assert len(crm.get("/contacts", limit=100).json()["results"]) == 60
