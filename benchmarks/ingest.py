"""What an ingest of a carrier's whole book costs: the five steps of a run, from the file in the drop folder to the FMO's business.

python benchmarks/ingest.py --policies 300000 --agents 2000

One JSON line a run: the first, in which everything is new, and the next, with a file in which one policy in a hundred changed. Seconds by
step, requests to the business, peak memory of the process so far. The sandbox runs beside it, in a process of its own. --dry takes the
first book only as far as its plan, where memory is highest, and writes nothing: a whole book of that size takes hours to deliver.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import resource
import sys
import tempfile
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crosswalk.core.accounts import AccountSettings
from crosswalk.core.spec import load_spec
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.agent_crm.system import DEFAULT_KEY, FMO_BUSINESS, FMO_USER
from crosswalk.sandbox.server import SandboxServer
from crosswalk.steps.whole import Account
from crosswalk.store.engine import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store
from crosswalk.systems.agent_crm.client import AgentCrmClient, AgentCrmSettings
from crosswalk.systems.agent_crm.target import FMO_ENTITIES, AgentCrmTarget
from crosswalk.systems.carriers.client import DropFolder
from crosswalk.systems.carriers.source import CarriersSource

HEADER = ["memberNumber", "writingAgentNPN", "memberFirstName", "memberLastName", "dateOfBirth", "memberEmail", "policyEffectiveDate"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", type=int, default=300_000)
    parser.add_argument("--agents", type=int, default=2_000)
    parser.add_argument("--dry", action="store_true", help="one dry run of the first book: up to the plan")
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    url = ours.recv()
    try:
        with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder:
            measure(url, Path(folder), arguments.policies, arguments.agents, dry=arguments.dry)
    finally:
        ours.send("enough")
        process.join(10)


def measure(url: str, folder: Path, policies: int, agents: int, *, dry: bool) -> None:
    """Run twice, or once dry, and print a line each."""
    drop, engine = folder / "drop", connect(f"sqlite:///{folder / 'store.db'}")
    drop.mkdir()
    migrate(engine)
    store, zone, spec = Store(engine), LandingZone.open(str(folder / "landing")), load_spec("carriers_to_fmo")
    settings = AccountSettings("meridian", spec.name, "carriers", "agent_crm", None, "hourly", system="carriers")
    about = {"requests_per_second": 10_000, "allow_private_network": True}
    write_book(drop, policies, agents)
    for run in ("first, dry",) if dry else ("first", "one in a hundred changed"):
        client = AgentCrmClient(AgentCrmSettings(f"{url}/agent_crm/api", FMO_USER, FMO_BUSINESS, DEFAULT_KEY, **about))  # type: ignore[arg-type]
        with CarriersSource(DropFolder(drop), settle_seconds=0, today=datetime.now(UTC).date()) as source:
            row = Account(settings, spec, store, zone, source, AgentCrmTarget(client, FMO_ENTITIES)).run(run, dry_run=dry)
        print(json.dumps({"run": run, **_facts(row, client)}), flush=True)
        _change(drop)


def write_book(drop: Path, policies: int, agents: int) -> None:
    """Leave one carrier's whole book of business."""
    (drop / "harborlight").mkdir()
    with (drop / "harborlight" / "harborlight_book_20260101.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(policies):
            email = f"m{number}@example.test" if number % 4 else ""
            born = f"{number % 12 + 1:02d}/{number % 28 + 1:02d}/{1935 + number % 50}"
            writer.writerow([f"H{number:08d}", 1_000_000 + number % agents, f"Ann{number}", "Quill", born, email, "01/01/2026"])


def _facts(row: Any, client: AgentCrmClient) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)
    told = {"status": row.status.value, "plan": row.counts["plan"], "requests": client.sent.total()}
    return {**told, "seconds": {name: round(seconds) for name, seconds in row.durations.items()}, "peak_mib": peak}


def _change(drop: Path) -> None:
    """Send the book of the next day, with another plan for each hundredth policy."""
    before = drop / "harborlight" / "harborlight_book_20260101.csv"
    header, *rows = before.read_text(encoding="utf-8").splitlines()
    changed = [f"{row},{'Plus' if number % 100 == 0 else ''}" for number, row in enumerate(rows)]
    after = drop / "harborlight" / "harborlight_book_20260102.csv"
    after.write_text("\n".join([f"{header},planName", *changed]) + "\n", encoding="utf-8")


def _serve(pipe: Connection) -> None:
    with SandboxServer(contacts=1, groups=1, seed=1) as server:
        pipe.send(server.url)
        pipe.recv()


if __name__ == "__main__":
    main()
