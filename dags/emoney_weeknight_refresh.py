"""SmartOffice → eMoney, every weeknight: new values for what is linked.

**What.** Linked investments and policies of each account of `include/accounts/emoney.toml` get their values of today; only changed ones are
sent. What SmartOffice has new is announced in eMoney and here, and waits for a person (`emoney_account_linking`). What vanished is
flagged, never deleted. Without a licence for investments or policies that part is left out, and the report says so.

**When.** Monday to Friday, at the hour the account sets (`at`, 22:00), on the account's own clock, in winter as in summer: the DAG runs
every hour for the accounts whose night begins in it. At any time by hand: *Trigger*, accounts, and clients to refresh only those.

**How it goes.** One row of tasks an account: extract → validate → transform → approve → load. *Run report* shows each linked record with
its last refresh, and what is new. eMoney takes 60 requests a minute: the log says how long the rest takes.

**When it waits.** `approve` asks when much would be called missing at once. No answer within 24 hours is a Reject; the next night plans
anew.

**When it fails.** The log's last line has a code and what to do next; then clear the failed task of that account: clearing is always safe.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, MAX_WRITERS, refresh_params
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.emoney import EmoneyLoadOperator
from crosswalk.orchestration.operators.smartoffice import SmartOfficeExtractOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator, TransformOperator, ValidateOperator


@dag(
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=30,  # a run that waits a day for an answer must not hold up the hours after it
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=refresh_params(),
    tags=["crosswalk", "smartoffice", "emoney", "weeknights"],
    doc_md=__doc__,
)
def emoney_weeknight_refresh() -> None:
    """Refresh what is linked in every account whose night begins."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = SmartOfficeExtractOperator(task_id="extract", integration="smartoffice_to_emoney_holdings", account=account)
        validate = ValidateOperator(task_id="validate", handle=extract.output)
        transform = TransformOperator(task_id="transform", handle=validate.output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        EmoneyLoadOperator(task_id="load", handle=approve.output, max_active_tis_per_dag=MAX_WRITERS)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="smartoffice_to_emoney_holdings", by_night=True).output)


emoney_weeknight_refresh()
