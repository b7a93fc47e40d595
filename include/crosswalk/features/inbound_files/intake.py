"""Files as a source: what a run takes of those that arrived, and what it says of them.

A file is taken once, by the run that was delivered with it. A file of a run that failed is taken up by the next one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from crosswalk.core.capabilities import FileSource
from crosswalk.core.model import Hold, Rejection
from crosswalk.core.spec.model import STAY, EntitySpec
from crosswalk.engine.context import Run
from crosswalk.engine.rejections import read_rejections, write_rejections
from crosswalk.features.inbound_files.ports import REFUSED, TAKEN, ArrivedFile, is_row_of
from crosswalk.store.store import Store

FILES = "files.json"
"""The execution log of the run, in its folder."""

_ROWS = "rejected_rows"


def has_news(store: Store, integration: str, account: str, source: FileSource, *, again: bool = False) -> bool:
    """Look whether a run has anything to do: a file not taken yet, or a refusal that is not on record.

    again: also files a person was asked about, and has not answered, or has declined; without it they are left alone until something
    else arrives.
    """
    source.recall(store.files.past(integration, account))
    asked = frozenset() if again else store.files.asked_about(integration, account)
    known = store.files.refusals(integration, account)
    return any(
        (one.outcome == TAKEN and one.digest not in asked) or (one.outcome == REFUSED and one.refusal not in known)
        for one in source.arrived()
    )


def take_in(run: Run, source: FileSource) -> None:
    """Check what arrived, and keep log and rejected rows; what was seen before stands in the run's own log only."""
    source.recall(run.store.files.past(run.key.integration, run.key.account))
    files = source.arrived()
    known = run.store.files.refusals(run.key.integration, run.key.account)
    new = [one for one in files if one.outcome == REFUSED and one.refusal not in known]
    run.store.files.record(run.key, [one for one in files if one.outcome == TAKEN or one in new])
    run.folder.write_bytes(FILES, json.dumps([one.as_dict() for one in files]).encode())
    write_rejections(run.folder, _ROWS, source.rejected_rows())


def take_again(run: Run, source: FileSource) -> None:
    """Let the source tell what it told the run, whatever arrived since."""
    digests = [one.digest for one in arrived(run) if one.outcome == TAKEN]
    source.recall(run.store.files.past(run.key.integration, run.key.account), digests)


def arrived(run: Run) -> list[ArrivedFile]:
    """Read what became of each file; none where the source is no place for files."""
    folder = run.landed
    return [ArrivedFile.from_dict(one) for one in json.loads(folder.read_bytes(FILES))] if folder.exists(FILES) else []


def counts(run: Run) -> dict[str, Any]:
    """Count files by what became of them, for the handle; {} where the source is no place for files."""
    files = arrived(run)
    return {"files": dict(Counter(one.outcome for one in files))} if files else {}


def rejected_rows(run: Run) -> list[Rejection]:
    """Read the rows of the files taken that do not travel."""
    return read_rejections(run.landed, _ROWS)


def file_holds(run: Run) -> Iterator[Hold]:
    """Give what a person has to look at before the files are taken."""
    for one in arrived(run):
        for hold in one.holds:
            yield Hold(hold.code, f"{one.carrier}/{one.name}: {hold.found}", hold.limit)


def told_of(run: Run, entity: EntitySpec, source_ids: list[str]) -> set[str] | None:
    """Name the records whose rejections this run may close: those it heard of, and rows of carriers it took files of. None: all."""
    if entity.left != STAY:
        return None
    carriers = frozenset(one.carrier for one in arrived(run) if one.outcome == TAKEN)
    open_now = (row.source_id for row in run.store.rejected.open(run.key.integration, run.key.account))
    return {*source_ids, *(one for one in open_now if is_row_of(one, carriers))}


def refused_files(run: Run) -> int:
    """Count the files of which nothing was taken, though something was to be."""
    return sum(one.outcome == REFUSED for one in arrived(run))
