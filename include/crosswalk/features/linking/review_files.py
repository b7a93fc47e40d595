"""What a run found out about who may be whom, for the pages on which people decide. Personal data, kept as short as the run's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crosswalk.features.linking.candidates.reasons import EVIDENCE

if TYPE_CHECKING:
    import pandas as pd

    from crosswalk.core.model import RunKey
    from crosswalk.landing.folder import Folder
    from crosswalk.landing.zone import LandingZone
    from crosswalk.store.store import Store

_LOOKED_THROUGH = 200
_GROUP_ROWS = 2_000
_YES = "true"
_OF_STATUSES = {"candidates": "int64"}
_OF_CANDIDATES = {**dict.fromkeys(("rank", "of", *EVIDENCE), "int64"), "score": "float64"}
"""Columns that are no text; `automatic` is true or false."""


@dataclass(frozen=True)
class Review:
    """One entity as a run saw it; what was decided since stands in the store.

    statuses: rules.statuses. candidates: candidates.find, by source id and rank. source: `source_id` and the target's fields,
    as the mapping table makes them. target: `target_id`, `source_id` ("" where none), fields.
    """

    key: RunKey
    entity: str
    statuses: pd.DataFrame
    candidates: pd.DataFrame
    source: pd.DataFrame
    target: pd.DataFrame


def write(folder: Folder, entity: str, statuses: pd.DataFrame, candidates: pd.DataFrame) -> None:
    """Keep both with the run; candidates so that those of one record are found without reading the others."""
    folder.write_frame(_candidates(entity), _as_text(candidates), _GROUP_ROWS)
    folder.write_frame(_statuses(entity), _as_text(statuses))


def latest_review(store: Store, zone: LandingZone, integration: str, account: str, entity: str) -> Review | None:
    """Read what the newest run found whose frames are there, dry or not; None when there is none."""
    key = newest_reviewed(store, zone, integration, account, entity)
    return None if key is None else read_review(zone, key, entity)


def newest_reviewed(store: Store, zone: LandingZone, integration: str, account: str, entity: str) -> RunKey | None:
    """Name the newest run whose frames are there, dry or not; None when there is none."""
    rows = store.runs.latest(integration, account, _LOOKED_THROUGH)
    kept = f"{_statuses(entity)}.parquet"
    return next((row.key for row in rows if row.plan_hash and zone.folder(row.key).exists(kept)), None)


def read_review(zone: LandingZone, key: RunKey, entity: str) -> Review:
    """Read what a run found. Raises DataError LANDING_MISSING, LANDING_CORRUPT or SNAPSHOT_INCOMPLETE."""
    folder = zone.folder(key)
    statuses = _typed(folder.read_frame(_statuses(entity)), _OF_STATUSES)
    candidates = _typed(folder.read_frame(_candidates(entity)), _OF_CANDIDATES)
    return Review(key, entity, statuses, candidates, folder.read_frame(f"desired_{entity}"), folder.read_entity(f"target_{entity}"))


def review_address(integration: str, account: str, entity: str) -> str:
    """Name the page of the console on which people decide, relative to the Airflow server."""
    return f"/crosswalk/review/{integration}/{account}/{entity}"


def _statuses(entity: str) -> str:
    return f"review_{entity}"


def _candidates(entity: str) -> str:
    return f"candidates_{entity}"


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """A landing zone keeps text."""
    return frame.assign(automatic=frame["automatic"].map({True: _YES, False: ""})).astype("str")


def _typed(frame: pd.DataFrame, types: Mapping[str, Any]) -> pd.DataFrame:
    return frame.astype(dict(types)).assign(automatic=frame["automatic"] == _YES)
