"""FMG → SmartOffice: activities become SmartPad notes, every 15 minutes.

**What.** A completed website form, a sent e-mail, an opt-out: each activity that FMG reports becomes exactly one SmartPad note on the
right SmartOffice contact, however often it is retried. `activities` of the account in `include/accounts/fmg.toml` says which types;
accounts that chose none are skipped. Every opt-out joins the suppression list that later deliveries respect, whether or not a note is
wanted.

**When.** Every 15 minutes, also for accounts set to `manual`: their frequency applies to contacts only. On demand: *Trigger*, name
accounts or leave the list empty for all; *Dry run* counts and writes nothing. The next run waits while one is still running.

**How it works.** One group of tasks per account: collect continues reading FMG's feed, write sends the notes. Both return counts.
`on_its_way`: the response to a note was lost; a later run looks for it, and sends it again only when the first one can no longer arrive.
`kept`: `crosswalk activities list fmg ACCOUNT` says why, and what to do.

**When it fails.** The log's last line has a code and the next step. Clearing is always safe: nothing is lost or written twice. The next
run continues with whatever a failed one left.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, MAX_WRITERS, writeback_params
from crosswalk.orchestration.operators.fmg import FmgCollectActivitiesOperator
from crosswalk.orchestration.operators.smartoffice import SmartOfficeWriteNotesOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator


@dag(
    schedule=CronDataIntervalTimetable("*/15 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=writeback_params(),
    tags=["crosswalk", "smartoffice", "fmg", "activities"],
    doc_md=__doc__,
)
def fmg_activity_writeback() -> None:
    """Write a note of every activity of each account."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        collect = FmgCollectActivitiesOperator(task_id="collect", integration="smartoffice_to_fmg", account=account)
        SmartOfficeWriteNotesOperator(task_id="write", handle=collect.output, max_active_tis_per_dag=MAX_WRITERS)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="smartoffice_to_fmg", setting="activities").output)


fmg_activity_writeback()
