"""CRM → Mindmatrix, every night of each account.

**What.** Each account of `include/accounts/mindmatrix.toml` gets the right contacts of its CRM (Autotask or ConnectWise), and only those:
active, of an active company, of a chosen type, with an e-mail address nobody else has. Who leaves the chosen types stays as is; inactive
contacts are deleted only where the account says so. Nothing is written to the CRM.

**When.** The DAG runs every hour; an account is in the run in whose hour its own night begins (`zone`, `at`, `frequency`). At any time by
hand: *Trigger*, name accounts or leave the list empty for all, tick *Dry run* to see the plan and write nothing. *Backfill* gives past
nights a report of what was landed then, against today's rules, and writes nothing.

**How it goes.** One row of tasks an account, independent of the others: extract → validate → transform → approve → load.
*Run report* on any task shows what happened: who is left as he is and why, rejected records with their fix, the plan.

**When it waits.** `approve` asks under *Required Actions* when the plan would delete much, or the CRM looks like another one. Read the
report, then Approve or Reject. Without an answer within 24 hours it is a Reject. Nothing is written before; other accounts go on.

**When it fails.** The log's last line has a code and what to do next; `FILTER_LABEL_UNKNOWN` names the labels the CRM has now,
`COMPANIES_HIDDEN` means the CRM user lacks a right. After that, clear the failed task of that account: clearing is always safe. Clear from
`extract` on when CRM or account were corrected. What was delivered wrongly is put back with `mindmatrix_undo`.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, MAX_WRITERS, sync_params
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.mindmatrix import MindmatrixLoadOperator
from crosswalk.orchestration.operators.steps import ExtractOperator, SelectAccountsOperator, TransformOperator, ValidateOperator


@dag(
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=5,  # a run that waits for an answer must not hold up the next
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=sync_params(),
    tags=["crosswalk", "crm", "mindmatrix", "hourly"],
    doc_md=__doc__,
)
def mindmatrix_contact_sync() -> None:
    """Deliver the eligible contacts of every account whose night begins."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = ExtractOperator(task_id="extract", integration="crm_to_mindmatrix", account=account)
        validate = ValidateOperator(task_id="validate", handle=extract.output)
        transform = TransformOperator(task_id="transform", handle=validate.output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        MindmatrixLoadOperator(task_id="load", handle=approve.output, max_active_tis_per_dag=MAX_WRITERS)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="crm_to_mindmatrix", by_night=True).output)


mindmatrix_contact_sync()
