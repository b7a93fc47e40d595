"""Read one side as a whole, page by page into the landing zone; start over when the vendor lost its place or the list changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pandas as pd

from crosswalk.core.ports import Page, ReadRestarted, Source, Target, TargetState
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.context import Run
from crosswalk.errors import TransientError
from crosswalk.landing.manifest import EntityManifest, FileEntry

log = logging.getLogger(__name__)

MAX_RESTARTS = 2

Beat = Callable[[], None]
Read = Callable[[str], Iterator[Page]]


def land_both(run: Run, source: Source, target: Target, beat: Beat) -> tuple[dict[str, EntityManifest], TargetState]:
    """Land source and target at the same time; returns what was landed by name ("source_contact") and where the target stood."""
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="land") as pool:
        reading = pool.submit(copy_context().run, _land_side, run, "source", lambda entity: source.pages(entity, run.scope), beat)
        reading_back = pool.submit(copy_context().run, land_target, run, target, beat)
        landed, state = reading_back.result()
        return by_name([*reading.result(), *landed]), state


def land_target(run: Run, target: Target, beat: Beat) -> tuple[list[EntityManifest], TargetState]:
    """Land the target's entities as they were at one revision: a change while they are read begins the read again.

    Raises TransientError TGT_READ_UNSTABLE.
    """
    for _ in range(MAX_RESTARTS + 1):
        state = target.state()
        landed = _land_side(run, "target", target.pages, beat)
        if target.state().revision == state.revision:
            return landed, state
        log.warning("run %s: the target changed while it was read, reading it again", run.key)
        for one in landed:
            run.folder.discard_pages(f"target_{one.entity}")
    raise unstable(run, "target", "list")


def by_name(landed: list[EntityManifest]) -> dict[str, EntityManifest]:
    """Index what was landed as a manifest does."""
    return {f"{one.side}_{one.entity}": one for one in landed}


def read_frame(run: Run, side: str, entity: EntitySpec, read: Read, beat: Beat) -> pd.DataFrame:
    """Read one entity into a frame with the columns it is landed with; nothing is kept. Raises TransientError …_READ_UNSTABLE."""
    for _ in range(MAX_RESTARTS + 1):
        rows: list[dict[str, str]] = []
        try:
            for page in read(entity.name):
                rows += page.rows
                beat()
            return pd.DataFrame(rows, columns=columns_of(entity, side), dtype="str")
        except ReadRestarted:
            log.warning("run %s: reading %s %ss begins again", run.key, side, entity.name)
    raise unstable(run, side, entity.name)


def columns_of(entity: EntitySpec, side: str) -> list[str]:
    """Name the columns one side of an entity is landed with."""
    if side == "source":
        return ["source_id", *entity.source_fields]
    return ["target_id", "source_id", *entity.target_fields, *entity.read_only_target, *entity.status_columns]


def unstable(run: Run, side: str, what: str) -> TransientError:
    """Build the error for a side that does not hold still."""
    return TransientError(
        "SRC_READ_UNSTABLE" if side == "source" else "TGT_READ_UNSTABLE",
        operation=f"reading the {side} of {run.key}, {what}",
        problem=f"the read lost its place or the list changed {MAX_RESTARTS + 1} times",
        next_step="it is tried again; if it stays, look for another job that changes the list, or ask the vendor why sessions end early",
    )


def _land_side(run: Run, side: str, read: Read, beat: Beat) -> list[EntityManifest]:
    return [_land(run, side, entity, read, beat) for entity in run.spec.entities]


def _land(run: Run, side: str, entity: EntitySpec, read: Read, beat: Beat) -> EntityManifest:
    for _ in range(MAX_RESTARTS + 1):
        try:
            return _land_once(run, side, entity, read(entity.name), beat)
        except ReadRestarted:
            log.warning("run %s: reading %s %ss begins again", run.key, side, entity.name)
            run.folder.discard_pages(f"{side}_{entity.name}")
    raise unstable(run, side, entity.name)


def _land_once(run: Run, side: str, entity: EntitySpec, pages: Iterator[Page], beat: Beat) -> EntityManifest:
    columns = columns_of(entity, side)
    files: list[FileEntry] = []
    seen: frozenset[str] | None = None
    unknown: frozenset[str] = frozenset()
    rows = total = 0
    for number, page in enumerate(pages):
        files.append(run.folder.write_page(f"{side}_{entity.name}", number, page.rows, columns))
        rows, total = rows + len(page.rows), page.total
        if page.rows:
            seen = frozenset(page.fields_seen if seen is None else seen & page.fields_seen)
        unknown |= page.unknown_fields
        log.info("run %s: %s %s %d of %d", run.key, side, entity.plural, rows, total)
        beat()
    if not files:
        files.append(run.folder.write_page(f"{side}_{entity.name}", 0, [], columns))
    return EntityManifest(side, entity.name, rows, total, tuple(files), seen or frozenset(), unknown)
