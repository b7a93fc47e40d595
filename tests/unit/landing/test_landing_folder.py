from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.core.model import RunKey
from crosswalk.core.ports import TargetState
from crosswalk.errors import ConfigurationError, DataError
from crosswalk.landing.folder import Folder
from crosswalk.landing.manifest import Manifest
from crosswalk.landing.zone import LandingZone

COLUMNS = ("source_id", "first_name", "email")
ROW = {"source_id": "1", "first_name": "Zoë", "email": ""}


def refusal(work: Callable[..., object], *arguments: Any) -> DataError:
    with pytest.raises(DataError) as raised:
        work(*arguments)
    return raised.value


def overwrite(folder: Folder, name: str, change: Callable[[bytes], bytes]) -> None:
    folder.write_bytes(name, change(folder.read_bytes(name)))


def test_pages_are_read_back_in_order_as_text(folder: Folder, land: Callable[..., Manifest]) -> None:
    land(folder, [3, 1], [2], [])
    frame = folder.read_entity("source_contact")
    assert frame["source_id"].tolist() == ["3", "1", "2"]
    assert list(frame.columns) == list(COLUMNS)
    assert {str(kind) for kind in frame.dtypes} == {"str"}
    assert frame["first_name"].tolist() == ["Zoë 3", "Zoë 1", "Zoë 2"]


def test_an_entity_without_records_keeps_its_columns(folder: Folder, land: Callable[..., Manifest]) -> None:
    land(folder, [])
    frame = folder.read_entity("source_contact")
    assert (len(frame), list(frame.columns)) == (0, list(COLUMNS))
    assert {str(kind) for kind in frame.dtypes} == {"str"}


@pytest.mark.requirement("SAFE-9")
def test_only_the_columns_asked_for_are_landed(folder: Folder) -> None:
    entry = folder.write_page("source_contact", 1, [ROW | {"ssn": "078-05-1120"}, {"source_id": "2"}], COLUMNS)
    data = folder.read_bytes(entry.name)
    assert b"078-05-1120" not in data
    assert b"ssn" not in data
    assert (entry.rows, entry.bytes) == (2, len(data))


@pytest.mark.requirement("SAFE-1")
def test_without_manifest_there_is_no_data(folder: Folder) -> None:
    folder.write_page("source_contact", 1, [ROW], COLUMNS)
    for work in (folder.manifest, lambda: folder.read_entity("source_contact")):
        assert refusal(work).code == "SNAPSHOT_INCOMPLETE"


def test_a_manifest_is_read_back_as_it_was(folder: Folder, land: Callable[..., Manifest]) -> None:
    manifest = land(folder, [1], [2])
    assert folder.manifest() == manifest
    assert json.loads(folder.read_bytes("manifest.json"))["manifest"]["scope"] == ["Newsletter"]


def test_a_manifest_of_everything_has_no_scope(folder: Folder, land: Callable[..., Manifest], zone: LandingZone) -> None:
    other = zone.folder(RunKey("smartoffice_to_fmg", "harbor", 1))
    manifest = replace(land(folder), key=other.key, scope=None, entities={}, target_state=TargetState(None, {}, 0, 0, 0))
    other.seal(manifest)
    assert other.manifest() == manifest


@pytest.mark.requirement("SAFE-1")
def test_a_snapshot_is_not_sealed_while_a_page_is_missing(folder: Folder, land: Callable[..., Manifest], zone: LandingZone) -> None:
    manifest = land(folder, [1], [2])
    other = zone.folder(RunKey("smartoffice_to_fmg", "summit", 13))
    other.write_page("source_contact", 2, [ROW], COLUMNS)
    error = refusal(other.seal, replace(manifest, key=other.key))
    assert (error.code, error.problem) == ("SNAPSHOT_INCOMPLETE", "1 of 2 pages are missing")
    assert not other.exists("manifest.json")


def test_an_entity_that_was_not_landed_is_not_empty(folder: Folder, land: Callable[..., Manifest]) -> None:
    land(folder)
    assert refusal(folder.read_entity, "source_group").code == "SNAPSHOT_INCOMPLETE"


def test_raw_pages_and_manifest_are_written_once(folder: Folder, land: Callable[..., Manifest]) -> None:
    manifest = land(folder, [1, 2])
    assert land(folder, [1, 2]) == manifest
    assert refusal(folder.write_page, "source_contact", 1, [ROW], COLUMNS).code == "LANDING_CONFLICT"
    assert refusal(folder.seal, replace(manifest, crosswalk_version="0.2.0")).code == "LANDING_CONFLICT"
    assert folder.manifest() == manifest
    assert folder.read_entity("source_contact")["source_id"].tolist() == ["1", "2"]


def test_a_read_that_restarts_forgets_its_own_pages_only(folder: Folder, land: Callable[..., Manifest]) -> None:
    for entity in ("source_contact", "source_contact_note", "target_contact"):
        folder.write_page(entity, 1, [ROW], COLUMNS)
    folder.write_page("source_contact", 2, [ROW], COLUMNS)
    folder.discard_pages("source_contact")
    assert folder.names() == ["source_contact_note-00001.parquet", "target_contact-00001.parquet"]
    land(folder, [7])
    assert refusal(folder.discard_pages, "source_contact").code == "LANDING_SEALED"
    assert folder.read_entity("source_contact")["source_id"].tolist() == ["7"]


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("change", [cut, flip, lambda _: b"", lambda data: data + b" "])
@pytest.mark.parametrize("name", ["source_contact-00002.parquet", "manifest.json"])
def test_a_changed_file_is_noticed(folder: Folder, land: Callable[..., Manifest], name: str, change: Callable[[bytes], bytes]) -> None:
    land(folder, [1], [2])
    overwrite(folder, name, change)
    error = refusal(folder.read_entity, "source_contact")
    assert error.code == "LANDING_CORRUPT"
    assert "summit" in error.operation


def test_a_manifest_of_another_run_is_noticed(folder: Folder, land: Callable[..., Manifest], zone: LandingZone) -> None:
    land(folder)
    other = zone.folder(RunKey("smartoffice_to_fmg", "harbor", 12))
    other.write_bytes("manifest.json", folder.read_bytes("manifest.json"))
    assert "belongs to smartoffice_to_fmg/summit#12" in refusal(other.manifest).problem


def test_a_page_that_vanished_is_noticed(folder: Folder, land: Callable[..., Manifest], zone: LandingZone) -> None:
    land(folder, [1], [2])
    zone.storage.remove(("data", "smartoffice_to_fmg", "summit", "12", "source_contact-00001.parquet"))
    assert refusal(folder.read_entity, "source_contact").problem == "source_contact-00001.parquet is missing"


def test_frames_are_replaced_as_a_whole(folder: Folder) -> None:
    for ids in (["1", "2", "3"], ["9"]):
        entry = folder.write_frame("plan", pd.DataFrame({"source_id": ids, "outcome": "create"}, index=ids))
        assert (entry.name, entry.rows) == ("plan.parquet", len(ids))
    pd.testing.assert_frame_equal(folder.read_frame("plan"), pd.DataFrame({"source_id": ["9"], "outcome": ["create"]}, dtype="str"))
    assert folder.names() == ["plan.parquet"]
    assert folder.exists("plan.parquet")
    assert not folder.exists("plan")


def test_a_damaged_frame_is_noticed(folder: Folder) -> None:
    folder.write_frame("plan", pd.DataFrame({"source_id": [str(number) for number in range(5_000)]}))
    overwrite(folder, "plan.parquet", lambda data: data[:1000] + b"\x00\x00\x00\x00" + data[1004:])
    assert refusal(folder.read_frame, "plan").code == "LANDING_CORRUPT"
    overwrite(folder, "plan.parquet", cut)
    assert refusal(folder.read_frame, "plan").code == "LANDING_CORRUPT"


@pytest.mark.parametrize("values", [[1, 2], ["a", None], ["a", float("nan")], [True], ["Quentin \ud800"]])
def test_only_text_is_landed_and_no_value_is_shown(folder: Folder, values: list[Any]) -> None:
    frame = pd.DataFrame({"first_name": pd.Series(values, dtype="object")})
    error = refusal(folder.write_frame, "desired", frame)
    assert error.code == "LANDING_NOT_TEXT"
    assert "first_name" in error.problem
    assert "Quentin" not in str(error)
    assert refusal(folder.write_page, "source_contact", 1, frame.to_dict("records"), ["first_name"]).code == "LANDING_NOT_TEXT"
    assert folder.names() == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, st.text(st.characters(codec="utf-8"))))))
def test_any_text_survives(local_zone: LandingZone, key: RunKey, rows: list[dict[str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")
    folder = local_zone.folder(key)
    folder.write_frame("desired", frame)
    pd.testing.assert_frame_equal(folder.read_frame("desired"), frame)


def test_files_of_any_kind(folder: Folder) -> None:
    for content in (b"<html>", b"<html>new", b""):
        folder.write_bytes("report.html", content)
        assert folder.read_bytes("report.html") == content
    error = refusal(folder.read_bytes, "report.json")
    assert error.code == "LANDING_MISSING"
    assert "data/smartoffice_to_fmg/summit/12/report.json" in error.operation
    assert refusal(folder.read_frame, "plan").code == "LANDING_MISSING"


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "/etc/passwd", "", ".hidden", "-rf", "=cmd", "A.csv", "a\n", "a\x00b", "ä", "a" * 128, ".."]
)
def test_names_are_never_paths(folder: Folder, name: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        folder.write_bytes(name, b"x")
    assert raised.value.code == "LANDING_NAME"
    assert folder.names() == []
