"""FMO → Agent CRM, a business that is there: enable, disable, re-sync, add an agent.

**What.** *enable* switches Policy Sync on and brings what its NPNs wrote. *re-sync* brings it again as it is now; nothing becomes double,
also no contact without e-mail. *disable* switches it off: the business keeps what it has. *add agent* makes a user with an e-mail of their
own, whose NPN brings its policies. What is another agent's by now stays where it is and is reported; nothing is taken away.

**When.** Only by hand, and only by the FMO's administrators: *Trigger*, name the accounts, choose the action. *Dry run* shows what a
re-sync would send and writes nothing.

**How it goes.** accounts → extract → validate → transform → approve → load, a row of tasks each business. *Run report* says what differs.

**When it waits.** `approve` asks under *Required Actions* when much of what was delivered is no longer the FMO's, or nothing is.

**When it fails.** The log's last line has a code and what to do next; then clear the failed task: clearing is always safe.
`ROLE_MISSING`: not one of the FMO's administrators. `SYNC_DISABLED`: enable it first. `NPN_EMAIL_TAKEN`: another user has that e-mail.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, sync_control_params
from crosswalk.orchestration.operators.agent_crm import ACTIONS, AgentCrmLoadOperator, ControlSyncOperator
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.steps import ExtractOperator, TransformOperator, ValidateOperator


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=sync_control_params(ACTIONS),
    tags=["crosswalk", "agent crm", "on demand"],
    doc_md=__doc__,
)
def fmo_policy_sync_control() -> None:
    """Change what businesses may get, and fill them again."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = ExtractOperator(task_id="extract", integration="fmo_to_agent_crm", account=account)
        validate = ValidateOperator(task_id="validate", handle=extract.output)
        transform = TransformOperator(task_id="transform", handle=validate.output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        AgentCrmLoadOperator(task_id="load", handle=approve.output)

    account.expand(account=ControlSyncOperator(task_id="accounts", integration="fmo_to_agent_crm").output)


fmo_policy_sync_control()
