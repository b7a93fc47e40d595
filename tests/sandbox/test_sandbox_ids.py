"""FMG ids that come back: what the account had, however it left, may be made again under its id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.callers import Control, Fmg, contact, error_code, group

ACCOUNT = "/fmg/accounts/FMG-1001"
Leave = Callable[[Fmg, Control], None]


def by_replace(fmg: Fmg, _: Control) -> None:
    fmg.deliver(2, [contact(2)])


def by_delta(fmg: Fmg, _: Control) -> None:
    fmg.deliver(2, [{"op": "delete", "contact_id": "c-000001"}], [{"op": "delete", "group_id": "g-1"}], mode="delta")


def behind_its_back(_: Fmg, control: Control) -> None:
    assert control.call("DELETE", f"{ACCOUNT}/contacts/c-000001").status_code == 200
    assert control.call("DELETE", f"{ACCOUNT}/groups/g-1").status_code == 200


def sent(fmg: Fmg, snapshot: int, contacts: list[dict[str, Any]], groups: list[dict[str, Any]] | None = None, mode: str = "delta") -> Any:
    """One part of an import, and its commit with as many upserts as were accepted."""
    job = fmg.open(snapshot, mode).json()["import_id"]
    taken = fmg.part(job, 1, contacts=contacts, groups=groups or []).json()
    refused = {one["key"] for one in taken["rejected"]}
    counts = [(sum(one["op"] == "upsert" and one["source_id"] not in refused for one in listed), 0) for listed in (contacts, groups or [])]
    return taken, fmg.commit(job, contacts=counts[0], groups=counts[1])


@pytest.mark.requirement("SAFE-7")
class TestComeBack:
    @pytest.mark.parametrize("leave", [by_replace, by_delta, behind_its_back])
    @pytest.mark.parametrize("mode", ["delta", "replace"])
    def test_under_its_id_however_it_left(self, fmg: Fmg, control: Control, leave: Leave, mode: str) -> None:
        fmg.deliver(1, [contact(1, groups=["TagGroup.7.1"], city="Salem"), contact(2)], [group(1)])
        leave(fmg, control)
        assert [row["contact_id"] for row in fmg.contacts()] == ["c-000002"]
        back = contact(1, contact_id="c-000001", nickname="Q", groups=["TagGroup.7.1"])
        taken, done = sent(fmg, 9, [back, contact(2)], [group(1) | {"group_id": "g-1"}], mode)
        assert (taken["rejected"], done.status_code) == ([], 200)
        rows = {row["source_id"]: row for row in fmg.contacts()}
        assert {source_id: row["contact_id"] for source_id, row in rows.items()} == {"Contact.7.1": "c-000001", "Contact.7.2": "c-000002"}
        assert (rows["Contact.7.1"]["nickname"], rows["Contact.7.1"]["city"], rows["Contact.7.1"]["groups"]) == ("Q", "", ["TagGroup.7.1"])
        assert [one["group_id"] for one in fmg.get("/groups").json()["groups"]] == ["g-1"]

    def test_what_was_there_before_any_import(self, fmg: Fmg, control: Control) -> None:
        own = {"contacts": [{"last_name": "Own"}], "groups": [{"name": "Own"}]}
        control.call("POST", "/fmg/accounts", {"account": "FMG-1001", "name": "S", **own})
        by_hand = fmg.write("POST", "/contacts", {"last_name": "Hand"}).json()["contact_id"]
        assert fmg.write("DELETE", f"/contacts/{by_hand}", {}).status_code == 200
        fmg.deliver(1, [contact(1)])
        upserts = [contact(number, source_id="", contact_id=key) for number, key in ((8, "c-000001"), (9, by_hand))]
        taken, done = sent(fmg, 2, upserts, [{"op": "upsert", "source_id": "", "group_id": "g-1", "name": "Own again"}])
        assert (taken["accepted"], done.status_code) == (["g-1", "c-000001", by_hand], 200)
        assert [(row["contact_id"], row["source_id"]) for row in fmg.contacts() if row["source_id"] is None] == [
            ("c-000001", None),
            (by_hand, None),
        ]
        assert fmg.get("/groups").json()["groups"] == [{"group_id": "g-1", "source_id": None, "name": "Own again"}]

    def test_an_opt_out_still_holds(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(1, opted_out=True)])
        fmg.deliver(2, [])
        sent(fmg, 3, [contact(1, contact_id="c-000001", opted_out=False)])
        assert [row["opted_out"] for row in fmg.contacts()] == [True]

    def test_only_who_asks_for_its_id_gets_it(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(1)])
        fmg.deliver(2, [])
        fmg.deliver(3, [contact(1)])
        assert [row["contact_id"] for row in fmg.contacts()] == ["c-000002"]
        fmg.deliver(4, [contact(1, contact_id="c-000001")])
        fmg.deliver(5, [contact(1), contact(2)])
        assert [row["contact_id"] for row in fmg.contacts()] == ["c-000001", "c-000003"]


class TestRefused:
    def test_what_the_account_never_had(self, fmg: Fmg, control: Control) -> None:
        control.call("POST", "/fmg/accounts", {"account": "FMG-2", "contacts": [{"last_name": str(number)} for number in range(9)]})
        fmg.deliver(1, [contact(1)], [group(1)])
        strangers = ["c-000002", "c-1", "g-1", "C-000001", "i-1"]
        upserts = [contact(number, contact_id=key) for number, key in enumerate(strangers, 2)]
        taken, done = sent(fmg, 2, upserts, [group(2) | {"group_id": "c-000001"}, group(3) | {"group_id": "g-2"}])
        assert [(one["key"], one["code"], one["field"]) for one in taken["rejected"]] == [
            *((f"TagGroup.7.{number}", "NOT_FOUND", "group_id") for number in (2, 3)),
            *((f"Contact.7.{number}", "NOT_FOUND", "contact_id") for number in range(2, 7)),
        ]
        assert (done.status_code, [row["contact_id"] for row in fmg.contacts()]) == (200, ["c-000001"])

    def test_ids_of_an_import_that_was_not_committed(self, fmg: Fmg) -> None:
        same = [contact(number, email="same@example.test") for number in (1, 2)]
        assert error_code(sent(fmg, 1, same)[1]) == "EMAIL_NOT_UNIQUE"
        taken, _ = sent(fmg, 2, [contact(1, contact_id="c-000001")])
        assert [one["code"] for one in taken["rejected"]] == ["NOT_FOUND"]

    def test_an_account_that_was_replaced_has_had_nothing(self, fmg: Fmg, control: Control) -> None:
        fmg.deliver(1, [contact(1)])
        control.call("POST", "/fmg/accounts", {"account": "FMG-1001", "name": "S"})
        taken, _ = sent(fmg, 1, [contact(1, contact_id="c-000001")])
        assert [one["code"] for one in taken["rejected"]] == ["NOT_FOUND"]

    @pytest.mark.parametrize("parts", [1, 2])
    def test_two_upserts_of_one_id(self, fmg: Fmg, parts: int) -> None:
        fmg.deliver(1, [contact(1), contact(2)])
        fmg.deliver(2, [contact(2)])
        job = fmg.open(3, "delta").json()["import_id"]
        upserts = [contact(number, contact_id="c-000001") for number in (1, 5)]
        for number in range(parts):
            fmg.part(job, number + 1, contacts=upserts[number::parts])
        answer = fmg.commit(job, parts=parts, contacts=(2, 0))
        assert (answer.status_code, error_code(answer)) == (422, "INVALID")
        assert [row["contact_id"] for row in fmg.contacts()] == ["c-000002"]
        assert error_code(fmg.commit(job, parts=parts, contacts=(2, 0))) == "IMPORT_CLOSED"

    def test_a_source_id_that_another_record_has(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(1), contact(2)])
        fmg.deliver(2, [contact(2)])
        thief = contact(2, contact_id="c-000001", email="thief@example.test")
        assert error_code(sent(fmg, 3, [thief])[1]) == "INVALID"
        assert [(row["contact_id"], row["source_id"]) for row in fmg.contacts()] == [("c-000002", "Contact.7.2")]
        fmg.deliver(4, [thief, {"op": "delete", "contact_id": "c-000002"}], mode="delta")
        assert [(row["contact_id"], row["source_id"]) for row in fmg.contacts()] == [("c-000001", "Contact.7.2")]

    @pytest.mark.parametrize("named", [{}, {"contact_id": "c-000001"}])
    def test_an_upsert_of_what_the_same_import_deletes(self, fmg: Fmg, named: dict[str, str]) -> None:
        fmg.deliver(1, [contact(1)])
        job = fmg.open(2, "delta").json()["import_id"]
        fmg.part(job, 1, contacts=[contact(1, city="Salem", **named), {"op": "delete", "contact_id": "c-000001"}])
        assert error_code(fmg.commit(job, contacts=(1, 1))) == "INVALID"
        assert [(row["contact_id"], row["city"]) for row in fmg.contacts()] == [("c-000001", "")]
