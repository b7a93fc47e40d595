"""Extract: rights, limits and binding first, then both sides page by page into the landing zone, the manifest last."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crosswalk import __version__
from crosswalk.core.capabilities import LicensedSource, RemarkingSource
from crosswalk.core.plurals import plural
from crosswalk.core.ports import Source, Target, TargetState
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.artifacts import SOURCE_NOTES
from crosswalk.engine.attempt import step
from crosswalk.engine.context import BEAT_SECONDS, Run
from crosswalk.engine.hooks import features_of
from crosswalk.engine.land import land_both, unstable
from crosswalk.errors import AuthRefused, ConfigurationError, DataError, PermanentError, TransientError
from crosswalk.landing.manifest import EntityManifest, Manifest

log = logging.getLogger(__name__)


def extract(run: Run, source: Source, target: Target) -> dict[str, Any]:
    """Land what source and target hold now.

    Returns counts for XCom. Raises AuthRefused without the integration right, PermanentError LIMIT_CONTACTS or LIMIT_GROUPS over a
    limit of the whole database, ConfigurationError when the account is bound elsewhere, Fenced when another run has it; nothing is
    landed then.
    """
    with step(run, "extract"), run.leased(BEAT_SECONDS) as beat:
        run.store.runs.give_up_on_older(run.key)
        if target.identity():
            run.store.bindings.bind(run.key.integration, run.key.account, source.identity(), target.identity())
        if run.spec.right:
            source.require_right(run.spec.right)
        _leave_out(run, source)
        picklists: dict[str, Mapping[str, str]] = {}
        for feature in features_of(run):
            picklists |= feature.before_read(run, source)
        totals = _totals(run, source)
        run.store.runs.update(run.key, counts={**run.store.runs.get(run.key).counts, "source_totals": totals})
        check_limits(run, totals)
        state = target.state()
        check_ownership(run, source, state)
        check_order(run, state)
        entities, state = land_both(run, source, target, beat)
        if isinstance(source, RemarkingSource):
            SOURCE_NOTES.write(run.folder, list(source.remarks(run.settings.options)))
        check_totals(run, source, totals, entities)
        for entity in run.spec.entities:
            _check_fields(run, entity, entities[f"source_{entity.name}"])
        run.folder.seal(
            replace(
                _manifest(run, source, target, totals, state, entities),
                choices={field: dict(entries) for field, entries in picklists.items()},
            )
        )
        left_out = len(run.store.runs.get(run.key).counts.get("left_out", []))
        landed = {name: one.rows for name, one in entities.items()}
        more = {name: value for feature in features_of(run) for name, value in feature.counts(run, "extract").items()}
        return {**landed, **({"left_out": left_out} if left_out else {}), **more}


def _leave_out(run: Run, source: Source) -> None:
    """Go on without the entities whose rights the source's user lacks. Raises AuthRefused RIGHT_MISSING when none is left."""
    wanted = sorted({right for entity in run.spec.entities for right in entity.rights})
    if not wanted or not isinstance(source, LicensedSource):
        return
    lacking = set(wanted) - source.held_rights(wanted)
    left_out = [entity.name for entity in run.spec.entities if lacking & set(entity.rights)]
    if len(left_out) == len(run.spec.entities):
        raise AuthRefused(
            "RIGHT_MISSING",
            operation=f"checking the licences behind {run.settings.source}",
            problem=f"the user of the connection lacks {', '.join(sorted(lacking))}: nothing is left to read",
            next_step="ask an administrator to switch the licences on in User Rights, Licenses; then clear extract",
        )
    if left_out:
        log.warning("run %s goes without %s: the user lacks %s", run.key, ", ".join(left_out), ", ".join(sorted(lacking)))
        run.leave_out(left_out)


def _totals(run: Run, source: Source) -> dict[str, int]:
    totals = source.totals()
    if isinstance(source, LicensedSource):
        totals |= {entity.name: source.total(entity.name) for entity in run.spec.entities if entity.name not in totals}
    return totals


def check_limits(run: Run, totals: dict[str, int]) -> None:
    """Refuse a source database over a limit of the spec, whatever is in scope (seed: Contact Limits)."""
    for entity, limit in run.spec.limits.items():
        if totals[entity] > limit:
            raise PermanentError(
                f"LIMIT_{plural(entity).upper()}",
                operation=f"checking the limits of {run.key}",
                problem=f"the source database holds {totals[entity]} {plural(entity)}, the limit is {limit}, whatever is selected",
                next_step=f"remove {plural(entity)} from the source until at most {limit} remain; nothing was written",
            )


def check_totals(run: Run, source: Source, counted: Mapping[str, int], entities: Mapping[str, EntityManifest]) -> None:
    """Refuse a list that is shorter than the whole database counts, although its own pages agree with each other: it is capped.

    A main list without any record is left to the hold that asks a person (SAFE-2).
    """
    empty = {entity.name for entity in run.spec.entities if entity.main and not entities[f"source_{entity.name}"].rows}
    read = {name: entities[f"source_{name}"].rows for name in counted if f"source_{name}" in entities}
    wrong = [name for name, rows in read.items() if name not in empty and rows < counted[name]]
    if run.scope is not None or not wrong:
        return
    if _totals(run, source) != counted:
        raise unstable(run, "source", "database")
    name = wrong[0]
    raise DataError(
        "SRC_COUNT_MISMATCH",
        operation=f"reading {plural(name)} of {run.key}",
        problem=f"the pages hold {read[name]} records, the database counts {counted[name]}",
    )


def check_ownership(run: Run, source: Source, state: TargetState) -> None:
    """Refuse a target list that another source manages (FMG-02)."""
    if state.managed_by is not None and not source.describe().items() <= state.managed_by.items():
        raise ConfigurationError(
            "TGT_MANAGED_ELSEWHERE",
            operation=f"checking who manages the target of {run.key}",
            problem="another source manages the target's list",
            next_step=f"give the account in include/accounts/{run.spec.accounts}.toml a target of its own",
        )


def check_order(run: Run, state: TargetState) -> None:
    """Move our numbers on when the target knows of later snapshots: the store was restored from an older backup."""
    if state.last_snapshot >= run.key.snapshot:
        run.store.runs.skip_to(run.key.integration, run.key.account, state.last_snapshot)
        raise TransientError(
            "SNAPSHOT_BEHIND",
            operation=f"comparing the snapshot numbers of {run.key} with the target's",
            problem=f"the target was given snapshot {state.last_snapshot} already",
        )


def _check_fields(run: Run, entity: EntitySpec, landed: EntityManifest) -> None:
    gone = sorted(set(entity.source_fields) - set(landed.fields_seen))
    if landed.rows and gone:
        raise DataError(
            "SRC_FIELD_GONE",
            operation=f"reading {entity.plural} of {run.key}",
            problem=f"not every page has the field(s) {', '.join(gone)}",
        )


def _manifest(
    run: Run, source: Source, target: Target, totals: dict[str, int], state: TargetState, entities: dict[str, EntityManifest]
) -> Manifest:
    return Manifest(
        key=run.key,
        taken_at=datetime.now(UTC),
        scope=run.scope,
        entities=entities,
        source_totals=totals,
        source_identity=source.identity(),
        source_description=source.describe(),
        target_identity=target.identity(),
        target_state=state,
        spec_digest=run.spec.digest,
        crosswalk_version=__version__,
    )
