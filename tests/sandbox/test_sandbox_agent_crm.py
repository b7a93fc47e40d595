"""Agent CRM by its contract page, asked by a plain caller."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from crosswalk.sandbox.agent_crm.book import LOOK_ALIKES, Book
from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control

FMO, USER = "1b6f0000-0000-4000-8000-000000000001", "77aa0000-0000-4000-8000-000000000001"
BUSINESS = {"external_key": "k", "name": "Quill", "kind": "agency", "npn": "4477123"}


class Crm:
    """One user of Agent CRM."""

    def __init__(self, url: str, business: str = FMO, user: str = USER, key: str = "sandbox-key") -> None:
        self.url = f"{url}/agent_crm/api"
        self.headers = {"X-API-KEY": key, "X-USER-ID": user, "X-BUSINESS-ID": business}

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        answer = requests.request(method, self.url + path, json=body, params=query, headers=self.headers, timeout=10)
        return answer.status_code, answer.json()

    def values(self, record: dict[str, Any]) -> dict[str, str]:
        return {entry["name"]: entry["value"] for entry in record["fields"]}

    def search(self, name: str, text: str = "", *within: str, **query: Any) -> dict[str, Any]:
        status, answer = self.ask("POST", f"/records/{name}/search", {"search": text, "search_within_field_names": [*within]}, **query)
        assert status == 200, answer
        return dict(answer)


@pytest.fixture
def crm(box: SandboxServer, control: Control) -> Crm:
    answer = control.call("POST", "/agent_crm/businesses", {"policies": 700, "agents": 12})
    assert answer.ok, answer.text
    return Crm(box.url)


def entries(**values: str) -> dict[str, Any]:
    return {"fields": [{"name": name, "value": value} for name, value in values.items()]}


def test_objects_and_fields_have_names_and_ids(crm: Crm) -> None:
    status, answer = crm.ask("GET", "/custom-objects")
    assert (status, answer["count"], answer["next"], answer["previous"], answer["errors"]) == (200, 3, None, None, [])
    assert [one["name"] for one in answer["results"]] == ["policies", "members", "agents_agencies"]
    ids = [field["id"] for one in answer["results"] for field in one["fields"]]
    assert len(ids) == len(set(ids))


def test_a_search_contains_and_pages(crm: Crm) -> None:
    found = crm.search("policies", "4477123", "writing_agent_npn", page_size=500)
    npns = {crm.values(record)["writing_agent_npn"] for record in found["results"]}
    assert npns == {"4477123", "04477123", "44771230"}
    everything = [crm.search("policies", page=page, page_size=300) for page in (1, 2, 3)]
    assert [len(one["results"]) for one in everything] == [300, 300, 100]
    assert [one["next"] is None for one in everything] == [False, False, True]
    assert len({record["id"] for one in everything for record in one["results"]}) == everything[0]["count"] == 700
    assert crm.ask("POST", "/records/policies/search", {}, page=4, page_size=300)[0] == 404
    assert crm.ask("POST", "/records/policies/search", {}, page_size=501)[0] == 400
    assert crm.ask("POST", "/records/policies/search", {"search_within_field_names": ["nonsense"]})[0] == 400
    assert crm.search("policies", "HARBORLIGHT", "carrier")["count"] == len(range(0, 700, 3))


def test_a_record_is_read_changed_put_and_looked_up(crm: Crm) -> None:
    one = crm.search("policies", page_size=1)["results"][0]
    field = next(entry["id"] for entry in one["fields"] if entry["name"] == "plan_name")
    assert crm.ask("GET", f"/records/policies/{one['id']}") == (200, one)
    assert crm.ask("GET", "/records/policies/lookup", identifier=one["name"]) == (200, one)
    assert crm.ask("GET", "/records/policies/lookup", identifier="nobody")[0] == 404
    status, changed = crm.ask("PATCH", f"/records/policies/{one['id']}", {"fields": [{"id": field, "value": "New"}]})
    assert (status, crm.values(changed)) == (200, {**crm.values(one), "plan_name": "New"})
    assert crm.ask("GET", f"/records/{one['id']}/field-values/{field}") == (200, {"id": field, "name": "plan_name", "value": "New"})
    status, put = crm.ask("PUT", f"/records/policies/{one['id']}", {"fields": [{"id": field, "value": "Only"}]})
    assert status == 200
    assert {name for name, value in crm.values(put).items() if value} == {"plan_name"}
    assert crm.search("policies", page_size=1)["count"] == 700
    for body in (
        {},
        {"fields": [{"name": "x", "value": "y"}]},
        {"fields": [{"name": "plan_name", "value": 1}]},
        entries(plan_name="x" * 301),
    ):
        assert crm.ask("PATCH", f"/records/policies/{one['id']}", body)[0] == 400
    assert crm.ask("DELETE", f"/records/policies/{one['id']}")[0] == 405
    assert crm.ask("GET", "/records/nonsense/1")[0] == 404


@pytest.mark.requirement("ACRM-05")
def test_a_business_takes_only_its_npns_and_says_so(crm: Crm, box: SandboxServer) -> None:
    status, made = crm.ask("POST", "/businesses", BUSINESS)
    assert (status, made["npns"], made["policy_sync"]) == (201, ["4477123"], False)
    assert crm.ask("POST", "/businesses", BUSINESS) == (200, made)
    assert crm.ask("GET", "/businesses", external_key="k")[1]["results"] == [made]
    agent = Crm(box.url, made["id"])
    upsert = {"key_field": "sync_key", **entries(sync_key="P-1", carrier="c", policy_number="1", writing_agent_npn="4477123")}
    assert [agent.ask("POST", "/records/policies/upsert", upsert)[0] for _ in range(2)] == [201, 200]
    assert agent.search("policies")["count"] == 1
    for npn in ("", "447712", "44771230", "4477123 9"):
        body = {"key_field": "sync_key", **entries(sync_key="P-2", writing_agent_npn=npn)}
        status, answer = agent.ask("POST", "/records/policies/upsert", body)
        assert (status, answer["errors"][0]["code"], answer["errors"][0]["field"]) == (400, "INVALID", "writing_agent_npn")
    assert agent.ask("POST", "/businesses", BUSINESS)[0] == 403
    assert agent.ask("GET", f"/businesses/{made['id']}")[0] == 404
    user = {"email": "kim@example.test", "first_name": "Kim", "last_name": "Quill", "npn": "9"}
    assert [crm.ask("POST", f"/businesses/{made['id']}/users", user)[0] for _ in range(2)] == [201, 200]
    assert crm.ask("GET", f"/businesses/{made['id']}")[1]["npns"] == ["4477123", "9"]
    assert crm.ask("POST", f"/businesses/{made['id']}/users", {**user, "npn": "8"})[1]["errors"][0]["code"] == "EMAIL_TAKEN"
    assert crm.ask("GET", f"/businesses/{made['id']}/users")[1]["count"] == 1


def test_contacts_without_email_come_only_from_a_sync(crm: Crm, box: SandboxServer) -> None:
    agent = Crm(box.url, crm.ask("POST", "/businesses", BUSINESS)[1]["id"])
    assert agent.ask("POST", "/records/contacts", entries(first_name="Ann"))[0] == 400
    assert agent.ask("POST", "/records/contacts", entries(first_name="Ann", email="q@example.test"))[0] == 201
    for key in ("M-1", "M-2"):
        body = {"key_field": "sync_key", **entries(sync_key=key, first_name="Bob", writing_agent_npn="4477123")}
        assert agent.ask("POST", "/records/contacts/upsert", body)[0] == 201
    taken = {"key_field": "sync_key", **entries(sync_key="M-3", email="Q@example.test", writing_agent_npn="4477123")}
    status, answer = agent.ask("POST", "/records/contacts/upsert", taken)
    assert (status, answer["errors"][0]["code"]) == (409, "EMAIL_TAKEN")
    assert agent.ask("GET", "/records/contacts/lookup", identifier="q@example.test")[0] == 200
    assert agent.search("contacts")["count"] == 3


def test_who_may_come_in(crm: Crm, box: SandboxServer, control: Control) -> None:
    assert Crm(box.url, key="wrong").ask("GET", "/custom-objects")[0] == 401
    assert Crm(box.url, user="nobody").ask("GET", "/custom-objects")[0] == 401
    assert Crm(box.url, business="1b6f0000-0000-4000-8000-00000000ffff").ask("GET", "/custom-objects")[0] == 403
    control.call("POST", "/faults", {"system": "agent_crm", "kind": "expired", "business": FMO})
    assert [crm.ask("GET", "/custom-objects")[0] for _ in range(2)] == [401, 200]


def test_a_checkpoint_holds_businesses_too(crm: Crm, box: SandboxServer, control: Control) -> None:
    number = control.call("POST", "/checkpoints", {}).json()["checkpoint"]
    made = crm.ask("POST", "/businesses", BUSINESS)[1]["id"]
    one = crm.search("policies", page_size=1)["results"][0]
    crm.ask("PATCH", f"/records/policies/{one['id']}", entries(plan_name="New"))
    control.call("POST", f"/checkpoints/{number}/restore", {})
    assert crm.search("policies", page_size=1)["results"][0] == one
    assert Crm(box.url, made).ask("GET", "/custom-objects")[0] == 403


def test_an_archived_record_is_in_the_way(crm: Crm, control: Control) -> None:
    one = crm.search("policies", page_size=1)["results"][0]
    control.call("PATCH", f"/agent_crm/businesses/{FMO}/records/policies/{one['id']}", {"archived": True})
    body = {"key_field": "sync_key", **entries(sync_key=crm.values(one)["sync_key"], plan_name="New")}
    status, answer = crm.ask("POST", "/records/policies/upsert", body)
    assert (status, answer["errors"][0]["code"]) == (409, "ARCHIVED")


def test_a_book_is_the_same_for_the_same_seed_and_made_up_on_demand() -> None:
    book, again = Book(300_000, 2_000), Book(300_000, 2_000)
    assert [book.values("policies", number) for number in (0, 299_999)] == [again.values("policies", number) for number in (0, 299_999)]
    assert [book.npn(agent) for agent in range(4)] == [*LOOK_ALIKES]
    assert len({book.npn(agent) for agent in range(2_000)}) == 2_000
    ranges = book.of_npns_holding("policies", book.npn(1_234))
    assert {book.values("policies", number)["writing_agent_npn"] for one in ranges for number in one} == {book.npn(1_234)}
    assert sum(len(one) for agent in range(2_000) for one in [range(book._starts[agent], book._starts[agent + 1])]) == 300_000
    first, second = book.values("members", 3), book.values("members", 4)
    assert {first[name] == second[name] for name in ("first_name", "last_name", "birth_date", "email")} == {True}
