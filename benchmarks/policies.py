"""What an FMO's book costs: one carrier file of many policies read whole, and one agent's share copied to a business of its own.

python benchmarks/policies.py --policies 300000 --agents 2000

One JSON line: seconds and peak memory of the ingest, and for the agents with the fewest and the most policies the records, requests and
seconds of a provisioning against the sandbox. The sandbox runs beside it, in a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crosswalk.core.ports import Operation
from crosswalk.core.tenant import Tenant, guarded
from crosswalk.sandbox.agent_crm.control import open_fmo
from crosswalk.sandbox.agent_crm.system import DEFAULT_KEY, FMO_BUSINESS, FMO_USER
from crosswalk.sandbox.server import SandboxServer
from crosswalk.systems.agent_crm.client import AgentCrmClient, AgentCrmSettings
from crosswalk.systems.agent_crm.provisioning import BusinessRequest, make_business
from crosswalk.systems.agent_crm.source import AgentCrmSource
from crosswalk.systems.agent_crm.target import AGENT_ENTITIES, AgentCrmTarget
from crosswalk.systems.carriers.client import DropFolder
from crosswalk.systems.carriers.source import CarriersSource

HEADER = ["memberNumber", "writingAgentNPN", "memberFirstName", "memberLastName", "dateOfBirth", "memberEmail", "policyEffectiveDate"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", type=int, default=300_000)
    parser.add_argument("--agents", type=int, default=2_000)
    arguments = parser.parse_args()
    facts = {"policies": arguments.policies, "agents": arguments.agents, "ingest": ingest(arguments.policies, arguments.agents)}
    facts["provisioning"] = provisioning(arguments.policies, arguments.agents)
    print(json.dumps(facts))


def ingest(policies: int, agents: int) -> dict[str, Any]:
    """Read one book of business: checked once, then read as policies, members and agents."""
    with tempfile.TemporaryDirectory() as folder:
        write_book(Path(folder), policies, agents)
        began = time.perf_counter()
        with CarriersSource(DropFolder(Path(folder)), settle_seconds=0, today=datetime.now(UTC).date()) as source:
            totals = source.totals()
            read = {entity: sum(len(page.rows) for page in source.pages(entity)) for entity in totals}
        if read != totals:
            raise SystemExit(f"announced {totals}, read {read}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)
        return {"seconds": round(time.perf_counter() - began, 1), "peak_mib": peak, "read": read}


def write_book(folder: Path, policies: int, agents: int) -> None:
    (folder / "harborlight").mkdir()
    with (folder / "harborlight" / "harborlight_book_20260101.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(policies):
            email = f"m{number}@example.test" if number % 4 else ""
            born = f"{number % 12 + 1:02d}/{number % 28 + 1:02d}/{1935 + number % 50}"
            writer.writerow([f"H{number:08d}", 1_000_000 + number % agents, f"Ann{number}", "Quill", born, email, "01/01/2026"])


def provisioning(policies: int, agents: int) -> list[dict[str, Any]]:
    """Copy the smallest and the largest agent's policies and people."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, policies, agents), daemon=True)
    process.start()
    url, npns = ours.recv()
    try:
        return [provision(url, npn) for npn in npns]
    finally:
        ours.send("enough")
        process.join(10)


def serve(pipe: Connection, policies: int, agents: int) -> None:
    with SandboxServer(contacts=1, groups=1, seed=1) as server:
        fmo = open_fmo(server.sandbox.agent_crm, {"policies": policies, "agents": agents})
        book = fmo.shelf("policies").book
        wrote = {agent: sum(map(len, book.of_npns_holding("policies", book.npn(agent)))) for agent in range(10, min(agents, 200))}
        pipe.send((server.url, [book.npn(min(wrote, key=wrote.__getitem__)), book.npn(max(wrote, key=wrote.__getitem__))]))
        pipe.recv()


def provision(url: str, npn: str) -> dict[str, Any]:
    """Make one business and fill it."""
    began = time.perf_counter()
    about = {"requests_per_second": 1000, "allow_private_network": True}
    fmo = AgentCrmClient(AgentCrmSettings(f"{url}/agent_crm/api", FMO_USER, FMO_BUSINESS, DEFAULT_KEY, **about))  # type: ignore[arg-type]
    business = make_business(fmo, BusinessRequest(npn, f"Agent {npn}", "agent", npn)).business_id
    client = fmo.of_business(business)
    target = AgentCrmTarget(client)
    tenant = Tenant(business, frozenset({npn}), dict.fromkeys(AGENT_ENTITIES, "writing_agent_npn"))
    delivery = guarded(target.open(mode="delta", snapshot=1, base_revision=0, source={}), target.identity(), tenant)
    written = {}
    for entity in AGENT_ENTITIES:
        rows = [row for page in AgentCrmSource(fmo).pages(entity, [npn]) for row in page.rows]
        operations = [Operation(entity, "upsert", row["source_id"], "", row) for row in rows]
        for start in range(0, len(operations), delivery.max_batch):
            if delivery.send(1, operations[start : start + delivery.max_batch]).refused:
                raise SystemExit(f"a record of {npn} was refused")
        written[entity] = len(rows)
    requests = fmo.sent.total() + client.sent.total()
    return {**written, "requests": requests, "seconds": round(time.perf_counter() - began, 2)}


if __name__ == "__main__":
    main()
