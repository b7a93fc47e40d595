"""CRM → Flex: companies, contacts and deals, nightly per account.

**What.** Compares companies, contacts and deals of a CRM (HubSpot) with what each site of `include/accounts/flex.toml` holds in Flex.
People decide in the console which records match. This DAG finds candidates, applies the decisions and keeps linked records up to date: it
fills in what Flex lacks, and never blanks, removes or overwrites anything. Nothing is written to the CRM.

**When.** The DAG runs every hour and includes the accounts whose night starts in that hour (`zone`, `at`, `frequency`). On demand, to
apply recent decisions: *Trigger*, name accounts or leave the list empty for all; tick *Dry run* to see the plan and write nothing.
*Backfill* re-validates past nights with today's rules and writes nothing.

**How it works.** One independent group of tasks per account: extract → validate → transform → approve → load; companies first, then
contacts, then deals of linked contacts. *Run report* on any task shows the plan and how many records wait for a person.

**When it waits.** Records without a decision wait in the console and block nothing. `approve` asks under *Required Actions* if the CRM
looks like a different one or is empty. No answer within 24 hours counts as Reject.

**When it fails.** The log's last line has a code and the next step. `TGT_EDITED` on a record: somebody edited it in Flex meanwhile; the
next run retries. `PLAN_OUTDATED`: decisions changed in between; clear from `extract` on. Clearing a failed task is always safe. To revert
a wrong link or import, undo it in the console, record by record: the next run removes the link in Flex, the record stays.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, MAX_WRITERS, sync_params
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.flex import FlexLoadOperator
from crosswalk.orchestration.operators.hubspot import HubSpotExtractOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator, TransformOperator, ValidateOperator


@dag(
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=5,  # a run that waits for an answer must not hold up the next
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=sync_params(),
    tags=["crosswalk", "crm", "flex", "hourly"],
    doc_md=__doc__,
)
def flex_crm_sync() -> None:
    """Carry out what people decided in every account whose night begins."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = HubSpotExtractOperator(task_id="extract", integration="crm_to_flex", account=account)
        transform = TransformOperator(task_id="transform", handle=ValidateOperator(task_id="validate", handle=extract.output).output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        FlexLoadOperator(task_id="load", handle=approve.output, max_active_tis_per_dag=MAX_WRITERS)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="crm_to_flex", by_night=True).output)


flex_crm_sync()
