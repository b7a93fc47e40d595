"""The steps of a write-back as operators: activities into the outbox, then notes.

Everything heavy is imported when a task runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.features.writeback.work import Writeback

Handle = dict[str, Any]
"""integration, account and counts: all that tasks pass to each other."""


def _open(context: Context, integration: str, account: str) -> Writeback:
    from crosswalk.orchestration.task_runs import open_writeback

    instance = context["ti"]
    return open_writeback(integration, account, f"{instance.dag_id} {instance.run_id}")


class CollectActivitiesStep(BaseOperator):
    """Read an account's new activities since the last run. One subclass per system with a feed.

    Args:
        integration: name of a folder in integrations/.
        account: name of the account; mapped.
        kwargs: Airflow's own arguments.
    """

    template_fields: Sequence[str] = ("account",)

    def __init__(self, *, integration: str, account: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.integration = integration
        self.account = account

    def execute(self, context: Context) -> Handle:
        """Read the feed page by page; pages already stored stay when a later one fails."""
        from crosswalk.features.writeback.collect import collect
        from crosswalk.orchestration.task_runs import checked_handle

        counts = collect(_open(context, self.integration, self.account), dry_run=bool(context["params"].get("dry_run")))
        return checked_handle({"integration": self.integration, "account": self.account, **counts})


class WriteNotesStep(BaseOperator):
    """Write a note for every activity in the outbox that has none. One subclass per system that takes notes.

    Args:
        handle: output of the step before; mapped.
        kwargs: Airflow's own arguments.
    """

    template_fields: Sequence[str] = ("handle",)

    def __init__(self, *, handle: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.handle = handle

    @property
    def account(self) -> str:
        return str(self.handle["account"]) if isinstance(self.handle, dict) else ""

    def execute(self, context: Context) -> Handle:
        """Write the notes: exactly one per activity, whichever attempt writes it."""
        from crosswalk.features.writeback.write import write
        from crosswalk.orchestration.task_runs import checked_handle

        integration, account = self.handle["integration"], self.handle["account"]
        counts = write(_open(context, integration, account), dry_run=bool(context["params"].get("dry_run")))
        return checked_handle({"integration": integration, "account": account, **counts})
