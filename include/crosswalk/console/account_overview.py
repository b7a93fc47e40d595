"""How every account stands, in the order in which a person should look: which wait for somebody, which are late. No Airflow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crosswalk.console.freshness import due
from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.model import RunStatus
from crosswalk.store.account_status import Newest

WAITS, LATE, NONE = "waits", "late", "none"
"""Choices of the status filter beside the statuses: needs a person now; no delivery when one was due; no run yet."""

_NEEDS = {RunStatus.HELD: 0, RunStatus.FAILED: 1, RunStatus.REJECTED: 2}
_RANKS = {RunStatus.PARTIAL: 4, RunStatus.RUNNING: 5, RunStatus.SUCCESS: 6}
_NEVER_LATE = timedelta(days=1)
"""Younger deliveries need no look at the clock on the wall: with it, a day has 23 hours at least, and then there is the grace."""

_LATE_RANK, _NO_RUN_RANK, _GONE_RANK = 3, 7, 8


@dataclass(frozen=True)
class Standing:
    """One account: its newest run that meant to write, and what its table says. settings None: it is in no accounts file any more."""

    integration: str
    account: str
    settings: AccountSettings | None
    newest: Newest | None
    late: bool

    @property
    def due(self) -> datetime | None:
        """By when the next delivery is due, in the account's zone; None when nothing promises one."""
        delivered = self.newest.delivered_at if self.newest else None
        return due(delivered, self.settings.frequency, self.settings.zone) if self.settings and delivered else None

    @property
    def status(self) -> RunStatus | None:
        return self.newest.status if self.newest else None

    @property
    def waits(self) -> bool:
        """Whether a person should do something now."""
        return self.settings is not None and (self.late or self.status in _NEEDS)

    @property
    def rank(self) -> int:
        """Place in the order of attention, 0 first."""
        if self.settings is None:
            return _GONE_RANK
        if self.status in _NEEDS:
            return _NEEDS[self.status]
        if self.late:
            return _LATE_RANK
        return _RANKS.get(self.status, _NO_RUN_RANK) if self.status else _NO_RUN_RANK


ORDERS: Mapping[str, Callable[[Standing], tuple[object, ...]]] = {
    "attention": lambda one: (one.rank, one.integration, one.account),
    "account": lambda one: (one.account, one.integration),
    "newest": lambda one: (-_started(one), one.integration, one.account),
    "oldest": lambda one: (_started(one), one.integration, one.account),
}
"""How a list of standings can be sorted."""


def standings(integration: str, accounts: Mapping[str, AccountSettings], newest: Iterable[Newest], now: datetime) -> Iterator[Standing]:
    """Put an integration's accounts and their runs together; accounts without a run, and runs without an account, are there too."""
    runs = {one.account: one for one in newest if one.integration == integration}
    for account in {**accounts, **runs}:
        yield _standing(integration, account, accounts.get(account), runs.get(account), now)


def chosen(all_of_them: Iterable[Standing], *, integration: str = "", status: str = "", text: str = "") -> list[Standing]:
    """Keep the standings asked for; blank is any. text: a part of the account's name, in any case."""
    part = text.casefold()
    return [
        one
        for one in all_of_them
        if (not integration or one.integration == integration) and (not status or _has(one, status)) and part in one.account
    ]


def tally(all_of_them: Iterable[Standing]) -> Counter[str]:
    """Count standings by status, "waits", "late" and "none"; "all" is their number."""
    counted: Counter[str] = Counter()
    for one in all_of_them:
        counted["all"] += 1
        counted[one.status or NONE] += 1
        counted[WAITS] += one.waits
        counted[LATE] += one.late
    return counted


_FITS: Mapping[str, Callable[[Standing], bool]] = {
    WAITS: lambda one: one.waits,
    LATE: lambda one: one.late,
    NONE: lambda one: one.status is None,
}


def _has(one: Standing, status: str) -> bool:
    return _FITS[status](one) if status in _FITS else one.status == status


def _standing(integration: str, account: str, settings: AccountSettings | None, newest: Newest | None, now: datetime) -> Standing:
    one = Standing(integration, account, settings, newest, late=False)
    if newest is None or newest.delivered_at is None or now - newest.delivered_at < _NEVER_LATE:
        return one
    return replace(one, late=one.due is not None and one.due < now)


def _started(one: Standing) -> float:
    return one.newest.started_at.timestamp() if one.newest and one.newest.started_at else 0.0
