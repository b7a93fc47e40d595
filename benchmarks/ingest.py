"""What an ingest of a carrier's whole book costs: the five steps of a run, from the file in the drop folder to the FMO's business.

python benchmarks/ingest.py --policies 300000 --agents 2000

One JSON line a run: the first, in which everything is new, and the next, with a file in which one policy in a hundred changed. Seconds by
step, requests to the business, peak memory of the process so far. The sandbox runs beside it, in a process of its own.

--dry goes only as far as the first book's plan and writes nothing: to deliver a book of that size takes hours. Each step has a process of
its own, as a task has; one JSON line a step.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crosswalk.core.account_settings import AccountSettings
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.extract import extract
from crosswalk.engine.in_process import Account
from crosswalk.engine.transform import transform
from crosswalk.engine.validate import validate
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.zone import LandingZone
from crosswalk.sandbox.agent_crm.system import DEFAULT_KEY, FMO_BUSINESS, FMO_USER
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store
from crosswalk.systems.agent_crm.client import AgentCrmClient
from crosswalk.systems.agent_crm.target import FMO_ENTITIES, AgentCrmTarget
from crosswalk.systems.carriers.client import DropFolder
from crosswalk.systems.carriers.source import CarriersSource
from crosswalk.wire.connection import connection_settings

SPAWN = multiprocessing.get_context("spawn")
HEADER = ["memberNumber", "writingAgentNPN", "memberFirstName", "memberLastName", "dateOfBirth", "memberEmail", "policyEffectiveDate"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", type=int, default=300_000)
    parser.add_argument("--agents", type=int, default=2_000)
    parser.add_argument("--dry", action="store_true", help="only the first book, and only its plan")
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    url = ours.recv()
    try:
        with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder:
            place = Path(folder)
            write_book(place / "drop", arguments.policies, arguments.agents)
            migrate(connect(f"sqlite:///{place / 'store.db'}"))
            measure_plan(url, place) if arguments.dry else measure(url, place)
    finally:
        ours.send("enough")
        process.join(10)


def measure(url: str, folder: Path) -> None:
    """Run twice and print a line each."""
    for run in ("first", "one in a hundred changed"):
        client = _client(url)
        with _account(client, folder) as account:
            row = account.run(run)
        told = {"run": run, "status": row.status.value, "plan": row.counts["plan"], "requests": client.sent.total()}
        seconds = {name: round(seconds) for name, seconds in row.durations.items()}
        print(json.dumps({**told, "seconds": seconds, "peak_mib": _peak()}), flush=True)
        _change(folder / "drop")


def measure_plan(url: str, folder: Path) -> None:
    """Make the plan of the first book, a process a step, and print a line each."""
    for step in ("extract", "validate", "transform"):
        with SPAWN.Pool(1) as pool:
            print(json.dumps(pool.apply(do_step, (url, folder, step))), flush=True)


def do_step(url: str, folder: Path, step: str) -> dict[str, Any]:
    """Do one step of a dry run and tell what it cost this process."""
    with _account(_client(url), folder) as one:
        if step == "extract":
            run = Run.begin(one.settings, one.spec, one.store, one.zone, Trigger("benchmark", "first"), dry_run=True)
            extract(run, one.source, one.target)
        else:
            key = one.store.runs.latest(one.spec.name, one.settings.name, limit=1)[0].key
            run = Run(key, one.settings, one.spec, one.store, one.zone)
            {"validate": validate, "transform": transform}[step](run)
        row = one.store.runs.get(run.key)
    return {"step": step, "seconds": round(row.durations[step]), "peak_mib": _peak(), "plan": row.counts.get("plan", {})}


def _client(url: str) -> AgentCrmClient:
    about: dict[str, Any] = {"requests_per_second": 10_000, "allow_private_network": True}
    return AgentCrmClient(
        connection_settings("agent_crm", f"{url}/agent_crm/api", login=FMO_USER, business=FMO_BUSINESS, password=DEFAULT_KEY, **about)
    )


@contextmanager
def _account(client: AgentCrmClient, folder: Path) -> Iterator[Account]:
    spec, store = load_spec("carriers_to_fmo"), Store(connect(f"sqlite:///{folder / 'store.db'}"))
    settings = AccountSettings("meridian", spec.name, "carriers", "agent_crm", None, "hourly", system="carriers")
    with CarriersSource(DropFolder(folder / "drop"), settle_seconds=0, today=datetime.now(UTC).date()) as source:
        zone = LandingZone.open(str(folder / "landing"))
        yield Account(settings, spec, store, zone, source, AgentCrmTarget(client, FMO_ENTITIES))


def write_book(drop: Path, policies: int, agents: int) -> None:
    """Leave one carrier's whole book of business."""
    (drop / "harborlight").mkdir(parents=True)
    with (drop / "harborlight" / "harborlight_book_20260101.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(policies):
            email = f"m{number}@example.test" if number % 4 else ""
            born = f"{number % 12 + 1:02d}/{number % 28 + 1:02d}/{1935 + number % 50}"
            writer.writerow([f"H{number:08d}", 1_000_000 + number % agents, f"Ann{number}", "Quill", born, email, "01/01/2026"])


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)


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
