"""Inbound files as a source: which of the files that arrived a run reads, and what is reported of them.

A file is read once, by the run that was delivered with it. A file of a run that failed is picked up by the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from crosswalk.core.model import Hold
from crosswalk.core.spec.model import KEEP, EntitySpec
from crosswalk.engine.hooks import Feature
from crosswalk.features.inbound_files.ports import REFUSED, TAKEN, FileSource, is_row_of

if TYPE_CHECKING:
    import pandas as pd

    from crosswalk.core.ports import Source
    from crosswalk.engine.context import Run
    from crosswalk.reports.run_report import Report


class InboundFiles(Feature):
    """Reads files that arrive in a drop folder, each once."""

    section: ClassVar[str] = "inbound_files"

    def before_read(self, run: Run, source: Source, *, again: bool = False) -> Mapping[str, Mapping[str, str]]:
        from crosswalk.features.inbound_files.intake import recall, take_in

        if isinstance(source, FileSource):
            (recall if again else take_in)(run, source)
        return {}

    def holds(self, run: Run) -> Iterable[Hold]:
        from crosswalk.features.inbound_files.intake import arrived

        for one in arrived(run):
            for hold in one.holds:
                yield Hold(hold.code, f"{one.carrier}/{one.name}: {hold.found}", hold.limit)

    def may_close(self, run: Run, entity: EntitySpec, source_ids: list[str]) -> set[str] | None:
        """Those it heard of, and rows of carriers it read files of: a file is about a part of the records."""
        from crosswalk.features.inbound_files.intake import arrived

        if entity.on_source_delete != KEEP:
            return None
        carriers = frozenset(one.carrier for one in arrived(run) if one.outcome == TAKEN)
        open_now = (row.source_id for row in run.store.rejected.open(run.key.integration, run.key.account))
        return {*source_ids, *(one for one in open_now if is_row_of(one, carriers))}

    def left_behind(self, run: Run) -> int:
        """Refused files: nothing was read of them, though something was to be."""
        from crosswalk.features.inbound_files.intake import arrived

        return sum(one.outcome == REFUSED for one in arrived(run))

    def counts(self, run: Run, step: str) -> Mapping[str, Any]:
        from crosswalk.features.inbound_files.intake import arrived

        files = arrived(run) if step == "extract" else []
        return {"files": dict(Counter(one.outcome for one in files))} if files else {}

    def report(self, run: Run, report: Report, plan: pd.DataFrame | None) -> None:  # noqa: ARG002
        from crosswalk.features.inbound_files.intake import arrived

        report.files = arrived(run)
