"""Rejected records retried alone (SAFE-10): the whole list is read and checked as always, but only they are delivered."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from crosswalk.core.converters import email_key
from crosswalk.core.model import LEFT, Outcome
from crosswalk.core.plan import EMAIL_DUPLICATE
from crosswalk.core.spec.model import EntitySpec, IntegrationSpec
from crosswalk.engine.artifacts import RETRIED
from crosswalk.engine.context import Run
from crosswalk.engine.operations import CHANGING, SENT
from crosswalk.errors import ConfigurationError
from crosswalk.store.store import Store

NOT_RETRIED = "not_retried"
"""Reason of the rows a retry leaves out."""

_SHOWN = 5


def check_retry(spec: IntegrationSpec) -> None:
    """Refuse where rejected records cannot be delivered alone. Raises ConfigurationError RETRY_NOT_OFFERED."""
    if not spec.retry:
        raise ConfigurationError(
            "RETRY_NOT_OFFERED",
            operation=f"retrying rejected records of {spec.name}",
            problem="this integration delivers no records alone because they were rejected",
            next_step=f"correct them where they come from, then run {spec.dag}: whatever it reads, it checks again",
        )


def rejected_now(store: Store, integration: str, account: str, wanted: Collection[str] = ()) -> frozenset[str]:
    """Name the records to retry: those wanted, or all that are rejected now. Raises ConfigurationError RECORD_NOT_REJECTED."""
    rejected = frozenset(row.source_id for row in store.rejected.open(integration, account) if row.source_id)
    if unknown := sorted(set(wanted) - rejected):
        raise ConfigurationError(
            "RECORD_NOT_REJECTED",
            operation=f"choosing the records of {integration}/{account} to retry",
            problem=f"{len(unknown)} of them are not rejected: {', '.join(unknown[:_SHOWN])}",
        )
    return frozenset(wanted) or rejected


def restrict(run: Run, only: Collection[str]) -> None:
    """Let the run deliver only these source records. Before its plan is made."""
    RETRIED.write(run.folder, frozenset(only))


def retried(run: Run) -> frozenset[str] | None:
    """Name the source records the run is restricted to; None: all."""
    return RETRIED.find(run.folder)


def leave_out_others(plan: pd.DataFrame, only: frozenset[str]) -> pd.DataFrame:
    """Turn what the plan would do with other records into "excluded". Nothing is deleted by a retry."""
    sent = plan["outcome"].isin(SENT) & plan["source_id"].isin(only)
    other = plan["outcome"].isin(CHANGING) & ~sent
    return plan.assign(
        target_id=_of_target(plan, other),
        outcome=plan["outcome"].mask(other, Outcome.EXCLUDED.value),
        reason=plan["reason"].mask(other & ~plan["reason"].isin(LEFT), NOT_RETRIED),
        changed=plan["changed"].mask(other, ""),
        payload_hash=plan["payload_hash"].mask(other, ""),
    )


def leave_out_unread(plan: pd.DataFrame) -> pd.DataFrame:
    """Turn what the plan says of records that were not read into "excluded": they did not leave the source, nobody looked."""
    return plan.assign(outcome=plan["outcome"].mask(plan["reason"].isin(LEFT), Outcome.EXCLUDED.value))


def without_taken(entity: EntitySpec, plan: pd.DataFrame, desired: pd.DataFrame, target: pd.DataFrame) -> pd.DataFrame:
    """Reject a record whose address belongs, in the target, to one that is left out and so keeps it."""
    if not entity.unique:
        return plan
    staying = target[target["target_id"].isin(plan.loc[plan["outcome"] == Outcome.EXCLUDED.value, "target_id"])]
    taken = set(staying[entity.unique].map(email_key)) - {""}
    wanting = desired.loc[desired[entity.unique].map(email_key).isin(taken), "source_id"]
    stopped = plan["outcome"].isin(SENT) & plan["source_id"].isin(wanting)
    return plan.assign(
        target_id=_of_target(plan, stopped),
        outcome=plan["outcome"].mask(stopped, Outcome.REJECTED.value),
        reason=plan["reason"].mask(stopped, EMAIL_DUPLICATE),
        changed=plan["changed"].mask(stopped, ""),
        payload_hash=plan["payload_hash"].mask(stopped, ""),
    )


def _of_target(plan: pd.DataFrame, not_sent: pd.Series[bool]) -> pd.Series[str]:
    """What would have been made again under its old id, and is not sent, is nothing of the target's."""
    return plan["target_id"].mask(not_sent & (plan["outcome"] == Outcome.CREATE.value), "")
