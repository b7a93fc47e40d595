"""CRM → Mindmatrix: contacts, nightly per account.

**What.** Each account of `include/accounts/mindmatrix.toml` gets the right contacts of its CRM (Autotask or ConnectWise), and only those:
active, at an active company, of a chosen type, with an e-mail address that no other contact has. Contacts that leave the chosen types
stay unchanged; inactive contacts are deleted only if the account says so. Nothing is written to the CRM.

**When.** The DAG runs every hour and includes the accounts whose night starts in that hour (`zone`, `at`, `frequency`). On demand:
*Trigger*, name accounts or leave the list empty for all; tick *Dry run* to see the plan and write nothing. *Backfill* re-validates past
nights with today's rules and writes nothing.

**How it works.** One independent group of tasks per account: extract → validate → transform → approve → load. *Run report* on any task
shows what happened: which contacts were left unchanged and why, rejected records with their fix, the plan.

**When it waits.** `approve` asks under *Required Actions* if the plan would delete many contacts, or if the CRM looks like a different
one. Read the report, then Approve or Reject. No answer within 24 hours counts as Reject. Until then nothing is written.

**When it fails.** The log's last line has a code and the next step. `FILTER_LABEL_UNKNOWN` lists the labels the CRM has now;
`COMPANIES_HIDDEN` means the CRM user lacks a right. Then clear the failed task of that account: clearing is always safe. After a
correction in the CRM or the account, clear from `extract` on. Bad delivery: `mindmatrix_undo`.

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
