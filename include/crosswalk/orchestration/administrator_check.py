"""Who triggered a run, and whether they may: decided here, recorded in the audit chain either way.

Airflow's API server notes who triggered a run from the token they signed in with; a task cannot change it, and a run started by another
DAG inherits it. A scheduled run, a backfill and an asset's run have nobody. Whoever *clears* a task is not noted there: the run stays
that of its administrator, and does again only what they asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from crosswalk.errors import AuthRefused, operation
from crosswalk.features.tenancy.administrators import require_administrator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.store.store import Store


def admit(context: Context, store: Store, administrators: Collection[str], *, integration: str, account: str, action: str) -> str:
    """Return the administrator who triggered the run. Raises AuthRefused ROLE_MISSING.

    administrators: exact user names, from the integration's settings. action: what they want to do, for the audit log and the error.
    """
    run = context["dag_run"]
    user = run.triggering_user_name
    details = {"dag_id": run.dag_id, "run_id": run.run_id, "doing": action}
    try:
        with operation(action):
            admitted = require_administrator(user, administrators)
    except AuthRefused:
        store.audit.append("administrator_refused", integration, account, user or "nobody", details)
        raise
    store.audit.append("administrator_admitted", integration, account, admitted, details)
    return admitted
