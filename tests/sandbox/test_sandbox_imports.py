from __future__ import annotations

from typing import Any

import pytest

from sandbox.callers import Control, Fmg, contact, error_code, group


def delete(contact_id: str) -> dict[str, Any]:
    return {"op": "delete", "contact_id": contact_id}


class TestImport:
    def test_nothing_is_visible_before_the_commit_and_all_of_it_after(self, fmg: Fmg) -> None:
        job = fmg.open(12).json()
        assert (job["import_id"], job["status"]) == ("i-1", "open")
        fmg.part("i-1", 1, groups=[group(3)])
        taken = fmg.part("i-1", 2, contacts=[contact(1, groups=["TagGroup.7.3"]), contact(2)]).json()
        assert taken == {"part": 2, "accepted": ["Contact.7.1", "Contact.7.2"], "rejected": []}
        assert (fmg.contacts(), fmg.get().json()["revision"]) == ([], 0)
        done = fmg.commit("i-1", parts=2, contacts=(2, 0), groups=(1, 0)).json()
        assert done == {"import_id": "i-1", "status": "committed", "generation": 1, "revision": 1, "contacts": 2, "groups": 1}
        state = fmg.get().json()
        assert (state["generation"], state["last_snapshot"], state["managed_by"]) == (1, 12, {"system": "smartoffice", "office": "DEMO01"})

    def test_a_replace_leaves_exactly_its_upserts_and_keeps_ids(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(number) for number in range(5)], [group(1), group(2)])
        before = {row["source_id"]: row["contact_id"] for row in fmg.contacts()}
        fmg.deliver(2, [contact(3), contact(4), contact(9)], [group(2)])
        after = {row["source_id"]: row["contact_id"] for row in fmg.contacts()}
        assert after == {"Contact.7.3": before["Contact.7.3"], "Contact.7.4": before["Contact.7.4"], "Contact.7.9": "c-000006"}
        assert [row["group_id"] for row in fmg.get("/groups").json()["groups"]] == ["g-2"]

    def test_a_delta_leaves_the_rest_alone(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(number, groups=["TagGroup.7.1"]) for number in range(4)], [group(1)])
        fmg.deliver(2, [contact(1, city="Salem"), contact(8), delete("c-000001"), delete("c-999999")], mode="delta")
        rows = {row["source_id"]: row for row in fmg.contacts()}
        assert sorted(rows) == ["Contact.7.1", "Contact.7.2", "Contact.7.3", "Contact.7.8"]
        assert (rows["Contact.7.1"]["city"], rows["Contact.7.1"]["groups"]) == ("Salem", [])
        assert rows["Contact.7.2"]["groups"] == ["TagGroup.7.1"]

    def test_a_deleted_group_leaves_no_memberships(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(1, groups=["TagGroup.7.1", "TagGroup.7.2"])], [group(1), group(2)])
        fmg.deliver(2, [], [{"op": "delete", "group_id": "g-1"}], mode="delta")
        assert fmg.contacts()[0]["groups"] == ["TagGroup.7.2"]

    def test_adoption_by_contact_id_and_upserts_without_source_id(self, fmg: Fmg, control: Control) -> None:
        own = [{"last_name": "Own", "email": "own@example.test"}, {"last_name": "Other", "email": "other@example.test"}]
        control.call("POST", "/fmg/accounts/FMG-1001/contacts", {"contacts": own})
        assert [row["source_id"] for row in fmg.contacts()] == [None, None]
        job = fmg.open(1, "delta").json()["import_id"]
        upserts = [contact(1, contact_id="c-000001"), contact(2, source_id="", contact_id="c-000002")]
        assert fmg.part(job, 1, contacts=upserts).json()["accepted"] == ["Contact.7.1", "c-000002"]
        assert fmg.commit(job, contacts=(2, 0)).status_code == 200
        assert [(row["contact_id"], row["source_id"]) for row in fmg.contacts()] == [("c-000001", "Contact.7.1"), ("c-000002", None)]

    def test_groups_without_source_id_are_named_by_their_own(self, fmg: Fmg, control: Control) -> None:
        account = {"account": "FMG-1001", "name": "S", "groups": [{"name": "VIP"}], "contacts": [{"last_name": "Own", "groups": ["g-1"]}]}
        control.call("POST", "/fmg/accounts", account)
        assert fmg.contacts()[0]["groups"] == ["g-1"]
        upserts = [{"op": "upsert", "source_id": "TagGroup.7.3", "group_id": "g-1", "name": "VIP"}]
        fmg.deliver(1, [], upserts, mode="delta")
        assert fmg.contacts()[0]["groups"] == ["TagGroup.7.3"]

    def test_the_same_part_again_replaces_the_earlier_one(self, fmg: Fmg) -> None:
        job = fmg.open(1).json()["import_id"]
        fmg.part(job, 1, contacts=[contact(1), contact(2)])
        fmg.part(job, 1, contacts=[contact(3)])
        assert fmg.commit(job, contacts=(1, 0)).json()["contacts"] == 1
        assert [row["source_id"] for row in fmg.contacts()] == ["Contact.7.3"]


class TestFieldRules:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("last_name", ""),
            ("last_name", "x" * 101),
            ("first_name", "x" * 101),
            ("nickname", None),
            ("email", "none"),
            ("email", "a@@example.test"),
            ("email", "a b@example.test"),
            ("email", "a@example"),
            ("email", "a@example..test"),
            ("email", f"{'x' * 243}@example.test"),
            ("address_1", "x" * 201),
            ("city", 7),
            ("state", "x" * 51),
            ("zip", "x" * 21),
            ("phone", "x" * 41),
            ("birthday", "1980-02-30"),
            ("birthday", "19800203"),
            ("client_anniversary", "04/09/1961"),
            ("gender", "F"),
            ("marital_status", "single"),
            ("groups", "TagGroup.7.1"),
            ("groups", [3]),
            ("shoe_size", "9"),
        ],
    )
    def test_a_record_is_rejected_alone(self, fmg: Fmg, field: str, value: Any) -> None:
        job = fmg.open(1).json()["import_id"]
        taken = fmg.part(job, 1, contacts=[contact(1), contact(2, **{field: value}), contact(3)]).json()
        assert taken["rejected"] == [{"key": "Contact.7.2", "code": "INVALID", "field": field}]
        assert taken["accepted"] == ["Contact.7.1", "Contact.7.3"]
        assert fmg.commit(job, contacts=(2, 0)).json()["contacts"] == 2

    def test_a_missing_field_is_rejected(self, fmg: Fmg) -> None:
        sent = contact(1)
        del sent["zip"]
        assert fmg.part(fmg.open(1).json()["import_id"], 1, contacts=[sent]).json()["rejected"][0]["field"] == "zip"

    @pytest.mark.parametrize("email", ["", "jürgen1@bücher.example", "o'brien+crm@sub.domain.example.test", "A.B@EXAMPLE.TEST"])
    def test_addresses_that_are_taken(self, fmg: Fmg, email: str) -> None:
        fmg.deliver(1, [contact(1, email=email)])
        assert fmg.contacts()[0]["email"] == email

    def test_a_group_needs_a_name(self, fmg: Fmg) -> None:
        taken = fmg.part(fmg.open(1).json()["import_id"], 1, groups=[group(1, ""), group(2, "x" * 201), group(3, "x" * 200)]).json()
        assert [(rejected["key"], rejected["field"]) for rejected in taken["rejected"]] == [
            ("TagGroup.7.1", "name"),
            ("TagGroup.7.2", "name"),
        ]

    def test_an_unknown_contact_id_is_rejected(self, fmg: Fmg) -> None:
        taken = fmg.part(fmg.open(1).json()["import_id"], 1, contacts=[contact(1, contact_id="c-000404")]).json()
        assert taken["rejected"] == [{"key": "Contact.7.1", "code": "NOT_FOUND", "field": "contact_id"}]


class TestRefusals:
    @pytest.mark.parametrize(
        ("contacts", "status", "code"),
        [
            ([delete("c-000001")], 422, "PART_REFUSED"),
            ([{"op": "merge", "source_id": "Contact.7.1"}], 422, "PART_REFUSED"),
            ([{"op": "upsert"}], 422, "PART_REFUSED"),
            (["Contact.7.1"], 422, "PART_REFUSED"),
            ([contact(1), contact(1)], 422, "PART_REFUSED"),
            ([contact(number) for number in range(1001)], 413, "PART_TOO_LARGE"),
        ],
    )
    def test_parts(self, fmg: Fmg, contacts: list[Any], status: int, code: str) -> None:
        job = fmg.open(1).json()["import_id"]
        answer = fmg.part(job, 1, contacts=contacts)
        assert (answer.status_code, error_code(answer)) == (status, code)
        assert fmg.commit(job, parts=0).json()["contacts"] == 0

    def test_a_part_over_8_mb(self, fmg: Fmg) -> None:
        answer = fmg.part(fmg.open(1).json()["import_id"], 1, contacts=[contact(1, city="x" * 8_400_000)])
        assert (answer.status_code, error_code(answer)) == (413, "PART_TOO_LARGE")

    @pytest.mark.parametrize("number", ["0", "100000", "x"])
    def test_part_numbers(self, fmg: Fmg, number: Any) -> None:
        assert error_code(fmg.part(fmg.open(1).json()["import_id"], number)) == "INVALID"

    def test_bodies_that_are_not_json(self, fmg: Fmg) -> None:
        answers = [
            fmg.http.post(f"{fmg.base}/imports", data=body, headers={"Idempotency-Key": body}, timeout=10)
            for body in ("{", "[]", '{"a":NaN}')
        ]
        assert [(answer.status_code, error_code(answer)) for answer in answers] == [(422, "INVALID")] * 3

    def test_an_import_is_known_and_open(self, fmg: Fmg) -> None:
        assert error_code(fmg.part("i-77", 1)) == error_code(fmg.commit("i-77")) == "NOT_FOUND"
        job = fmg.open(1).json()["import_id"]
        fmg.commit(job, parts=0)
        closed = [fmg.part(job, 1), fmg.commit(job, parts=0)]
        assert [(answer.status_code, error_code(answer)) for answer in closed] == [(409, "IMPORT_CLOSED")] * 2

    def test_an_unknown_group_changes_nothing(self, fmg: Fmg) -> None:
        job = fmg.open(1).json()["import_id"]
        fmg.part(job, 1, contacts=[contact(1, groups=["TagGroup.7.404"])])
        answer = fmg.commit(job, contacts=(1, 0))
        assert (answer.status_code, error_code(answer), fmg.contacts()) == (422, "INVALID", [])

    @pytest.mark.parametrize(
        "counts", [{"contacts": (2, 0)}, {"contacts": (1, 1)}, {"contacts": (1, 0), "groups": (1, 0)}, {"contacts": (1, 0), "parts": 2}]
    )
    def test_other_counts_change_nothing_and_close_the_import(self, fmg: Fmg, counts: dict[str, Any]) -> None:
        job = fmg.open(1).json()["import_id"]
        fmg.part(job, 1, contacts=[contact(1)])
        answer = fmg.commit(job, **counts)
        assert (answer.status_code, error_code(answer), fmg.contacts()) == (409, "COUNT_MISMATCH", [])
        assert error_code(fmg.commit(job, contacts=(1, 0))) == "IMPORT_CLOSED"

    @pytest.mark.requirement("FMG-11")
    @pytest.mark.parametrize("mode", ["replace", "delta"])
    def test_an_email_twice_changes_nothing(self, fmg: Fmg, mode: str) -> None:
        fmg.deliver(1, [contact(1, email="quinn@example.test")])
        before = fmg.contacts()
        job = fmg.open(2, mode).json()["import_id"]
        others = [contact(2, email="QUINN@example.test")] + ([contact(1, email="quinn@example.test")] if mode == "replace" else [])
        fmg.part(job, 1, contacts=others)
        answer = fmg.commit(job, contacts=(len(others), 0))
        assert (answer.status_code, error_code(answer), fmg.contacts()) == (409, "EMAIL_NOT_UNIQUE", before)
        assert fmg.get().json()["generation"] == 1

    def test_two_records_may_swap_their_addresses(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(1, email="a@example.test"), contact(2, email="b@example.test")])
        fmg.deliver(2, [contact(1, email="b@example.test"), contact(2, email="a@example.test")], mode="delta")
        assert [row["email"] for row in fmg.contacts()] == ["b@example.test", "a@example.test"]
