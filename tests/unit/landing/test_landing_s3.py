from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from crosswalk.core.model import RunKey
from crosswalk.errors import ConfigurationError, CrosswalkError, TransientError
from crosswalk.landing.folder import Folder
from crosswalk.landing.zone import LandingZone

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "s3cret", "region_name": "us-east-1"}
QUICK = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1)


class Failing(http.server.BaseHTTPRequestHandler):
    """Answers every request with the server's fault."""

    def answer(self) -> None:
        status, code = self.server.fault  # type: ignore[attr-defined]
        body = f"<Error><Code>{code}</Code><Message>Quentin Canary</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = answer  # noqa: N815  # the names http.server calls

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def failing() -> Iterator[Any]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def works(folder: Folder) -> list[Any]:
    return [
        lambda: folder.write_page("source_contact", 1, [{"source_id": "1"}], ["source_id"]),
        lambda: folder.write_bytes("report.html", b"x"),
        lambda: folder.read_bytes("report.html"),
        folder.manifest,
        folder.names,
    ]


def at(url: str, key: RunKey, **settings: Any) -> Folder:
    client = boto3.client("s3", endpoint_url=url, **{"config": QUICK} | KEYS | settings)
    return LandingZone.open("s3://crm-landing/x", client).folder(key)


FAULTS = [
    (500, "InternalError", TransientError, "LANDING_UNAVAILABLE"),
    (503, "SlowDown", TransientError, "LANDING_UNAVAILABLE"),
    (429, "TooManyRequests", TransientError, "LANDING_UNAVAILABLE"),
    (409, "ConditionalRequestConflict", TransientError, "LANDING_UNAVAILABLE"),
    (403, "AccessDenied", ConfigurationError, "LANDING_REFUSED"),
    (403, "SignatureDoesNotMatch", ConfigurationError, "LANDING_REFUSED"),
    (404, "NoSuchBucket", ConfigurationError, "LANDING_REFUSED"),
]


@pytest.mark.parametrize(("status", "fault", "kind", "code"), FAULTS)
def test_answers_of_the_bucket_become_our_errors(
    failing: Any, key: RunKey, status: int, fault: str, kind: type[CrosswalkError], code: str
) -> None:
    failing.fault = status, fault
    for work in works(at(f"http://127.0.0.1:{failing.server_port}", key)):
        with pytest.raises(kind) as raised:
            work()
        assert raised.value.code == code
        assert fault in str(raised.value)
        assert not any(word in str(raised.value) for word in ("Canary", "s3cret"))
        assert raised.value.__cause__ is None


def test_a_bucket_out_of_reach_is_transient(failing: Any, key: RunKey) -> None:
    folder = at(f"http://127.0.0.1:{failing.server_port}", key)
    failing.shutdown()
    failing.server_close()
    for work in works(folder):
        with pytest.raises(TransientError, match="LANDING_UNAVAILABLE"):
            work()


@pytest.mark.parametrize("keys", [{"aws_access_key_id": None, "aws_secret_access_key": None}])
def test_missing_credentials_are_a_setting(s3_server: str, key: RunKey, keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError) as raised:
        at(s3_server, key, **keys).names()
    assert raised.value.code == "LANDING_REFUSED"


def test_a_bucket_that_is_not_there_is_a_setting(s3_server: str, key: RunKey) -> None:
    for work in works(at(s3_server, key)):
        with pytest.raises(ConfigurationError, match="NoSuchBucket"):
            work()


def test_a_page_is_written_once_even_by_two_writers(s3: Any, bucket: str, key: RunKey) -> None:
    answers = [LandingZone.open(f"s3://{bucket}", s3).storage.create(("data", "page"), data) for data in (b"first", b"second")]
    assert answers == [True, False]
    assert s3.get_object(Bucket=bucket, Key="data/page")["Body"].read() == b"first"


def test_prefixes_do_not_run_into_each_other(s3: Any, bucket: str, key: RunKey) -> None:
    zone = LandingZone.open(f"s3://{bucket}/crm", s3)
    zone.folder(key).write_bytes("a.json", b"x")
    LandingZone.open(f"s3://{bucket}/crm2", s3).folder(key).write_bytes("b.json", b"x")
    zone.folder(RunKey(key.integration, key.account, 120)).write_bytes("c.json", b"x")
    assert zone.folder(key).names() == ["a.json"]
    zone.storage.remove_folder(("data", key.integration, key.account, "12"))
    found = [entry["Key"].split("/")[0] + entry["Key"][-6:] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert sorted(found) == ["crm2b.json", "crmc.json"]


def test_folders_of_many_files_are_listed_and_removed_whole(s3: Any, bucket: str, key: RunKey) -> None:
    folder = LandingZone.open(f"s3://{bucket}", s3).folder(key)
    paginator = s3.get_paginator("list_objects_v2")
    s3.get_paginator = lambda _: type(
        "Small", (), {"paginate": lambda _, **kw: paginator.paginate(**kw, PaginationConfig={"PageSize": 2})}
    )()
    for number in range(5):
        folder.write_bytes(f"{number}.json", b"x")
    assert folder.names() == [f"{number}.json" for number in range(5)]
    LandingZone.open(f"s3://{bucket}", s3).storage.remove_folder(("data", key.integration, key.account, "12"))
    assert folder.names() == []


def test_an_unsigned_client_handed_in_is_the_one_used(s3_server: str, bucket: str, key: RunKey) -> None:
    folder = at(s3_server, key, config=Config(signature_version=UNSIGNED))
    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        folder.names()
