from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crosswalk.core.model import RunKey
from crosswalk.errors import ConfigurationError, CrosswalkError
from crosswalk.landing.manifest import Manifest
from crosswalk.landing.retention import purge
from crosswalk.landing.zone import LandingZone

NOW = datetime.now(UTC)


def test_each_run_has_its_folders(zone: LandingZone, key: RunKey) -> None:
    others = [RunKey("smartoffice_to_emoney", "summit", 12), RunKey(key.integration, "harbor", 12), RunKey(key.integration, "summit", 1)]
    zone.folder(key).write_bytes("a.json", b"a")
    zone.report_folder(key).write_bytes("b.json", b"b")
    assert zone.folder(key).names() == ["a.json"]
    assert zone.report_folder(key).names() == ["b.json"]
    assert [zone.folder(other).names() for other in others] == [[], [], []]


def test_places_are_named_for_people(tmp_path: Path, s3: Any, key: RunKey) -> None:
    tail = "data/smartoffice_to_fmg/summit/12/plan.parquet"
    local = tmp_path / "my data"
    assert LandingZone.open(local.as_uri()).folder(key).uri("plan.parquet") == (local / tail).as_uri()
    assert LandingZone.open(str(local)).folder(key).uri("plan.parquet") == (local / tail).as_uri()
    assert LandingZone.open("s3://crm-landing/some/place/", s3).folder(key).uri("plan.parquet") == f"s3://crm-landing/some/place/{tail}"
    assert LandingZone.open("s3://crm-landing", s3).report_folder(key).uri("x") == "s3://crm-landing/reports/smartoffice_to_fmg/summit/12/x"


@pytest.mark.parametrize(
    "url",
    ["", "landing", "./landing", "file://host/landing", "file:landing", "http://x/y", "s3:///x", "s3://key:s3cret@bucket/x", "s3://b/../c"],
)
def test_other_places_are_refused(url: str, s3: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        LandingZone.open(url, s3)
    assert raised.value.code == "LANDING_URL"
    assert "s3cret" not in str(raised.value)


NAMES = ["", "..", ".", "a/b", "../a", "/a", "A", "a b", "a\n", "-a", "_a", "a\x00", "ä", "a" * 64, "a.b", "$(id)", "{{ a }}"]


@pytest.mark.parametrize("name", NAMES)
def test_an_account_that_cannot_be_a_folder_is_refused(zone: LandingZone, name: str) -> None:
    for key in (RunKey("smartoffice_to_fmg", name, 1), RunKey(name, "summit", 1), RunKey("smartoffice_to_fmg", "summit", 0)):
        for work in (zone.folder, zone.report_folder):
            with pytest.raises(ConfigurationError) as raised:
                work(key)
            assert raised.value.code == "ACCOUNT_NAME"


def keys(*snapshots: int) -> list[RunKey]:
    return [RunKey("smartoffice_to_fmg", "summit", snapshot) for snapshot in snapshots]


@pytest.mark.requirement("SAFE-9")
def test_data_leaves_after_its_time_and_reports_stay(zone: LandingZone, land: Callable[..., Manifest]) -> None:
    first, second = keys(1, 2)
    for key in (first, second):
        land(zone.folder(key))
        zone.folder(key).write_bytes("plan.csv", b"x")
        zone.report_folder(key).write_bytes("report.html", b"x")
    assert purge(zone, 30, NOW + timedelta(days=29)) == []
    assert purge(zone, 30, NOW + timedelta(days=31)) == ["data/smartoffice_to_fmg/summit/1", "data/smartoffice_to_fmg/summit/2"]
    assert [zone.folder(key).names() for key in (first, second)] == [[], []]
    assert [zone.report_folder(key).names() for key in (first, second)] == [["report.html"]] * 2
    assert purge(zone, 30, NOW + timedelta(days=31)) == []


def age(path: Path, days: int) -> None:
    moment = (NOW - timedelta(days=days)).timestamp()
    for file in [path, *path.rglob("*")]:
        os.utime(file, (moment, moment), follow_symlinks=False)


def test_only_folders_whose_newest_file_is_old_go(local_zone: LandingZone, tmp_path: Path) -> None:
    old, touched, young = keys(1, 2, 3)
    for key in (old, touched, young):
        local_zone.folder(key).write_bytes("a.json", b"x")
        local_zone.folder(key).write_bytes("b.json", b"x")
    data = tmp_path / "landing" / "data" / "smartoffice_to_fmg" / "summit"
    age(data / "1", 40)
    age(data / "2", 40)
    age(data / "2" / "b.json", 20)
    (data / "4").mkdir()
    age(data / "4", 40)
    assert purge(local_zone, 30, NOW) == ["data/smartoffice_to_fmg/summit/1", "data/smartoffice_to_fmg/summit/4"]
    assert sorted(path.name for path in data.iterdir()) == ["2", "3"]


def test_what_killed_writers_left_is_swept_everywhere(local_zone: LandingZone, tmp_path: Path, key: RunKey) -> None:
    folders = [local_zone.folder(key), local_zone.report_folder(key)]
    left = [tmp_path / "landing" / top / "smartoffice_to_fmg" / "summit" / "12" / ".tmp-1" for top in ("data", "reports")]
    for folder, path in zip(folders, left, strict=True):
        folder.write_bytes("a.json", b"x")
        path.write_bytes(b"half")
        assert folder.names() == ["a.json"]
    purge(local_zone, 30, NOW)
    assert all(path.exists() for path in left)
    for path in left:
        age(path, 2)
    purge(local_zone, 30, NOW)
    assert not any(path.exists() for path in left)


def test_a_purge_that_is_cut_short_leaves_nothing_that_looks_complete(
    local_zone: LandingZone, key: RunKey, land: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    land(local_zone.folder(key))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(local_zone.storage, "remove_folder", killed)
    with pytest.raises(KeyboardInterrupt):
        purge(local_zone, 30, NOW + timedelta(days=31))
    with pytest.raises(CrosswalkError, match="SNAPSHOT_INCOMPLETE"):
        local_zone.folder(key).read_entity("source_contact")


def test_a_purge_never_follows_links(local_zone: LandingZone, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "account" / "12"
    outside.mkdir(parents=True)
    (outside / "precious.txt").write_text("x")
    local_zone.folder(keys(1)[0]).write_bytes("a.json", b"x")
    data = tmp_path / "landing" / "data"
    (data / "linked").symlink_to(tmp_path / "outside")
    (data / "smartoffice_to_fmg" / "linked").symlink_to(tmp_path / "outside" / "account")
    (data / "smartoffice_to_fmg" / "summit" / "1" / "linked").symlink_to(outside)
    assert purge(local_zone, 0, NOW + timedelta(days=1)) == ["data/smartoffice_to_fmg/summit/1"]
    assert (outside / "precious.txt").exists()
