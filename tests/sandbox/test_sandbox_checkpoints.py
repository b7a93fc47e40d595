"""Checkpoints: everything as it was, whatever is still under way."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import SOURCE, Control, Engine, Fmg, contact, error_code, group, parsed

OFFICE = "/smartoffice/offices/DEMO01"
ACCOUNT = "/fmg/accounts/FMG-1001"
COUNTS = {"parts": 1, "contacts": {"upsert": 2, "delete": 0}, "groups": {"upsert": 0, "delete": 0}}
NOTE = '<SmartPadNote><Contact id="Contact.7.801"/><Keyword>k</Keyword><Private>true</Private></SmartPadNote>'


def taken(control: Control) -> int:
    answer = control.call("POST", "/checkpoints")
    assert answer.status_code == 201
    return int(answer.json()["checkpoint"])


def restored(box: SandboxServer, number: int) -> Any:
    answer = Control(box.url).call("POST", f"/checkpoints/{number}/restore")
    assert answer.status_code == 200, answer.text
    return answer.json()


def everything(box: SandboxServer) -> dict[str, Any]:
    """All there is to see of both systems."""
    control, fmg = Control(box.url), Fmg(box.url)
    seen = {name: control.get(f"{OFFICE}/{name}", limit=100_000) for name in ("contacts", "groups", "notes", "users")}
    lists = {name: fmg.get(f"/{name}").json() for name in ("contacts", "groups", "opt-outs")}
    return {**seen, "fmg": lists, "account": control.get(ACCOUNT), "offices": control.get("/smartoffice/offices")}


def stir(fmg: Fmg, engine: Engine, control: Control) -> None:
    """Change something of every kind."""
    control.call("PATCH", f"{OFFICE}/contacts/Contact.7.801", {"LastName": "Changed", "TagGroups": []})
    control.call("POST", f"{OFFICE}/contacts/bulk", {"delete": True, "first": 3})
    control.call("DELETE", f"{OFFICE}/groups/TagGroup.7.2")
    control.call("POST", f"{OFFICE}/users", {"user": "ann"})
    control.call("DELETE", f"{OFFICE}/sessions")
    engine.search()
    fmg.deliver(control.get(ACCOUNT)["last_snapshot"] + 5, [contact(7), contact(8, opted_out=True)], [group(9)])
    control.call("PATCH", f"{ACCOUNT}/contacts/Contact.7.7", {"city": "Drift"})
    control.call("POST", "/smartoffice/offices", {"office": "HARBOR", "contacts": 3})
    control.call("POST", "/fmg/accounts", {"account": "FMG-2", "name": "Harbor"})
    control.call("DELETE", "/fmg/accounts/FMG-2")


@pytest.mark.requirement("SAFE-5")
class TestRestore:
    def test_all_is_as_it_was_any_number_of_times(self, box: SandboxServer, fmg: Fmg, engine: Engine, control: Control) -> None:
        engine.send(f"<insert>{NOTE}</insert>")
        fmg.deliver(3, [contact(1, groups=["TagGroup.7.1"]), contact(2, opted_out=True)], [group(1)])
        fmg.open(4)
        before, number = everything(box), taken(control)
        for _ in range(3):
            stir(fmg, engine, control)
            assert everything(box) != before
            restored(box, number)
            assert everything(box) == before

    def test_changed_fields_do_not_reach_into_the_checkpoint(self, box: SandboxServer, control: Control) -> None:
        first = taken(control)
        control.call("PATCH", f"{OFFICE}/contacts/Contact.7.801", {"LastName": "Second"})
        second = taken(control)
        control.call("DELETE", f"{OFFICE}/contacts/Contact.7.801")
        names = []
        for number in (second, first, second):
            restored(box, number)
            names.append(control.get(f"{OFFICE}/contacts/Contact.7.801")["LastName"])
        assert names[0] == names[2] == "Second"
        assert names[1] not in ("", "Second")

    def test_an_open_import_goes_on_with_its_parts(self, box: SandboxServer, fmg: Fmg, control: Control) -> None:
        job = fmg.open(1).json()["import_id"]
        fmg.part(job, 1, contacts=[contact(1), contact(2)])
        number = taken(control)
        outcomes = []
        for _ in range(3):
            fmg.part(job, 1, contacts=[contact(3)])
            fmg.part(job, 2, contacts=[contact(4)])
            restored(box, number)
            done = fmg.write("POST", f"/imports/{job}/commit", COUNTS)
            outcomes.append((done.status_code, done.json()["generation"], [row["contact_id"] for row in fmg.contacts()]))
            restored(box, number)
        assert outcomes == [(200, 1, ["c-000001", "c-000002"])] * 3

    def test_kept_answers_and_the_next_ids(self, box: SandboxServer, fmg: Fmg, control: Control) -> None:
        first = fmg.open(1, revision=0, key="kept")
        number = taken(control)
        assert fmg.open(2, revision=0, key="later").json()["import_id"] == "i-2"
        restored(box, number)
        assert fmg.open(1, revision=0, key="kept").content == first.content
        assert fmg.open(7, revision=0, key="later").json()["import_id"] == "i-2", "the key was not used yet"

    def test_ids_the_account_had(self, box: SandboxServer, fmg: Fmg, control: Control) -> None:
        fmg.deliver(1, [contact(1)])
        fmg.deliver(2, [])
        number = taken(control)
        fmg.deliver(3, [contact(2)])
        restored(box, number)
        named = [contact(key, contact_id=f"c-{key:06}") for key in (1, 2)]
        answer = fmg.part(fmg.open(3).json()["import_id"], 1, contacts=named).json()
        assert (answer["accepted"], [one["key"] for one in answer["rejected"]]) == (["Contact.7.1"], ["Contact.7.2"])

    def test_a_search_goes_on_where_it_was(self, box: SandboxServer, engine: Engine, control: Control) -> None:
        search = parsed(engine.search(size=100)).find("search")
        assert search is not None
        second = engine.search(1, search.get("searchid", ""), size=100)
        number = taken(control)
        control.call("DELETE", f"{OFFICE}/sessions")
        assert error_code(engine.search(1, search.get("searchid", ""), size=100)) == "SESSION_EXPIRED"
        for _ in range(2):
            restored(box, number)
            again = parsed(engine.search(1, search.get("searchid", ""), size=100)).find("search")
            shown = [record.get("id") for record in parsed(second).iterfind("search/Contact")]
            assert again is not None
            assert [record.get("id") for record in again.iterfind("Contact")] == shown != []
        later = parsed(engine.search(size=100)).find("search")
        assert later is not None
        assert later.get("searchid") == str(int(search.get("searchid", "")) + 1)

    def test_faults_and_log_begin_anew_and_settings_stay(self, box: SandboxServer, fmg: Fmg, control: Control) -> None:
        control.fault(system="fmg", kind="status", at=9)
        fmg.get()
        number = taken(control)
        assert len(control.get()["faults"]) == 1, "taking one changes nothing"
        control.call("PATCH", "/settings", {"compress": True, "fmg_parallel": 3})
        control.fault(system="fmg", kind="status", at=1)
        state = restored(box, number)
        assert (state["faults"], state["requests"]["fmg"]["reads"]) == ([], 0)
        assert {"compress": True, "fmg_requests_per_second": 0, "fmg_parallel": 3}.items() <= state["settings"].items()
        assert fmg.get().status_code == 200
        assert [entry["index"] for entry in control.get("/requests")["requests"]] == [1]

    def test_one_that_is_not_there(self, box: SandboxServer, control: Control, fmg: Fmg) -> None:
        number = taken(control)
        fmg.deliver(1, [contact(1)])
        assert control.call("DELETE", "/checkpoints").json()["deleted"] >= 1
        for unknown in (str(number), "0", "-1", "x", "²", "9" * 5000):
            answer = control.call("POST", f"/checkpoints/{unknown}/restore")
            assert (answer.status_code, error_code(answer)) == (404, "NOT_FOUND")
        assert fmg.get().json()["generation"] == 1
        assert taken(control) > number
        assert control.call("DELETE", "/checkpoints").json() == {"deleted": 1}

    def test_a_reset_leaves_them(self, box: SandboxServer, control: Control, fmg: Fmg) -> None:
        fmg.deliver(1, [contact(1)])
        number = taken(control)
        control.call("POST", "/reset", {})
        assert fmg.get().json()["generation"] == 0
        control.call("PATCH", "/settings", {"fmg_parallel": 3})
        assert restored(box, number)["settings"]["fmg_parallel"] == 3
        assert fmg.get().json()["generation"] == 1


def until(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come to that")


def half_sent(box: SandboxServer, connection: socket.socket, path: str, body: dict[str, Any]) -> bytes:
    """Send a write but for the end of its body, which is returned."""
    content = json.dumps(body).encode()
    lines = [f"POST /fmg/v1/accounts/FMG-1001{path} HTTP/1.1", f"Host: 127.0.0.1:{box.port}", "Authorization: Bearer sandbox-key"]
    head = "\r\n".join([*lines, "Idempotency-Key: killed", f"Content-Length: {len(content)}", "", ""]).encode()
    connection.sendall(head + content[:-5])
    return content[-5:]


@pytest.mark.requirement("SAFE-5")
class TestUnderWay:
    """What a killed client left on its way reaches nothing that came after it."""

    def test_a_write_that_waits_while_the_restore_is_made(self, box: SandboxServer, fmg: Fmg, control: Control) -> None:
        job = fmg.open(1).json()["import_id"]
        fmg.part(job, 1, contacts=[contact(1), contact(2)])
        number = taken(control)
        replaced = box.sandbox.vendors
        commit = threading.Thread(target=_unheard, args=(box, f"/imports/{job}/commit", COUNTS))
        with replaced.systems["fmg"].customers["FMG-1001"].lock:
            commit.start()
            until(lambda: [*replaced.log.counters(("fmg",))["fmg"]["methods"].items()] == [("GET", 1), ("POST", 2), ("PUT", 1)])
            restored(box, number)
        commit.join()
        until(lambda: replaced.systems["fmg"].customers["FMG-1001"].listing.generation == 1)
        assert (fmg.get().json()["generation"], fmg.contacts()) == (0, [])
        assert {entry["method"] for entry in control.get("/requests")["requests"]} == {"GET"}
        assert fmg.commit(job, contacts=(2, 0)).json()["generation"] == 1, "the restored import is still open"

    @pytest.mark.parametrize("used", [False, True])
    @pytest.mark.parametrize("way", ["restore", "reset"])
    def test_a_request_that_arrives_whole_only_afterwards(
        self, box: SandboxServer, fmg: Fmg, control: Control, used: bool, way: str
    ) -> None:
        number = taken(control)
        opening = {"mode": "replace", "snapshot": 1, "base_revision": 0, "source": SOURCE}
        with socket.create_connection((box.host, box.port), timeout=10) as connection:
            if used:
                connection.sendall(b"GET /fmg/v1/accounts/FMG-1001 HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b"AUTH_FAILED" in connection.recv(65536)
            rest = half_sent(box, connection, "/imports", opening)
            if way == "restore":
                restored(box, number)
            else:
                Control(box.url).call("POST", "/reset", {})
            answer = _rest(connection, rest)
            assert answer[:12] == (b"" if used else b"HTTP/1.1 201")
            assert used or b"Connection: close" in answer
        assert control.get(ACCOUNT)["imports"] == {}
        assert control.get("/requests")["requests"] == []
        assert fmg.open(1, key="killed").json()["import_id"] == "i-1"

    def test_clients_with_kept_connections_go_on(self, box: SandboxServer, fmg: Fmg, engine: Engine, control: Control) -> None:
        number = taken(control)
        for snapshot in range(1, 6):
            fmg.deliver(snapshot, [contact(snapshot)])
            assert parsed(engine.search()).find("search") is not None
            assert control.call("POST", f"/checkpoints/{number}/restore").status_code == 200
            assert fmg.get().json()["generation"] == 0

    def test_one_moment_for_all_accounts(self, box: SandboxServer, control: Control) -> None:
        control.call("POST", "/fmg/accounts", {"account": "FMG-2", "name": "Harbor"})
        first, second = box.sandbox.vendors.systems["fmg"].customers.values()
        taking = threading.Thread(target=taken, args=(Control(box.url),))
        with second.lock:
            taking.start()
            until(lambda: _is_held(first.lock))
            assert _is_held(first.lock), "what was written to the first before the second has to be there when the second's is"
        taking.join()
        assert not _is_held(first.lock)

    def test_each_write_is_in_a_checkpoint_whole_or_not_at_all(self, box: SandboxServer, fmg: Fmg, control: Control) -> None:
        fmg.deliver(1, [contact(number, city="city 1") for number in range(200)])
        done = threading.Event()

        def write() -> None:
            writer = Fmg(box.url)
            for snapshot in range(2, 12):
                writer.deliver(snapshot, [contact(number, city=f"city {snapshot}") for number in range(200 + snapshot)])
            done.set()

        writer = threading.Thread(target=write)
        writer.start()
        numbers = []
        while not done.is_set():
            numbers.append(taken(control))
        writer.join()
        seen = set()
        for number in numbers[:: max(1, len(numbers) // 40)]:
            restored(box, number)
            rows = fmg.contacts()
            generation = fmg.get().json()["generation"]
            assert {row["city"] for row in rows} == {f"city {generation}"}
            assert len(rows) == 200 + (generation if generation > 1 else 0)
            seen.add(generation)
        assert len(seen) > 1


def _is_held(lock: threading.RLock) -> bool:
    held = not lock.acquire(blocking=False)
    if not held:
        lock.release()
    return held


def _unheard(box: SandboxServer, path: str, body: dict[str, Any]) -> None:
    with socket.create_connection((box.host, box.port), timeout=10) as connection:
        rest = half_sent(box, connection, path, body)
        _rest(connection, rest)


def _rest(connection: socket.socket, rest: bytes) -> bytes:
    """Send the rest and read what comes; b"" when the connection was ended."""
    try:
        connection.sendall(rest)
        return connection.recv(65536)
    except OSError:
        return b""
