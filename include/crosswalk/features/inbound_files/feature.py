"""Inbound files as a source: which of the files that arrived a run reads, and what is reported of them.

A file is read once, by the run that was delivered with it. A file of a run that failed is picked up by the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import pandas as pd

from crosswalk.core.arrived_file import ArrivedFile
from crosswalk.core.model import Hold
from crosswalk.core.ports import Source
from crosswalk.core.spec.model import KEEP, EntitySpec
from crosswalk.engine.artifacts import UNREADABLE_ROWS, JsonFile
from crosswalk.engine.context import Run
from crosswalk.engine.hooks import Feature
from crosswalk.features.inbound_files.file_log import FileLog
from crosswalk.features.inbound_files.ports import REFUSED, TAKEN, FileSource, is_row_of
from crosswalk.reports.model import Report
from crosswalk.store.store import Store

FILES = JsonFile[list[ArrivedFile]](
    "files.json", lambda files: [ArrivedFile.from_dict(one) for one in files], lambda files: [one.as_dict() for one in files]
)
"""What became of each file of the run."""


class InboundFiles(Feature):
    """Reads files that arrive in a drop folder, each once."""

    section: ClassVar[str] = "inbound_files"

    def before_read(self, run: Run, source: Source, *, again: bool = False) -> Mapping[str, Mapping[str, str]]:
        if isinstance(source, FileSource):
            (_recall if again else _take_in)(run, source)
        return {}

    def holds(self, run: Run) -> Iterable[Hold]:
        for one in arrived(run):
            for hold in one.holds:
                yield Hold(hold.code, f"{one.carrier}/{one.name}: {hold.found}", hold.limit)

    def may_close(self, run: Run, entity: EntitySpec, source_ids: list[str]) -> set[str] | None:
        """Those it heard of, and rows of carriers it read files of: a file is about a part of the records."""
        if entity.on_source_delete != KEEP:
            return None
        carriers = frozenset(one.carrier for one in arrived(run) if one.outcome == TAKEN)
        open_now = (row.source_id for row in run.store.rejected.open(run.key.integration, run.key.account))
        return {*source_ids, *(one for one in open_now if is_row_of(one, carriers))}

    def left_behind(self, run: Run) -> int:
        """Refused files: nothing was read of them, though something was to be."""
        return sum(one.outcome == REFUSED for one in arrived(run))

    def counts(self, run: Run, step: str) -> Mapping[str, Any]:
        files = arrived(run) if step == "extract" else []
        return {"files": dict(Counter(one.outcome for one in files))} if files else {}

    def report(self, run: Run, report: Report, plan: pd.DataFrame | None) -> None:  # noqa: ARG002
        report.files = arrived(run)


def has_news(store: Store, integration: str, account: str, source: FileSource, *, again: bool = False) -> bool:
    """Look whether a run has anything to do: a file not taken yet, or a refusal that is not on record.

    again: also files a person was asked about, and has not answered, or has declined; without it they are left alone until something
    else arrives.
    """
    source.recall(FileLog(store.engine).past(integration, account))
    asked = frozenset() if again else FileLog(store.engine).asked_about(integration, account)
    known = FileLog(store.engine).refusals(integration, account)
    return any(
        (one.outcome == TAKEN and one.digest not in asked) or (one.outcome == REFUSED and one.refusal not in known)
        for one in source.arrived()
    )


def arrived(run: Run) -> list[ArrivedFile]:
    """Read what became of each file of the run, for a backfill of the run whose snapshot it looks at."""
    return FILES.find(run.landed) or []


def _take_in(run: Run, source: FileSource) -> None:
    """Check what arrived, and keep log and rejected rows; what was seen before is in the run's own log only."""
    source.recall(FileLog(run.store.engine).past(run.key.integration, run.key.account))
    files = source.arrived()
    known = FileLog(run.store.engine).refusals(run.key.integration, run.key.account)
    new = [one for one in files if one.outcome == REFUSED and one.refusal not in known]
    FileLog(run.store.engine).record(run.key, [one for one in files if one.outcome == TAKEN or one in new])
    FILES.write(run.folder, files)
    UNREADABLE_ROWS.write(run.folder, source.rejected_rows())


def _recall(run: Run, source: FileSource) -> None:
    """Let the source return what it returned to the run, whatever arrived since."""
    digests = [one.digest for one in arrived(run) if one.outcome == TAKEN]
    source.recall(FileLog(run.store.engine).past(run.key.integration, run.key.account), digests)
