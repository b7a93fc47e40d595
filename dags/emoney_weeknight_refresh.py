"""SmartOffice → eMoney: new values for linked items, every weeknight.

**What.** Linked investments and policies of each account of `include/accounts/emoney.toml` get today's values; only changed values are
sent. New items in SmartOffice are announced in eMoney and here, and wait for a person (`emoney_account_linking`). Items that disappeared
are flagged, never deleted. Without a license for investments or policies, that part is left out and the report says so.

**When.** Monday to Friday at the account's local time (`at`, default 22:00), summer and winter: the DAG runs every hour for the accounts
whose night starts in that hour. On demand: *Trigger*, name accounts, and name clients to refresh only those.

**How it works.** One group of tasks per account: extract → validate → transform → approve → load. *Run report* shows each linked record
with its last refresh, and what is new. eMoney allows 60 requests per minute; the log says how long the rest will take.

**When it waits.** `approve` asks if many items would be flagged as missing at once. No answer within 24 hours counts as Reject; the next
night makes a new plan.

**When it fails.** The log's last line has a code and the next step. Then clear the failed task of that account: clearing is always safe.

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
