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


def ingest_params() -> dict[str, Param]:
    """Build the trigger form of an ingest of files."""
    return {"accounts": _names([], 63, "Accounts", "Names of include/accounts, one a line. Empty: all of them."), "dry_run": _dry_run()}


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


def provisioning_params() -> dict[str, Param]:
    """Build the trigger form of a provisioning: what the activity asks for."""
    return {
        "fmo": Param(None, type="string", minLength=1, maxLength=52, title="FMO", description="Its name in include/accounts."),
        "kind": Param("agent", enum=["agent", "agency"], title="Agent or agency"),
        "name": _typed("Name", "Of the new business."),
        "npn": _typed("NPN", "The agent's or agency's, whole, with its leading zeros.", 10),
        **_person("The principal's"),
        "users": Param(
            [],
            type="array",
            items=_USER,
            maxItems=100,
            title="Further users",
            description="Of an agency: npn, first_name, last_name and an email of its own each. Policies of their NPNs come along.",
        ),
        "policy_sync": Param(False, type="boolean", title="Enable Policy Sync", description="Begin with its policies and contacts."),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Make nothing and show what would go."),
    }


def sync_control_params(actions: list[str]) -> dict[str, Param]:
    """Build the trigger form of what may be asked of businesses that are there. actions: the first is the form's suggestion."""
    return {
        **sync_params(),
        "accounts": _names(None, 63, "Businesses", "Names of their accounts, such as summit-4477123, one a line.", minItems=1),
        "action": Param(actions[0], enum=actions, title="Action", description="add agent asks for the four fields below."),
        "npn": _typed("NPN", "Of the agent to add.", 10, ""),
        **_person("The added agent's", ""),
    }


def _person(whose: str, default: str | None = None) -> dict[str, Param]:
    named = {"first_name": "first name", "last_name": "last name", "email": "e-mail, which no other user of any business has"}
    return {name: _typed(what.partition(",")[0].capitalize(), f"{whose} {what}.", 254, default) for name, what in named.items()}


def _typed(title: str, description: str, longest: int = 200, default: str | None = None) -> Param:
    """A text that has to be filled in, unless "" is its default; what it holds is checked as a whole later."""
    return Param(default, type="string", maxLength=longest, title=title, description=description)


_USER = {
    "type": "object",
    "properties": {name: {"type": "string", "maxLength": 254} for name in ("npn", "first_name", "last_name", "email")},
    "required": ["npn", "first_name", "last_name", "email"],
    "additionalProperties": False,
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
