"""Build the run report from the run's artifacts and the store, and publish it: after every step, also a failed one."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from crosswalk import __version__
from crosswalk.core.model import Hold, Rejection
from crosswalk.core.plurals import plural
from crosswalk.core.safety import UNMANAGED
from crosswalk.engine.artifacts import DESIRED, PLAN, REJECTED, REJECTED_ALL, RULES, SOURCE_NOTES, UNREADABLE_ROWS, target_only_file
from crosswalk.engine.context import Run
from crosswalk.engine.hooks import features_of
from crosswalk.landing.folder import MANIFEST
from crosswalk.landing.manifest import Manifest
from crosswalk.reports import publish as files
from crosswalk.reports import run_report as model
from crosswalk.reports.plan_search import masked_changes
from crosswalk.reports.run_report import Failure, Limit, RejectedRecord, Report, Sum, TargetOnly
from crosswalk.reports.samples import samples
from crosswalk.reports.wording import lasting
from crosswalk.store.runs import RunRow


def publish(run: Run, step: str) -> None:
    """Write the run's report files after a step; those of the plan only after the one that makes the plan.

    Raises what the landing zone and the store raise.
    """
    row = run.store.runs.get(run.key)
    manifest = run.landed.manifest() if run.landed.exists(MANIFEST) else None
    plan = PLAN.read(run.folder) if row.plan_hash else None
    report = _head(run, row)
    report.rules = RULES.find(run.folder) or []
    report.rejected = list(_rejected(run))
    if manifest:
        report.taken_at = manifest.taken_at.isoformat(timespec="seconds")
        report.notes += [*_origin(row), *settings_notes(row), *_notes(manifest), *_left_out(run, row), *_pace(row)]
        report.notes += SOURCE_NOTES.find(run.landed) or []
    if manifest and plan is not None:
        _add_plan(run, report, plan, manifest)
    for feature in features_of(run):
        feature.report(run, report, plan if manifest else None)
    if plan is not None and step in _PLANNING:
        files.publish(run.report_folder, report, plan, _changes(run, plan))
    else:
        files.publish(run.report_folder, report)
    run.store.runs.update(run.key, report_name=run.report_folder.uri("report.html"))


_PLANNING = ("transform", "undo")


def _changes(run: Run, plan: pd.DataFrame) -> pd.DataFrame:
    """Every changed field of the plan, masked, while the run's data is there."""
    return pd.concat(
        masked_changes(
            plan[plan["entity"] == entity.name],
            DESIRED.of(entity.name).read(run.folder),
            run.landed.read_entity(f"target_{entity.name}"),
            entity.target_fields,
        )
        for entity in run.spec.entities
    )


def _head(run: Run, row: RunRow) -> Report:
    totals = row.counts.get("source_totals", {})
    return Report(
        key=run.key,
        status=row.status.value,
        dry_run=row.dry_run and row.replays is None,
        source=run.settings.source,
        target=run.settings.target,
        scope=run.scope,
        airflow={"dag_id": row.dag_id, "run_id": row.run_id, "map_index": str(row.map_index), "try_number": str(row.try_number)},
        started_at=row.started_at.isoformat(timespec="seconds"),
        ended_at=row.ended_at.isoformat(timespec="seconds") if row.ended_at else "",
        durations=row.durations,
        limits=[Limit(plural(name), used, run.spec.limits.get(name)) for name, used in totals.items()],
        plan=row.counts.get("plan", {}),
        holds=[Hold(**hold) for hold in row.holds],
        decided_by=row.decided_by,
        error=Failure(row.error_code, row.error_text) if row.error_code else None,
        mode=row.mode,
        generation=row.generation,
        plan_hash=row.plan_hash,
        digests={"spec": run.spec.digest, "mapping": run.spec.mapping_digest, "settings": row.settings_digest},
        crosswalk_version=__version__,
        notes=[f"lookups.csv has a value nobody uses: {name}" for name in run.spec.unused_lookups],
    )


def _rejected(run: Run) -> Iterator[RejectedRecord]:
    rejected = REJECTED_ALL if REJECTED_ALL.exists(run.folder) else REJECTED
    known = {(row.entity, row.source_id, row.code, row.field): row for row in run.store.rejected.open(run.key.integration, run.key.account)}
    for one in rejected.read(run.folder):
        row = known.get((one.entity, one.source_id, one.code, one.field))
        first_seen = row.first_seen_at.isoformat(timespec="seconds") if row else ""
        yield RejectedRecord(**vars(one), first_seen=first_seen, attempts=row.attempts if row else 1)


def _origin(row: RunRow) -> Iterator[str]:
    """Say which other run this one goes back to."""
    if row.replays is not None:
        night = f"{row.interval_start:%Y-%m-%d %H:%M} to {row.interval_end:%Y-%m-%d %H:%M} UTC"
        yield f"a backfill of {night} looked again at what snapshot {row.replays} landed; source and target were not asked"
    if "undoes" in row.counts:
        yield f"an undo: the list as it was before snapshot {row.counts['undoes']} was delivered, asked for by {row.decided_by}"


def settings_notes(row: RunRow) -> Iterator[str]:
    """Say which settings are different from those of the last delivery (FMG-07)."""
    if changed := row.settings.get("changed"):
        yield "settings changed since the last delivery: " + "; ".join(changed)


def _notes(manifest: Manifest) -> Iterator[str]:
    for landed in manifest.entities.values():
        if landed.unknown_fields:
            names = ", ".join(sorted(landed.unknown_fields))
            yield f"the {landed.side} sent fields of a {landed.entity} nobody asked for; they were dropped unread: {names}"


def _left_out(run: Run, row: RunRow) -> Iterator[str]:
    for entity in run.spec.declared:
        if entity.name in row.counts.get("left_out", []):
            rights = " and ".join(entity.rights)
            yield f"{entity.plural} were left out, and stay as they are: the source's user lacks {rights}"


def _pace(row: RunRow) -> Iterator[str]:
    seconds = row.counts.get("load", {}).get("full_load_seconds")
    if seconds:
        yield f"sending everything again would take at least {lasting(seconds)} under the target's limit of requests"


def _add_plan(run: Run, report: Report, plan: pd.DataFrame, manifest: Manifest) -> None:
    rejections, unreadable = REJECTED_ALL.read(run.folder), UNREADABLE_ROWS.read(run.landed)
    for entity in run.spec.entities:
        rows = plan[plan["entity"] == entity.name]
        target = run.landed.read_entity(f"target_{entity.name}")
        report.samples += samples(rows, DESIRED.of(entity.name).read(run.folder), target, entity.target_fields)
        stopped = len({one.source_id for one in unreadable if one.entity == entity.name})
        report.sums += _sums(manifest, plan, entity.name, rejections, stopped)
    report.deletes = model.deletes_of(plan)
    report.drift = model.drift_of(plan)
    report.staying = model.staying_of(plan)
    report.target_only = list(_target_only(run, plan))


def _sums(manifest: Manifest, plan: pd.DataFrame, entity: str, rejections: list[Rejection], rows: int) -> list[Sum]:
    """Count what has no id by what was read: such a record is rejected and has no row in the plan. An undo reads no source.

    rows: of files, rejected before they were records.
    """
    landed = manifest.entities
    if f"source_{entity}" not in landed:
        return []
    read, found = (landed[f"{side}_{entity}"].rows for side in ("source", "target"))
    without_id = records_without_id(rejections, entity)
    return model.sums_of(entity, plan, read + rows, found, without_id)


def records_without_id(rejections: list[Rejection], entity: str) -> int:
    """Count records of an entity that have no id; they are told apart by their place, which the reason names."""
    return len({one.reason.rpartition("(")[2] for one in rejections if one.entity == entity and not one.source_id})


def _target_only(run: Run, plan: pd.DataFrame) -> Iterator[TargetOnly]:
    for entity in run.spec.entities:
        name = target_only_file(entity.name)
        if run.folder.exists(name):
            strangers = plan[(plan["entity"] == entity.name) & plan["reason"].isin(UNMANAGED)]
            yield TargetOnly(run.folder.uri(name), len(strangers))
