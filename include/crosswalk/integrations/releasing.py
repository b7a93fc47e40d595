"""Releasing an account from its source and target, with everything its features keep."""

from __future__ import annotations

from crosswalk.features.optouts import suppressions
from crosswalk.features.writeback import outbox
from crosswalk.store.store import Store

FORGET = (suppressions.forget_people, outbox.forget)
"""What each feature forgets of a released account. A feature that keeps ids of the source or the target belongs here."""


def release_account(store: Store, integration: str, account: str) -> bool:
    """Release an account's binding: the next delivery counts as the first. Returns False when nothing was bound.

    Feeds are read from the beginning, open activities are never written, and only addresses stay on the suppression list: ids may be
    other people's from now on.
    """
    return store.bindings.release(integration, account, forget=FORGET)
