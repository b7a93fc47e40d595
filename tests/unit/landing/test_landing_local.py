from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crosswalk.core.model import RunKey
from crosswalk.errors import ConfigurationError, CrosswalkError, TransientError
from crosswalk.landing.folder import Folder
from crosswalk.landing.manifest import Manifest
from crosswalk.landing.zone import LandingZone

COLUMNS = ("source_id",)
ROW = {"source_id": "1"}


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def folder(local_zone: LandingZone, key: RunKey) -> Folder:
    return local_zone.folder(key)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "landing" / "data" / "smartoffice_to_fmg" / "summit" / "12"


@pytest.mark.requirement("SAFE-9")
def test_nobody_else_may_look_whatever_the_umask(umask: int, local_zone: LandingZone, key: RunKey, land: Callable[..., Manifest]) -> None:
    folder = local_zone.folder(key)
    land(folder)
    folder.write_frame("plan", pd.DataFrame({"source_id": ["1"]}))
    local_zone.report_folder(key).write_bytes("report.html", b"x")
    root = Path(folder.uri("x").removeprefix("file://")).parents[4]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")] if path.is_dir()}
    assert (modes, folders) == ({0o600}, {0o700})


def test_a_folder_that_was_opened_up_is_closed_again(folder: Folder, place: Path) -> None:
    folder.write_bytes("a.json", b"x")
    place.chmod(0o755)
    folder.write_bytes("a.json", b"y")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def make_link(path: Path, target: Path) -> None:
    path.symlink_to(target)


def make_pipe(path: Path, target: Path) -> None:
    os.mkfifo(path)


def make_folder(path: Path, target: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [make_link, make_pipe, make_folder])
def test_only_regular_files_are_read(folder: Folder, place: Path, tmp_path: Path, make: Callable[[Path, Path], None]) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("precious")
    folder.write_bytes("a.json", b"x")
    make(place / "b.json", secret)
    make(place / "source_contact-00001.parquet", secret)
    for work in (lambda: folder.read_bytes("b.json"), lambda: folder.write_page("source_contact", 1, [ROW], COLUMNS)):
        with pytest.raises(ConfigurationError) as raised:
            work()
        assert raised.value.code == "LANDING_FILE_TYPE"
    assert secret.read_text() == "precious"


def test_writing_replaces_a_link_and_not_what_it_points_to(folder: Folder, place: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("precious")
    folder.write_bytes("a.json", b"x")
    (place / "b.json").symlink_to(secret)
    folder.write_bytes("b.json", b"ours")
    assert (secret.read_text(), folder.read_bytes("b.json")) == ("precious", b"ours")


@pytest.mark.parametrize("depth", range(4))
def test_a_folder_that_is_a_link_is_not_entered(folder: Folder, place: Path, tmp_path: Path, depth: int) -> None:
    linked = [*reversed(place.parents), place][-4:][depth]
    outside = tmp_path / "outside"
    outside.mkdir()
    linked.parent.mkdir(parents=True, exist_ok=True)
    linked.symlink_to(outside)
    for work in (folder.names, lambda: folder.write_bytes("a.json", b"x"), lambda: folder.read_bytes("a.json")):
        with pytest.raises(ConfigurationError) as raised:
            work()
        assert raised.value.code == "LANDING_FILE_TYPE"
    assert list(outside.iterdir()) == []


FAULTS = [(errno.ENOSPC, TransientError), (errno.EROFS, TransientError), (errno.EIO, TransientError), (errno.EACCES, ConfigurationError)]


@pytest.mark.parametrize("call", ["fsync", "replace", "mkdir", "open"])
@pytest.mark.parametrize(("number", "kind"), FAULTS)
def test_a_disk_that_fails_leaves_the_old_file(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, kind: type[CrosswalkError]
) -> None:
    folder.write_bytes("report.json", b"old")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, "Quentin Canary", "/secret/place")

    with monkeypatch.context() as broken, pytest.raises(kind) as raised:
        broken.setattr(os, call, fail)
        folder.write_bytes("report.json", b"new")
    assert raised.value.code == ("LANDING_REFUSED" if kind is ConfigurationError else "LANDING_UNAVAILABLE")
    assert "data/smartoffice_to_fmg/summit/12/report.json" in str(raised.value)
    assert "Canary" not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert [path.name for path in place.iterdir()] == ["report.json"]
    assert folder.read_bytes("report.json") == b"old"
    folder.write_bytes("report.json", b"new")
    assert folder.read_bytes("report.json") == b"new"


def test_a_page_that_could_not_be_written_can_be_written_again(folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken, pytest.raises(TransientError):
        broken.setattr(os, "link", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EIO, "")))
        folder.write_page("source_contact", 1, [ROW], COLUMNS)
    assert list(place.iterdir()) == []
    assert folder.write_page("source_contact", 1, [ROW], COLUMNS).rows == 1


def test_a_root_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError) as raised:
        LandingZone.open(str(tmp_path / "file" / "landing"))
    assert raised.value.code == "LANDING_FILE_TYPE"


def test_a_root_may_be_a_link_the_user_made(tmp_path: Path, key: RunKey) -> None:
    (tmp_path / "disk2").mkdir()
    (tmp_path / "landing").symlink_to(tmp_path / "disk2")
    folder = LandingZone.open(str(tmp_path / "landing")).folder(key)
    folder.write_bytes("a.json", b"x")
    assert folder.read_bytes("a.json") == b"x"
