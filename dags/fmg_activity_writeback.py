"""What FMG's people do, back in SmartOffice: SmartPad notes, every 15 minutes.

**What.** A website form completed, an e-mail sent, an opt-out: each activity FMG tells of becomes one SmartPad note on the right
SmartOffice contact, whatever is retried. `activities` of the account in `include/accounts/fmg.toml` says of which types; an account that
chose none is left alone. Who opts out joins the suppression list that every later delivery respects, whether a note is wanted or not.

**When.** Every 15 minutes, also for accounts set to `manual`: their frequency is that of the contacts. At any time by hand: *Trigger*,
name accounts or leave the list empty for all; *Dry run* counts and writes nothing. A run that is still at work makes the next one wait.

**How it goes.** One row of tasks an account: collect reads FMG on from where it was left, write sends the notes. Both return counts.
`on_its_way`: the answer to a note was lost; it is looked for, and only sent again by a later run, when it cannot arrive any more.
`kept`: `crosswalk activities list fmg ACCOUNT` says why, and what to do.

**When it fails.** The log's last line has a code and what to do next. Clearing is always safe: nothing is lost, nothing is written twice.
The next run takes up whatever a failed one left.

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
