"""The run report of the moment: built from what the run landed and recorded so far, published after every step, also a failed one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from crosswalk import __version__
from crosswalk.core.model import Hold, Outcome, Rejection
from crosswalk.core.plurals import plural
from crosswalk.core.safety import STRANGERS
from crosswalk.engine.rejections import read_rejections
from crosswalk.engine.source_notes import remarks
from crosswalk.engine.transform import read_plan, records_without_id, target_only_file
from crosswalk.engine.validate import rules_of
from crosswalk.features.announcements.announce import LINKED, newly_announced
from crosswalk.features.inbound_files.intake import arrived, rejected_rows
from crosswalk.features.linking.plan import MATCH_FOUND, WAITING
from crosswalk.features.linking.review_files import review_address
from crosswalk.landing.folder import MANIFEST
from crosswalk.landing.manifest import Manifest
from crosswalk.reports import model
from crosswalk.reports import publish as files
from crosswalk.reports.model import Failure, Limit, LinkedRecord, RejectedRecord, Report, Sum, TargetOnly, Undecided
from crosswalk.reports.plan_search import masked_changes
from crosswalk.reports.samples import samples
from crosswalk.reports.wording import lasting
from crosswalk.store.runs import RunRow
from crosswalk.validation.results import RuleResult

if TYPE_CHECKING:
    from crosswalk.engine.context import Run


def publish(run: Run, step: str) -> None:
    """Write the run's report files after a step; those of the plan only after the one that makes the plan.

    Raises what the landing zone and the store raise.
    """
    row = run.store.runs.get(run.key)
    manifest = run.landed.manifest() if run.landed.exists(MANIFEST) else None
    plan = read_plan(run) if row.plan_hash else None
    report = _head(run, row)
    report.rules = [RuleResult(**rule) for rule in rules_of(run)]
    report.rejected = list(_rejected(run))
    report.files = arrived(run)
    if manifest:
        report.taken_at = manifest.taken_at.isoformat(timespec="seconds")
        report.notes += [*_origin(row), *settings_notes(row), *_notes(manifest), *_left_out(run, row), *_pace(row), *remarks(run)]
        report.waiting = newly_announced(run)
        report.linked = list(_linked(run))
    if manifest and plan is not None:
        _add_plan(run, report, plan, manifest)
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
            run.folder.read_frame(f"desired_{entity.name}"),
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
    name = "rejected_all" if run.folder.exists("rejected_all.parquet") else "rejected"
    known = {(row.entity, row.source_id, row.code, row.field): row for row in run.store.rejected.open(run.key.integration, run.key.account)}
    for one in read_rejections(run.folder, name):
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


def _linked(run: Run) -> Iterator[LinkedRecord]:
    if run.folder.exists(f"{LINKED}.parquet"):
        frame = run.folder.read_frame(LINKED)
        rows = frame[frame["source_id"] != ""].sort_values(["entity", "source_id"])
        for entity, source_id, target_id, refreshed_at, missing in rows.itertuples(index=False, name=None):
            yield LinkedRecord(entity, source_id, target_id, refreshed_at, missing == "true")


def _add_plan(run: Run, report: Report, plan: pd.DataFrame, manifest: Manifest) -> None:
    folder, rejections = run.folder, read_rejections(run.folder, "rejected_all")
    for entity in run.spec.entities:
        rows = plan[plan["entity"] == entity.name]
        target = run.landed.read_entity(f"target_{entity.name}")
        report.samples += samples(rows, folder.read_frame(f"desired_{entity.name}"), target, entity.target_fields)
        stopped = len({one.source_id for one in rejected_rows(run) if one.entity == entity.name})
        report.sums += _sums(manifest, plan, entity.name, rejections, stopped)
    report.deletes = model.deletes_of(plan)
    report.drift = model.drift_of(plan)
    report.staying = model.staying_of(plan)
    report.target_only = list(_target_only(run, plan))
    report.undecided = list(_undecided(run, plan))


def _undecided(run: Run, plan: pd.DataFrame) -> Iterator[Undecided]:
    """Where people say which records are one, count those that wait for it."""
    waiting = plan[plan["reason"].isin(WAITING.values()) & (plan["outcome"] == Outcome.EXCLUDED.value)]
    for name in run.spec.candidates:
        reasons = waiting.loc[waiting["entity"] == name, "reason"]
        if len(reasons):
            address = review_address(run.key.integration, run.key.account, name)
            yield Undecided(name, len(reasons), int((reasons == MATCH_FOUND).sum()), address)


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


def _target_only(run: Run, plan: pd.DataFrame) -> Iterator[TargetOnly]:
    for entity in run.spec.entities:
        name = target_only_file(entity.name)
        if run.folder.exists(name):
            strangers = plan[(plan["entity"] == entity.name) & plan["reason"].isin(STRANGERS)]
            yield TargetOnly(run.folder.uri(name), len(strangers))
