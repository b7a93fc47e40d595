"""SmartOffice → eMoney: link a client's investments and policies.

**What.** Shows which investments and policies of chosen clients could be linked with eMoney and are not. A person chooses, says what each
one is (asset type, owner), and the chosen ones are linked through the client's connection "SmartOffice (Ebix CRM)". Nothing is ever
linked without a person. Items that are already linked get today's values.

**When.** Only on demand: *Trigger*, name the account of `include/accounts/emoney.toml` and the clients. They must exist in eMoney
(`emoney_client_export`).

**How it works.** extract → validate → offer → transform → approve → load. `offer` asks under *Required Actions* and shows ids, kinds and
masked names. If nobody answers within 24 hours, nothing is linked. The audit chain and the run record who chose what.

**When it fails.** The log's last line has a code and the next step. Then clear the failed task: clearing is always safe, and nothing is
linked twice. `CLIENT_NOT_EXPORTED`: export the client first. If you clear from `extract` on, it asks again.

**Owner.** CRM integrations.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task_group

from crosswalk.orchestration.defaults import ACCOUNT_ARGS, DEFAULT_ARGS, linking_params
from crosswalk.orchestration.operators.approval import ApprovePlanOperator
from crosswalk.orchestration.operators.emoney import EmoneyLoadOperator, EmoneyOfferLinksOperator
from crosswalk.orchestration.operators.smartoffice import SmartOfficeExtractOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator, TransformOperator, ValidateOperator


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={**DEFAULT_ARGS, "owner": "crm-integrations"},
    params=linking_params(),
    tags=["crosswalk", "smartoffice", "emoney", "on demand"],
    doc_md=__doc__,
)
def emoney_account_linking() -> None:
    """Link what a person chooses."""

    @task_group(group_id="account", default_args=ACCOUNT_ARGS)
    def account(account: str) -> None:
        extract = SmartOfficeExtractOperator(task_id="extract", integration="smartoffice_to_emoney_holdings", account=account)
        validate = ValidateOperator(task_id="validate", handle=extract.output)
        offer = EmoneyOfferLinksOperator(task_id="offer", handle=validate.output)
        transform = TransformOperator(task_id="transform", handle=offer.output)
        approve = ApprovePlanOperator(task_id="approve", handle=transform.output)
        EmoneyLoadOperator(task_id="load", handle=approve.output)

    account.expand(account=SelectAccountsOperator(task_id="accounts", integration="smartoffice_to_emoney_holdings").output)


emoney_account_linking()
