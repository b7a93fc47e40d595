"""The operator of carrier files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosswalk.orchestration.alerts import log_refused
from crosswalk.orchestration.operators.steps import ExtractOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.core.ports import Source
    from crosswalk.engine.context import Run
    from crosswalk.features.inbound_files.ports import FileSource
    from crosswalk.orchestration.operators.steps import Handle


class CarriersExtractOperator(ExtractOperator):
    """Read the files carriers sent, AND the target, into the landing zone. Skipped when no new file has arrived."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._looked: FileSource | None = None

    def execute(self, context: Context) -> Handle:
        """Look for files first: an hour without a new file takes no snapshot number and leaves no run behind."""
        from crosswalk.orchestration.task_runs import require_news

        self._looked = require_news(context, self.integration, self.account)
        handle = super().execute(context)
        if self.key and handle.get("files", {}).get("refused"):
            log_refused(self.key, handle["files"]["refused"])
        return handle

    def open_source(self, run: Run) -> Source:
        """Return the source that was looked at already, so that files are checked once."""
        return self._looked or super().open_source(run)
