"""Every bad file of the list in one drop folder, through one whole run: each ends with its code, the good one beside them arrives."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from crosswalk.cli import main
from crosswalk.core.model import RunStatus
from crosswalk.features.inbound_files.file_log import FileLog
from files_world import NAME, FilesWorld
from systems.carriers.conftest import book, book_row
from systems.carriers.test_carriers_bad_files import ARCHIVES, ENROLMENTS, NAMES, STATEMENTS, WHOLE, WORKBOOKS

CANARY = "Canary"


def _drop_all(fmo: FilesWorld) -> dict[str, str]:
    """Drop every case under a name of its own; its code by carrier and name."""
    expected: dict[str, str] = {}

    def drop(carrier: str, name: str, content: str | bytes, code: str, encoding: str = "utf-8") -> None:
        fmo.drop(carrier, name, content, encoding)
        expected[f"{carrier}/{name}"] = code

    for number, (content, code) in enumerate(one for one in WHOLE.values() if not one[1].startswith("held")):
        text = content.replace("Quill", CANARY) if isinstance(content, str) else content
        drop("harborlight", f"harborlight_book_2025{1 + number // 28:02d}{1 + number % 28:02d}.csv", text, code)
    for number, (content, code) in enumerate(ARCHIVES.values()):
        drop("harborlight", f"weekly_{number}.zip", content, code)
    for number, (content, code) in enumerate(WORKBOOKS.values()):
        drop("harborlight", f"harborlight_book_202506{number + 1:02d}.xlsx", content, code)
    for number, (text, code) in enumerate(one for one in STATEMENTS.values() if one[1] != "taken"):
        drop("pinecrest", f"pinecrest_commission_202501{number + 1:02d}.csv", text, code, "windows-1252")
    for number, (content, code) in enumerate(one for one in ENROLMENTS.values() if one[1] != "taken"):
        drop("lakeshore", f"lakeshore_202501{number + 1:02d}.834", content, code)
    drop("harborlight", "harborlight_book_20260401.csv", book(), "FILE_FUTURE")
    return expected


def _drop_what_is_no_file(fmo: FilesWorld, outside: Path) -> int:
    outside.write_text(book(book_row(7, memberFirstName=CANARY)))
    place = fmo.drop_place / "harborlight"
    (place / "harborlight_book_20260101.csv").symlink_to(outside)
    os.link(outside, place / "harborlight_book_20260102.csv")
    os.mkfifo(place / "harborlight_book_20260103.csv")
    (place / "harborlight_book_20260104.csv").mkdir()
    (fmo.drop_place / "pinecrest" / "elsewhere").symlink_to(outside.parent)
    return 5


def _drop_bad_names(fmo: FilesWorld) -> int:
    """Names a file system can hold."""
    able = [name for name in NAMES if name.strip() and "/" not in name and "\x00" not in name and name != ".." and len(name) < 200]
    for name in able:
        fmo.drop("lakeshore", name, book())
    return len(able)


@pytest.mark.requirement("ACRM-01", "SAFE-1")
def test_each_bad_file_ends_with_its_code_and_the_good_one_arrives(
    fmo: FilesWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _drop_all(fmo)
    no_files, names = _drop_what_is_no_file(fmo, tmp_path / "outside.csv"), _drop_bad_names(fmo)
    fmo.drop("harborlight", "harborlight_book_20260310.csv", book(*[book_row(number) for number in range(1, 6)]))
    lying_there = sorted(path.name for path in fmo.drop_place.rglob("*"))

    row = fmo.ingest()

    assert row is not None
    assert row.status is RunStatus.PARTIAL
    log = fmo.files(row)
    found = {f"{one.carrier}/{one.name}": one.code for one in log}
    unlike = {name: (code, found.get(name)) for name, code in expected.items() if found.get(name) not in (code, None)}
    assert unlike == {}
    within = [one for one in log if f"{one.carrier}/{one.name}" not in expected]
    assert sum(one.code == "FILE_TYPE" for one in within) == no_files
    assert sum(one.code == "FILE_NAME" for one in within) >= names
    assert [one.name for one in log if one.outcome == "taken"] == ["harborlight_book_20260310.csv"]
    assert sorted(one["policy_number"] for one in fmo.held("policy").values()) == [f"H{number:08d}" for number in range(1, 6)]
    assert sorted(path.name for path in fmo.drop_place.rglob("*")) == lying_there, "the place is only read"

    rows = list(csv.DictReader(io.StringIO(fmo.run_of(row).report_folder.read_bytes("files.csv").decode())))
    assert len(rows) == len(log)
    written = [path for path in (fmo.folder / "landing").rglob("*") if path.is_file()]
    assert not any(CANARY.encode() in path.read_bytes() for path in written)
    assert CANARY not in caplog.text

    before = fmo.writes()
    assert fmo.ingest() is None, "refusals on record are no news"
    assert fmo.writes() == before
    store = {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(fmo.folder / "store.db")}}
    monkeypatch.setenv("AIRFLOW_CONN_CROSSWALK_STORE", json.dumps(store))
    assert main(["files", "list", "fmo_files", "meridian", "--json", "--limit", "0"]) == 1
    told = json.loads(capsys.readouterr().out)["files"]
    assert {(one["name"], one["code"]) for one in told} == {(one.name, one.code) for one in log}
    taken = next(one for one in told if one["stands"] == "taken")
    assert (taken["rows"], taken["accepted"], taken["rejected"], taken["snapshot"]) == (5, 5, 0, row.key.snapshot)
    assert main(["files", "list", "fmo_files", "meridian", "--limit", "0"]) == 1
    assert "FILE_EMPTY" in capsys.readouterr().out


@pytest.mark.requirement("ACRM-01")
def test_a_file_of_the_past_is_refused_after_the_one_that_was_delivered(fmo: FilesWorld) -> None:
    fmo.drop("harborlight", "harborlight_book_20260310.csv", book())
    fmo.ingest()
    fmo.drop("harborlight", "harborlight_book_20260309.csv", book(book_row(1, planName="Old")))
    fmo.drop("harborlight", "harborlight_book_20260310.txt", book())
    row = fmo.ingest()
    assert row is not None
    assert {one.name: one.code for one in fmo.files(row)} == {
        "harborlight_book_20260309.csv": "FILE_STALE",
        "harborlight_book_20260310.csv": "FILE_SEEN",
        "harborlight_book_20260310.txt": "FILE_SEEN",
    }
    assert [one["plan_name"] for one in fmo.held("policy").values()] == ["Harborlight Plus"]
    assert [one.stands for one in FileLog(fmo.store.engine).log(NAME, "meridian")] == ["refused", "taken"]
