"""Measure candidates: time, memory, and whether the right one comes first.

    python benchmarks/matching.py                       # 100,000 contacts and 100,000 companies a side, seeds 11 and 12
    python benchmarks/matching.py --records 10000 --seeds 11

prints one JSON line a world; see benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import pandas as pd
from people_twice import World, company_world, contact_world

import crosswalk
from crosswalk.features.linking.candidates.find import find_candidates
from crosswalk.features.linking.candidates.roles import load_roles
from crosswalk.features.linking.candidates.side import side

TABLE = Path(crosswalk.__file__).parent / "integrations" / "crm_to_flex" / "candidates.csv"
WORLDS = {"contact": contact_world, "company": company_world}


def main() -> None:
    """Measure every world asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000, help="records a side")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    parser.add_argument("--kind", choices=list(WORLDS), action="append")
    arguments = parser.parse_args()
    for kind in arguments.kind or WORLDS:
        for seed in arguments.seeds:
            print(
                json.dumps({"kind": kind, "seed": seed, "records": arguments.records, **measure(kind, arguments.records, seed)}), flush=True
            )


def measure(kind: str, records: int, seed: int) -> dict[str, float]:
    """Find candidates in one world and hold them against the truth."""
    world = WORLDS[kind](records, seed)
    began, cpu = time.perf_counter(), time.process_time()
    found = find_candidates(world.source, world.target, load_roles(TABLE)[kind])
    times = {"seconds": round(time.perf_counter() - began, 1), "cpu_s": round(time.process_time() - cpu, 1)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {**times, "peak_mb": peak, **quality(found, world, kind)}


def quality(found: pd.DataFrame, world: World, kind: str) -> dict[str, float]:
    """Count how the candidates compare with the truth.

    reachable: true matches that share a value a match is found by; the others have nothing in common but a name, and the rules of the
    seed do not show them. first_right: the share of the reachable whose first candidate is the right one.
    """
    right = found["target_id"] == found["source_id"].map(world.truth)
    automatic, shown = found["automatic"], int(right.sum())
    reachable = max(_reachable(world, kind), shown)
    return {
        "true": len(world.truth),
        "reachable": reachable,
        "shown": shown,
        "first_right": round(int((right & (found["rank"] == 1)).sum()) / max(reachable, 1), 5),
        "automatic": int(automatic.sum()),
        "automatic_wrong": int((automatic & ~right).sum()),
        "candidates": len(found),
    }


def _reachable(world: World, kind: str) -> int:
    """Count the true pairs that share a key, one by one, without the blocks."""
    roles = load_roles(TABLE)[kind]
    sides = [side(world.source, "source_id", roles, "US"), side(world.target, "target_id", roles, "US")]
    keys: list[dict[str, set[tuple[str, str]]]] = [{}, {}]
    for one, known in zip(sides, keys, strict=True):
        for role, held in one.held.items():
            for row, key in zip(held["row"], held["key"], strict=True):
                known.setdefault(one.ids[row], set()).add((role, key))
    return sum(not keys[0].get(source, set()).isdisjoint(keys[1].get(target, set())) for source, target in world.truth.items())


if __name__ == "__main__":
    main()
