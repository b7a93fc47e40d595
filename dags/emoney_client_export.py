"""SmartOffice → eMoney: clients, on demand.

**What.** Exports chosen contacts of an office to eMoney as clients, each with its spouse. Creates clients that eMoney does not have, and
updates existing ones if a person agrees. A household stands for its head. Nothing is written to SmartOffice or deleted in eMoney.

**When.** Only on demand: *Trigger*, name the account of `include/accounts/emoney.toml` and the clients, one id per line. *Dry run* shows
the plan and writes nothing.

**How it works.** extract → validate → transform → approve → load. `validate` checks that each client is ready for eMoney: a married
client has a marital status, a spouse as key relation with a type, and the spouse's data. *Run report* names each gap.

**When it waits.** If a client exists in eMoney and differs, `approve` asks "Do you want to update client's information?" under *Required
Actions*, field by field, masked. No, or no answer within 24 hours, leaves that client unchanged; the others continue. *If a client exists
already* answers in advance.

**When it fails.** The log's last line has a code and the next step. Then clear the failed task: clearing is always safe. After a
correction in the source, clear from `extract` on. `RIGHT_MISSING`: the SmartOffice user has no eMoney license.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, export_params
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.emoney import EmoneyLoadOperator
from crosswalk.orchestration.operators.smartoffice import SmartOfficeExtractOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator, TransformOperator, ValidateOperator


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=export_params(),
    tags=["crosswalk", "smartoffice", "emoney", "on demand"],
    doc_md=__doc__,
)
def emoney_client_export() -> None:
    """Bring the named clients into eMoney."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = SmartOfficeExtractOperator(task_id="extract", integration="smartoffice_to_emoney", account=account)
        validate = ValidateOperator(task_id="validate", handle=extract.output)
        transform = TransformOperator(task_id="transform", handle=validate.output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        EmoneyLoadOperator(task_id="load", handle=approve.output)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="smartoffice_to_emoney").output)


emoney_client_export()
