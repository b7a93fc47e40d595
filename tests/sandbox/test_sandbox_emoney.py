"""The sandbox's eMoney keeps its contract."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control, Emoney, error_code

VALUES = {"investment": {"assetName": "Fund"}, "policy": {"policyName": "Acme Term"}}


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("field", "")


class TestSigningIn:
    @pytest.mark.parametrize("kind", ["rsa", "ec"])
    def test_a_certificate_opens_the_firm(self, box: SandboxServer, kind: str) -> None:
        caller = Emoney(box.url, kind=kind)
        answer = requests.post(caller.token_url, data=caller.form(), timeout=10)
        assert answer.status_code == 200
        assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
        caller.http.headers["Authorization"] = "Bearer " + answer.json()["access_token"]
        firm = {"firmId": "EM-1001", "name": "Quill Planning", "clients": 0, "investments": 0, "policies": 0, "revision": 0}
        assert caller.get("/firm").json() == firm

    def test_without_a_kid_every_certificate_is_tried(self, box: SandboxServer, emoney: Emoney) -> None:
        Emoney(box.url)
        form = emoney.form(client_assertion=emoney.assertion(headers={}))
        assert requests.post(emoney.token_url, data=form, timeout=10).status_code == 200

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"scope": "openid"}, "invalid_scope"),
            ({"client_assertion_type": "x"}, "invalid_request"),
            ({"client_assertion": ""}, "invalid_request"),
            ({"client_assertion": "a.b.c"}, "invalid_client"),
        ],
    )
    def test_a_form_that_is_not_in_order(self, emoney: Emoney, changed: dict[str, str], code: str) -> None:
        answer = requests.post(emoney.token_url, data=emoney.form(**changed), timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (400, code)

    @pytest.mark.parametrize(
        "changed",
        [
            {"iss": "somebody"},
            {"sub": "somebody"},
            {"aud": "https://signin.example.com/connect/token"},
            {"exp": 1},
            {"exp": 4_000_000_000},
            {"exp": None},
            {"jti": None},
            {"nbf": 4_000_000_000},
            {"headers": {"kid": "unknown"}},
            {"key": "a shared secret that is long enough to be one", "algorithm": "HS256"},
            {"key": "", "algorithm": "none"},
        ],
    )
    def test_an_assertion_that_does_not_fit(self, emoney: Emoney, changed: dict[str, Any]) -> None:
        if changed.get("algorithm") == "none":
            head, claims, _ = emoney.assertion().split(".")
            assertion = f"{head}.{claims}."
        else:
            assertion = emoney.assertion(**changed)
        answer = requests.post(emoney.token_url, data=emoney.form(client_assertion=assertion), timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")

    def test_another_key_does_not_open_it(self, box: SandboxServer, control: Control, emoney: Emoney) -> None:
        other = Emoney(box.url)
        assertion = other.assertion(headers={"kid": emoney.key_id})
        answer = requests.post(emoney.token_url, data=emoney.form(client_assertion=assertion), timeout=10)
        assert answer.json()["error"] == "invalid_client"
        assert control.call("DELETE", f"/emoney/firms/EM-1001/certificates/{emoney.key_id}").json() == {"deleted": 1}
        assert requests.post(emoney.token_url, data=emoney.form(), timeout=10).json()["error"] == "invalid_client"

    def test_an_assertion_counts_once(self, emoney: Emoney) -> None:
        form = emoney.form()
        answers = [requests.post(emoney.token_url, data=form, timeout=10).status_code for _ in range(2)]
        assert answers == [200, 400]

    def test_token_and_api_key_are_both_needed(self, control: Control, emoney: Emoney) -> None:
        emoney.http.headers["apikey"] = "another"
        assert refusal(emoney.get("/firm")) == (403, "APIKEY_INVALID", "")
        emoney.http.headers["apikey"] = "sandbox-apikey"
        assert control.call("DELETE", "/emoney/firms/EM-1001/tokens").json() == {"ended": 1}
        assert refusal(emoney.get("/firm")) == (401, "TOKEN_INVALID", "")
        control.call("PATCH", "/emoney/firms/EM-1001", {"token_seconds": 7})
        assert requests.post(emoney.token_url, data=emoney.form(), timeout=10).json()["expires_in"] == 7


@pytest.mark.requirement("EMON-05")
class TestClients:
    def test_a_client_is_read_back_as_it_was_sent(self, emoney: Emoney) -> None:
        made = emoney.client(externalId="Contact.7.1", firstName="Zoë", city="Salem")
        assert (made["clientId"], made["externalId"], made["revision"], made["spouse"]) == ("2301", "Contact.7.1", 1, None)
        assert (made["firstName"], made["city"], made["workFax"]) == ("Zoë", "Salem", "")
        assert emoney.get("/clients/2301").json() == made
        assert emoney.get("/clients").json() == {"clients": [made], "total": 1, "revision": 1, "next": None}

    def test_pages_and_the_search_by_external_id(self, emoney: Emoney) -> None:
        for number in range(5):
            emoney.client(externalId=f"Contact.7.{number}")
        first = emoney.get("/clients", limit=3).json()
        second = emoney.get("/clients", limit=3, after=first["next"]).json()
        assert [len(first["clients"]), len(second["clients"]), first["total"], second["next"]] == [3, 2, 5, None]
        found = emoney.get("/clients", externalId="Contact.7.3").json()
        assert ([one["externalId"] for one in found["clients"]], found["total"]) == (["Contact.7.3"], 1)
        assert emoney.get("/clients", externalId="contact.7.3").json()["total"] == 0
        assert refusal(emoney.get("/clients", limit=501))[:2] == (422, "INVALID")

    def test_an_external_id_is_taken_once(self, emoney: Emoney) -> None:
        made = emoney.client(externalId="Contact.7.1")
        answer = emoney.write("POST", "/clients", {"lastName": "Other", "externalId": "Contact.7.1"})
        assert refusal(answer)[:2] == (409, "EXTERNAL_ID_TAKEN")
        assert answer.json()["error"]["clientId"] == made["clientId"]

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"lastName": ""}, "lastName"),
            ({"lastName": "Q" * 101}, "lastName"),
            ({"dateOfBirth": "1961-02-30"}, "dateOfBirth"),
            ({"maritalStatus": "married"}, "maritalStatus"),
            ({"email": "@"}, "email"),
            ({"zip": 97301}, "zip"),
            ({"ssn": "1"}, "ssn"),
            ({"spouse": {}}, "spouse"),
        ],
    )
    def test_a_field_that_breaks_its_rule_is_named(self, emoney: Emoney, fields: dict[str, Any], field: str) -> None:
        assert refusal(emoney.write("POST", "/clients", {"lastName": "Quill", **fields})) == (422, "INVALID", field)
        assert emoney.get("/clients").json()["total"] == 0

    def test_a_change_names_the_revision_it_changes(self, emoney: Emoney) -> None:
        path = "/clients/" + emoney.client(city="Salem")["clientId"]
        changed = emoney.write("PUT", path, {"zip": "97301"}, revision=1).json()
        assert (changed["revision"], changed["city"], changed["zip"]) == (2, "Salem", "97301")
        assert refusal(emoney.write("PUT", path, {"zip": "1"}, revision=1))[:2] == (412, "CHANGED")
        assert refusal(emoney.write("PUT", path, {"zip": "1"}))[:2] == (422, "INVALID")
        assert emoney.write("PUT", path, {"zip": "97301"}, revision=2).json()["revision"] == 2
        assert refusal(emoney.write("PUT", "/clients/9", {"zip": "1"}, revision=2))[:2] == (404, "NOT_FOUND")

    @pytest.mark.requirement("EMON-02")
    def test_marriage_before_spouse(self, emoney: Emoney) -> None:
        path = "/clients/" + emoney.client()["clientId"]
        ann = {"firstName": "Ann", "lastName": "Quill"}
        assert refusal(emoney.write("PUT", f"{path}/spouse", ann, revision=1))[:2] == (409, "MARITAL_STATUS_MISSING")
        emoney.write("PUT", path, {"maritalStatus": "Domestic Partner"}, revision=1)
        wed = emoney.write("PUT", f"{path}/spouse", ann, revision=2).json()
        assert (wed["spouse"]["firstName"], wed["spouse"]["cellPhone"], wed["revision"]) == ("Ann", "", 3)
        for name in ("email", "homePhone", "fax", "addressLine1", "maritalStatus"):
            assert refusal(emoney.write("PUT", f"{path}/spouse", {**ann, name: "x"}, revision=3)) == (422, "INVALID", name)
        assert emoney.write("DELETE", f"{path}/spouse", revision=3).json()["spouse"] is None
        assert emoney.write("DELETE", f"{path}/spouse", revision=4).json()["revision"] == 4

    @pytest.mark.requirement("SAFE-5")
    def test_a_key_is_answered_as_the_first_time(self, emoney: Emoney) -> None:
        body = {"lastName": "Quill", "externalId": "Contact.7.1"}
        answers = [emoney.write("POST", "/clients", body, key="k1").json() for _ in range(3)]
        assert answers[0] == answers[1] == answers[2]
        assert emoney.get("/clients").json()["total"] == 1
        assert refusal(emoney.write("POST", "/clients", {"lastName": "Other"}, key="k1"))[:2] == (422, "KEY_REUSED")
        assert refusal(emoney.write("POST", "/clients", body, key=""))[:2] == (422, "INVALID")
        path = f"/clients/{answers[0]['clientId']}"
        first = emoney.write("PUT", path, {"zip": "1"}, key="k2", revision=1)
        assert emoney.write("PUT", path, {"zip": "1"}, key="k2", revision=2).json() == first.json()


@pytest.mark.requirement("EMON-06", "EMON-08")
class TestConnections:
    def test_one_connection_a_client(self, emoney: Emoney) -> None:
        client_id = emoney.client()["clientId"]
        assert emoney.get(f"/clients/{client_id}/connections").json() == {"connections": []}
        assert emoney.connection(client_id) == emoney.connection(client_id) == "cn-1"
        known = {"connectionId": "cn-1", "clientId": client_id, "institution": "SmartOffice (Ebix CRM)"}
        assert emoney.get(f"/clients/{client_id}/connections").json() == {"connections": [known]}
        assert refusal(emoney.write("POST", f"/clients/{client_id}/connections", {"institution": "Bank"})) == (
            422,
            "INVALID",
            "institution",
        )

    def test_what_is_announced_is_available_until_it_is_linked(self, emoney: Emoney) -> None:
        path = "/connections/" + emoney.connection(emoney.client()["clientId"])
        items = [{"itemId": f"Policy.7.{number}", "kind": "policy", "name": "Term", "detail": "***1234"} for number in (1, 2)]
        bad = {"itemId": "Policy.7.3", "kind": "boat", "name": "Boat"}
        told = emoney.write("POST", f"{path}/notices", {"items": [*items, bad]}).json()
        assert (told["accepted"], told["rejected"]) == (
            ["Policy.7.1", "Policy.7.2"],
            [{"key": "Policy.7.3", "code": "INVALID", "field": "kind"}],
        )
        emoney.write("POST", f"{path}/notices", {"items": [{**items[0], "name": "Term 20"}]})
        listed = emoney.get(f"{path}/available").json()
        assert [(one["itemId"], one["name"]) for one in listed["available"]] == [("Policy.7.1", "Term 20"), ("Policy.7.2", "Term")]
        linked(emoney, path, "Policy.7.1", "policy", "Term Life")
        assert [one["itemId"] for one in emoney.get(f"{path}/available").json()["available"]] == ["Policy.7.2"]
        assert emoney.write("POST", f"{path}/notices", {"items": items[:1]}).json()["accepted"] == ["Policy.7.1"]
        assert emoney.get(f"{path}/available").json()["total"] == 1

    def test_a_link_is_classified_and_made_once(self, emoney: Emoney) -> None:
        path = "/connections/" + emoney.connection(emoney.client()["clientId"])
        made = linked(emoney, path, "Investment.7.1", "investment", "Brokerage", cashBalance="-20.00").json()
        assert (made["linkId"], made["revision"], made["status"], made["values"]["cashBalance"]) == ("l-1", 1, "current", "-20.00")
        assert made["lastRefreshedAt"] == made["linkedAt"]
        again = linked(emoney, path, "Investment.7.1", "investment", "Brokerage")
        assert (refusal(again)[:2], again.json()["error"]["linkId"]) == ((409, "ALREADY_LINKED"), "l-1")
        assert refusal(linked(emoney, path, "Investment.7.2", "investment", "Term Life")) == (422, "INVALID", "assetType")
        other = "/connections/" + emoney.connection(emoney.client()["clientId"])
        assert linked(emoney, other, "Investment.7.1", "investment", "Cash").status_code == 201
        accounts = emoney.get("/connections/accounts", limit=1).json()
        assert (accounts["total"], accounts["next"]) == (2, "l-1")
        assert [one["linkId"] for one in emoney.get("/connections/accounts", clientId=made["clientId"]).json()["accounts"]] == ["l-1"]
        assert emoney.get("/firm").json()["investments"] == 2

    @pytest.mark.requirement("EMON-09", "EMON-10")
    @pytest.mark.parametrize(
        ("kind", "field", "good", "bad"),
        [
            (
                "investment",
                "cashBalance",
                ["", "0.00", "-20.00", "123456789012345.67"],
                ["1", "1.5", "1,000.00", "$1.00", "+1.00", "1e3", 1.0],
            ),
            ("policy", "deathBenefit", ["", "250000.00"], ["250000", " 1.00", "1234567890123456.00"]),
            ("policy", "policyNumber", ["", "***", "***1234"], ["PL-00981234", "12341234", "1234567", "****12345"]),
            ("policy", "policyName", ["Acme"], [""]),
        ],
    )
    def test_values_keep_their_rules(self, emoney: Emoney, kind: str, field: str, good: list[str], bad: list[Any]) -> None:
        path = "/connections/" + emoney.connection(emoney.client()["clientId"])
        for number, value in enumerate([*good, *bad]):
            answer = linked(emoney, path, f"Policy.7.{number}", kind, "Other", **{field: value})
            assert answer.status_code == (201 if value in good else 422), value

    @pytest.mark.requirement("EMON-07")
    def test_values_are_put_item_by_item(self, emoney: Emoney) -> None:
        path = "/connections/" + emoney.connection(emoney.client()["clientId"])
        for number in range(1, 5):
            linked(emoney, path, f"Investment.7.{number}", "investment", "Brokerage", owner="Quinn")
        items = [
            {"linkId": "l-1", "revision": 1, "values": {"holdingsValue": "5.00"}},
            {"linkId": "l-2", "revision": 1},
            {"linkId": "l-3", "revision": 1, "missing": True},
            {"linkId": "l-4", "revision": 7, "values": {"holdingsValue": "5.00"}},
            {"linkId": "l-5", "revision": 1},
        ]
        told = emoney.write("PUT", "/connections/values", {"items": items}).json()
        assert told["accepted"] == ["l-1", "l-2", "l-3"]
        assert told["rejected"] == [{"key": "l-4", "code": "CHANGED"}, {"key": "l-5", "code": "NOT_FOUND"}]
        held = {one["linkId"]: one for one in emoney.get("/connections/accounts").json()["accounts"]}
        assert [(held[key]["revision"], held[key]["status"]) for key in ("l-1", "l-2", "l-3", "l-4")] == [
            (2, "current"),
            (1, "current"),
            (2, "missing"),
            (1, "current"),
        ]
        assert held["l-1"]["values"]["owner"] == "Quinn"
        back = emoney.write("PUT", "/connections/values", {"items": [{"linkId": "l-3", "revision": 2}]})
        assert back.json()["accepted"] == ["l-3"]
        for wrong in ([items[1]] * 2, [{"linkId": f"l-{n}", "revision": 1} for n in range(101)], "l-1", [{}]):
            assert refusal(emoney.write("PUT", "/connections/values", {"items": wrong}))[:2] == (422, "INVALID")


def linked(emoney: Emoney, path: str, item_id: str, kind: str, asset_type: str, **values: Any) -> requests.Response:
    decision = {"itemId": item_id, "kind": kind, "assetType": asset_type, "ownership": "Client"}
    return emoney.write("POST", f"{path}/links", {**decision, "values": {**VALUES[kind], **values}})


class TestLimit:
    def test_sixty_a_minute_and_no_more(self, control: Control, emoney: Emoney) -> None:
        answers = [emoney.get("/firm") for _ in range(61)]
        assert [answer.status_code for answer in answers] == [200] * 60 + [429]
        assert ("Retry-After" in answers[-1].headers, error_code(answers[-1])) == (False, "RATE_LIMITED")
        control.call("PATCH", "/settings", {"emoney_retry_after": True})
        assert 1 <= int(emoney.get("/firm").headers["Retry-After"]) <= 60
        control.call("PATCH", "/settings", {"emoney_requests": 0})
        assert emoney.get("/firm").status_code == 200

    @pytest.mark.parametrize("body", [{"emoney_requests": -1}, {"emoney_retry_after": 1}, {"emoney_window_seconds": "1"}])
    def test_settings_that_make_no_sense(self, box: SandboxServer, control: Control, body: Any) -> None:
        assert control.call("PATCH", "/settings", body).status_code == 422


class TestControl:
    def test_drift_and_what_goes_with_a_client(self, control: Control, emoney: Emoney) -> None:
        firm = "/emoney/firms/EM-1001"
        made = control.call("POST", f"{firm}/clients", {"lastName": "Quill", "maritalStatus": "", "spouse": {"lastName": "Q"}}).json()
        path = "/connections/" + emoney.connection(made["clientId"])
        linked(emoney, path, "Investment.7.1", "investment", "Cash")
        assert control.call("PATCH", f"{firm}/links/l-1", {"owner": "Ann"}).json()["revision"] == 2
        assert control.call("PATCH", f"{firm}/clients/{made['clientId']}", {"city": "Salem", "spouse": None}).json()["revision"] == 3
        assert control.get(f"{firm}/links")["total"] == 1
        assert control.call("DELETE", f"{firm}/clients/{made['clientId']}").json() == {"deleted": 1}
        assert (control.get(f"{firm}/links")["total"], control.get(firm)["connections"]) == (0, 0)

    def test_firms_are_apart(self, box: SandboxServer, control: Control, emoney: Emoney) -> None:
        emoney.client()
        body = {"firm": "EM-7", "client_id": "other", "clients": [{"lastName": "A"}, {"lastName": "B"}]}
        assert control.call("POST", "/emoney/firms", body).json()["clients"] == 2
        assert control.call("POST", "/emoney/firms", {"firm": "EM-8", "client_id": "other"}).status_code == 422
        other = Emoney(box.url, "EM-7", "other")
        other.sign_in()
        assert [other.get("/clients").json()["total"], emoney.get("/clients").json()["total"]] == [2, 1]
        assert other.get("/clients/2303").status_code == 404
        assert control.call("DELETE", "/emoney/firms/EM-7").json() == {"deleted": 1}
        assert refusal(other.get("/firm"))[:2] == (401, "TOKEN_INVALID")

    def test_a_checkpoint_brings_firm_keys_and_tokens_back(self, control: Control, emoney: Emoney) -> None:
        first = emoney.write("POST", "/clients", {"lastName": "Quill"}, key="k1").json()
        number = control.call("POST", "/checkpoints").json()["checkpoint"]
        emoney.client()
        control.call("POST", f"/checkpoints/{number}/restore")
        assert emoney.get("/clients").json()["total"] == 1
        assert emoney.write("POST", "/clients", {"lastName": "Quill"}, key="k1").json() == first
        assert emoney.client()["clientId"] == "2302"

    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            ({"kind": "expired"}, 401),
            ({"kind": "rate_limited", "retry_after": None}, 429),
            ({"kind": "error"}, 500),
            ({"kind": "status", "status": 502}, 502),
        ],
    )
    def test_faults_strike_by_operation(self, control: Control, emoney: Emoney, fault: dict[str, Any], status: int) -> None:
        control.fault(system="emoney", firm="EM-1001", match="create client", **fault)
        assert emoney.get("/firm").status_code == 200
        assert emoney.write("POST", "/clients", {"lastName": "Q"}).status_code == status
        assert emoney.sign_in()
        assert emoney.get("/clients").json()["total"] == 0
        assert [entry["fault"] for entry in control.get("/requests", system="emoney")["requests"] if entry["fault"]] == [fault["kind"]]

    def test_an_answer_lost_after_the_commit(self, control: Control, emoney: Emoney) -> None:
        control.fault(system="emoney", kind="lost_answer", match="create client")
        with pytest.raises(requests.ConnectionError):
            emoney.write("POST", "/clients", {"lastName": "Q"}, key="k1")
        assert emoney.write("POST", "/clients", {"lastName": "Q"}, key="k1").status_code == 201
        assert emoney.get("/clients").json()["total"] == 1
