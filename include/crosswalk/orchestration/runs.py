"""From a task to the run it works on: begun by extract, found again by the handle in every later task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosswalk.core.model import RunKey
from crosswalk.errors import DataError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.core.accounts import AccountSettings
    from crosswalk.steps.context import Run, Trigger

MAX_XCOM_CHARACTERS = 4096
_NAMES = frozenset({"integration", "account", "plan_hash"})


def begin_run(context: Context, integration: str, account: str) -> Run:
    """Take the account's next snapshot number for this task instance."""
    from crosswalk.core.spec import load_spec
    from crosswalk.orchestration.resources import open_landing, open_store
    from crosswalk.steps.context import Run

    params = context["params"]
    return Run.begin(
        account_settings(integration, account),
        load_spec(integration),
        open_store(),
        open_landing(),
        _trigger(context),
        dry_run=bool(params.get("dry_run", False)),
        full_resync=bool(params.get("full_resync", False)),
    )


def resume_run(handle: Mapping[str, Any]) -> Run:
    """Find the run a handle names."""
    from crosswalk.core.spec import load_spec
    from crosswalk.orchestration.resources import open_landing, open_store
    from crosswalk.steps.context import Run

    key = RunKey.from_dict(dict(handle))
    return Run(key, account_settings(key.integration, key.account), load_spec(key.integration), open_store(), open_landing())


def account_settings(integration: str, account: str) -> AccountSettings:
    """Read one account's settings. Raises ConfigurationError ACCOUNT_UNKNOWN."""
    from crosswalk.core.accounts import load_accounts
    from crosswalk.orchestration.selection import choose

    accounts = load_accounts(integration)
    choose(accounts, [account], on_demand=True)
    return accounts[account]


def handle_and_counts(key: RunKey, counts: Mapping[str, Any]) -> dict[str, Any]:
    """Build what travels between tasks: the run's name, and numbers.

    Raises:
        DataError: XCOM_REFUSED, when anything else is in it: XCom can be read by every viewer.
    """
    value = {**key.as_dict(), **counts}
    if not _harmless(value) or len(json.dumps(value)) > MAX_XCOM_CHARACTERS:
        raise DataError(
            "XCOM_REFUSED",
            doing=f"handing over {key} to the next task",
            found="more than a handle and counts",
            fix="land it in the landing zone; this is a mistake in a step",
        )
    return value


def _harmless(value: Mapping[str, Any]) -> bool:
    return all(
        _harmless(one) if isinstance(one, Mapping) else isinstance(one, (bool, int, float)) or (isinstance(one, str) and name in _NAMES)
        for name, one in value.items()
    )


def _trigger(context: Context) -> Trigger:
    from crosswalk.steps.context import Trigger

    instance = context["ti"]
    return Trigger(
        instance.dag_id,
        instance.run_id,
        instance.map_index if instance.map_index is not None else -1,
        instance.try_number,
        context.get("data_interval_start"),
        context.get("data_interval_end"),
    )
