"""Carrier files → an FMO's own business in Agent CRM, every hour.

**What.** What carriers sent to each FMO of `include/accounts/fmo.toml` (books of business, commission statements, enrolments) becomes
policies, members and agents of its business. A file tells a part of the world: what today's do not mention stays as it is, and nothing
is ever deleted. The place is only read.

**When.** Every hour for `hourly` accounts, in the hour of `at` for `daily` and `weeknights`. An account for which nothing new lies there
is skipped and stays green. By hand: *Trigger*, name accounts or leave the list empty for all, tick *Dry run* to write nothing.
*Backfill* gives past hours a report of what was landed then, against today's rules, and writes nothing.

**How it goes.** One row of tasks an account, independent of the others: extract → validate → transform → approve → load.
*Run report* on any task has a line for each file; `crosswalk files list fmo_files ACCOUNT` has those of all runs.

**When it waits.** `approve` asks under *Required Actions* when a file has no record, uses a name again, leaves out a day, or an agent loses
half of their policies. No answer within 24 hours is a Reject; the file is then left alone until another arrives or somebody triggers by
hand. A refused file stops no other; it has its code in the report and is told of once in the log (`FILES_REFUSED`).

**When it fails.** The log's last line has a code and what to do next. After that, clear the failed task: clearing is always safe.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, MAX_WRITERS, ingest_params
from crosswalk.orchestration.operators.agent_crm import AgentCrmLoadOperator
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.carriers import CarriersExtractOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator, TransformOperator, ValidateOperator


@dag(
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=25,  # one may wait a day for an answer
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=ingest_params(),
    tags=["crosswalk", "carriers", "agent crm", "hourly"],
    doc_md=__doc__,
)
def fmo_carrier_ingest() -> None:
    """Take what carriers sent to every FMO whose hour it is."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = CarriersExtractOperator(task_id="extract", integration="carriers_to_fmo", account=account)
        validate = ValidateOperator(task_id="validate", handle=extract.output)
        transform = TransformOperator(task_id="transform", handle=validate.output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        AgentCrmLoadOperator(task_id="load", handle=approve.output, max_active_tis_per_dag=MAX_WRITERS)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="carriers_to_fmo", by_night=True).output)


fmo_carrier_ingest()
