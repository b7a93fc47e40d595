"""What a night of CRM → Mindmatrix costs: whole runs of a large CRM, the first, one without a change, and one with 1 % changed.

python benchmarks/mindmatrix.py [--contacts 100000] [--companies 5000] [--crm autotask connectwise]

One JSON line a CRM: for each run requests to the CRM and to Mindmatrix, seconds, peak memory, outcomes. The sandbox has a process of its
own, and so has each run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

from crosswalk.core.account_settings import AccountSettings
from crosswalk.engine.in_process import Account
from crosswalk.integrations.accounts import spec_of
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store
from crosswalk.systems.autotask.client import AutotaskClient
from crosswalk.systems.autotask.source import AutotaskSource
from crosswalk.systems.connectwise.client import ConnectWiseClient
from crosswalk.systems.connectwise.source import ConnectWiseSource
from crosswalk.systems.mindmatrix.client import MindmatrixClient
from crosswalk.systems.mindmatrix.target import MindmatrixTarget
from crosswalk.wire.connection import connection_settings

FAST: dict[str, Any] = {"requests_per_second": 1000, "allow_private_network": True}
CLIENT_ID = "00000000-0000-4000-8000-000000000007"
AUTOTASK = {"login": "big@example.test", "password": "sandbox-secret", "integration_code": "SANDBOXCODE"}
MINDMATRIX: dict[str, Any] = {"organization": "MM-9000", "password": "sandbox-key", "opt_in_acknowledged": True}
CONNECTWISE = {"company": "BIG", "login": "publickey", "password": "sandbox-secret", "client_id": CLIENT_ID}
CONTROL = {"autotask": "autotask/databases", "connectwise": "connectwise/companies"}
OPTIONS = {"filter_field": "company_type", "filter_values": ["Customer", "Prospect"], "delete_inactive": False, "at": "02:00"}
SPAWN = multiprocessing.get_context("spawn")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--companies", type=int, default=5_000)
    parser.add_argument("--crm", nargs="+", choices=list(CONTROL), default=list(CONTROL))
    chosen = parser.parse_args()
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    url = ours.recv()
    for crm in chosen.crm:
        print(json.dumps({"crm": crm, "contacts": chosen.contacts, **measure(url, crm, chosen.contacts, chosen.companies)}), flush=True)
    ours.send("enough")
    process.join(10)


def serve(pipe: Connection) -> None:
    with SandboxServer(contacts=1, groups=0) as box:
        pipe.send(box.url)
        pipe.recv()


def measure(url: str, crm: str, contacts: int, companies: int) -> dict[str, Any]:
    """Fill a CRM, and run three nights over one store."""
    control = f"{url}/_sandbox/{CONTROL[crm]}"
    name = {"database": "BIG", "user": "big@example.test"} if crm == "autotask" else {"company": "BIG"}
    _post(control, {**name, "contacts": contacts, "companies": companies})
    _post(f"{url}/_sandbox/mindmatrix/organizations", {"organization": "MM-9000"})
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as state:
        first, unchanged = night(url, crm, state), night(url, crm, state)
        _post(f"{control}/BIG/contacts/bulk", {"first": contacts // 100, "set": {"title": "Changed"}})
        return {"first": first, "unchanged": unchanged, "one_percent": night(url, crm, state)}


def _post(address: str, body: dict[str, Any]) -> None:
    requests.post(address, json=body, timeout=300).raise_for_status()


def night(url: str, crm: str, state: str) -> dict[str, Any]:
    """One run in a process of its own."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=run, args=(theirs, url, crm, state))
    process.start()
    theirs.close()
    facts: dict[str, Any] = ours.recv()
    process.join()
    return facts


def run(pipe: Connection, url: str, crm: str, state: str) -> None:
    engine = connect(f"sqlite:///{state}/store.db")
    migrate(engine)
    source = _source(url, crm)
    target = MindmatrixClient(connection_settings("mindmatrix", f"{url}/mindmatrix", **MINDMATRIX, **FAST))
    settings = AccountSettings("bench", "crm_to_mindmatrix", crm, "mindmatrix", None, "daily", {}, options=OPTIONS, system=crm)
    places = Store(engine), LandingZone.open((Path(state) / "landing").as_uri())
    account = Account(settings, spec_of(settings), *places, source, MindmatrixTarget(target))
    began = time.perf_counter()
    row = account.run("benchmark")
    used = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(
        {
            "status": row.status.value,
            "crm_requests": sum(source._client.sent.values()),
            "target_reads": target.sent["GET"],
            "target_writes": target.sent.total() - target.sent["GET"],
            "seconds": round(time.perf_counter() - began, 1),
            "cpu_s": round(used.ru_utime + used.ru_stime, 1),
            "peak_mb": round(used.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)),
            "outcomes": row.counts.get("plan", {}).get("contact", {}),
        }
    )


def _source(url: str, crm: str) -> Any:
    if crm == "autotask":
        who = connection_settings("autotask", f"{url}/autotask", **AUTOTASK, **FAST)
        return AutotaskSource(AutotaskClient(who))
    about = connection_settings("connectwise", f"{url}/connectwise", **CONNECTWISE, **FAST)
    return ConnectWiseSource(ConnectWiseClient(about))


if __name__ == "__main__":
    main()
