"""Carrier files → an FMO's own business in Agent CRM, hourly.

**What.** Files that carriers sent to each FMO of `include/accounts/fmo.toml` (books of business, commission statements, enrollments)
become policies, members and agents of its business. A file covers only a part: records that today's files do not mention stay unchanged,
and nothing is ever deleted. The drop folder is only read.

**When.** Every hour for `hourly` accounts, in the hour of `at` for `daily` and `weeknights`. An account without new files is skipped and
stays green. On demand: *Trigger*, name accounts or leave the list empty for all; tick *Dry run* to write nothing. *Backfill* re-validates
past hours with today's rules and writes nothing.

**How it works.** One independent group of tasks per account: extract → validate → transform → approve → load. *Run report* on any task
has one line per file; `crosswalk files list fmo_files ACCOUNT` lists those of all runs.

**When it waits.** `approve` asks under *Required Actions* if a file has no records, reuses a name or skips a day, or if an agent loses
half of their policies. No answer within 24 hours counts as Reject; the schedule then ignores the file until another one arrives or
somebody triggers a run. A refused file does not stop the others; its code is in the report and, once, in the log (`FILES_REFUSED`).

**When it fails.** The log's last line has a code and the next step. Then clear the failed task: clearing is always safe.

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
