"""What an FMO's book costs: one carrier file of many policies read whole. What an agent's share of it costs: provisioning.py.

python benchmarks/policies.py --policies 300000 --agents 2000

One JSON line: seconds and peak memory of the ingest.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crosswalk.systems.carriers.client import DropFolder
from crosswalk.systems.carriers.source import CarriersSource

HEADER = ["memberNumber", "writingAgentNPN", "memberFirstName", "memberLastName", "dateOfBirth", "memberEmail", "policyEffectiveDate"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", type=int, default=300_000)
    parser.add_argument("--agents", type=int, default=2_000)
    arguments = parser.parse_args()
    facts = {"policies": arguments.policies, "agents": arguments.agents, "ingest": ingest(arguments.policies, arguments.agents)}
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


if __name__ == "__main__":
    main()
