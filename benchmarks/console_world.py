"""What the console is measured on: many accounts with two weeks of runs, and one with thirty large ones. Nobody in it exists."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import insert

from crosswalk.core.model import Outcome, Rejection, RunKey, RunStatus
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.zone import LandingZone
from crosswalk.reports.plan_search import CHANGE_COLUMNS
from crosswalk.reports.publish import publish
from crosswalk.reports.run_report import Change, Limit, RejectedRecord, Report, Sample, sums_of
from crosswalk.store.database import connect, writing
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store
from crosswalk.store.tables import delivered, run, snapshot
from crosswalk.validation.outcomes import RuleResult

INTEGRATION, DAG = "smartoffice_to_fmg", "fmg_daily_sync"
LARGE = "summit"
NIGHTS = 14
LARGE_RUNS = 30
_ENDS = [RunStatus.SUCCESS] * 80 + [RunStatus.PARTIAL] * 12 + [RunStatus.FAILED] * 5 + [RunStatus.HELD] * 3


def make(folder: Path, accounts: int, records: int, rejected: int, seed: int = 7) -> dict[str, Any]:
    """Make accounts file, store and landing zone below a folder; returns the Airflow connections that lead to them."""
    chance, now = random.Random(seed), datetime.now(UTC)  # noqa: S311 - an example, not a secret
    names = [LARGE, *(f"office-{number:05d}" for number in range(1, accounts))]
    (folder / "fmg.toml").write_text("\n".join(map(_table, names)), encoding="utf-8")
    engine = connect(f"sqlite:///{folder / 'store.db'}")
    migrate(engine)
    store, zone = Store(engine), LandingZone.open(str(folder / "landing"))
    small = names[1 : -max(1, accounts // 100)]
    with writing(engine, "making up runs") as connection:
        for start in range(0, len(small), 500):
            part = small[start : start + 500]
            nights = {name: list(_nights(name, chance, now)) for name in part}
            connection.execute(insert(run), [row for rows in nights.values() for row in rows])
            connection.execute(insert(snapshot), [_numbers(name, rows) for name, rows in nights.items()])
    _large(store, zone, records, rejected, now)
    return {
        "CROSSWALK_ACCOUNTS": str(folder),
        "AIRFLOW_CONN_CROSSWALK_STORE": json.dumps({"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(folder / "store.db")}}),
        "AIRFLOW_CONN_CROSSWALK_LANDING": json.dumps({"conn_type": "crosswalk_landing", "extra": {"url": f"file://{folder / 'landing'}"}}),
    }


def _table(name: str) -> str:
    return f'[{name}]\nsource = "smartoffice_{name}"\ntarget = "fmg_{name}"\nscope = "all"\nfrequency = "daily"\n'


def _numbers(account: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    delivered = max((row["snapshot"] for row in rows if row["delivered_at"]), default=0)
    numbers = {"handed_out": len(rows), "fenced": delivered, "delivered": delivered, "released": 0}
    return {"integration": INTEGRATION, "account": account, **numbers}


def _nights(account: str, chance: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(1, NIGHTS + 1):
        started = now - timedelta(days=NIGHTS - number, hours=4, minutes=chance.randrange(60))
        plan = {"create": chance.randrange(20), "update": chance.randrange(90), "delete": chance.randrange(5), "unchanged": 2800}
        yield _row(account, number, chance.choice(_ENDS), started, {"contact": {**plan, "rejected": chance.randrange(30)}}, 3000)


def _row(account: str, number: int, status: RunStatus, started: datetime, plan: dict[str, dict[str, int]], read: int) -> dict[str, Any]:
    delivered = status in (RunStatus.SUCCESS, RunStatus.PARTIAL)
    failed, held = status is RunStatus.FAILED, status is RunStatus.HELD
    ended = started + timedelta(seconds=95)
    return {
        "integration": INTEGRATION,
        "account": account,
        "snapshot": number,
        "status": status,
        "dag_id": DAG,
        "run_id": f"scheduled__{started:%Y-%m-%dT%H:%M:%S}",
        "map_index": 0,
        "try_number": 1,
        "interval_start": started - timedelta(days=1),
        "interval_end": started,
        "started_at": started,
        "ended_at": ended,
        "dry_run": False,
        "settings_digest": "d" * 64,
        "mapping_digest": "m" * 64,
        "mode": "delta",
        "plan_hash": "p" * 64,
        "counts": {"source_totals": {"group": 40, "contact": read}, "plan": plan},
        "approved_hash": "",
        "decided_by": "",
        "durations": {"extract": 41.2, "validate": 14.9, "transform": 9.1, "load": 31.4},
        "holds": [{"code": "MASS_DELETE", "found": "812 deletes", "limit": "500"}] if held else [],
        "generation": number if delivered else None,
        "delivered_at": ended if delivered else None,
        "report_name": "",
        "error_code": "TGT_UNAVAILABLE" if failed else "",
        "error_text": "[TGT_UNAVAILABLE] While sending: no answer." if failed else "",
    }


def _large(store: Store, zone: LandingZone, records: int, rejected: int, now: datetime) -> None:
    plan = _plan(records, rejected)
    counts = {"contact": {str(outcome): int(count) for outcome, count in plan["outcome"].value_counts().items()}}
    rejections = [
        Rejection(
            "contact", one, "EMAIL_INVALID" if place % 3 else "NAME_MISSING", "PreferredEmail", "not a valid address", "correct it", "q***"
        )
        for place, one in enumerate(plan.loc[plan["outcome"] == Outcome.REJECTED.value, "source_id"])
    ]
    changes = _changes(plan)
    with writing(store.engine, "making up runs") as connection:
        times = {number: now - timedelta(days=LARGE_RUNS - number, hours=3) for number in range(1, LARGE_RUNS + 1)}
        rows = [_row(LARGE, number, RunStatus.PARTIAL, started, counts, records) for number, started in times.items()]
        connection.execute(insert(run), rows)
        connection.execute(insert(snapshot), [_numbers(LARGE, rows)])
        connection.execute(insert(delivered), _acknowledged(plan))
    for number in range(1, LARGE_RUNS + 1):
        key = RunKey(INTEGRATION, LARGE, number)
        publish(zone.report_folder(key), _report(key, plan, counts, rejections, rejected + number - LARGE_RUNS), plan, changes)
    for number in (1, LARGE_RUNS):
        store.rejected.record(RunKey(INTEGRATION, LARGE, number), "contact", rejections, set(plan["source_id"]))


def _acknowledged(plan: pd.DataFrame) -> list[dict[str, Any]]:
    held = plan.loc[(plan["target_id"] != "") & (plan["outcome"] != "delete"), ["source_id", "target_id"]]
    same = {"integration": INTEGRATION, "account": LARGE, "entity": "contact", "payload_hash": "h", "snapshot": LARGE_RUNS}
    return [{**same, "generation": LARGE_RUNS, **row} for row in held.to_dict("records")]


def _plan(records: int, rejected: int) -> pd.DataFrame:
    outcomes = [Outcome.REJECTED] * rejected + [Outcome.CREATE] * 200 + [Outcome.UPDATE] * 1200 + [Outcome.DELETE] * 100
    outcomes += [Outcome.UNCHANGED] * (records - len(outcomes))
    reasons = {Outcome.CREATE: "new", Outcome.UPDATE: "source", Outcome.DELETE: "left_source", Outcome.REJECTED: "EMAIL_INVALID"}
    rows = [
        ("contact", f"Contact.7.{number}", "" if outcome is Outcome.CREATE else f"C-{number}", outcome.value, reasons.get(outcome, ""))
        for number, outcome in enumerate(outcomes, 10_000)
    ]
    plan = pd.DataFrame(rows, columns=["entity", "source_id", "target_id", "outcome", "reason"], dtype="str")
    return plan.assign(changed=plan["outcome"].map({"update": "email phone"}).fillna(""), payload_hash="")


def _changes(plan: pd.DataFrame) -> pd.DataFrame:
    ids = plan.loc[plan["outcome"] == "update", ["source_id", "target_id"]].itertuples(index=False, name=None)
    rows = [("contact", *one, field, before, after, "") for one in ids for field, before, after in _CHANGED]
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS, dtype="str")


_CHANGED = [("email", "q***@e***.test", "r***@e***.test"), ("phone", "***17", "***42")]


def _report(key: RunKey, plan: pd.DataFrame, counts: dict[str, Any], rejections: list[Rejection], failed: int) -> Report:
    types = [one for entity in load_spec(INTEGRATION).entities for one in entity.expectations]
    rules = [
        RuleResult(one.code, one.type, "contact", "PreferredEmail", one.severity, one.message, len(plan), 0, "passed", one.fix)
        for one in types
    ]
    rules[0] = RuleResult(**{**asdict(rules[0]), "failed": failed, "status": "failed"})
    example = plan[plan["outcome"] == "create"].iloc[0]
    made = Sample("contact", "create", str(example.source_id), "", "new", (Change("first_name", "", "Q***"),))
    return Report(
        key,
        status="partial",
        source="smartoffice_summit",
        target="fmg_summit",
        limits=[Limit("contacts", len(plan), 30_000), Limit("groups", 40, 1000)],
        sums=sums_of("contact", plan, int((plan["outcome"] != "delete").sum()), int((plan["target_id"] != "").sum())),
        rules=rules,
        rejected=[RejectedRecord(**vars(one), first_seen="2026-01-05T09:00:00+00:00", attempts=key.snapshot) for one in rejections],
        plan=counts,
        samples=[made],
    )
