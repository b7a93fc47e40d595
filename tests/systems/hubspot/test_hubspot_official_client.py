"""HubSpot's own client, which nobody here wrote, reads our sandbox as it reads HubSpot; and our client reads the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from crosswalk.core.ports import Row
from crosswalk.sandbox.server import SandboxServer
from crosswalk.systems.hubspot.conformance import connect as hubspot

TOKEN = "token-of-another-portal"


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=5, groups=2, seed=1) as server:
        body = {"portal": "777", "token": TOKEN, "companies": 30, "contacts": 230, "deals": 40, "seed": 3}
        assert requests.post(f"{server.url}/_sandbox/hubspot/portals", json=body, timeout=30).ok
        row = requests.get(f"{server.url}/_sandbox/hubspot/portals/777/contacts?limit=1&offset=9", timeout=30).json()["contacts"][0]
        assert requests.delete(f"{server.url}/_sandbox/hubspot/portals/777/contacts/{row['id']}", timeout=30).ok
        yield server


@pytest.fixture(scope="module")
def told(box: SandboxServer) -> dict[str, Any]:
    script = Path(__file__).with_name("official_client.py")
    done = subprocess.run([sys.executable, script, f"{box.url}/hubspot", TOKEN], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def ours(box: SandboxServer) -> dict[str, dict[str, Row]]:
    source = hubspot(box.url, TOKEN)
    return {
        entity: {row["source_id"]: row for page in source.pages(entity, None) for row in page.rows}
        for entity in ("contact", "company", "deal")
    }


def test_both_clients_list_the_same_records(told: dict[str, Any], ours: dict[str, dict[str, Row]]) -> None:
    assert (len(told["contacts"]), len(told["companies"]), len(told["deals"])) == (229, 30, 40)
    assert {key: [email or "", " ".join(companies)] for key, (email, companies) in told["contacts"].items()} == {
        key: [row["email"], row["company_ids"]] for key, row in ours["contact"].items()
    }
    assert told["companies"] == {key: row["name"] for key, row in ours["company"].items()}
    assert told["deals"] == {key: row["amount"] for key, row in ours["deal"].items()}
    assert len(told["archived"]) == 1


def test_it_searches_and_is_stopped_at_the_ceiling(told: dict[str, Any]) -> None:
    ids = list(told["contacts"])
    assert told["found"] == [1, [ids[0]]]
    assert told["above"] == [2, ids[-2:]]
    assert told["ceiling"] == [400, "VALIDATION_ERROR"]


def test_it_reads_one_record_and_its_associations(told: dict[str, Any]) -> None:
    first, (email, (company,)) = next(iter(told["contacts"].items()))
    assert told["one"] == [first, email, False]
    assert [[str(to), labels] for to, labels in told["labels"]] == [[company, ["Primary", None]]]
    assert told["updated"].startswith("2026-01-01T")
