"""The carriers' part of the steps."""

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
    """Take in what carriers sent, from the account's connection of type `carriers`. Skipped, and green, when nothing new lies there."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._looked: FileSource | None = None

    def execute(self, context: Context) -> Handle:
        """Look at the place first: an hour without a new file takes no snapshot number and leaves no run behind."""
        from crosswalk.orchestration.runs import require_news

        self._looked = require_news(context, self.integration, self.account)
        handle = super().execute(context)
        if self.key and handle.get("files", {}).get("refused"):
            log_refused(self.key, handle["files"]["refused"])
        return handle

    def open_source(self, run: Run) -> Source:
        """Give the place that was looked at already: files are checked once."""
        return self._looked or super().open_source(run)
