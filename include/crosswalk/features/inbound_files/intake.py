"""File intake: which of the files that arrived a run reads, and what became of each."""

from __future__ import annotations

from crosswalk.core.arrived_file import ArrivedFile
from crosswalk.engine.artifacts import UNREADABLE_ROWS, JsonFile
from crosswalk.engine.context import Run
from crosswalk.features.inbound_files.file_log import FileLog
from crosswalk.features.inbound_files.ports import REFUSED, TAKEN, FileSource
from crosswalk.store.store import Store

FILES = JsonFile[list[ArrivedFile]](
    "files.json", lambda files: [ArrivedFile.from_dict(one) for one in files], lambda files: [one.as_dict() for one in files]
)
"""What became of each file of the run."""


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


def take_in(run: Run, source: FileSource) -> None:
    """Check what arrived, and keep log and rejected rows; what was seen before is in the run's own log only."""
    source.recall(FileLog(run.store.engine).past(run.key.integration, run.key.account))
    files = source.arrived()
    known = FileLog(run.store.engine).refusals(run.key.integration, run.key.account)
    new = [one for one in files if one.outcome == REFUSED and one.refusal not in known]
    FileLog(run.store.engine).record(run.key, [one for one in files if one.outcome == TAKEN or one in new])
    FILES.write(run.folder, files)
    UNREADABLE_ROWS.write(run.folder, source.rejected_rows())


def recall(run: Run, source: FileSource) -> None:
    """Let the source return what it returned to the run, whatever arrived since."""
    digests = [one.digest for one in arrived(run) if one.outcome == TAKEN]
    source.recall(FileLog(run.store.engine).past(run.key.integration, run.key.account), digests)
