"""Autotask and ConnectWise of the sandbox, asked as their contract pages say."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control
from sandbox.crm_callers import Autotask, ConnectWise

DATABASE, COMPANY = "/autotask/databases/NORTHWIND", "/connectwise/companies/northwind"
ALL = {"op": "gt", "field": "id", "value": 0}


@pytest.fixture
def autotask(box: SandboxServer) -> Autotask:
    return Autotask(box.url)


@pytest.fixture
def connectwise(box: SandboxServer) -> ConnectWise:
    return ConnectWise(box.url)


class TestAutotask:
    def test_the_zone_is_told_without_credentials(self, autotask: Autotask, box: SandboxServer) -> None:
        assert autotask.zone().json()["url"] == f"{box.url}/autotask/zone1/ATServicesRest/"
        assert Autotask(box.url, "nobody@example.test").zone().status_code == 500

    @pytest.mark.parametrize("header", ["Secret", "ApiIntegrationCode"])
    def test_who_may_call(self, box: SandboxServer, header: str) -> None:
        answer = Autotask(box.url, **{header: "wrong"}).query("Contacts", ALL)
        assert (answer.status_code, list(answer.json())) == (401, ["errors"])

    def test_a_database_that_moved_refuses_its_old_zone(self, autotask: Autotask, control: Control) -> None:
        old = autotask.zone().json()["url"]
        control.call("PATCH", DATABASE, {"zone": "zone2"})
        assert autotask.http.get(f"{old}V1.0/ThresholdInformation", timeout=10).status_code == 401
        assert autotask.get("/ThresholdInformation").status_code == 200

    def test_pages_by_id_hold_everybody_once(self, autotask: Autotask) -> None:
        ids: list[int] = []
        while True:
            page = autotask.query("Contacts", {**ALL, "value": ids[-1] if ids else 0}, MaxRecords=60).json()
            ids += [one["id"] for one in page["items"]]
            assert (page["pageDetails"]["nextPageUrl"] is None) == (len(page["items"]) < 60)
            if len(page["items"]) < 60:
                break
        assert ids == sorted(set(ids))
        assert len(ids) == 200 == autotask.post("/Contacts/query/count", {"filter": [ALL]}).json()["queryCount"]

    def test_the_next_link_after_a_post_takes_only_a_post(self, autotask: Autotask) -> None:
        first = autotask.query("Contacts", ALL, MaxRecords=60).json()
        following = first["pageDetails"]["nextPageUrl"]
        refused = autotask.http.get(following, timeout=10)
        assert (refused.status_code, refused.json()["Message"][-6:]) == (405, "'GET'.")
        second = autotask.http.post(following, json={"filter": [ALL], "MaxRecords": 60}, timeout=10).json()
        assert second["items"][0]["id"] > first["items"][-1]["id"]

    def test_types_of_fields_are_the_vendor_s(self, autotask: Autotask) -> None:
        contact = autotask.query("Contacts", ALL, MaxRecords=1).json()["items"][0]
        company = autotask.query("Companies", ALL, MaxRecords=1).json()["items"][0]
        assert (type(contact["isActive"]), type(company["isActive"]), type(company["companyType"])) == (int, bool, int)
        field = next(one for one in autotask.get("/Companies/entityInformation/fields").json()["fields"] if one["name"] == "companyType")
        assert [(one["value"], one["label"]) for one in field["picklistValues"][:2]] == [("1", "Customer"), ("2", "Prospect")]

    def test_a_missing_id_is_a_null_item(self, autotask: Autotask) -> None:
        known = autotask.query("Contacts", ALL, MaxRecords=1).json()["items"][0]["id"]
        assert autotask.get(f"/Contacts/{known}").json()["item"]["id"] == known
        missing = autotask.get("/Contacts/1")
        assert (missing.status_code, missing.json()) == (200, {"item": None})

    @pytest.mark.parametrize(
        ("filters", "names"),
        [
            ([{"op": "eq", "field": "isActive", "value": 0}], "inactive"),
            ([{"op": "or", "items": [{"op": "eq", "field": "id", "value": 1}, {"op": "eq", "field": "isActive", "value": 0}]}], "inactive"),
            ([{"op": "noteq", "field": "isActive", "value": 1}, {"op": "exist", "field": "lastName"}], "inactive"),
            ([{"op": "in", "field": "isActive", "value": [0]}], "inactive"),
            ([{"op": "gte", "field": "lastModifiedDate", "value": "2020-01-01T00:00:00Z"}], "all"),
            ([{"op": "gt", "field": "lastActivityDate", "value": "2100-01-01T00:00:00.000Z"}], "none"),
            ([{"op": "eq", "field": "Contact Type", "value": "99", "udf": True}], "none"),
        ],
    )
    def test_filters(self, autotask: Autotask, control: Control, filters: Any, names: str) -> None:
        everybody = control.get(f"{DATABASE}/contacts", limit=999)["contacts"]
        expected = {"inactive": sum(one["isActive"] == 0 for one in everybody), "all": 200, "none": 0}[names]
        assert len(autotask.query("Contacts", *filters).json()["items"]) == expected
        assert expected < 200 or names == "all"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"filter": []},
            {"filter": [ALL], "MaxRecords": 501},
            {"filter": [{"op": "near", "field": "id"}]},
            {"filter": [{"op": "eq", "field": "shoeSize", "value": 1}]},
            {"filter": [{"op": "eq", "field": "isOptedOutFromBulkEmail", "value": False}]},
            {"filter": [ALL], "IncludeFields": ["lastName"]},
        ],
    )
    def test_a_query_that_cannot_be_is_a_500_with_errors(self, autotask: Autotask, body: Any) -> None:
        answer = autotask.post("/Contacts/query", body)
        assert (answer.status_code, list(answer.json())) == (500, ["errors"])

    def test_the_threshold_counts_and_ends(self, autotask: Autotask, control: Control) -> None:
        before = autotask.get("/ThresholdInformation").json()["currentTimeframeRequestCount"]
        assert autotask.get("/ThresholdInformation").json()["currentTimeframeRequestCount"] == before + 1
        control.call("PATCH", DATABASE, {"used": 10_000})
        assert autotask.get("/ThresholdInformation").status_code == 429

    def test_a_right_that_is_missing_is_a_500(self, autotask: Autotask, control: Control) -> None:
        control.call("PATCH", DATABASE, {"hidden": ["companies", "contacts.companyID"]})
        refused = autotask.query("Companies", ALL)
        assert (refused.status_code, "permission" in refused.json()["errors"][0]) == (500, True)
        assert "companyID" not in autotask.query("Contacts", ALL).json()["items"][0]


class TestConnectWise:
    def test_the_codebase_of_a_company(self, connectwise: ConnectWise, box: SandboxServer) -> None:
        info = f"{box.url}/connectwise/login/companyinfo"
        known, unknown = (connectwise.http.get(f"{info}/{one}", timeout=10).json() for one in ("northwind", "x"))
        assert (known["Codebase"], unknown) == ("v2099_1/", None)

    @pytest.mark.parametrize(
        "who", [{"company": "other"}, {"keys": "publickey:wrong"}, {"keys": "other:sandbox-secret"}, {"clientId": "0"}]
    )
    def test_who_may_call(self, box: SandboxServer, who: dict[str, str]) -> None:
        answer = ConnectWise(box.url, **who).get("/contacts")
        assert (answer.status_code, set(answer.json())) == (401, {"code", "message", "errors"})

    def test_forward_only_pages_end_without_a_link(self, connectwise: ConnectWise) -> None:
        ids: list[int] = []
        answer = connectwise.get("/contacts", pageSize=60)
        while True:
            assert isinstance(answer.json(), list)
            ids += [one["id"] for one in answer.json()]
            if "next" not in answer.links:
                break
            assert answer.links["next"]["url"].endswith(f"pageId={ids[-1]}")
            answer = connectwise.get("/contacts", pageSize=60, pageId=ids[-1])
        assert ids == sorted(set(ids))
        assert len(ids) == 200 == connectwise.get("/contacts/count").json()["count"]

    def test_navigable_pages_name_their_neighbours(self, connectwise: ConnectWise) -> None:
        second = connectwise.get("/contacts", forward=False, pageSize=60, page=2)
        pages = {name: link["url"].rpartition("=")[2] for name, link in second.links.items()}
        assert pages == {"next": "3", "prev": "1", "first": "1", "last": "4"}
        assert len(connectwise.get("/contacts", forward=False).json()) == 25

    def test_an_e_mail_is_a_communication_item_and_activity_a_status(self, connectwise: ConnectWise) -> None:
        contacts, companies = connectwise.get("/contacts", pageSize=1000).json(), connectwise.get("/companies", pageSize=1000).json()
        assert not any("email" in key.casefold() for one in contacts for key in one)
        assert not any("inactiveFlag" in one for one in companies)
        statuses = {one["id"]: one["inactiveFlag"] for one in connectwise.get("/companies/statuses").json()}
        assert {statuses[one["status"]["id"]] for one in companies} == {True, False}
        kinds = {len([item for item in one["communicationItems"] if item["communicationType"] == "Email"]) for one in contacts}
        assert kinds == {0, 1}
        assert any("title" not in one for one in contacts)

    @pytest.mark.parametrize(
        ("condition", "same"),
        [
            ("inactiveFlag=true", lambda one: one["inactiveFlag"]),
            ("inactiveFlag = false and id > 31100", lambda one: not one["inactiveFlag"] and one["id"] > 31100),
            ("company/id in (211,212) or id<31010", lambda one: one.get("company", {}).get("id") in (211, 212) or one["id"] < 31010),
            ("not (inactiveFlag=true)", lambda one: not one["inactiveFlag"]),
            ('lastName contains "a" and title != "CIO"', lambda one: "a" in one["lastName"].casefold() and one.get("title") != "CIO"),
            ("lastUpdated>=[2025-06-01T00:00:00Z]", lambda one: one["_info"]["lastUpdated"] >= "2025-06-01T00:00:00Z"),
            ("company/id = null", lambda one: "company" not in one),
        ],
    )
    def test_conditions(self, connectwise: ConnectWise, condition: str, same: Any) -> None:
        everybody = connectwise.get("/contacts", pageSize=1000).json()
        expected = [one["id"] for one in everybody if same(one)]
        assert [one["id"] for one in connectwise.get("/contacts", pageSize=1000, conditions=condition).json()] == expected
        assert connectwise.get("/contacts/count", conditions=condition).json()["count"] == len(expected)

    def test_arrays_are_reached_by_child_conditions(self, connectwise: ConnectWise) -> None:
        found = connectwise.get("/contacts", pageSize=1000, childConditions='types/name="Billing"').json()
        assert found
        assert {one["types"][0]["name"] for one in found} == {"Billing"}

    @pytest.mark.parametrize("condition", ['name="x', "id>", "(id>1", "id near 1"])
    def test_what_cannot_be_read_is_an_invalid_object(self, connectwise: ConnectWise, condition: str) -> None:
        answer = connectwise.get("/contacts", conditions=condition)
        assert (answer.status_code, answer.json()["code"]) == (400, "InvalidObject")

    @pytest.mark.parametrize("size", [0, 1001, "many"])
    def test_a_page_has_1_to_1000_records(self, connectwise: ConnectWise, size: Any) -> None:
        assert connectwise.get("/contacts", pageSize=size).status_code == 400

    def test_fields_are_those_asked_for(self, connectwise: ConnectWise) -> None:
        assert {tuple(one) for one in connectwise.get("/companies", fields="id,name").json()} == {("id", "name")}

    def test_what_the_role_hides_is_absent(self, connectwise: ConnectWise, control: Control) -> None:
        control.call("PATCH", COMPANY, {"hidden": ["contacts.company", "statuses"]})
        assert not any("company" in one for one in connectwise.get("/contacts").json())
        assert connectwise.get("/companies/statuses").status_code == 403


@pytest.mark.parametrize("base", [DATABASE, COMPANY])
class TestControl:
    def test_records_are_made_changed_and_removed(self, control: Control, base: str) -> None:
        made = control.call("POST", f"{base}/contacts", {"lastName": "Quill"}).json()
        assert control.get(f"{base}/contacts/{made['id']}")["lastName"] == "Quill"
        assert control.call("PATCH", f"{base}/contacts/{made['id']}", {"lastName": "Other"}).json()["id"] == made["id"]
        assert control.get(f"{base}/contacts", lastName="Other")["total"] == 1
        assert control.call("POST", f"{base}/contacts/bulk", {"first": 3, "set": {"title": "x"}}).json() == {"changed": 3}
        assert control.call("DELETE", f"{base}/contacts/{made['id']}").status_code == 200
        assert control.call("GET", f"{base}/contacts/{made['id']}").status_code == 404
        assert control.call("POST", f"{base}/contacts/bulk", {"all": True, "delete": True}).json() == {"deleted": 200}

    def test_a_checkpoint_brings_all_back(self, control: Control, box: SandboxServer, base: str) -> None:
        number = control.call("POST", "/checkpoints").json()["checkpoint"]
        before = control.get(f"{base}/contacts", limit=999)
        control.call("POST", f"{base}/contacts/bulk", {"all": True, "delete": True})
        control.call("PATCH", base, {"hidden": ["contacts"]})
        Control(box.url).call("POST", f"/checkpoints/{number}/restore")
        again = Control(box.url)
        assert again.get(f"{base}/contacts", limit=999) == before
        assert again.get(base.rpartition("/")[0])[base.rpartition("/")[2]]["hidden"] == []

    @pytest.mark.parametrize("body", [{"colour": "red"}, {"hidden": "contacts"}, {"zone": 7, "codebase": 7}])
    def test_settings_that_are_none_are_refused(self, control: Control, base: str, body: dict[str, Any]) -> None:
        assert control.call("PATCH", base, body).status_code == 422
