"""FMO → Agent CRM: a new business for an agent or agency.

**What.** Creates the business and its users in Agent CRM. With *Enable Policy Sync* it starts with the policies its NPNs wrote (exact
match) and a contact for each person on them. No other agent's policy is sent, and nothing is written to the FMO's business.

**When.** Only on demand, and only by the FMO's administrators (`administrators` in `include/accounts/fmo.toml`): *Trigger* and fill in
the form. *Dry run* creates nothing and shows what would be sent: policies by NPN, contacts, people without e-mail. It happens once: later
changes in the FMO are sent only when somebody asks (`fmo_policy_sync_control`). Airflow keeps what the form was filled with.

**How it works.** accounts → extract → validate → transform → approve → load. `accounts` creates the business, which is an account from
then on, named after the FMO and the NPN. *Run report* explains counts that differ from what a principal expects.

**When it waits.** `approve` asks under *Required Actions* if no contact would be sent at all: the NPN may be mistyped.

**When it fails.** The log's last line has a code and the next step. Then clear the failed task: clearing is always safe, nothing is
created twice. `ROLE_MISSING`: not one of the FMO's administrators. `ISOLATION_BREACH`: a record was another agent's; nothing of its batch
was sent.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, provisioning_params
from crosswalk.orchestration.operators.agent_crm import AgentCrmLoadOperator, ProvisionBusinessOperator
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.steps import ExtractOperator, TransformOperator, ValidateOperator


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=provisioning_params(),
    tags=["crosswalk", "agent crm", "on demand"],
    doc_md=__doc__,
)
def fmo_policy_provisioning() -> None:
    """Make one business and fill it once."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = ExtractOperator(task_id="extract", integration="fmo_to_agent_crm", account=account)
        validate = ValidateOperator(task_id="validate", handle=extract.output)
        transform = TransformOperator(task_id="transform", handle=validate.output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        AgentCrmLoadOperator(task_id="load", handle=approve.output)

    account.expand(account=ProvisionBusinessOperator(task_id="accounts", integration="fmo_to_agent_crm").output)


fmo_policy_provisioning()
