"""What every Crosswalk DAG shares: retries, the failure notice, the trigger form, the name of a mapped task."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Param

from crosswalk.orchestration.alerts import log_failure
from crosswalk.orchestration.retries import RETRY_POLICY

DEFAULT_ARGS: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": RETRY_POLICY,
    "on_failure_callback": log_failure,
}

ACCOUNT_ARGS: dict[str, Any] = {"map_index_template": "{{ task.account }}"}
"""Default arguments of the task group mapped over accounts: each task instance carries the name of its account."""

MAX_WRITERS = 4
"""Accounts of one DAG written at the same time, over all its runs. One account never has two writers: its lease sees to that."""


def sync_params() -> dict[str, Param]:
    """Build the trigger form of a sync."""
    return {
        "accounts": _names([], 63, "Accounts", "Names of include/accounts, one a line. Empty: all of them."),
        "dry_run": _dry_run(),
        "full_resync": Param(False, type="boolean", title="Full resync", description="Send the whole list again, not only what changed."),
        "rejected_only": Param(
            False, type="boolean", title="Only rejected records", description="Deliver only records that are rejected now, if they pass."
        ),
        "records": _names([], 100, "Of these, only", "Source ids of rejected records, one a line. Empty: all of them."),
    }


def writeback_params() -> dict[str, Param]:
    """Build the trigger form of a write-back."""
    return {
        "accounts": _names([], 63, "Accounts", "Names of include/accounts, one a line. Empty: all that chose activities."),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Count what would be read and written; write nothing."),
    }


def export_params() -> dict[str, Param]:
    """Build the trigger form of an export of some clients."""
    return {
        "account": _account(),
        "clients": _clients(minItems=1),
        "existing": Param(
            "ask",
            enum=["ask", "update", "leave"],
            title="If a client exists already",
            description="Update client's information? ask: a person answers under Required Actions; update: yes; leave: no.",
        ),
        "dry_run": _dry_run(),
    }


def linking_params() -> dict[str, Param]:
    """Build the trigger form of the linking of some clients' accounts and policies."""
    return {"account": _account(), "clients": _clients(minItems=1)}


def refresh_params() -> dict[str, Param]:
    """Build the trigger form of a refresh."""
    return {
        "accounts": _names([], 63, "Accounts", "Names of include/accounts, one a line. Empty: all of them."),
        "clients": _clients([], note=" Empty: all clients."),
        "dry_run": _dry_run(),
    }


def _account() -> Param:
    return Param(None, type="string", minLength=1, maxLength=63, title="Account", description="Its name in include/accounts.")


def _clients(default: list[str] | None = None, note: str = "", **rules: Any) -> Param:
    description = "Ids of contacts or households, one a line, such as Contact.7.1201 or HouseHold.7.3; a household means its head." + note
    return _names(default, 60, "Clients", description, **rules)


def _dry_run() -> Param:
    return Param(False, type="boolean", title="Dry run", description="Show the plan and write nothing.")


def undo_params() -> dict[str, Param]:
    """Build the trigger form of an undo."""
    return {
        "accounts": _names(None, 63, "Accounts", "Names of include/accounts, one a line.", minItems=1),
        "generation": Param(
            None,
            type=["null", "integer"],
            minimum=0,
            title="Generation",
            description="Which generation to put back, as the reports name it. Empty: the one before the present one.",
        ),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Show what would be put back and write nothing."),
    }


def _names(default: list[str] | None, longest: int, title: str, description: str, **rules: Any) -> Param:
    items = {"type": "string", "maxLength": longest}
    return Param(default, type="array", items=items, **rules, maxItems=1000, uniqueItems=True, title=title, description=description)
