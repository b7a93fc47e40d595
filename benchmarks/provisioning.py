"""What provisioning one agent costs beside the size of the FMO's book: whole runs, the first and a re-sync without a change.

python benchmarks/provisioning.py [--policies 30000 300000] [--agents 2000]

One JSON line a book and agent (of the first 200, those with the fewest and the most policies): records, requests, seconds of the steps,
peak memory. The sandbox has a process of its own, and so has each agent.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crosswalk.core.account_settings import AccountSettings
from crosswalk.engine.in_process import Account
from crosswalk.features.tenancy.businesses import settings_of
from crosswalk.features.tenancy.ports import BusinessRequest, UserRequest
from crosswalk.features.tenancy.provision import Desk, provision
from crosswalk.features.tenancy.share import AgentShare
from crosswalk.integrations.accounts import spec_of
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.agent_crm.control import open_fmo
from crosswalk.sandbox.agent_crm.system import DEFAULT_KEY, FMO_BUSINESS, FMO_USER
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.provisioning import FmoBusinesses
from crosswalk.systems.agent_crm.source import AgentCrmSource
from crosswalk.systems.agent_crm.target import AgentCrmTarget
from crosswalk.wire.connection import connection_settings

SPAWN = multiprocessing.get_context("spawn")
TABLE = AccountSettings("meridian", "fmo_to_agent_crm", "carriers_a", "agent_crm_a", None, "manual", system="agent_crm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", type=int, nargs="+", default=[30_000, 300_000])
    parser.add_argument("--agents", type=int, default=2_000)
    arguments = parser.parse_args()
    for policies in arguments.policies:
        for place in ("fewest", "most"):
            print(json.dumps({"book": policies, "agents": arguments.agents, **_beside(policies, arguments.agents, place)}), flush=True)


def _beside(policies: int, agents: int, place: str) -> dict[str, Any]:
    ours, theirs = SPAWN.Pipe()
    server = SPAWN.Process(target=serve, args=(theirs, policies, agents), daemon=True)
    server.start()
    url, npns = ours.recv()
    with SPAWN.Pool(1) as pool:
        facts: dict[str, Any] = pool.apply(measure, (url, npns[place]))
    ours.send("enough")
    server.join(10)
    return facts


def serve(pipe: Connection, policies: int, agents: int) -> None:
    with SandboxServer(contacts=1, groups=1, seed=1) as server:
        book = open_fmo(server.sandbox.vendors.systems["agent_crm"], {"policies": policies, "agents": agents}).shelf("policies").book
        wrote = {agent: sum(map(len, book.of_npns_holding("policies", book.npn(agent)))) for agent in range(10, min(agents, 200))}
        pipe.send(
            (server.url, {"fewest": book.npn(min(wrote, key=wrote.__getitem__)), "most": book.npn(max(wrote, key=wrote.__getitem__))})
        )
        pipe.recv()


def measure(url: str, npn: str) -> dict[str, Any]:
    """Provision one agent, then sync again."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder:
        engine = connect(f"sqlite:///{folder}/store.db")
        migrate(engine)
        store, zone = Store(engine), LandingZone.open(str(Path(folder) / "landing"))
        about: dict[str, Any] = {"requests_per_second": 1000, "allow_private_network": True}
        fmo = AgentCrmClient(
            connection_settings("agent_crm", f"{url}/agent_crm/api", login=FMO_USER, business=FMO_BUSINESS, password=DEFAULT_KEY, **about)
        )
        desk = Desk(TABLE.integration, TABLE.name, store, FmoBusinesses(fmo), "benchmark")
        user = UserRequest("agent@example.test", "Kim", "Quill", npn)
        business = provision(desk, BusinessRequest(npn, "Quill", "agent", npn), [user], sync=True)
        client = fmo.of_business(business.business_id)
        target, settings = AgentCrmTarget(client), settings_of(business, TABLE)
        share = AgentShare(AgentCrmSource(fmo), desk.businesses, business.business_id, target)
        account = Account(settings, spec_of(settings), store, zone, share, target)
        runs = {name: _run(account, name, [fmo, client]) for name in ("first", "again")}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)
        return {**runs, "peak_mib": peak, "at": datetime.now(UTC).isoformat(timespec="minutes")}


def _run(account: Account, name: str, clients: list[AgentCrmClient]) -> dict[str, Any]:
    before, began = _sent(clients), time.perf_counter()
    row = account.run(name)
    seconds = round(time.perf_counter() - began, 1)
    return {"outcomes": row.counts["plan"], "requests": _sent(clients) - before, "seconds": seconds, "status": row.status.value}


def _sent(clients: list[AgentCrmClient]) -> int:
    return sum((client.sent for client in clients), Counter[str]()).total()


if __name__ == "__main__":
    main()
