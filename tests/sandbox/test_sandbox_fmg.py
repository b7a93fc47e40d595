from __future__ import annotations

from typing import Any

import pytest

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control, Fmg, contact, error_code, group


class TestReading:
    def test_an_account_at_first(self, fmg: Fmg) -> None:
        numbers = {"contacts": 0, "groups": 0, "generation": 0, "last_snapshot": 0, "revision": 0}
        assert fmg.get().json() == {"account_id": "FMG-1001", "name": "Summit Advisors", "managed_by": None, **numbers}
        assert fmg.get("/contacts").json() == {"contacts": [], "total": 0, "revision": 0, "next": None}
        assert fmg.get("/groups").json() == {"groups": [], "total": 0, "revision": 0, "next": None}
        assert fmg.get("/opt-outs").json() == {"opt_outs": [], "total": 0, "revision": 0, "next": None}

    def test_pages_end_with_next_null_and_only_there(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(number) for number in range(20)])
        first = fmg.get("/contacts", limit=10).json()
        second = fmg.get("/contacts", limit=10, after=first["next"]).json()
        assert (len(first["contacts"]), first["next"], first["total"]) == (10, first["contacts"][-1]["contact_id"], 20)
        assert (len(second["contacts"]), second["next"], second["total"]) == (10, None, 20)
        assert len({row["contact_id"] for row in first["contacts"] + second["contacts"]}) == 20

    def test_a_contact_is_read_back_as_it_was_sent(self, fmg: Fmg) -> None:
        sent = contact(
            1,
            first_name="Zoë",
            nickname="Z",
            birthday="1961-04-09",
            gender="Female",
            marital_status="Domestic Partner",
            groups=["TagGroup.7.3"],
        )
        fmg.deliver(1, [sent], [group(3)])
        (row,) = fmg.contacts()
        assert row == {**{name: value for name, value in sent.items() if name != "op"}, "contact_id": "c-000001", "opted_out": False}
        assert fmg.get("/groups").json()["groups"] == [{"group_id": "g-1", "source_id": "TagGroup.7.3", "name": "Newsletter"}]

    @pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"limit": "ten"}])
    def test_limits_out_of_range(self, fmg: Fmg, query: dict[str, Any]) -> None:
        answer = fmg.get("/contacts", **query)
        assert (answer.status_code, error_code(answer)) == (422, "INVALID")

    def test_who_may_call(self, box: SandboxServer, control: Control) -> None:
        control.call("POST", "/fmg/accounts", {"account": "FMG-2", "name": "Harbor", "api_key": "other-key"})
        wrong = {"FMG-1001": "nobody", "FMG-2": "sandbox-key", "FMG-9": "sandbox-key"}
        answers = [Fmg(box.url, account, key).get() for account, key in wrong.items()]
        assert [answer.status_code for answer in answers] == [401, 403, 404]
        assert [error_code(answer) for answer in answers] == ["AUTH_FAILED", "FORBIDDEN", "NOT_FOUND"]


class TestOptOuts:
    @pytest.mark.requirement("FMG-06")
    def test_they_survive_every_replacement(self, fmg: Fmg, control: Control) -> None:
        fmg.deliver(1, [contact(1), contact(2)])
        revision = fmg.get().json()["revision"]
        control.call("POST", "/fmg/accounts/FMG-1001/opt-outs", {"email": "QUINN1@example.test"})
        assert fmg.get().json()["revision"] == revision
        fmg.deliver(2, [contact(2)])
        fmg.deliver(3, [contact(1, opted_out=False), contact(2)])
        assert {row["source_id"]: row["opted_out"] for row in fmg.contacts()} == {"Contact.7.1": True, "Contact.7.2": False}
        (entry,) = fmg.get("/opt-outs").json()["opt_outs"]
        assert (entry["email"], entry["source_id"], entry["opted_out_at"][-1]) == ("QUINN1@example.test", "Contact.7.1", "Z")

    def test_they_belong_to_the_address(self, fmg: Fmg, control: Control) -> None:
        fmg.deliver(1, [contact(1)])
        control.call("POST", "/fmg/accounts/FMG-1001/opt-outs", {"email": "quinn1@example.test"})
        fmg.deliver(2, [contact(1, email="new@example.test"), contact(2, email="Quinn1@Example.test")])
        assert {row["source_id"]: row["opted_out"] for row in fmg.contacts()} == {"Contact.7.1": False, "Contact.7.2": True}

    def test_an_import_may_add_but_not_remove(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(1, opted_out=True), contact(2)])
        fmg.deliver(2, [contact(1, opted_out=False), contact(2)])
        assert [row["opted_out"] for row in fmg.contacts()] == [True, False]

    def test_pages(self, fmg: Fmg, control: Control) -> None:
        for name in ("c", "a", "b+x"):
            control.call("POST", "/fmg/accounts/FMG-1001/opt-outs", {"email": f"{name}@example.test"})
        first = fmg.get("/opt-outs", limit=2).json()
        second = fmg.get("/opt-outs", limit=2, after=first["next"]).json()
        assert [entry["email"] for entry in first["opt_outs"] + second["opt_outs"]] == [
            "a@example.test",
            "b+x@example.test",
            "c@example.test",
        ]
        assert (first["total"], second["next"]) == (3, None)


class TestLock:
    @pytest.mark.requirement("FMG-10")
    def test_edits_by_hand_work_until_a_source_manages_the_list(self, fmg: Fmg) -> None:
        new = {name: value for name, value in contact(1).items() if name not in ("op", "source_id")}
        added = fmg.write("POST", "/contacts", new)
        assert (added.status_code, added.json()["contact_id"], added.json()["source_id"]) == (201, "c-000001", None)
        assert fmg.write("PATCH", "/contacts/c-000001", {"city": "Salem"}).json()["city"] == "Salem"
        assert fmg.write("POST", "/groups", {"name": "VIP"}).status_code == 201
        assert fmg.write("PATCH", "/groups/g-1", {"name": "VIPs"}).json()["name"] == "VIPs"
        assert fmg.get().json()["revision"] == 4
        fmg.deliver(1, [contact(2)])
        calls = [
            ("POST", "/contacts", new),
            ("PATCH", "/contacts/c-000002", {"city": "X"}),
            ("DELETE", "/contacts/c-000002", {}),
            ("POST", "/groups", {"name": "X"}),
        ]
        answers = [fmg.write(*call) for call in calls]
        assert [(answer.status_code, error_code(answer)) for answer in answers] == [(423, "MANAGED_ELSEWHERE")] * 4
        assert fmg.contacts()[0]["city"] == ""

    def test_rules_hold_for_edits_by_hand(self, fmg: Fmg) -> None:
        fmg.write("POST", "/contacts", {"last_name": "One", "email": "one@example.test"})
        wrong = [
            {"last_name": ""},
            {"last_name": "X", "email": "x"},
            {"last_name": "X", "source_id": "Contact.7.1"},
            {"last_name": "X", "groups": ["g-9"]},
        ]
        assert [fmg.write("POST", "/contacts", body).status_code for body in wrong] == [422, 422, 422, 404]
        assert error_code(fmg.write("POST", "/contacts", {"last_name": "Two", "email": "ONE@example.test"})) == "EMAIL_NOT_UNIQUE"
        assert fmg.write("DELETE", "/contacts/c-000404", {}).status_code == 404
        assert fmg.write("DELETE", "/contacts/c-000001", {}).status_code == 200
        assert fmg.contacts() == []


def test_limits_are_off_until_switched_on(fmg: Fmg, control: Control) -> None:
    assert {fmg.get().status_code for _ in range(40)} == {200}
    control.call("PATCH", "/settings", {"fmg_requests_per_second": 2})
    answers = [fmg.get() for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert answers[0].status_code == 200
    assert refused
    assert (error_code(refused[0]), refused[0].headers["Retry-After"]) == ("RATE_LIMITED", "1")
    control.call("PATCH", "/settings", {"fmg_requests_per_second": 0})
    assert fmg.get().status_code == 200
