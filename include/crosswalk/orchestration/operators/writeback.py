"""The two steps of a write-back as operators: activities into the outbox, then notes. Everything heavy is imported when a task runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.features.writeback.context import Writeback

Handle = dict[str, Any]
"""integration, account and counts: all that travels between tasks."""


def _open(context: Context, integration: str, account: str) -> Writeback:
    from crosswalk.orchestration.runs import open_writeback

    instance = context["ti"]
    return open_writeback(integration, account, f"{instance.dag_id} {instance.run_id}")


class CollectActivitiesStep(BaseOperator):
    """Read an account's activities on from where they were left. Each system with a feed subclasses it.

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
        """Take the feed in, page by page; what was taken in stays when a later page fails."""
        from crosswalk.features.writeback.collect import collect
        from crosswalk.orchestration.runs import checked_handle

        counts = collect(_open(context, self.integration, self.account), dry_run=bool(context["params"].get("dry_run")))
        return checked_handle({"integration": self.integration, "account": self.account, **counts})


class WriteNotesStep(BaseOperator):
    """Write a note of every activity in the outbox that has none. Each system that takes notes subclasses it.

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
        """Write the notes; whatever attempt does so, each activity gets one."""
        from crosswalk.features.writeback.write import write
        from crosswalk.orchestration.runs import checked_handle

        integration, account = self.handle["integration"], self.handle["account"]
        counts = write(_open(context, integration, account), dry_run=bool(context["params"].get("dry_run")))
        return checked_handle({"integration": integration, "account": account, **counts})
