"""A client nobody here wrote reads our ConnectWise sandbox: its paging, its models, its conditions.

pyconnectwise insists on https and offers no way to switch that off, so the sandbox is put behind TLS with a certificate made for this test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.sandbox.server import SandboxServer
from crosswalk.systems.connectwise.conformance import connect as connectwise
from systems.certificates import issued


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=1, groups=0) as server:
        yield server


@pytest.fixture(scope="module")
def seen_outside(box: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    context, certificate = issued(tmp_path_factory.mktemp("tls"), "localhost")

    def forward(seen: Seen) -> Reply:
        headers = {name: value for name, value in seen.headers.items() if name not in ("accept-encoding", "connection")}
        answer = requests.request(seen.method, box.url + seen.path, params=dict(seen.query), headers=headers, timeout=30)
        kept = {name: answer.headers.get(name, "") for name in ("Content-Type", "Link")}
        return Reply(answer.content, answer.status_code, kept)

    with LocalServer(forward, tls=context) as server:
        host = f"localhost:{server.port}/connectwise"
        script = Path(__file__).with_name("outside_client.py")
        environment = {**os.environ, "REQUESTS_CA_BUNDLE": str(certificate)}
        done = subprocess.run(
            [sys.executable, str(script), host, "northwind"], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.requirement("MIND-01")
def test_it_sees_what_our_client_sees(seen_outside: dict[str, Any], box: SandboxServer) -> None:
    ours = {row["source_id"]: row for page in connectwise(box.url).pages("contact", None) for row in page.rows}
    theirs = seen_outside["contacts"]
    assert len(ours) == seen_outside["count"] == 200
    assert theirs == {
        one: [row["lastName"], row["inactiveFlag"] == "true", int(row["company.id"]) if row["company.id"] else None, row["email"]]
        for one, row in ours.items()
    }
    assert seen_outside["one"] == ours[next(iter(theirs))]["firstName"]


def test_it_sees_companies_their_states_and_types(seen_outside: dict[str, Any], box: SandboxServer) -> None:
    source = connectwise(box.url)
    ours = {row["source_id"]: row for page in source.pages("company", None) for row in page.rows}
    assert seen_outside["codebase"] == "v2099_1/"
    assert seen_outside["types"] == source.choices("company.types")
    for one, (identifier, status, kinds) in seen_outside["companies"].items():
        assert identifier == ours[one]["identifier"]
        assert seen_outside["statuses"][str(status)] is (ours[one]["inactive"] == "true")
        assert " ".join(map(str, kinds)) == ours[one]["types"]
    assert set(seen_outside["companies"]) == set(ours)


def test_its_conditions_are_understood(seen_outside: dict[str, Any]) -> None:
    expected = [int(one) for one, (_, inactive, company, _) in seen_outside["contacts"].items() if inactive and company]
    assert sorted(seen_outside["inactive"]) == sorted(expected)
    assert expected
