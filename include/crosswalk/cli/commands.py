"""What each command does. Heavy rooms are entered only by the command that needs them."""

from __future__ import annotations

import argparse
import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crosswalk.cli.show import answers_only, as_facts, as_json, as_table
from crosswalk.core.model import RunKey, RunStatus
from crosswalk.errors import AuthRefused, ConfigurationError
from crosswalk.features.tenancy.feature import is_provisioned

if TYPE_CHECKING:
    from crosswalk.core.spec.model import IntegrationSpec
    from crosswalk.engine.in_process import Account
    from crosswalk.landing.zone import LandingZone
    from crosswalk.reports.record_history import Fate
    from crosswalk.store.runs import RunRow
    from crosswalk.store.store import Store

PLAN_COLUMNS = ["entity", "source_id", "target_id", "outcome", "reason", "changed"]


def accounts_check(arguments: argparse.Namespace) -> int:
    """Check specs, tables, accounts and both connections of each account."""
    from crosswalk.cli.checking import check_accounts

    with answers_only():
        results = check_accounts(arguments.integration, arguments.account)
    if arguments.json:
        as_json(results)
    else:
        columns = ["integration", "account", "part", "ok", "message"]
        as_table("Accounts", columns, [[r[c] if c != "ok" else ("yes" if r["ok"] else "NO") for c in columns] for r in results])
    return 0 if all(result["ok"] for result in results) else 1


def mapping_show(arguments: argparse.Namespace) -> int:
    """Print the mapping tables of one integration: with several sources those of each, as JSON in a list."""
    from crosswalk.integrations.specs import load_spec, resolve_integration

    first = load_spec(resolve_integration(arguments.integration))
    specs = [load_spec(first.name, source=source) for source in first.sources]
    tables = {spec.source: {entity.name: [asdict(row) for row in entity.table] for entity in spec.entities} for spec in specs}
    if arguments.json:
        said = [{"integration": first.name, "source": source, "target": first.target, "mapping": table} for source, table in tables.items()]
        as_json(said if len(said) > 1 else said[0])
        return 0
    columns = ["source", "target", "convert", "required", "blank", "note"]
    for source, entities in tables.items():
        for name, rows in entities.items():
            cells = [[_cell(row[column]) for column in columns] for row in rows]
            as_table(f"{source} → {first.target}: {name}", columns, cells)
    return 0


def plan_show(arguments: argparse.Namespace) -> int:
    """Print the plan of the latest run that made one, or of the named snapshot."""
    from crosswalk.integrations.specs import resolve_integration

    store, zone = _resources()
    row = _run(store, resolve_integration(arguments.integration), arguments.account, arguments.snapshot, planned=True)
    plan = zone.folder(row.key).read_frame("plan")
    if arguments.outcome:
        plan = plan[plan["outcome"].isin(arguments.outcome)]
    facts = {**row.key.as_dict(), **{name: getattr(row, name) for name in ("plan_hash", "mode", "dry_run", "holds")}}
    facts |= {"summary": row.counts.get("plan", {}), "settings_changed": row.settings.get("changed", [])}
    if arguments.json:
        as_json({**facts, "rows": plan.to_dict("records")})
        return 0
    as_facts(facts)
    shown = plan if arguments.limit == 0 else plan.head(arguments.limit)
    as_table(f"{len(shown)} of {len(plan)} records", PLAN_COLUMNS, shown[PLAN_COLUMNS].itertuples(index=False))
    return 0


def record_show(arguments: argparse.Namespace) -> int:
    """Print what became of one source record in each of the account's last runs."""
    from crosswalk.integrations.specs import resolve_integration
    from crosswalk.reports.record_history import fates

    store, zone = _resources()
    integration = resolve_integration(arguments.integration)
    found = [_fate(one) for one in fates(store, zone, integration, arguments.account, arguments.source_id, arguments.runs)]
    if arguments.json:
        as_json({"integration": integration, "account": arguments.account, "source_id": arguments.source_id, "runs": found})
    else:
        columns = ["snapshot", "at", "status", "outcome", "reason", "changed", "target_id"]
        as_table(arguments.source_id, columns, [[fate[column] for column in columns] for fate in found])
    return 0 if found else 1


def rejected_list(arguments: argparse.Namespace) -> int:
    """Print the records of an account that are rejected now."""
    from crosswalk.integrations.specs import resolve_integration

    store, _ = _resources()
    rows = [asdict(row) for row in store.rejected.open(resolve_integration(arguments.integration), arguments.account)]
    if arguments.json:
        as_json(rows)
        return 0
    columns = ["entity", "source_id", "code", "field", "masked", "reason", "fix", "first_seen_at", "last_seen_at", "attempts"]
    as_table(f"{len(rows)} rejected", columns, [[row[column] for column in columns] for row in rows])
    return 0


def rejected_retry(arguments: argparse.Namespace) -> int:
    """Run the account for its rejected records alone; 0 when none of them is rejected any more."""
    from crosswalk.integrations.specs import load_spec, resolve_integration

    with answers_only():
        from crosswalk.engine.retry import check_retry, rejected_now

        spec = load_spec(resolve_integration(arguments.integration))
        check_retry(spec)
        account = _open(spec, arguments.account, "a retry")
        only = rejected_now(account.store, account.settings.integration, account.settings.name, arguments.source_id)
        row = account.run(_run_name("retry"), only=only) if only else None
        left = [one.source_id for one in account.store.rejected.open(account.settings.integration, account.settings.name)]
    still, held = sorted(only.intersection(left)), row is not None and row.status is RunStatus.HELD
    facts = {"retried": len(only), "passed": len(only) - len(still), "still_rejected": still, "held": held}
    _show_run(row, facts, as_document=arguments.json)
    return 1 if still or held else 0


def undo(arguments: argparse.Namespace) -> int:
    """Put the target's list before the last delivery back, or an earlier one."""
    from crosswalk.integrations.specs import load_spec, resolve_integration

    with answers_only():
        account = _open(load_spec(resolve_integration(arguments.integration)), arguments.account, "an undo")
        by = f"{getpass.getuser()} (command line)"
        row = account.undo(_run_name("undo"), generation=arguments.generation, dry_run=arguments.dry_run, by=by)
    plan = row.counts["plan"]
    _show_run(row, {"undone": f"snapshot {row.counts['undoes']}", "plan": plan, "generation": row.generation}, as_document=arguments.json)
    return 0


def _open(spec: IntegrationSpec, account: str, what: str) -> Account:
    """Open an account for a run in this process, which nobody asks who they are. Raises AuthRefused ADMINISTRATORS_ONLY."""
    if is_provisioned(spec):
        raise AuthRefused(
            "ADMINISTRATORS_ONLY",
            operation=f"starting {what} of {spec.name}/{account}",
            problem="a business is filled only for its administrators, and the command line cannot tell who they are",
            next_step=f"sign in to Airflow as one of them and trigger {spec.dag}",
        )
    from crosswalk.orchestration.task_runs import open_account

    return open_account(spec.name, account)


def _run_name(command: str) -> str:
    return f"{command}__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"


def _show_run(row: RunRow | None, facts: dict[str, Any], *, as_document: bool) -> None:
    """Print a run this command made, and what came of it."""
    run = {} if row is None else {**row.key.as_dict(), "status": row.status.value, "report": row.report_name}
    if as_document:
        as_json({**run, **facts})
    else:
        as_facts({**run, **facts})


def report_show(arguments: argparse.Namespace) -> int:
    """Print the report of the latest run, or of the named snapshot, in short."""
    from crosswalk.integrations.specs import resolve_integration

    store, zone = _resources()
    row = _run(store, resolve_integration(arguments.integration), arguments.account, arguments.snapshot, planned=False)
    folder = zone.report_folder(row.key)
    report = json.loads(folder.read_bytes("report.json"))
    if arguments.json:
        as_json(report)
        return 0
    facts = {"run": str(row.key), "status": row.status.value, "error": row.error_text or "", **row.counts}
    as_facts({**facts, "report": folder.uri("report.html")})
    return 0


def store_migrate(arguments: argparse.Namespace) -> int:
    """Create or bring up to date the tables of the store."""
    with answers_only():
        from crosswalk.orchestration.resources import store_engine
        from crosswalk.store.migrate import migrate

        version = migrate(store_engine())
    if arguments.json:
        as_json({"version": version})
    else:
        as_facts({"store": f"at version {version}"})
    return 0


def audit_verify(arguments: argparse.Namespace) -> int:
    """Walk the audit chain; 1 when it is broken, with the first position that does not fit."""
    with answers_only():
        from crosswalk.orchestration.resources import open_store

        audit = open_store().audit
        broken, events = audit.verify(), audit.length()
    facts = {"events": events, "whole": not broken, **({"first_broken": broken[0], "broken": len(broken)} if broken else {})}
    (as_json if arguments.json else as_facts)(facts)
    return 1 if broken else 0


def landing_purge(arguments: argparse.Namespace) -> int:
    """Remove the data of old snapshots."""
    from crosswalk.landing.retention import purge

    _, zone = _resources()
    removed = purge(zone, arguments.keep_days, datetime.now(UTC))
    if arguments.json:
        as_json({"removed": removed})
    else:
        as_facts({"removed": f"{len(removed)} snapshot(s) older than {arguments.keep_days} days"})
    return 0


def sandbox_serve(arguments: argparse.Namespace) -> int:
    """Serve the sandbox until interrupted."""
    from crosswalk.sandbox.server import serve

    serve(host=arguments.host, port=arguments.port, contacts=arguments.contacts, groups=arguments.groups, seed=arguments.seed)
    return 0


def _resources() -> tuple[Store, LandingZone]:
    with answers_only():
        from crosswalk.orchestration.resources import open_landing, open_store

        return open_store(), open_landing()


def _run(store: Store, integration: str, account: str, snapshot: int | None, *, planned: bool) -> RunRow:
    if snapshot is not None:
        return store.runs.get(RunKey(integration, account, snapshot))
    for row in store.runs.latest(integration, account, limit=100):
        if row.plan_hash or not planned:
            return row
    raise ConfigurationError(
        "RUN_NOT_FOUND",
        operation=f"looking for a run of {integration}/{account}",
        problem="there is none" + (" that made a plan" if planned else ""),
    )


def _fate(fate: Fate) -> dict[str, Any]:
    run = {"snapshot": fate.run.key.snapshot, "at": str(fate.run.started_at), "status": fate.run.status.value}
    record = asdict(fate.record)
    return {**run, **record, "changed": " ".join(fate.record.changed)}


def _cell(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return " + ".join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value or "")
