"""Restore an organization's contacts in Mindmatrix.

**What.** Reverts the last delivery that changed something for each named account: values are restored, deleted contacts return under new
ids, created ones are removed. Unmanaged contacts are not touched. An undo is itself a delivery: trigger this DAG again to undo it.

**When.** Only on demand: *Trigger*, name the accounts. *Generation* goes further back, as long as the snapshots are in the landing zone.
*Dry run* shows in the report what would be restored, and writes nothing.

**What next.** The CRM has not changed. The next `mindmatrix_contact_sync` of the account that would change anything is held with the code
`UNDONE`, and asks under *Required Actions*: fix the CRM or the account first, then run it and approve.

**When it fails.** `UNDO_EXPIRED`: the earlier contacts are no longer kept. `UNDO_UNSETTLED`: a delivery was interrupted; clear its load
task first. `ACCOUNT_BUSY`: wait for the run it names. Clearing a task here is always safe; nothing is undone twice.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, undo_params
from crosswalk.orchestration.operators.mindmatrix import MindmatrixLoadOperator, MindmatrixUndoOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=undo_params(),
    tags=["crosswalk", "mindmatrix", "undo"],
    doc_md=__doc__,
)
def mindmatrix_undo() -> None:
    """Put back what each named account had before."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        undo = MindmatrixUndoOperator(task_id="undo", integration="crm_to_mindmatrix", account=account)
        MindmatrixLoadOperator(task_id="load", handle=undo.output)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="crm_to_mindmatrix").output)


mindmatrix_undo()
