"""`crosswalk files`: what became of the files that arrived."""

from __future__ import annotations

import argparse
from typing import Any

from crosswalk.cli.show import answers_only, as_json, as_table

COLUMNS = ["read_at", "snapshot", "file", "stands", "code", "rows", "rejected"]
"""What the table shows; --json prints all."""


def files_list(arguments: argparse.Namespace) -> int:
    """Print the execution log of an account, newest first; 1 when a file among them was refused."""
    from crosswalk.features.inbound_files.ports import REFUSED
    from crosswalk.integrations.specs import resolve_integration

    integration = resolve_integration(arguments.integration)
    with answers_only():
        from crosswalk.features.inbound_files.file_log import FileLog
        from crosswalk.orchestration.resources import open_store

        files = FileLog(open_store().engine)
    rows = [_row(row) for row in files.log(integration, arguments.account, arguments.limit or None)]
    if arguments.json:
        as_json({"integration": integration, "account": arguments.account, "files": rows})
    else:
        as_table(f"{len(rows)} file(s)", COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    return 1 if any(row["stands"] == REFUSED for row in rows) else 0


def _row(row: Any) -> dict[str, Any]:
    one = row.file
    about = {name: value for name, value in one.as_dict().items() if name not in ("outcome", "rejected", "by_agent")}
    counted = {"accepted": one.accepted_rows, "rejected": one.rejected_rows, "rejected_by_code": dict(one.rejected)}
    whole = {
        "file": f"{one.carrier}/{one.name}",
        "read_at": row.read_at.isoformat(timespec="seconds"),
        "snapshot": row.snapshot,
        "stands": row.stands,
    }
    return whole | about | counted
