"""The `crosswalk` command as people and scripts use it: text, --json, exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from crosswalk.cli import main
from crosswalk.features.writeback.collect import collect
from world import World, WorldMaker


@pytest.fixture
def delivered(make_world: WorldMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """A world after one run, whose store and landing zone are what Airflow's connections name."""
    world = make_world(contacts=80, groups=4)
    world.run()
    connections = {
        "CROSSWALK_STORE": {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(world.folder / "store.db")}},
        "CROSSWALK_LANDING": {"conn_type": "crosswalk_landing", "extra": {"url": f"file://{world.folder / 'landing'}"}},
        "SMARTOFFICE_TEST": _vendor(world, "smartoffice", "integration", "sandbox-secret", {"office": "DEMO01"}),
        "FMG_TEST": _vendor(world, "fmg", "", "sandbox-key", {"account": "FMG-1001", "path": "/fmg"}),
    }
    for name, value in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(value))
    accounts = tmp_path / "accounts"
    accounts.mkdir()
    text = '[summit]\nsource = "smartoffice_test"\ntarget = "fmg_test"\nscope = "all"\nfrequency = "daily"\nactivities = ["email_sent"]\n'
    (accounts / "fmg.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("CROSSWALK_ACCOUNTS", str(accounts))
    return world


def _vendor(world: World, kind: str, login: str, password: str, extra: dict[str, Any]) -> dict[str, Any]:
    host, port = world.url.removeprefix("http://").split(":")
    extra = {**extra, "allow_private_network": True}
    return {"conn_type": kind, "host": host, "port": int(port), "schema": "http", "login": login, "password": password, "extra": extra}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.requirement("CARD-5")
def test_accounts_check_signs_in_and_counts(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "accounts", "check", "fmg", "--json")
    lines = json.loads(out)
    assert code == 0, out
    assert [line["ok"] for line in lines] == [True, True, True]
    assert "80" in lines[1]["message"]
    delivered.control("POST", "/faults", system="smartoffice", kind="status", status=403, times=50, every=1)
    code, out, _ = run(capsys, "accounts", "check", "fmg")
    assert code == 1
    assert "NO" in out


def test_mapping_show_prints_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "mapping", "show", "fmg", "--json")
    tables = json.loads(out)["mapping"]
    assert code == 0
    assert {row["target"] for row in tables["contact"]} >= {"first_name", "email", "nickname", "client_anniversary"}
    assert run(capsys, "mapping", "show", "fmg")[0] == 0


@pytest.mark.requirement("SAFE-8")
def test_plan_show_lists_one_outcome_a_record(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "plan", "show", "fmg", "summit", "--json")
    plan = json.loads(out)
    assert code == 0
    assert len([row for row in plan["rows"] if row["entity"] == "contact"]) == 80
    assert plan["summary"]["contact"]["create"] == sum(row["outcome"] == "create" and row["entity"] == "contact" for row in plan["rows"])
    code, out, _ = run(capsys, "plan", "show", "fmg", "summit", "--outcome", "create", "--limit", "3")
    assert "3 of" in out


def test_record_tells_the_fate_over_runs(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    source_id = next(c["source_id"] for c in delivered.contacts())
    delivered.source_contact(source_id, FirstName="Changed")
    delivered.run()
    code, out, _ = run(capsys, "record", "fmg", "summit", source_id, "--json")
    assert code == 0
    assert [fate["outcome"] for fate in json.loads(out)["runs"]] == ["update", "create"]
    assert run(capsys, "record", "fmg", "summit", "Contact.7.999999")[0] == 1


@pytest.mark.requirement("SAFE-9")
def test_rejected_list_and_report_show(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rejected", "list", "fmg", "summit", "--json")
    rows = json.loads(out)
    assert code == 0
    assert all({"source_id", "code", "field", "reason", "fix", "first_seen_at", "last_seen_at", "attempts"} <= set(row) for row in rows)
    assert run(capsys, "rejected", "list", "fmg", "summit")[0] == 0
    code, out, _ = run(capsys, "report", "show", "fmg", "summit")
    assert code == 0
    assert "report.html" in out
    assert json.loads(run(capsys, "report", "show", "fmg", "summit", "--json")[1])["status"] in {"success", "partial"}


def test_wrong_usage_and_unknown_names_exit_2(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["plan", "show", "fmg", "nowhere"], ["plan", "show", "nothing", "summit"], ["accounts", "check", "fmg", "nobody"]):
        code, _, err = run(capsys, *arguments)
        assert code == 2, arguments
        assert "Next:" in err
    with pytest.raises(SystemExit) as stopped:
        main(["plan"])
    assert stopped.value.code == 2


def test_store_migrate_can_be_repeated(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(capsys, "store", "migrate", "--json")[:2]
    assert first[0] == 0
    assert json.loads(first[1])["version"]
    assert run(capsys, "store", "migrate", "--json")[:2] == first


@pytest.mark.requirement("SAFE-9")
def test_landing_purge_removes_old_data_and_keeps_reports(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    data, reports = (delivered.folder / "landing" / top for top in ("data", "reports"))
    assert json.loads(run(capsys, "landing", "purge", "--json")[1]) == {"removed": []}
    assert list(data.rglob("manifest.json"))
    for path in data.rglob("*"):
        os.utime(path, (0, 0))
    assert json.loads(run(capsys, "landing", "purge", "--keep-days", "7", "--json")[1]) == {"removed": ["data/smartoffice_to_fmg/summit/1"]}
    assert not list(data.rglob("*.parquet"))
    assert list(reports.rglob("report.html"))


@pytest.mark.requirement("SAFE-7")
def test_undo_puts_the_list_back_and_can_be_undone(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    first = delivered.seen()
    changed = next(iter(first))
    delivered.source_contact(changed, FirstName="Changed")
    delivered.run()
    second = delivered.seen()
    code, out, _ = run(capsys, "undo", "fmg", "summit", "--dry-run", "--json")
    assert (code, json.loads(out)["status"], delivered.seen()) == (0, "dry_run", second)
    code, out, _ = run(capsys, "undo", "fmg", "summit", "--json")
    done = json.loads(out)
    assert (code, done["status"], done["undone"], done["plan"]["contact"]["update"]) == (0, "success", "snapshot 2", 1)
    assert delivered.seen() == first
    assert run(capsys, "undo", "fmg", "summit")[0] == 0
    assert delivered.seen() == second
    code, _, err = run(capsys, "undo", "fmg", "summit", "--generation", "99")
    assert (code, "UNDO_UNKNOWN" in err) == (2, True)


@pytest.mark.requirement("SAFE-10")
def test_rejected_retry_delivers_what_passes_by_now(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    person = {"id": "Contact.7.90001", "LastName": "", "FirstName": "Nolan", "TagGroups": []}
    delivered.control("POST", f"/smartoffice/offices/{delivered.office}/contacts", **person)
    delivered.run()
    code, out, _ = run(capsys, "rejected", "retry", "fmg", "summit", "Contact.7.90001", "--json")
    assert (code, json.loads(out)["still_rejected"]) == (1, ["Contact.7.90001"])
    delivered.source_contact("Contact.7.90001", LastName="Nash")
    code, out, _ = run(capsys, "rejected", "retry", "fmg", "summit", "Contact.7.90001", "--json")
    assert (code, json.loads(out)["passed"], json.loads(out)["still_rejected"]) == (0, 1, [])
    assert delivered.seen()["Contact.7.90001"]["last_name"] == "Nash"
    code, _, err = run(capsys, "rejected", "retry", "fmg", "summit", "Contact.7.90001")
    assert (code, "RECORD_NOT_REJECTED" in err) == (2, True)


@pytest.mark.requirement("SAFE-10", "ACRM-09")
@pytest.mark.parametrize(
    ("command", "integration", "code"),
    [
        (("rejected", "retry"), "fmo_files", "RETRY_NOT_OFFERED"),
        (("rejected", "retry"), "emoney", "RETRY_NOT_OFFERED"),
        (("rejected", "retry"), "agent_crm", "ADMINISTRATORS_ONLY"),
        (("undo",), "agent_crm", "ADMINISTRATORS_ONLY"),
    ],
)
def test_nothing_goes_beside_the_form_of_the_dag(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], integration: str, code: str
) -> None:
    """Refused before a store, a connection or an account is looked for: none is there."""
    status, out, err = run(capsys, *command, integration, "meridian")
    assert (status > 0, out, code in err) == (True, "", True)


@pytest.mark.requirement("FMG-05")
def test_activities_without_a_note_are_explained_and_can_be_tried_again(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    one = next(one for one in delivered.contacts() if one["email"])
    assert run(capsys, "activities", "list", "fmg", "summit")[0] == 0
    delivered.act({"type": "email_sent", "contact": one["contact_id"], "activity_id": "a-7", "title": "Birthday card"})
    delivered.control("DELETE", f"/smartoffice/offices/DEMO01/contacts/{one['source_id']}")
    code, out, _ = run(capsys, "activities", "retry", "fmg", "summit", "--json")
    assert (code, json.loads(out)["written"]) == (0, 0), "nothing was collected yet"
    collect(delivered.work())
    assert run(capsys, "activities", "retry", "fmg", "summit")[0] == 1
    code, out, _ = run(capsys, "activities", "list", "fmg", "summit", "--json")
    (row,) = json.loads(out)["unwritten"]
    assert (code, row["activity_id"], row["status"], row["reason"], row["source_id"]) == (
        1,
        "a-7",
        "kept",
        "CONTACT_GONE",
        one["source_id"],
    )
    assert "deleted or merged" in row["found"]
    assert "Birthday" not in out
    assert "a-7" in run(capsys, "activities", "list", "fmg", "summit")[1]
    assert run(capsys, "activities", "retry", "fmg", "summit", "a-8")[0] == 2


@pytest.mark.requirement("FMG-06")
def test_somebody_is_taken_off_the_suppression_list(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    one = next(one for one in delivered.contacts() if one["email"])
    delivered.act({"type": "opted_out", "contact": one["contact_id"]})
    collect(delivered.work())
    code, _, err = run(capsys, "suppression", "lift", "fmg", "summit", one["source_id"])
    assert (code, "LIFT_OPTED_OUT" in err) == (2, True)
    delivered.control("DELETE", f"/fmg/accounts/FMG-1001/opt-outs/{one['email']}")
    code, out, _ = run(capsys, "suppression", "lift", "fmg", "summit", one["source_id"], "--json")
    assert (code, json.loads(out)["lifted"]) == (0, 3)
    assert run(capsys, "suppression", "lift", "fmg", "summit", one["source_id"])[0] == 1


@pytest.mark.requirement("ACRM-09")
def test_the_audit_chain_is_proved(delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1, 4):
        delivered.store.audit.append("plan_approved", "smartoffice_to_fmg", "summit", "ann", {"number": number})
    length = delivered.store.audit.length()
    code, out, _ = run(capsys, "audit", "verify", "--json")
    assert (code, json.loads(out)) == (0, {"events": length, "whole": True})
    with delivered.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'eve' WHERE position = 2")
    code, out, _ = run(capsys, "audit", "verify", "--json")
    assert (code, json.loads(out)["first_broken"]) == (1, 2)
    code, out, _ = run(capsys, "audit", "verify")
    assert code == 1
    assert "first_broken" in out
