"""Agent CRM's operators: delivery, and the actions of FMO administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from crosswalk.orchestration.operators.steps import LoadStep, check_form

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.features.tenancy.businesses import Business
    from crosswalk.features.tenancy.provision import Desk


RESYNC, ENABLE, DISABLE, ADD = ACTIONS = ["re-sync", "enable", "disable", "add agent"]
"""What the form of fmo_policy_sync_control offers."""


class AgentCrmLoadOperator(LoadStep):
    """Deliver to a business of Agent CRM through its FMO's connection of type `agent_crm`."""

    system = "agent_crm"


class _AdministratorsOperator(BaseOperator):
    """What only an administrator of the FMO may ask for.

    Args:
        integration: name of a folder in integrations/.
        kwargs: Airflow's own arguments.
    """

    def __init__(self, *, integration: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.integration = integration

    def admitted(self, context: Context, fmo: str, account: str, action: str) -> Desk:
        """Let administrators of the FMO pass, and record who came. Raises AuthRefused ROLE_MISSING, ConfigurationError ACCOUNT_UNKNOWN."""
        from crosswalk.features.tenancy.businesses import ADMINISTRATORS
        from crosswalk.features.tenancy.provision import Desk
        from crosswalk.integrations.accounts import load_accounts
        from crosswalk.orchestration.administrator_check import admit
        from crosswalk.orchestration.hooks.agent_crm import AgentCrmHook
        from crosswalk.orchestration.resources import open_store
        from crosswalk.orchestration.selection import choose

        store, fmos = open_store(), load_accounts(self.integration)
        choose(fmos, [fmo], on_demand=True)
        allowed = fmos[fmo].options[ADMINISTRATORS]
        by = admit(context, store, allowed, integration=self.integration, account=account, action=action)
        return Desk(self.integration, fmo, store, AgentCrmHook(fmos[fmo].target).get_businesses(), by)


class ProvisionBusinessOperator(_AdministratorsOperator):
    """Make the business and its users the form asks for. Returns the account to be filled, in a list; none without Policy Sync."""

    def execute(self, context: Context) -> list[str]:
        """Check role and form, then make what is not there yet; cleared, it finds everything again."""
        from crosswalk.features.tenancy.ports import BusinessRequest
        from crosswalk.features.tenancy.provision import provision

        params = context["params"]
        check_form(context)
        desk = self.admitted(context, params["fmo"], params["fmo"], "provisioning a business")
        asked = BusinessRequest(params["npn"].strip(), params["name"].strip(), params["kind"], params["npn"].strip())
        users = [_user(params), *map(_user, params["users"])]
        made = provision(desk, asked, users, sync=params["policy_sync"], dry_run=params["dry_run"])
        self.log.info("account %s: %d user(s), Policy Sync %s", made.account, len(users), "on" if params["policy_sync"] else "off")
        return [made.account] if params["policy_sync"] else []


class ControlSyncOperator(_AdministratorsOperator):
    """Enable, disable, re-sync, or add an agent. Returns the accounts to be filled now."""

    def execute(self, context: Context) -> list[str]:
        """Check role and form for each account before anything is done."""
        check_form(context)
        params, desks = context["params"], {account: self._desk(context, account) for account in context["params"]["accounts"]}
        action = str(params["action"])
        self._check(params, len(desks))
        return [account for account, desk in desks.items() if self._filled(action, desk, account, params)]

    def _desk(self, context: Context, account: str) -> Desk:
        from crosswalk.features.tenancy.provision import made_business
        from crosswalk.orchestration.resources import open_store

        business = made_business(open_store(), self.integration, account)
        return self.admitted(context, business.fmo, account, f"{context['params']['action']} of {account}")

    def _check(self, params: Mapping[str, Any], accounts: int) -> None:
        from crosswalk.errors import ConfigurationError

        what = f"reading the form of {params['action']}"
        if params["dry_run"] and params["action"] != RESYNC:
            raise ConfigurationError(
                "CONF_INVALID", operation=what, problem="a dry run of it", next_step=f"a dry run shows what {RESYNC} would send"
            )
        if params["action"] == ADD and accounts != 1:
            raise ConfigurationError(
                "CONF_INVALID", operation=what, problem="several accounts", next_step="add an agent to one business at a time"
            )

    def _filled(self, action: str, desk: Desk, account: str, params: Mapping[str, Any]) -> bool:
        from crosswalk.features.tenancy.provision import add_agent, disable, enable

        acted: Business | None = None
        if action == ENABLE:
            acted = enable(desk, account)
        elif action == DISABLE:
            acted = disable(desk, account)
        elif action == ADD:
            acted = add_agent(desk, account, _user(params))
        self.log.info("%s of %s by an administrator", action, account)
        return acted is None or acted.policy_sync


def _user(fields: Mapping[str, Any]) -> Any:
    from crosswalk.features.tenancy.ports import UserRequest

    texts = {name: str(fields[name] or "").strip() for name in ("email", "first_name", "last_name", "npn")}
    return UserRequest(**texts)
