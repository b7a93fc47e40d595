"""SmartOffice → FMG, every day.

**What.** Each FMG account of `include/accounts/fmg.toml` gets the contacts and tag groups of its SmartOffice office: all, or those in
chosen tag groups. SmartOffice is right; FMG is made to agree. Nothing is written to SmartOffice.

**When.** Every day at 5:00 in the morning, New York time, in winter as in summer. At any time by hand: *Trigger* (or `crosswalk run`), name
accounts or leave the list empty for all, tick *Dry run* to see the plan and write nothing. Accounts set to `manual` run only so. *Backfill*
gives past nights a report of what was landed then, against today's rules, and writes nothing.

**How it goes.** One row of tasks an account, independent of the others: extract → validate → transform → approve → load.
*Run report* on any task shows what happened: limits, rejected records with their fix, the plan.

**When it waits.** `approve` asks under *Required Actions* when the plan would remove much, or replaces a list for the first time. Read the
report, then Approve or Reject. Without an answer within 24 hours it is a Reject. Nothing is written before; other accounts go on.

**When it fails.** The log's last line has a code and what to do next. After that, clear the failed task of that account: clearing is always
safe, nothing is lost and nothing is written twice. Clear from `extract` on when the source was corrected. Wrong list out: `fmg_undo`.

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
