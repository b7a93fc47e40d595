from __future__ import annotations

import threading
from typing import Any

import pytest

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import SOURCE, Control, Fmg, contact, error_code


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
        body = {"mode": "replace", "snapshot": 1, "base_revision": 0, "source": SOURCE}
        assert error_code(fmg.write("POST", "/imports", body | wrong)) == "INVALID"


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
    fmg.deliver(1, [contact(number, city="city 1") for number in range(300)])
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
        fmg.deliver(snapshot, [contact(number, city=f"city {snapshot}") for number in range(300 + snapshot % 2)])
    done.set()
    for reader in readers:
        reader.join()
    assert seen <= {(number, 300 + (number % 2 if number > 1 else 0), frozenset({f"city {number}"})) for number in range(1, 9)}
    assert len(seen) > 1


def test_thirty_thousand_contacts_in_one_commit(fmg: Fmg) -> None:
    job = fmg.open(1).json()["import_id"]
    for number in range(30):
        fmg.part(job, number + 1, contacts=[contact(number * 1000 + position) for position in range(1000)])
    done = fmg.commit(job, parts=30, contacts=(30_000, 0))
    assert done.json()["contacts"] == 30_000
    assert done.elapsed.total_seconds() < 10, "generous: the machine may be busy; about 0.4 s when it is not"
