"""Activities on their way to a note: read in one transaction with the cursor, intended before the note goes out, written once.

waiting → intended → written, or kept with a reason. A note that was intended may be on its way for a while, whoever sent it: nobody sends
it again before that while is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, select, update

from crosswalk.features.optouts import suppressions
from crosswalk.features.writeback import cursors
from crosswalk.features.writeback.cursors import FeedLease
from crosswalk.features.writeback.ports import ACCOUNT_RELEASED, REASONS
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import outbox
from crosswalk.store.upsert import insert_into

WAITING, INTENDED, WRITTEN, KEPT = "waiting", "intended", "written", "kept"


@dataclass(frozen=True)
class Entry:
    """An activity as it enters the outbox; the columns are explained in docs/store.md."""

    event_id: str
    activity_id: str
    type: str
    contact_id: str
    source_id: str
    occurred_at: datetime
    landed: str
    status: str = WAITING
    reason: str = ""


@dataclass(frozen=True)
class OutboxRow(Entry):
    """An activity in the outbox."""

    attempts: int = 0
    token: str = ""
    noted_on: str = ""
    note_id: str = ""
    first_seen_at: datetime | None = None
    intended_at: datetime | None = None
    tried_at: datetime | None = None
    written_at: datetime | None = None


class Outbox:
    """The outboxes of every account. `clock` gives seconds since 1970."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def collect(
        self, held: FeedLease, cursor: str, position: int, entries: Sequence[Entry], opted_out: Iterable[tuple[str, datetime]]
    ) -> int:
        """Take in a page, all or nothing: its entries, its opt-outs (suppression keys with their instants) and the watermark after it.

        Returns how many entries are new. Raises Fenced LEASE_LOST.
        """
        with writing(self._engine, f"taking in a page of {held}") as connection:
            cursors.require(connection, held)
            new = _insert(connection, held, entries, self.now())
            suppressions.add(connection, held.integration, held.account, opted_out, "activity")
            cursors.move(connection, held, cursor, position, self.now())
        return new

    def unwritten(self, integration: str, account: str) -> list[OutboxRow]:
        """Read what is not written, in the order in which it happened."""
        query = select(outbox).where(*_of(integration, account), outbox.c.status != WRITTEN)
        query = query.order_by(outbox.c.occurred_at, outbox.c.first_seen_at, outbox.c.event_id)
        with reading(self._engine, f"reading the outbox of {integration}/{account}") as connection:
            return [_row(row) for row in connection.execute(query)]

    def counts(self, integration: str, account: str) -> dict[str, int]:
        """Count an account's activities by status."""
        query = select(outbox.c.status, func.count()).where(*_of(integration, account)).group_by(outbox.c.status)
        with reading(self._engine, f"counting the outbox of {integration}/{account}") as connection:
            return {str(status): int(count) for status, count in connection.execute(query).all()}

    def intend(self, held: FeedLease, event_id: str, noted_on: str, on_its_way: timedelta) -> datetime | None:
        """Record that a note is about to be sent; the instant, or None when it is written, or may still be on its way.

        Raises Fenced LEASE_LOST: nothing may be sent then.
        """
        with writing(self._engine, f"recording the intent to write {event_id} of {held}") as connection:
            cursors.require(connection, held)
            found = _row(connection.execute(select(outbox).where(*_is(held, event_id)).with_for_update()).one())
            if found.status == WRITTEN or self.on_its_way(found, on_its_way):
                return None
            now = self.now()
            values = {"status": INTENDED, "reason": "", "token": held.token, "noted_on": noted_on, "intended_at": now, "tried_at": now}
            connection.execute(update(outbox).where(*_is(held, event_id)).values(**values, attempts=found.attempts + 1))
            return now

    def on_its_way(self, row: OutboxRow, longest: timedelta) -> bool:
        """Tell whether a note that was intended may still arrive, sent by whomever."""
        return row.status == INTENDED and row.intended_at is not None and self.now() < row.intended_at + longest

    def put_back(self, held: FeedLease, event_id: str) -> None:
        """Let an event wait again that this attempt intended: the note was certainly not written."""
        ours = outbox.c.status == INTENDED, outbox.c.token == held.token
        self._set(held, [event_id], {"status": WAITING}, *ours)

    def keep(self, held: FeedLease, reasons: Iterable[tuple[str, str, str]]) -> None:
        """Keep events that cannot be written: (event id, code, the contact it was meant for). What may be on its way stays as it is."""
        with writing(self._engine, f"keeping activities of {held}") as connection:
            cursors.require(connection, held)
            for event_id, reason, noted_on in reasons:
                values = {"status": KEPT, "reason": reason, "noted_on": noted_on, "tried_at": self.now()}
                not_sent = (outbox.c.status != INTENDED) | (outbox.c.token == held.token)
                connection.execute(update(outbox).where(*_is(held, event_id), outbox.c.status != WRITTEN, not_sent).values(**values))

    def written(self, held: FeedLease, notes: Iterable[tuple[str, str]]) -> None:
        """Record notes that are there: (event id, note id). An attempt that was overtaken may do so: it only tells what happened."""
        with writing(self._engine, f"recording notes of {held}") as connection:
            for event_id, note_id in notes:
                values = {"status": WRITTEN, "reason": "", "note_id": note_id, "written_at": self.now()}
                connection.execute(update(outbox).where(*_is(held, event_id), outbox.c.status != WRITTEN).values(**values))

    def try_again(self, held: FeedLease, event_ids: Collection[str]) -> None:
        """Let kept events wait again, but for those kept for good."""
        final = [one.code for one in REASONS.values() if one.final]
        self._set(held, event_ids, {"status": WAITING, "reason": ""}, outbox.c.status == KEPT, outbox.c.reason.not_in(final))

    def now(self) -> datetime:
        """The outbox's clock."""
        return datetime.fromtimestamp(self._clock(), UTC)

    def _set(self, held: FeedLease, event_ids: Iterable[str], values: dict[str, Any], *where: ColumnElement[bool]) -> None:
        with writing(self._engine, f"changing the outbox of {held}") as connection:
            cursors.require(connection, held)
            for event_id in event_ids:
                connection.execute(update(outbox).where(*_is(held, event_id), *where).values(**values))


def forget(connection: Connection, integration: str, account: str) -> None:
    """Forget an account's cursors and keep its open activities for good, inside a transaction.

    After a new binding the feed is read from its beginning, and an id in an open activity may be another person's.
    """
    cursors.forget(connection, integration, account)
    values = {"status": KEPT, "reason": ACCOUNT_RELEASED.code}
    connection.execute(update(outbox).where(*_of(integration, account), outbox.c.status != WRITTEN).values(**values))


def _insert(connection: Connection, held: FeedLease, entries: Sequence[Entry], now: datetime) -> int:
    if not entries:
        return 0
    fixed = {"integration": held.integration, "account": held.account, "first_seen_at": now}
    rows = [fixed | vars(entry) | {"attempts": 0, "token": "", "noted_on": "", "note_id": ""} for entry in entries]
    known = outbox.c.event_id.in_([entry.event_id for entry in entries])
    before = connection.execute(select(func.count()).select_from(outbox).where(*_of(held.integration, held.account), known)).scalar_one()
    connection.execute(insert_into(connection, outbox).on_conflict_do_nothing(), rows)
    return len(entries) - int(before)


def _of(integration: str, account: str) -> tuple[ColumnElement[bool], ...]:
    return outbox.c.integration == integration, outbox.c.account == account


def _is(held: FeedLease, event_id: str) -> tuple[ColumnElement[bool], ...]:
    return *_of(held.integration, held.account), outbox.c.event_id == event_id


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(**{name: value for name, value in row._mapping.items() if name not in ("integration", "account")})
