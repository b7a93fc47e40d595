"""Where files lie: a bucket as well as a folder, a day left out, a carrier's own tables checked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import crosswalk.systems.carriers as package
from crosswalk.errors import ConfigurationError, DataError
from crosswalk.systems.carriers.bucket import DropBucket
from crosswalk.systems.carriers.carrier import carrier_names, load_carrier
from crosswalk.systems.carriers.history import PastFile, holds
from crosswalk.systems.carriers.reading import FileFacts
from crosswalk.systems.carriers.source import CarriersSource
from systems.carriers.conftest import TODAY, Inbox, book, book_row
from systems.carriers.test_carriers_bad_files import zipped

NAME = "harborlight_book_20260310.csv"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="drops")
        yield client


def read(client: Any) -> CarriersSource:
    return CarriersSource(DropBucket(client, "drops", "/in/"), today=TODAY, settle_seconds=0)


@pytest.mark.requirement("ACRM-01")
def test_a_bucket_is_read_as_a_folder_is(bucket: Any) -> None:
    put = {"Bucket": "drops", "Body": book(book_row(1), book_row(2)).encode()}
    bucket.put_object(Key=f"in/harborlight/{NAME}", **put)
    bucket.put_object(Key="in/harborlight/../escape.csv", **put)
    bucket.put_object(Key="in/harborlight/deeper/", Bucket="drops")
    bucket.put_object(Key="other/harborlight/x.csv", **put)
    packed = zipped({"harborlight_book_20260311.csv": book(book_row(3)).encode()})
    bucket.put_object(Key="in/harborlight/z.zip", Bucket="drops", Body=packed)
    with read(bucket) as source:
        assert sorted(line.code or line.outcome for line in source.log()) == ["FILE_NAME", "FILE_TYPE", "taken", "taken"]
        assert source.totals() == {"policy": 3, "member": 3, "agent": 1}
        assert sum(len(page.rows) for page in source.pages("policy")) == 3
        bucket.put_object(Key=f"in/harborlight/{NAME}", Bucket="drops", Body=b"other")
        with pytest.raises(DataError, match="FILE_NOT_STABLE"):
            list(source.pages("policy"))


def test_a_bucket_that_is_not_there_says_so(bucket: Any) -> None:
    with pytest.raises(ConfigurationError, match="FILE_DROP_MISSING"):
        DropBucket(bucket, "nowhere", "").carriers()


@pytest.mark.requirement("ACRM-01")
def test_a_day_left_out_holds_the_file_of_a_daily_carrier() -> None:
    carrier = load_carrier("harborlight")
    daily = replace(carrier, declared=carrier.declared.model_copy(update={"every_day": True}))
    facts, past = FileFacts("harborlight", "x", "d", 1, rows=1), [PastFile("y", "e", date(2026, 3, 8))]
    assert [hold.code for hold in holds(facts, date(2026, 3, 10), past, daily)] == ["FILE_GAP"]
    assert list(holds(facts, date(2026, 3, 9), past, daily)) == []
    assert list(holds(facts, date(2026, 3, 10), past, carrier)) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(Path(package.__file__).parent / "harborlight", tmp_path / "own" / "harborlight")
    return tmp_path / "own"


CHANGES = {
    "an unknown key": ("carrier.toml", 'title = "', 'colour = "red"\ntitle = "', "CARRIER_UNKNOWN_KEY"),
    "a pattern that is none": ("carrier.toml", "[0-9A-Z]{6,20}", "[0-9", "CARRIER_PATTERN"),
    "a column that is none": ("carrier.toml", '"memberZip"', '"memberZap"', "CARRIER_COLUMN"),
    "the agent's column among the numbers": ("carrier.toml", '"memberZip"', '"writingAgentNPN"', "CARRIER_NPN_NUMBER"),
    "the agent as any text": ("mapping.csv", "writing_agent_npn,writingAgentNPN,npn", "writing_agent_npn,writingAgentNPN,text", "MAP_TYPE"),
    "the agent of record as writer": (
        "mapping.csv",
        "writing_agent_npn,writingAgentNPN",
        "writing_agent_npn,agentOfRecord",
        "MAP_UNKNOWN_SOURCE",
    ),
    "a column nobody decided about": ("columns.csv", "row,pbp,", "row,more,text,,no,\nrow,pbp,", "MAP_SOURCE_UNMAPPED"),
    "no toml": ("carrier.toml", "title =", "title", "CARRIER_SYNTAX"),
}


@pytest.mark.requirement("ACRM-01")
@pytest.mark.parametrize("case", CHANGES)
def test_a_carriers_tables_are_checked_before_a_file_is_read(folder: Path, case: str) -> None:
    name, was, now, code = CHANGES[case]
    path = folder / "harborlight" / name
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, now, 1))
    with pytest.raises(ConfigurationError) as caught:
        load_carrier("harborlight", folder)
    assert code in {problem.code for problem in caught.value.problems} | {caught.value.code}


def test_a_frozen_carrier_takes_no_new_column(folder: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "harborlight" / "carrier.toml"
    path.write_text(path.read_text().replace("whole_book = true", "whole_book = true\nfrozen = true"))
    frozen = load_carrier("harborlight", folder)
    monkeypatch.setattr("crosswalk.systems.carriers.source.load_carrier", lambda _: frozen)
    inbox.drop("harborlight", NAME, book().replace("memberNumber,", "memberNumber,").replace("policyTermDate", "memberSSN"))
    assert inbox.code() == "FILE_COLUMN_NEW"


def test_every_carrier_of_the_package_is_sound() -> None:
    assert carrier_names() == ["harborlight", "lakeshore", "pinecrest"]
    for name in carrier_names():
        assert load_carrier(name).declared.title
