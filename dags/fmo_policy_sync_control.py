"""FMO → Agent CRM: enable, disable or re-sync an existing business, or add an agent.

**What.** *enable* switches Policy Sync on and sends what the business's NPNs wrote. *re-sync* sends it again in its present state,
without duplicates, even for contacts without e-mail. *disable* switches it off: the business keeps what it has. *add agent* creates a
user with a separate e-mail, whose NPN brings its policies. Policies that now belong to another agent stay and are reported; nothing is
removed.

**When.** Only on demand, and only by the FMO's administrators: *Trigger*, name the accounts, choose the action. *Dry run* shows what a
re-sync would send and writes nothing.

**How it works.** accounts → extract → validate → transform → approve → load, one group of tasks per business. *Run report* says what
differs.

**When it waits.** `approve` asks under *Required Actions* if many delivered records no longer belong to the FMO, or if none do.

**When it fails.** The log's last line has a code and the next step. Then clear the failed task: clearing is always safe. `ROLE_MISSING`:
not one of the FMO's administrators. `SYNC_DISABLED`: enable it first. `NPN_EMAIL_TAKEN`: another user has that e-mail.

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
