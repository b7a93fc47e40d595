"""Verify: read back what the target holds after a delivery and compare it with what was sent, record by record."""

from __future__ import annotations

from crosswalk.core.ports import Target
from crosswalk.engine.context import Run
from crosswalk.engine.delivery_style import style_of
from crosswalk.engine.hooks import Beat, features_of
from crosswalk.engine.land import read_frame
from crosswalk.engine.planning import planner_of
from crosswalk.engine.results import DeliveryRecord, Frames


def verify(run: Run, target: Target, record: DeliveryRecord, beat: Beat) -> Frames:
    """Return the target's frames after the delivery.

    Raises DataError TGT_READBACK_DIFFERS, SUMS_DIFFER, TGT_DUPLICATED and what features raise, such as TGT_OPT_OUT_LOST.
    """
    after = {entity.name: read_frame(run, "target", entity, target.pages, beat) for entity in run.spec.entities}
    planner_of(run).verify(run, record, after)
    for name, frame in after.items():
        style_of(run).check_count(run, name, record, frame)
    for feature in features_of(run):
        feature.verify(run, target, record.before, after)
    return after
