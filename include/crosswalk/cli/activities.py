"""`crosswalk activities` and `crosswalk suppression`: what people did and has no note yet, and why; who wants no mail."""

from __future__ import annotations

import argparse
import getpass
from typing import Any

from crosswalk.cli.show import answers_only, as_facts, as_json, as_table

COLUMNS = ["activity_id", "type", "occurred_at", "source_id", "status", "reason", "found", "fix", "attempts", "tried_at"]


def activities_list(arguments: argparse.Namespace) -> int:
    """Print the activities of an account that have no note; 0 when none is kept."""
    from crosswalk.features.writeback.ports import REASONS
    from crosswalk.integrations.specs import resolve_integration

    integration = resolve_integration(arguments.integration)
    with answers_only():
        from crosswalk.features.writeback.outbox import Outbox
        from crosswalk.orchestration.resources import open_store

        store = open_store()
        outbox = Outbox(store.engine, store.clock)
    rows: list[dict[str, Any]] = []
    for row in outbox.unwritten(integration, arguments.account):
        reason = REASONS.get(row.reason)
        told = {"found": reason.entry.meaning, "fix": reason.entry.next_step} if reason else {"found": "", "fix": ""}
        rows.append({name: told.get(name) if name in told else getattr(row, name) for name in [*COLUMNS, "contact_id", "event_id"]})
    counts = outbox.counts(integration, arguments.account)
    if arguments.json:
        as_json({"integration": integration, "account": arguments.account, "counts": counts, "unwritten": rows})
    else:
        as_facts(counts)
        as_table(f"{len(rows)} without a note", COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    return 1 if any(row["status"] == "kept" for row in rows) else 0


def activities_retry(arguments: argparse.Namespace) -> int:
    """Try kept activities again; 0 when none of them is kept any more."""
    from crosswalk.integrations.specs import resolve_integration

    integration = resolve_integration(arguments.integration)
    with answers_only():
        from crosswalk.features.writeback.run_writeback import retry
        from crosswalk.orchestration.task_runs import open_writeback

        work = open_writeback(integration, arguments.account, f"activities retry {getpass.getuser()}")
        counts = retry(work, arguments.activity_id)
    if arguments.json:
        as_json({"integration": integration, "account": arguments.account, **counts})
    else:
        as_facts(counts)
    return 1 if counts["kept"] else 0


def suppression_lift(arguments: argparse.Namespace) -> int:
    """Take a person off the suppression list who wants mail again, as FMG says by now."""
    from crosswalk.integrations.specs import resolve_integration

    integration = resolve_integration(arguments.integration)
    with answers_only():
        from crosswalk.features.optouts.resubscribe import lift
        from crosswalk.orchestration.task_runs import open_account

        account = open_account(integration, arguments.account)
        by = f"{getpass.getuser()} (command line)"
        lifted = lift(account.store, account.target, integration, arguments.account, arguments.source_id, by)
    facts = {"integration": integration, "account": arguments.account, "source_id": arguments.source_id, "lifted": lifted}
    if arguments.json:
        as_json(facts)
    else:
        as_facts(facts)
    return 0 if lifted else 1
