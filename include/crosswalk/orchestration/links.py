"""Where a person finds a run's report: the address inside the Airflow UI, and the link on each task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

from crosswalk.core.model import RunKey

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


def run_url(key: RunKey) -> str:
    """Address of the run's page in the console, relative to the Airflow server."""
    return f"/crosswalk/runs/{key.integration}/{key.account}/{key.snapshot}"


class RunReportLink(BaseOperatorLink):
    """The "Run report" button of a task. Computed when the task ends, also when it failed."""

    name = "Run report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """Return the address of the run's page; "" while the task has no run yet."""
        key: RunKey | None = getattr(operator, "key", None)
        return run_url(key) if key else ""
