"""Mindmatrix of the sandbox, asked as its contract page says."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control
from sandbox.crm_callers import Mindmatrix, person

ORGANIZATION = "/mindmatrix/organizations/MM-2001"


@pytest.fixture
def mindmatrix(box: SandboxServer) -> Mindmatrix:
    return Mindmatrix(box.url)


@pytest.fixture
def delivery(mindmatrix: Mindmatrix) -> str:
    return str(mindmatrix.open().json()["delivery_id"])


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_each_record_is_visible_at_once(mindmatrix: Mindmatrix, delivery: str) -> None:
    answer = mindmatrix.send(delivery, person(1), person(2, zip="x" * 21), person(3, email="", mobile="555"), person(4, email="")).json()
    assert sorted(answer["accepted"]) == ["1", "3"]
    assert {(one["key"], one["code"], one["field"]) for one in answer["rejected"]} == {("2", "INVALID", "zip"), ("4", "INVALID", "email")}
    assert [row["source_id"] for row in mindmatrix.contacts().values()] == ["1", "3"]
    about = mindmatrix.get().json()
    assert (about["generation"], about["last_snapshot"], about["contacts"]) == (0, 1, 2)


def test_finishing_counts_and_can_be_repeated(mindmatrix: Mindmatrix, delivery: str) -> None:
    mindmatrix.send(delivery, person(1))
    mindmatrix.send(delivery, person(1, title="again"))
    path = f"/deliveries/{delivery}/finish"
    assert code(mindmatrix.write(path, {"contacts": {"upsert": 2, "delete": 0}})) == (409, "COUNT_MISMATCH")
    first = mindmatrix.write(path, {"contacts": {"upsert": 1, "delete": 0}}).json()
    assert mindmatrix.write(path, {"contacts": {"upsert": 1, "delete": 0}}).json() == first
    assert (first["status"], first["generation"], first["contacts"]) == ("finished", 1, 1)
    assert code(mindmatrix.send(delivery, person(2))) == (409, "DELIVERY_CLOSED")


def test_an_open_delivery_is_gone_on_with_and_a_newer_one_closes_it(mindmatrix: Mindmatrix, delivery: str) -> None:
    again = mindmatrix.open()
    assert (again.status_code, again.json()["delivery_id"]) == (200, delivery)
    assert mindmatrix.open(2).status_code == 201
    assert code(mindmatrix.send(delivery, person(1))) == (409, "DELIVERY_CLOSED")
    assert code(mindmatrix.open(1)) == (409, "STALE_SNAPSHOT")


def test_one_source_and_an_acknowledgement(mindmatrix: Mindmatrix, delivery: str) -> None:
    assert code(mindmatrix.open(2, source={"system": "autotask", "user": "u"})) == (409, "MANAGED_ELSEWHERE")
    assert code(mindmatrix.open(2, opt_in_acknowledged=False)) == (422, "OPT_IN_REQUIRED")


def test_a_key_is_answered_once(mindmatrix: Mindmatrix, delivery: str) -> None:
    first = mindmatrix.send(delivery, person(1), key="k")
    mindmatrix.send(delivery, person(1, title="later"))
    assert mindmatrix.send(delivery, person(1), key="k").json() == first.json()
    assert [row["title"] for row in mindmatrix.contacts().values()] == ["later"]
    assert code(mindmatrix.send(delivery, person(2), key="k")) == (422, "KEY_REUSED")
    assert code(mindmatrix.send(delivery, person(2), key="")) == (422, "INVALID")


def test_an_address_has_one_holder(mindmatrix: Mindmatrix, delivery: str, control: Control) -> None:
    control.call("POST", f"{ORGANIZATION}/contacts", {"email": "By@hand.example", "city": "Salem"})
    mindmatrix.send(delivery, person(1))
    answer = mindmatrix.send(delivery, person(2, email="P1@EXAMPLE.test"), person(3, email="by@HAND.example")).json()
    assert (answer["accepted"], [one["code"] for one in answer["rejected"]]) == (["3"], ["EMAIL_TAKEN"])
    assert {row["source_id"]: key for key, row in mindmatrix.contacts().items()} == {"3": "m-000001", "1": "m-000002"}
    control.call("POST", f"{ORGANIZATION}/contacts", {"email": "other@hand.example"})
    assert mindmatrix.send(delivery, person(4, email="other@hand.example"), update=False).json()["skipped"] == ["4"]


def test_addresses_are_swapped_through_a_delete_first(mindmatrix: Mindmatrix, delivery: str) -> None:
    mindmatrix.send(delivery, person(1), person(2))
    first, second = mindmatrix.contacts()
    answer = mindmatrix.send(delivery, person(2, contact_id=second, email="p1@example.test"), deletes=[first]).json()
    assert sorted(answer["accepted"]) == sorted([first, "2"])
    assert {key: row["email"] for key, row in mindmatrix.contacts().items()} == {second: "p1@example.test"}


def test_an_id_that_was_there_can_be_named_again(mindmatrix: Mindmatrix, delivery: str) -> None:
    mindmatrix.send(delivery, person(1))
    mindmatrix.send(delivery, deletes=["m-000001", "m-000001x"])
    answer = mindmatrix.send(delivery, person(1, contact_id="m-000001"), person(2, contact_id="m-000009")).json()
    assert (answer["accepted"], answer["rejected"][0]["code"]) == (["1"], "NOT_FOUND")
    assert list(mindmatrix.contacts()) == ["m-000001"]


@pytest.mark.parametrize(
    "upserts",
    [
        [person(1), person(1)],
        [person(1, opt_in="opted_in")],
        [person(1, source_id="")],
        [person(1, contact_id="m-1"), person(2, contact_id="m-1")],
    ],
)
def test_a_batch_that_cannot_be_is_refused_whole(mindmatrix: Mindmatrix, delivery: str, upserts: Any) -> None:
    assert code(mindmatrix.send(delivery, person(9), *upserts)) == (422, "INVALID")
    assert mindmatrix.contacts() == {}


def test_a_batch_has_at_most_200_operations(mindmatrix: Mindmatrix, delivery: str) -> None:
    assert code(mindmatrix.send(delivery, *map(person, range(1, 202)))) == (413, "BATCH_TOO_LARGE")
    assert len(mindmatrix.send(delivery, *map(person, range(1, 201))).json()["accepted"]) == 200


def test_opt_in_belongs_to_the_address_and_stays(mindmatrix: Mindmatrix, delivery: str, control: Control) -> None:
    control.call("PATCH", f"{ORGANIZATION}/opt-in", {"P1@example.test": "opted_out", "p2@example.test": "opted_in"})
    mindmatrix.send(delivery, person(1), person(2), person(3))
    assert [row["opt_in"] for row in mindmatrix.contacts().values()] == ["opted_out", "opted_in", "unknown"]
    assert mindmatrix.get("/opt-outs").json()["opt_outs"] == [{"email": "p1@example.test"}]
    mindmatrix.send(delivery, deletes=["m-000001"])
    mindmatrix.send(delivery, person(5, email="p1@EXAMPLE.test"))
    assert mindmatrix.contacts()["m-000004"]["opt_in"] == "opted_out"


def test_pages_and_single_contacts(mindmatrix: Mindmatrix, delivery: str) -> None:
    mindmatrix.send(delivery, *map(person, range(1, 6)))
    first = mindmatrix.get("/contacts", limit=2).json()
    assert (len(first["contacts"]), first["total"], first["next"]) == (2, 5, "m-000002")
    last = mindmatrix.get("/contacts", limit=3, after=first["next"]).json()
    assert (len(last["contacts"]), last["next"], last["revision"]) == (3, None, first["revision"])
    assert mindmatrix.get("/contacts/m-000003").json()["source_id"] == "3"
    assert code(mindmatrix.get("/contacts/m-9")) == (404, "NOT_FOUND")
    assert code(mindmatrix.get("/contacts", limit=501)) == (422, "INVALID")


def test_who_may_call(box: SandboxServer, control: Control) -> None:
    control.call("POST", "/mindmatrix/organizations", {"organization": "MM-2", "api_key": "other-key"})
    answers = [
        Mindmatrix(box.url, name, key).get() for name, key in (("MM-2001", "none"), ("MM-2", "sandbox-key"), ("MM-9", "sandbox-key"))
    ]
    assert [code(one) for one in answers] == [(401, "AUTH_FAILED"), (403, "FORBIDDEN"), (404, "NOT_FOUND")]


def test_a_checkpoint_brings_all_back(mindmatrix: Mindmatrix, delivery: str, control: Control, box: SandboxServer) -> None:
    mindmatrix.send(delivery, person(1))
    number = control.call("POST", "/checkpoints").json()["checkpoint"]
    before = mindmatrix.contacts()
    mindmatrix.send(delivery, person(2), deletes=["m-000001"])
    Control(box.url).call("POST", f"/checkpoints/{number}/restore")
    again = Mindmatrix(box.url)
    assert again.contacts() == before
    assert again.send(delivery, person(2)).json()["accepted"] == ["2"]
