"""A landing zone on both kinds of storage; S3 is moto's server, over real HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from crosswalk.core.model import RunKey
from crosswalk.core.ports import Row, TargetState
from crosswalk.landing.folder import Folder
from crosswalk.landing.manifest import EntityManifest, FileEntry, Manifest
from crosswalk.landing.zone import LandingZone

COLUMNS = ("source_id", "first_name", "email")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def client(url: str, **settings: Any) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}, **settings), **keys)


@pytest.fixture
def s3(s3_server: str) -> Iterator[Any]:
    s3 = client(s3_server)
    yield s3
    s3.close()


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"bucket-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def local_zone(tmp_path: Path) -> LandingZone:
    return LandingZone.open(str(tmp_path / "landing"))


@pytest.fixture
def s3_zone(s3: Any, bucket: str) -> LandingZone:
    return LandingZone.open(f"s3://{bucket}/crm/landing", s3)


@pytest.fixture(params=["local_zone", "s3_zone"])
def zone(request: pytest.FixtureRequest) -> LandingZone:
    found: LandingZone = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def key() -> RunKey:
    return RunKey("smartoffice_to_fmg", "summit", 12)


@pytest.fixture
def folder(zone: LandingZone, key: RunKey) -> Folder:
    return zone.folder(key)


def people(*ids: int) -> list[Row]:
    return [{"source_id": str(number), "first_name": f"Zoë {number}", "email": f"p{number}@example.test"} for number in ids]


@pytest.fixture
def land() -> Callable[..., Manifest]:
    """Land pages of contacts, given as lists of ids, and seal the folder."""

    def land(folder: Folder, *pages: list[int]) -> Manifest:
        entries = [folder.write_page("source_contact", number, people(*ids), COLUMNS) for number, ids in enumerate(pages or [[1]], 1)]
        manifest = manifest_of(folder, entries)
        folder.seal(manifest)
        return manifest

    return land


def manifest_of(folder: Folder, pages: list[FileEntry], **changes: Any) -> Manifest:
    rows = sum(page.rows for page in pages)
    contacts = EntityManifest("source", "contact", rows, rows, tuple(pages), frozenset(COLUMNS), frozenset({"Fax"}))
    values: dict[str, Any] = {
        "key": folder.key,
        "taken_at": datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
        "scope": ("Newsletter",),
        "entities": {"source_contact": contacts},
        "source_totals": {"contact": 30_000, "group": 7},
        "source_identity": "smartoffice://crm.test/DEMO01",
        "target_identity": "fmg://fmg.test/FMG-1001",
        "target_state": TargetState({"system": "smartoffice"}, {"contact": 3}, 4, 11, 99),
        "spec_digest": "d" * 64,
        "crosswalk_version": "0.1.0",
    }
    return Manifest(**values | changes)
