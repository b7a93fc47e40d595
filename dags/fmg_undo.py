"""Restore the previous list of an FMG account.

**What.** Reverts the last delivery that changed the list of each named account: contacts, groups and memberships are restored under the
same FMG ids. Opt-outs made since then are kept. An undo is itself a delivery: trigger this DAG again to undo it.

**When.** Only on demand: *Trigger*, name the accounts. *Generation* goes further back, as long as the snapshots are in the landing zone.
*Dry run* shows in the report what would be restored, and writes nothing.

**What next.** The source has not changed. The next `fmg_daily_sync` of the account that would change anything is held with the code
`UNDONE`, and asks under *Required Actions*: fix the source first, then run it and approve.

**When it fails.** `UNDO_EXPIRED`: the earlier list is no longer kept. `UNDO_UNSETTLED`: a delivery was interrupted; clear its load task
first. `ACCOUNT_BUSY`: wait for the run it names. Clearing a task here is always safe; nothing is undone twice.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, undo_params
from crosswalk.orchestration.operators.fmg import FmgLoadOperator, FmgUndoOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=undo_params(),
    tags=["crosswalk", "fmg", "undo"],
    doc_md=__doc__,
)
def fmg_undo() -> None:
    """Put the previous list of each named account back."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        undo = FmgUndoOperator(task_id="undo", integration="smartoffice_to_fmg", account=account)
        FmgLoadOperator(task_id="load", handle=undo.output)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="smartoffice_to_fmg").output)


fmg_undo()
