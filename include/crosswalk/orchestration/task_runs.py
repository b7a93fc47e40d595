"""From a task to the run it works on: begun by extract, found again by the handle in every later task."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from crosswalk.core.model import FULL, UNDO, RunKey
from crosswalk.errors import DataError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.core.account_settings import AccountSettings
    from crosswalk.engine.context import Run, Trigger
    from crosswalk.engine.in_process import Account
    from crosswalk.features.inbound_files.ports import FileSource
    from crosswalk.features.writeback.work import Writeback

log = logging.getLogger(__name__)

MAX_XCOM_CHARACTERS = 4096
_NAMES = frozenset({"integration", "account", "plan_hash"})


def begin_run(context: Context, integration: str, account: str) -> Run:
    """Take the account's next snapshot number for this task instance.

    Raises AirflowSkipException in a backfill for whose night no snapshot was landed, and in a retry without rejected records.
    """
    if context["dag_run"].run_type == "backfill":
        return _begin(context, integration, account, replays=_snapshot_of_the_night(context, integration, account))
    params = context["params"]
    only = _rejected(context, integration, account)
    run = _begin(context, integration, account, dry_run=bool(params.get("dry_run")), mode=FULL if params.get("full_resync") else "")
    if only is not None:
        from crosswalk.engine.retry import restrict

        restrict(run, only)
    if params.get("clients"):
        run.narrow(params["clients"])
    if params.get("existing"):
        from crosswalk.engine.run_options import answer_existing

        answer_existing(run, params["existing"])
    return run


def require_news(context: Context, integration: str, account: str) -> FileSource | None:
    """Open the source and look whether anything arrived that a run would be for.

    None for a backfill, which looks at what was landed, whatever lies there now. Raises AirflowSkipException when nothing did.
    A run by hand is also for files a person did not answer about, or declined.
    """
    if context["dag_run"].run_type == "backfill":
        return None
    from crosswalk.features.inbound_files.intake import has_news
    from crosswalk.features.inbound_files.ports import FileSource
    from crosswalk.integrations.accounts import spec_of
    from crosswalk.orchestration.resources import open_store, source_hook

    settings = account_settings(integration, account)
    source = source_hook(spec_of(settings).source, settings).get_source()
    by_hand = context["dag_run"].run_type == "manual"
    if not isinstance(source, FileSource):
        return None
    if not has_news(open_store(), integration, account, source, again=by_hand):
        _skip(f"{account}: no new file has arrived, nothing to do; `crosswalk files list` shows those taken before")
    return source


def begin_undo(context: Context, integration: str, account: str) -> Run:
    """Take the account's next snapshot number for an undo; a cleared task finds what its DAG run undid already, and undoes nothing more."""
    from crosswalk.orchestration.resources import open_store

    instance = context["ti"]
    for row in open_store().runs.of_trigger(integration, account, instance.dag_id, instance.run_id):
        if row.delivered_at is not None:
            return resume_run(row.key.as_dict())
    return _begin(context, integration, account, dry_run=bool(context["params"].get("dry_run")), mode=UNDO)


def _begin(context: Context, integration: str, account: str, **how: Any) -> Run:
    from crosswalk.engine.context import Run
    from crosswalk.integrations.accounts import spec_of
    from crosswalk.orchestration.resources import open_landing, open_store

    settings = account_settings(integration, account)
    return Run.begin(settings, spec_of(settings), open_store(), open_landing(), _trigger(context), **how)


def _snapshot_of_the_night(context: Context, integration: str, account: str) -> int:
    from crosswalk.engine.replay import landed_snapshot
    from crosswalk.orchestration.resources import open_landing, open_store

    snapshot = landed_snapshot(open_store(), open_landing(), integration, account, _trigger(context))
    if snapshot is None:
        night = f"{context.get('data_interval_start')} to {context.get('data_interval_end')}"
        _skip(f"{account}: no snapshot is in the landing zone for {night}; a backfill looks at what was landed then and reads no vendor")
    return snapshot


def _rejected(context: Context, integration: str, account: str) -> frozenset[str] | None:
    """Name the rejected records the run is for; None when it is for all records. A cleared task is for the same ones again."""
    params = context["params"]
    wanted = params.get("records") or []
    if not (wanted or params.get("rejected_only")):
        return None
    from crosswalk.engine.retry import rejected_now, retried
    from crosswalk.orchestration.resources import open_store

    store, instance = open_store(), context["ti"]
    for row in store.runs.of_trigger(integration, account, instance.dag_id, instance.run_id):
        chosen = retried(resume_run(row.key.as_dict()))
        if chosen is not None:
            return chosen
    only = rejected_now(store, integration, account, wanted)
    if not only:
        _skip(f"{account}: no record is rejected, nothing to retry")
    return only


def _skip(reason: str) -> NoReturn:
    """End the task as skipped. Airflow shows its own word on it folded up, so the reason is logged too."""
    from airflow.sdk.exceptions import AirflowSkipException

    log.warning(reason)
    raise AirflowSkipException(reason)


def open_account(integration: str, account: str) -> Account:
    """Open one account with everything its runs need, for a run in this process."""
    from crosswalk.engine.in_process import Account
    from crosswalk.integrations.accounts import spec_of
    from crosswalk.orchestration.resources import open_landing, open_store, source_hook, target_hook

    settings = account_settings(integration, account)
    spec = spec_of(settings)
    source, target = source_hook(spec.source, settings), target_hook(spec.target, settings)
    return Account(settings, spec, open_store(), open_landing(), source.get_source(), target.get_target())


def open_writeback(integration: str, account: str, holder: str) -> Writeback:
    """Open one account's activities and the place for their notes. holder: who works on them."""
    from crosswalk.features.writeback.work import Writeback
    from crosswalk.integrations.accounts import spec_of
    from crosswalk.orchestration.resources import open_landing, open_store, source_hook, target_hook

    settings = account_settings(integration, account)
    spec = spec_of(settings)
    feed, notebook = target_hook(spec.target, settings).get_feed(), source_hook(spec.source, settings).get_notebook()
    return Writeback(settings, open_store(), open_landing(), feed, notebook, holder)


def resume_run(handle: Mapping[str, Any]) -> Run:
    """Find the run a handle names."""
    from crosswalk.engine.context import Run
    from crosswalk.integrations.accounts import spec_of
    from crosswalk.orchestration.resources import open_landing, open_store

    key = RunKey.from_dict(dict(handle))
    settings = account_settings(key.integration, key.account)
    return Run(key, settings, spec_of(settings), open_store(), open_landing())


def account_settings(integration: str, account: str) -> AccountSettings:
    """Read one account's settings. Raises ConfigurationError ACCOUNT_UNKNOWN."""
    from crosswalk.orchestration.all_accounts import all_accounts
    from crosswalk.orchestration.selection import choose

    accounts = all_accounts(integration)
    choose(accounts, [account], on_demand=True)
    return accounts[account]


def handle_and_counts(key: RunKey, counts: Mapping[str, Any]) -> dict[str, Any]:
    """Build what travels between tasks: the run's name, and numbers.

    Raises:
        DataError: XCOM_REFUSED, when anything else is in it: XCom can be read by every viewer.
    """
    return checked_handle({**key.as_dict(), **counts})


def checked_handle(value: dict[str, Any]) -> dict[str, Any]:
    """Return what travels between tasks, if it is a handle and counts. Raises DataError XCOM_REFUSED."""
    if not _harmless(value) or len(json.dumps(value)) > MAX_XCOM_CHARACTERS:
        raise DataError(
            "XCOM_REFUSED",
            operation=f"handing over {value.get('integration')}/{value.get('account')} to the next task",
            problem="more than a handle and counts",
        )
    return value


def _harmless(value: Mapping[str, Any]) -> bool:
    return all(
        _harmless(one) if isinstance(one, Mapping) else isinstance(one, (bool, int, float)) or (isinstance(one, str) and name in _NAMES)
        for name, one in value.items()
    )


def _trigger(context: Context) -> Trigger:
    from crosswalk.engine.context import Trigger

    instance = context["ti"]
    return Trigger(
        instance.dag_id,
        instance.run_id,
        instance.map_index if instance.map_index is not None else -1,
        instance.try_number,
        context.get("data_interval_start"),
        context.get("data_interval_end"),
    )
