"""SmartOffice → FMG: contacts and tag groups, daily.

**What.** Each FMG account of `include/accounts/fmg.toml` gets the contacts and tag groups of its SmartOffice office: all, or those in
chosen tag groups. SmartOffice is the system of record; FMG is made to match. Nothing is written to SmartOffice.

**When.** Daily at 5:00 a.m. New York time, summer and winter. On demand: *Trigger* (or `crosswalk run`), name accounts or leave the list
empty for all; tick *Dry run* to see the plan and write nothing. Accounts set to `manual` run only on demand. *Backfill* re-validates past
nights with today's rules and writes nothing.

**How it works.** One independent group of tasks per account: extract → validate → transform → approve → load. `extract` reads SmartOffice
and FMG. *Run report* on any task shows what happened: limits, rejected records with their fix, the plan.

**When it waits.** `approve` asks under *Required Actions* if the plan would remove many records or replaces a list for the first time.
Read the report, then Approve or Reject. No answer within 24 hours counts as Reject. Until then nothing is written; other accounts
continue.

**When it fails.** The log's last line has a code and the next step. Then clear the failed task of that account: clearing is always safe,
nothing is lost or written twice. After a correction in the source, clear from `extract` on. To revert a bad delivery, trigger `fmg_undo`.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, MAX_WRITERS, sync_params
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.fmg import FmgLoadOperator
from crosswalk.orchestration.operators.smartoffice import SmartOfficeExtractOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator, TransformOperator, ValidateOperator


@dag(
    schedule=CronDataIntervalTimetable("0 5 * * *", timezone="America/New_York"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=5,  # a run that waits for an answer must not hold up the next
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=sync_params(),
    tags=["crosswalk", "smartoffice", "fmg", "daily"],
    doc_md=__doc__,
)
def fmg_daily_sync() -> None:
    """Deliver every account's contacts and groups."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = SmartOfficeExtractOperator(task_id="extract", integration="smartoffice_to_fmg", account=account)
        validate = ValidateOperator(task_id="validate", handle=extract.output)
        transform = TransformOperator(task_id="transform", handle=validate.output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        FmgLoadOperator(task_id="load", handle=approve.output, max_active_tis_per_dag=MAX_WRITERS)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="smartoffice_to_fmg").output)


fmg_daily_sync()
