"""How many requests it takes to read a CRM whole, and what changed alone. Prints one JSON line a CRM.

python benchmarks/crm_reading.py [--contacts 100000] [--companies 5000] [--changed 1000]
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from crosswalk.sandbox.server import SandboxServer
from crosswalk.systems.autotask.client import AutotaskClient
from crosswalk.systems.autotask.source import AutotaskSource
from crosswalk.systems.connectwise.client import ConnectWiseClient
from crosswalk.systems.connectwise.source import ConnectWiseSource
from crosswalk.wire.connection import connection_settings

FAST: dict[str, Any] = {"requests_per_second": 1000, "allow_private_network": True}
CLIENT_ID = "00000000-0000-4000-8000-000000000007"
AUTOTASK = {"login": "big@example.test", "password": "sandbox-secret", "integration_code": "SANDBOXCODE"}
CONNECTWISE = {"company": "BIG", "login": "publickey", "password": "sandbox-secret", "client_id": CLIENT_ID}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("contacts", 100_000), ("companies", 5_000), ("changed", 1_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    with SandboxServer(contacts=1, groups=0) as box:
        autotask = AutotaskClient(connection_settings("autotask", f"{box.url}/autotask", **AUTOTASK, **FAST))
        connectwise = ConnectWiseClient(connection_settings("connectwise", f"{box.url}/connectwise", **CONNECTWISE, **FAST))
        people = {"contacts": chosen.contacts, "companies": chosen.companies}
        base = f"{box.url}/_sandbox"
        big = {"database": "BIG", "user": "big@example.test", **people}
        measure(f"{base}/autotask/databases", big, autotask, AutotaskSource(autotask), chosen.changed)
        measure(f"{base}/connectwise/companies", {"company": "BIG", **people}, connectwise, ConnectWiseSource(connectwise), chosen.changed)


def measure(control: str, body: dict[str, Any], client: Any, source: Any, changed: int) -> None:
    """Fill the CRM, read it whole, change some contacts, read what changed."""
    began = time.perf_counter()
    requests.post(control, json=body, timeout=300).raise_for_status()
    filled = time.perf_counter()
    source.totals()  # looks the zone or the codebase up
    before = sum(client.sent.values())
    rows = sum(len(page.rows) for page in source.pages("contact", None))
    whole, read = sum(client.sent.values()) - before, time.perf_counter()
    since = datetime.now(UTC) - timedelta(seconds=1)
    requests.post(f"{control}/BIG/contacts/bulk", json={"first": changed, "set": {"title": "Changed"}}, timeout=300).raise_for_status()
    before, asked = sum(client.sent.values()), time.perf_counter()
    found = sum(len(page) for page in source.changed(since))
    delta, done = sum(client.sent.values()) - before, time.perf_counter()
    seconds = {"fill_s": filled - began, "whole_s": read - filled, "changed_s": done - asked}
    counts = {"rows": rows, "whole_requests": whole, "changed_rows": found, "changed_requests": delta}
    print(json.dumps({"crm": client.settings.name, **counts, **{name: round(value, 1) for name, value in seconds.items()}}))


if __name__ == "__main__":
    main()
