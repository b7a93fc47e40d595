from __future__ import annotations

from typing import Any

import pytest
import requests

from crosswalk.errors import ConfigurationError
from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control, Engine, Fmg, contact, error_code

OFFICE = "/smartoffice/offices/DEMO01"
ACCOUNT = "/fmg/accounts/FMG-1001"


class TestState:
    def test_what_is_there_at_first(self, box: SandboxServer, control: Control) -> None:
        state = control.get()
        rights = ["FMG", "eMoney", "PolicyTracking", "PendingCasePolicySetupAdministrator", "InvestmentTracking"]
        nothing = dict.fromkeys(("notes", "households", "members", "relations", "investments", "policies", "sessions"), 0)
        users = [{"user": "integration", "rights": rights}]
        offices = state["smartoffice"]["offices"]
        assert offices["DEMO01"] == {"office": "DEMO01", "site": 7, "contacts": 230, "groups": 12, "users": users, **nothing}
        assert (list(offices), offices["DEMO02"]["groups"], offices["DEMO02"]["households"]) == (["DEMO01", "DEMO02"], 0, 18)
        assert state["fmg"]["accounts"]["FMG-1001"]["contacts"] == 0
        assert state["start"] == {"contacts": 230, "groups": 12, "seed": 1}

    def test_requests_are_counted_by_system_owner_and_kind(self, engine: Engine, fmg: Fmg, control: Control) -> None:
        engine.search()
        engine.send("<insert><SmartPadNote/></insert>")
        fmg.get()
        fmg.open(1, revision=0)
        counted = control.get()["requests"]
        assert counted["smartoffice"]["by_owner"]["DEMO01"] == {"reads": 1, "writes": 1, "methods": {"POST": 2}}
        assert {name: counted["fmg"][name] for name in ("reads", "writes", "methods")} == {
            "reads": 1,
            "writes": 1,
            "methods": {"GET": 1, "POST": 1},
        }
        log = control.get("/requests", system="fmg")["requests"]
        assert [(entry["index"], entry["operation"], entry["status"]) for entry in log] == [
            (1, "read account", 200),
            (2, "open import", 201),
        ]
        assert set(log[0]) == {"index", "system", "owner", "method", "path", "operation", "status", "fault", "milliseconds"}
        control.call("DELETE", "/requests")
        assert control.get("/requests")["requests"] == []

    def test_broken_answers_are_logged_as_such(self, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="reset")
        with pytest.raises(requests.ConnectionError):
            fmg.get()
        (entry,) = control.get("/requests")["requests"]
        assert (entry["status"], entry["fault"]) == (0, "reset")

    @pytest.mark.requirement("SAFE-9")
    def test_the_page_for_people_escapes_what_it_shows(self, box: SandboxServer, control: Control) -> None:
        control.call("POST", "/fmg/accounts", {"account": "FMG-2", "name": "<script>alert(1)</script>"})
        page = requests.get(f"{box.url}/_sandbox/", headers={"Accept": "text/html"}, timeout=5)
        assert page.headers["Content-Type"].startswith("text/html")
        assert "DEMO01" in page.text
        assert "<script" not in page.text

    def test_reset(self, engine: Engine, fmg: Fmg, control: Control) -> None:
        engine.search()
        fmg.deliver(1, [contact(1)])
        control.fault(system="fmg", kind="status")
        control.call("POST", "/smartoffice/offices", {"office": "DEMO02"})
        state = control.call("POST", "/reset", {"contacts": 40, "seed": 3}).json()
        assert (list(state["smartoffice"]["offices"]), state["faults"], state["requests"]["fmg"]["writes"]) == (["DEMO01", "DEMO02"], [], 0)
        assert (state["smartoffice"]["offices"]["DEMO01"]["contacts"], fmg.get().json()["generation"]) == (40, 0)
        control.call("POST", "/reset", {"contacts": 230, "seed": 1})

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "/reset", {"people": 3}, 422),
            ("POST", "/reset", {"contacts": -1}, 422),
            ("POST", "/reset", [], 422),
            ("PATCH", "/settings", {"compress": 1}, 422),
            ("PATCH", "/settings", {"fmg_parallel": "4"}, 422),
            ("GET", "/requests?system=nobody", None, 422),
            ("GET", "/nothing", None, 404),
            ("PUT", "/faults", {}, 405),
            ("GET", "/smartoffice/offices/NONE/contacts", None, 404),
            ("GET", "/fmg/accounts/NONE", None, 404),
        ],
    )
    def test_refusals(self, box: SandboxServer, control: Control, method: str, path: str, body: Any, status: int) -> None:
        answer = control.call(method, path, body)
        assert answer.status_code == status
        assert error_code(answer)


class TestOffices:
    def test_another_office(self, box: SandboxServer, control: Control) -> None:
        body = {"office": "HARBOR", "contacts": 30, "groups": 4, "seed": 2, "site": 9, "user": "ann", "password": "p&<>ss", "rights": []}
        assert control.call("POST", "/smartoffice/offices", body).status_code == 201
        (page,) = Engine(box.url, "HARBOR", "ANN", "p&<>ss").pages(size=100)
        assert {record.get("id", "").split(".")[1] for record in page.iterfind("Contact")} == {"9"}
        assert control.get("/smartoffice/offices")["HARBOR"]["users"] == [{"user": "ann", "rights": []}]
        control.call("DELETE", "/smartoffice/offices/HARBOR")
        assert list(control.get("/smartoffice/offices")) == ["DEMO01", "DEMO02"]

    def test_a_contact_from_creation_to_deletion(self, engine: Engine, control: Control) -> None:
        made = control.call("POST", f"{OFFICE}/contacts", {"LastName": "Canary", "Person.Dob": "1980-02-30", "TagGroups": ["TagGroup.7.1"]})
        record_id = made.json()["id"]
        assert (made.status_code, made.json()["TagGroups"], made.json()["FirstName"]) == (201, ["TagGroup.7.1"], "")
        changed = control.call(
            "PATCH", f"{OFFICE}/contacts/{record_id}", {"PreferredEmail.Address": "canary@example.test", "TagGroups": []}
        ).json()
        assert (changed["PreferredEmail.Address"], changed["Person.Dob"], changed["TagGroups"]) == ("canary@example.test", "1980-02-30", [])
        last = engine.pages(size=2000)[0][-1]
        assert (last.get("id"), last.findtext("PreferredEmail/Address")) == (record_id, "canary@example.test")
        assert control.get(f"{OFFICE}/contacts", LastName="Canary")["total"] == 1
        assert control.call("DELETE", f"{OFFICE}/contacts/{record_id}").json() == {"deleted": 1}
        assert control.call("GET", f"{OFFICE}/contacts/{record_id}").status_code == 404

    def test_many_at_once(self, box: SandboxServer, control: Control) -> None:
        ids = [row["id"] for row in control.get(f"{OFFICE}/contacts", limit=3, offset=5)["contacts"]]
        added = control.call("POST", f"{OFFICE}/contacts", {"contacts": [{"LastName": "A"}, {"LastName": "B", "id": "Contact.7.2"}]}).json()
        assert added["contacts"][1]["id"] == "Contact.7.2"
        bulk = f"{OFFICE}/contacts/bulk"
        assert control.call("POST", bulk, {"set": {"Greeting": "Hi"}, "ids": ids}).json() == {"changed": 3}
        assert control.get(f"{OFFICE}/contacts", Greeting="Hi")["total"] == 3
        assert control.call("POST", bulk, {"set": {"Greeting": ""}, "all": True}).json() == {"changed": 232}
        members = control.get(f"{OFFICE}/contacts", TagGroups="TagGroup.7.1")["total"]
        assert control.call("POST", bulk, {"delete": True, "group": "TagGroup.7.1"}).json() == {"deleted": members}
        assert control.call("POST", bulk, {"delete": True, "first": 10}).json() == {"deleted": 10}
        assert control.get()["smartoffice"]["offices"]["DEMO01"]["contacts"] == 232 - members - 10

    def test_a_deleted_group_is_taken_off_its_contacts(self, box: SandboxServer, control: Control) -> None:
        assert control.get(f"{OFFICE}/contacts", TagGroups="TagGroup.7.1")["total"] > 10
        control.call("PATCH", f"{OFFICE}/groups/TagGroup.7.1", {"Name": "News"})
        assert control.get(f"{OFFICE}/groups/TagGroup.7.1")["Name"] == "News"
        control.call("DELETE", f"{OFFICE}/groups/TagGroup.7.1")
        assert control.get(f"{OFFICE}/contacts", TagGroups="TagGroup.7.1")["total"] == 0
        assert control.call("POST", f"{OFFICE}/groups", {"Name": "Late"}).json()["id"] == "TagGroup.7.13"

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("/contacts", {"Shoe": "9"}, 422),
            ("/contacts", {"LastName": 9}, 422),
            ("/contacts", {"id": "Contact.8.1"}, 422),
            ("/contacts", {"TagGroups": ["TagGroup.7.99"]}, 404),
            ("/contacts/bulk", {"set": {"LastName": "x"}}, 422),
            ("/contacts/bulk", {"all": True}, 422),
            ("/users", {"rights": ["FMG"]}, 422),
            ("/users", {"user": "x", "rights": "FMG"}, 422),
        ],
    )
    def test_refusals(self, box: SandboxServer, control: Control, path: str, body: dict[str, Any], status: int) -> None:
        assert control.call("POST", OFFICE + path, body).status_code == status
        assert control.get()["smartoffice"]["offices"]["DEMO01"]["contacts"] == 230

    def test_users_come_and_go(self, engine: Engine, control: Control) -> None:
        control.call("PATCH", f"{OFFICE}/users/integration", {"password": "changed-secret"})
        assert error_code(engine.search()) == "AUTH_FAILED"
        assert control.call("DELETE", f"{OFFICE}/users/Integration").json() == {"deleted": 1}
        assert control.call("PATCH", f"{OFFICE}/users/integration", {"rights": []}).status_code == 404
        assert control.get(f"{OFFICE}/users") == {"users": []}

    def test_notes_can_be_seen(self, engine: Engine, control: Control) -> None:
        note = '<SmartPadNote><Contact id="Contact.7.801"/><Keyword>k</Keyword><Private>true</Private></SmartPadNote>'
        engine.send(f"<insert>{note}</insert>")
        (seen,) = control.get(f"{OFFICE}/notes")["notes"]
        assert (seen["Contact"], seen["Keyword"], seen["Text"]) == ("Contact.7.801", "k", "")


@pytest.mark.requirement("FMG-10")
class TestAccountsBehindTheLock:
    def test_changes_pass_the_lock_and_raise_the_revision(self, fmg: Fmg, control: Control) -> None:
        fmg.deliver(1, [contact(1), contact(2)])
        changed = control.call("PATCH", f"{ACCOUNT}/contacts/Contact.7.1", {"city": "Drift", "email": "QUINN2@example.test"})
        assert (changed.status_code, changed.json()["source_id"], fmg.get().json()["revision"]) == (200, "Contact.7.1", 2)
        assert control.call("POST", f"{ACCOUNT}/contacts", {"last_name": "Own"}).status_code == 201
        assert control.call("POST", f"{ACCOUNT}/groups", {"name": "Own"}).json() == {"group_id": "g-1", "source_id": None, "name": "Own"}
        assert control.call("DELETE", f"{ACCOUNT}/contacts/c-000002").json() == {"deleted": 1}
        assert control.call("DELETE", f"{ACCOUNT}/groups/g-1").json() == {"deleted": 1}
        assert fmg.get().json()["revision"] == 6
        assert control.get(f"{ACCOUNT}/contacts", city="Drift")["total"] == 1

    def test_many_at_once(self, fmg: Fmg, control: Control) -> None:
        fmg.deliver(1, [contact(number) for number in range(9)])
        bulk = f"{ACCOUNT}/contacts/bulk"
        assert control.call("POST", bulk, {"set": {"city": "Drift"}, "first": 4}).json() == {"changed": 4}
        assert control.call("POST", bulk, {"delete": True, "ids": ["Contact.7.1", "c-000003"]}).json() == {"deleted": 2}
        assert control.call("POST", bulk, {"set": {"zip": "1"}, "all": True}).json() == {"changed": 7}
        assert fmg.get().json()["revision"] == 4

    def test_an_account_that_holds_people_already(self, box: SandboxServer, control: Control) -> None:
        people = [{"first_name": "Ann", "last_name": f"Only {number}", "email": f"only{number}@example.test"} for number in range(37)]
        body = {"account": "FMG-2", "name": "Harbor", "api_key": "harbor-key", "contacts": people, "opt_outs": ["only3@example.test"]}
        assert control.call("POST", "/fmg/accounts", body).json()["contacts"] == 37
        harbor = Fmg(box.url, "FMG-2", "harbor-key")
        assert [row["opted_out"] for row in harbor.contacts()].count(True) == 1
        assert (harbor.get().json()["managed_by"], harbor.contacts()[0]["source_id"]) == (None, None)
        control.call("DELETE", "/fmg/accounts/FMG-2")
        assert list(control.get("/fmg/accounts")) == ["FMG-1001"]

    def test_opt_outs(self, fmg: Fmg, control: Control) -> None:
        assert control.call("POST", f"{ACCOUNT}/opt-outs", {"email": "ann@example.test"}).json()["source_id"] is None
        assert control.get(f"{ACCOUNT}/opt-outs")["total"] == 1
        assert control.call("DELETE", f"{ACCOUNT}/opt-outs/ANN@example.test").json() == {"deleted": 1}
        assert control.call("DELETE", f"{ACCOUNT}/opt-outs/ann@example.test").status_code == 404

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "/contacts", {"shoe": "9"}, 422),
            ("POST", "/contacts", {"city": 9}, 422),
            ("POST", "/contacts", {"groups": ["g-77"]}, 404),
            ("PATCH", "/contacts/c-77", {}, 404),
            ("POST", "/contacts/bulk", {"set": {}}, 422),
            ("POST", "/groups", {"title": "x"}, 422),
            ("POST", "/opt-outs", {}, 422),
        ],
    )
    def test_refusals(self, fmg: Fmg, control: Control, method: str, path: str, body: dict[str, Any], status: int) -> None:
        assert control.call(method, ACCOUNT + path, body).status_code == status
        assert fmg.get().json()["revision"] == 0


def test_a_port_that_is_taken_is_a_configuration_error(box: SandboxServer) -> None:
    for port in (box.port, 70_000):
        with pytest.raises(ConfigurationError, match="SANDBOX_PORT"):
            SandboxServer(contacts=1, groups=1, port=port)
