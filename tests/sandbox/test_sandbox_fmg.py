from __future__ import annotations

import threading
from typing import Any

import pytest
from sandbox.callers import Control, Fmg, contact, error_code, group

from crosswalk.sandbox.server import SandboxServer


def delete(contact_id: str) -> dict[str, Any]:
    return {"op": "delete", "contact_id": contact_id}


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
            1, first_name="Zoë", nickname="Z", birthday="1961-04-09", gender="Female", marital_status="Domestic Partner", groups=["TagGroup.7.3"]
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
        assert [(rejected["key"], rejected["field"]) for rejected in taken["rejected"]] == [("TagGroup.7.1", "name"), ("TagGroup.7.2", "name")]

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
        answers = [fmg.http.post(f"{fmg.base}/imports", data=body, headers={"Idempotency-Key": body}, timeout=10) for body in ("{", "[]", '{"a":NaN}')]
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

    @pytest.mark.parametrize("counts", [{"contacts": (2, 0)}, {"contacts": (1, 1)}, {"contacts": (1, 0), "groups": (1, 0)}, {"contacts": (1, 0), "parts": 2}])
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


@pytest.mark.requirement("SAFE-4")
class TestFencing:
    def test_an_old_snapshot_is_refused(self, fmg: Fmg) -> None:
        fmg.deliver(5, [contact(1)])
        answers = [fmg.open(snapshot) for snapshot in (4, 5)]
        assert [(answer.status_code, error_code(answer)) for answer in answers] == [(409, "STALE_SNAPSHOT")] * 2
        assert fmg.open(6).status_code == 201

    def test_a_higher_snapshot_closes_open_imports(self, fmg: Fmg) -> None:
        older = fmg.open(1).json()["import_id"]
        newer = fmg.open(2).json()["import_id"]
        assert error_code(fmg.part(older, 1, contacts=[contact(1)])) == "IMPORT_CLOSED"
        assert [error_code(fmg.open(snapshot)) for snapshot in (1, 2)] == ["STALE_SNAPSHOT"] * 2
        assert fmg.commit(newer, parts=0).status_code == 200

    def test_another_office_is_refused(self, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(1)])
        answer = fmg.open(2, source={"system": "smartoffice", "office": "DEMO02"})
        assert (answer.status_code, error_code(answer)) == (409, "MANAGED_ELSEWHERE")

    def test_a_list_that_changed_is_refused(self, fmg: Fmg, control: Control) -> None:
        assert error_code(fmg.open(1, revision=7)) == "LIST_CHANGED"
        job = fmg.open(1).json()["import_id"]
        fmg.part(job, 1, contacts=[contact(1)])
        control.call("POST", "/fmg/accounts/FMG-1001/contacts", {"last_name": "Behind"})
        answer = fmg.commit(job, contacts=(1, 0))
        assert (answer.status_code, error_code(answer)) == (409, "LIST_CHANGED")
        assert [row["last_name"] for row in fmg.contacts()] == ["Behind"]

    @pytest.mark.parametrize(
        "wrong", [{"mode": "merge"}, {"snapshot": "1"}, {"snapshot": True}, {"base_revision": -1}, {"source": {}}, {"source": "DEMO01"}]
    )
    def test_an_open_that_says_nothing_clear(self, fmg: Fmg, wrong: dict[str, Any]) -> None:
        assert error_code(fmg.open(1, **({"revision": 0} | wrong))) == "INVALID"


@pytest.mark.requirement("SAFE-5")
class TestIdempotency:
    def test_the_first_answer_again_and_no_change(self, fmg: Fmg) -> None:
        first, again = (fmg.open(1, revision=0, key="open") for _ in range(2))
        assert (first.content, first.status_code) == (again.content, again.status_code)
        job = first.json()["import_id"]
        parts = [fmg.part(job, 1, contacts=[contact(1)], key="part") for _ in range(2)]
        assert parts[0].content == parts[1].content
        counts = {"parts": 1, "contacts": {"upsert": 1, "delete": 0}, "groups": {"upsert": 0, "delete": 0}}
        commits = [fmg.write("POST", f"/imports/{job}/commit", counts, "commit") for _ in range(2)]
        assert [answer.status_code for answer in commits] == [200, 200]
        assert commits[0].content == commits[1].content
        assert fmg.get().json()["generation"] == 1
        assert fmg.open(1, revision=0, key="open").json() == first.json(), "looked at before any other check"

    def test_refusals_are_kept_too(self, fmg: Fmg) -> None:
        assert error_code(fmg.open(1, revision=3, key="open")) == error_code(fmg.open(1, revision=3, key="open")) == "LIST_CHANGED"

    def test_another_body_under_the_same_key(self, fmg: Fmg) -> None:
        fmg.open(1, key="open")
        answer = fmg.open(2, key="open")
        assert (answer.status_code, error_code(answer)) == (422, "KEY_REUSED")

    @pytest.mark.parametrize("key", ["", "x" * 256])
    def test_keys_that_are_none(self, fmg: Fmg, key: str) -> None:
        assert error_code(fmg.open(1, key=key)) == "INVALID"

    def test_the_same_write_at_once_is_carried_out_once(self, fmg: Fmg) -> None:
        job = fmg.open(1).json()["import_id"]
        fmg.part(job, 1, contacts=[contact(number) for number in range(500)])
        counts = {"parts": 1, "contacts": {"upsert": 500, "delete": 0}, "groups": {"upsert": 0, "delete": 0}}
        answers: list[tuple[int, bytes]] = []

        def commit() -> None:
            answer = fmg.write("POST", f"/imports/{job}/commit", counts, "commit")
            answers.append((answer.status_code, answer.content))

        threads = [threading.Thread(target=commit) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(answers)) == 1
        assert (answers[0][0], fmg.get().json()["generation"]) == (200, 1)


def test_readers_see_one_generation_or_the_next_never_a_mixture(box: SandboxServer, fmg: Fmg) -> None:
    fmg.deliver(1, [contact(number, city="city 1") for number in range(900)])
    seen: set[tuple[int, int, frozenset[str]]] = set()
    done = threading.Event()

    def read() -> None:
        reader = Fmg(box.url)
        while not done.is_set():
            page = reader.get("/contacts", limit=1000).json()
            seen.add((page["revision"], page["total"], frozenset(row["city"] for row in page["contacts"])))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for snapshot in range(2, 9):
        fmg.deliver(snapshot, [contact(number, city=f"city {snapshot}") for number in range(900 + snapshot % 2)])
    done.set()
    for reader in readers:
        reader.join()
    assert seen <= {(number, 900 + (number % 2 if number > 1 else 0), frozenset({f"city {number}"})) for number in range(1, 9)}
    assert len(seen) > 1


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
        assert [entry["email"] for entry in first["opt_outs"] + second["opt_outs"]] == ["a@example.test", "b+x@example.test", "c@example.test"]
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
        calls = [("POST", "/contacts", new), ("PATCH", "/contacts/c-000002", {"city": "X"}), ("DELETE", "/contacts/c-000002", {}), ("POST", "/groups", {"name": "X"})]
        answers = [fmg.write(*call) for call in calls]
        assert [(answer.status_code, error_code(answer)) for answer in answers] == [(423, "MANAGED_ELSEWHERE")] * 4
        assert fmg.contacts()[0]["city"] == ""

    def test_rules_hold_for_edits_by_hand(self, fmg: Fmg) -> None:
        fmg.write("POST", "/contacts", {"last_name": "One", "email": "one@example.test"})
        wrong = [{"last_name": ""}, {"last_name": "X", "email": "x"}, {"last_name": "X", "source_id": "Contact.7.1"}, {"last_name": "X", "groups": ["g-9"]}]
        assert [fmg.write("POST", "/contacts", body).status_code for body in wrong] == [422, 422, 422, 404]
        assert error_code(fmg.write("POST", "/contacts", {"last_name": "Two", "email": "ONE@example.test"})) == "EMAIL_NOT_UNIQUE"
        assert fmg.write("DELETE", "/contacts/c-000404", {}).status_code == 404
        assert fmg.write("DELETE", "/contacts/c-000001", {}).status_code == 200
        assert fmg.contacts() == []


def test_limits_are_off_until_switched_on(fmg: Fmg, control: Control) -> None:
    assert {fmg.get().status_code for _ in range(40)} == {200}
    control.call("PATCH", "/settings", {"fmg_requests_per_second": 5})
    answers = [fmg.get() for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 5 <= len(refused) <= 7
    assert (error_code(refused[0]), refused[0].headers["Retry-After"]) == ("RATE_LIMITED", "1")
    control.call("PATCH", "/settings", {"fmg_requests_per_second": 0})
    assert fmg.get().status_code == 200


def test_thirty_thousand_contacts_in_one_commit(fmg: Fmg) -> None:
    job = fmg.open(1).json()["import_id"]
    for number in range(30):
        fmg.part(job, number + 1, contacts=[contact(number * 1000 + position) for position in range(1000)])
    done = fmg.commit(job, parts=30, contacts=(30_000, 0))
    assert done.json()["contacts"] == 30_000
    assert done.elapsed.total_seconds() < 5, "generous: the machine may be busy; about 0.4 s when it is not"
