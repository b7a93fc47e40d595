"""Extract: rights, limits and binding first, then both sides page by page into the landing zone, the manifest last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from crosswalk import __version__
from crosswalk.core.ports import Page, ReadRestarted, Source, Target, TargetState
from crosswalk.core.spec import EntitySpec
from crosswalk.errors import ConfigurationError, DataError, PermanentError, TransientError
from crosswalk.landing.manifest import EntityManifest, FileEntry, Manifest
from crosswalk.steps.context import Run

log = logging.getLogger(__name__)

MAX_RESTARTS = 2


def extract(run: Run, source: Source, target: Target) -> dict[str, Any]:
    """Land what source and target hold now.

    Returns counts for XCom. Raises AuthRefused without the integration right, PermanentError LIMIT_CONTACTS or LIMIT_GROUPS over a
    limit of the whole database, ConfigurationError when the account is bound elsewhere; nothing is landed then.
    """
    with run.step("extract"):
        run.store.bindings.bind(run.key.integration, run.key.account, source.identity(), target.identity())
        source.require_right(run.spec.right)
        totals = source.totals()
        run.store.runs.update(run.key, counts={"source_totals": totals})
        check_limits(run, totals)
        state = target.state()
        check_ownership(run, source, state)
        check_order(run, state)
        entities, state = _land_both(run, source, target)
        for entity in run.spec.entities:
            _check_fields(run, entity, entities[f"source_{entity.name}"])
        run.folder.seal(_manifest(run, source, target, totals, state, entities))
        return {name: landed.rows for name, landed in entities.items()}


def check_limits(run: Run, totals: dict[str, int]) -> None:
    """Refuse a source database over a limit of the spec, whatever is in scope (seed: Contact Limits)."""
    for entity, limit in run.spec.limits.items():
        if totals[entity] > limit:
            raise PermanentError(
                f"LIMIT_{entity.upper()}S",
                doing=f"checking the limits of {run.key}",
                found=f"the source database holds {totals[entity]} {entity}s, the limit is {limit}, whatever is selected",
                fix=f"remove {entity}s from the source until at most {limit} remain; nothing was written",
            )


def check_ownership(run: Run, source: Source, state: TargetState) -> None:
    """Refuse a target list that another source manages (FMG-02)."""
    if state.managed_by is not None and not source.describe().items() <= state.managed_by.items():
        raise ConfigurationError(
            "TGT_MANAGED_ELSEWHERE",
            doing=f"checking who manages the target of {run.key}",
            found="another source manages the target's list",
            fix=f"give the account in include/accounts/{run.spec.short}.toml a target of its own",
        )


def check_order(run: Run, state: TargetState) -> None:
    """Move our numbers on when the target knows of later snapshots: the store was restored from an older backup."""
    if state.last_snapshot >= run.key.snapshot:
        run.store.runs.skip_to(run.key.integration, run.key.account, state.last_snapshot)
        raise TransientError(
            "SNAPSHOT_BEHIND",
            doing=f"comparing the snapshot numbers of {run.key} with the target's",
            found=f"the target was given snapshot {state.last_snapshot} already",
            fix="it is tried again with a higher number; if the store was restored from a backup, that is all",
        )


def _land_both(run: Run, source: Source, target: Target) -> tuple[dict[str, EntityManifest], TargetState]:
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="land") as pool:
        reading = pool.submit(_land_side, run, "source", lambda entity: source.pages(entity, run.settings.scope))
        reading_back = pool.submit(_land_target, run, target)
        landed, state = reading_back.result()
        return {f"{one.side}_{one.entity}": one for one in [*reading.result(), *landed]}, state


def _land_side(run: Run, side: str, read: Callable[[str], Iterator[Page]]) -> list[EntityManifest]:
    return [_land(run, side, entity.name, read) for entity in run.spec.entities]


def _land_target(run: Run, target: Target) -> tuple[list[EntityManifest], TargetState]:
    """Land the target's entities as they were at one revision: a change while they are read begins the read again."""
    for _ in range(MAX_RESTARTS + 1):
        state = target.state()
        landed = _land_side(run, "target", target.pages)
        if target.state().revision == state.revision:
            return landed, state
        log.warning("run %s: the target changed while it was read, reading it again", run.key)
        for one in landed:
            run.folder.discard_pages(f"target_{one.entity}")
    raise _unstable(run, "target", "list")


def _land(run: Run, side: str, entity: str, read: Callable[[str], Iterator[Page]]) -> EntityManifest:
    for _ in range(MAX_RESTARTS + 1):
        try:
            return _land_once(run, side, entity, read(entity))
        except ReadRestarted:
            log.warning("run %s: reading %s %ss begins again", run.key, side, entity)
            run.folder.discard_pages(f"{side}_{entity}")
    raise _unstable(run, side, entity)


def _unstable(run: Run, side: str, what: str) -> TransientError:
    return TransientError(
        "SRC_READ_UNSTABLE" if side == "source" else "TGT_READ_UNSTABLE",
        doing=f"reading the {side} of {run.key}, {what}",
        found=f"the read lost its place or the list changed {MAX_RESTARTS + 1} times",
        fix="it is tried again; if it stays, look for another job that changes the list, or ask the vendor why sessions end early",
    )


def _land_once(run: Run, side: str, entity: str, pages: Iterator[Page]) -> EntityManifest:
    columns = _columns(run.spec.entity(entity), side)
    files: list[FileEntry] = []
    seen: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    rows = total = 0
    for number, page in enumerate(pages):
        files.append(run.folder.write_page(f"{side}_{entity}", number, page.rows, columns))
        rows, total = rows + len(page.rows), page.total
        seen, unknown = seen | page.fields_seen, unknown | page.unknown_fields
        log.info("run %s: %s %ss %d of %d", run.key, side, entity, rows, total)
    if not files:
        files.append(run.folder.write_page(f"{side}_{entity}", 0, [], columns))
    return EntityManifest(side, entity, rows, total, tuple(files), seen, unknown)


def _columns(entity: EntitySpec, side: str) -> list[str]:
    if side == "source":
        return ["source_id", *entity.source_fields]
    extra = ["opted_out"] if entity.name == "contact" else []
    return ["target_id", "source_id", *entity.target_fields, *extra]


def _check_fields(run: Run, entity: EntitySpec, landed: EntityManifest) -> None:
    gone = sorted(set(entity.mapping.source_names) - set(landed.fields_seen))
    if landed.rows and gone:
        raise DataError(
            "SRC_FIELD_GONE",
            doing=f"reading {entity.name}s of {run.key}",
            found=f"no record has the mapped field(s) {', '.join(gone)}",
            fix="give the source's user the right to see them, or change the mapping table",
        )


def _manifest(
    run: Run, source: Source, target: Target, totals: dict[str, int], state: TargetState, entities: dict[str, EntityManifest]
) -> Manifest:
    return Manifest(
        key=run.key,
        taken_at=datetime.now(UTC),
        scope=run.settings.scope,
        entities=entities,
        source_totals=totals,
        source_identity=source.identity(),
        source_description=source.describe(),
        target_identity=target.identity(),
        target_state=state,
        spec_digest=run.spec.digest,
        crosswalk_version=__version__,
    )
