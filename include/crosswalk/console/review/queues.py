"""The desks of the newest runs, kept in memory: built when first asked for, brought up to date whenever asked for again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from crosswalk.console.open_resources import open_landing, open_store
from crosswalk.console.review.queue import Desk
from crosswalk.core.model import RunKey
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.review_files import newest_reviewed, read_review
from crosswalk.landing.zone import LandingZone
from crosswalk.store.store import Store

KEPT = 4
"""Desks kept, those asked for last; one of 100,000 records takes some 300 MB."""

DEALS = "desired_deal"

_desks: OrderedDict[tuple[Store, RunKey, str], Desk] = OrderedDict()
_building = Lock()


def open_desk(integration: str, account: str, entity: str) -> Desk | None:
    """Find the desk of the newest run that looked for candidates, up to date; None when there is no such run. Raises as the store."""
    store, zone = open_store(), open_landing()
    key = newest_reviewed(store, zone, integration, account, entity)
    if key is None:
        return None
    desk = _desk(store, zone, key, entity)
    with desk.hold:
        desk.decided(DecisionLog(store.engine).history(integration, account, entity, after=desk.last))
        if desk.waits:
            desk.made(DecisionLog(store.engine).made(integration, account, entity, snapshot=key.snapshot))
    return desk


def _desk(store: Store, zone: LandingZone, key: RunKey, entity: str) -> Desk:
    place = store, key, entity
    with _building:
        if place not in _desks:
            folder = zone.folder(key)
            deals = folder.read_frame(DEALS) if folder.exists(f"{DEALS}.parquet") else None
            _desks[place] = Desk(read_review(zone, key, entity), deals)
        _desks.move_to_end(place)
        while len(_desks) > KEPT:
            _desks.popitem(last=False)
        return _desks[place]
