"""Write: one note an activity, whatever is lost on the way.

The source keeps no idempotency key, so a note is never sent blindly. Its keyword names it; before a batch is written the source is asked
which of these notes it has. Then, note by note: intent committed (only while the feed is still this attempt's) → sent once → recorded.
An answer that does not come leaves the intent, and the note is looked for at once. Is it not there, it may still be on its way: nobody
sends it again before `ON_ITS_WAY` is over, not this attempt and not another one that takes over.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from crosswalk.errors import CrosswalkError, PermanentError, TransientError
from crosswalk.features.writeback.collect import landed_title
from crosswalk.features.writeback.outbox import KEPT, OutboxRow
from crosswalk.features.writeback.ports import (
    ACTIVITY_TYPE_UNKNOWN,
    CONTACT_GONE,
    CONTACT_UNKNOWN,
    HEADLINES,
    NOTE_REFUSED,
    REASONS,
    Note,
    NoteUnsettled,
    note_text,
)
from crosswalk.features.writeback.work import FeedBeat, Writeback

log = logging.getLogger(__name__)

LEAVE_SECONDS = 30
"""Between the intent and the moment the request has left, else it does not leave: see wire.deadline_body."""

ON_ITS_WAY = timedelta(seconds=LEAVE_SECONDS + 300 + 30)
"""How long a note that was intended may still arrive: until it leaves, then as long as the source may take for an answer (our contract),
and some for clocks of two workers that differ."""

BATCH = 100
TRIES = 3
_REFUSALS = frozenset({"CONN_STATUS", "SRC_ERROR_BODY", "SRC_NOT_FOUND"})


def write(work: Writeback, *, dry_run: bool = False) -> dict[str, Any]:
    """Write a note of every activity in the outbox that has none.

    Returns counts for XCom: written, found (were there already), on_its_way (left for the next run), kept. In a dry run: to_write, kept.
    Raises TransientError when the source is away, AuthRefused, PermanentError NOTES_REFUSED when it refused every note, Fenced ACCOUNT_BUSY
    or LEASE_LOST.
    """
    if dry_run:
        rows = list(_to_try(work))
        to_write = sum(bool(contact) for contact in _contacts(work, rows).values())
        return {"to_write": to_write, "kept": len(work.outbox.unwritten(work.integration, work.account)) - to_write}
    counts: Counter[str] = Counter(dict.fromkeys(("written", "found", "on_its_way", "kept"), 0))
    with work.leased() as beat:
        rows = list(_to_try(work))
        for start in range(0, len(rows), BATCH):
            _write_batch(work, beat, rows[start : start + BATCH], counts)
    log.info("%s: notes, %s", work, dict(counts))
    _require_some(work, counts)
    return {name: number for name, number in counts.items() if name != "refused"}


def _to_try(work: Writeback) -> Iterator[OutboxRow]:
    """What waits, may be on its way, or is kept for something that may have passed."""
    for row in work.outbox.unwritten(work.integration, work.account):
        if row.status != KEPT or REASONS[row.reason].passes or row.reason == CONTACT_GONE.code:
            yield row


def _contacts(work: Writeback, rows: Sequence[OutboxRow]) -> dict[str, str]:
    """Find whom each activity is about, by event: who the target says it was, else whom its contact is of now; "" for nobody we know.

    Of a contact that was gone the last time only another one is worth a try.
    """
    ids = {one for row in rows for one in (row.source_id, row.contact_id) if one}
    known = work.store.ledger.known(work.integration, work.account, "contact", ids)
    sources, by_target = {source for source, _ in known}, {target: source for source, target in known}
    found = {row.event_id: row.source_id if row.source_id in sources else by_target.get(row.contact_id, "") for row in rows}
    still_gone = {row.event_id for row in rows if row.reason == CONTACT_GONE.code and found[row.event_id] in ("", row.noted_on)}
    return {event: contact for event, contact in found.items() if event not in still_gone}


def _write_batch(work: Writeback, beat: FeedBeat, rows: Sequence[OutboxRow], counts: Counter[str]) -> None:
    beat()
    contacts, outbox = _contacts(work, rows), work.outbox
    rows = [row for row in rows if row.event_id in contacts]
    there = _found(work, rows, contacts)
    outbox.written(beat.lease, there.items())
    counts["found"] += len(there)
    unknown: list[tuple[str, str, str]] = []
    for row in rows:
        contact = contacts[row.event_id]
        if row.event_id in there:
            continue
        if outbox.on_its_way(row, ON_ITS_WAY):
            counts["on_its_way"] += 1
        elif row.type not in HEADLINES or not contact:
            reason = CONTACT_UNKNOWN if row.type in HEADLINES else ACTIVITY_TYPE_UNKNOWN
            counts["kept"] += 1
            if row.reason != reason.code:
                unknown.append((row.event_id, reason.code, row.noted_on))
        else:
            counts[_write_one(work, beat, row, contact)] += 1
    outbox.keep(beat.lease, unknown)


def _found(work: Writeback, rows: Iterable[OutboxRow], contacts: Mapping[str, str]) -> dict[str, str]:
    """Ask the source which of these notes it has: on the contact of now, or on the one a note was meant for before."""
    asked = [row for row in rows if contacts[row.event_id] or row.noted_on]
    people = {one for row in asked for one in (contacts[row.event_id], row.noted_on) if one}
    return work.notebook.find(people, [row.event_id for row in asked]) if asked else {}


def _write_one(work: Writeback, beat: FeedBeat, row: OutboxRow, contact: str) -> str:
    """Write one note; returns what to count it as. Tried again at once only when it was certainly not written."""
    title = landed_title(work, row.landed, row.activity_id)
    note = Note(contact, row.event_id, note_text(row.type, title, row.occurred_at, work.settings.zone))
    for number in range(1, TRIES + 1):
        beat()
        if number > 1 and (there := work.notebook.find([contact], [note.keyword])):
            work.outbox.written(beat.lease, there.items())
            return "written"
        try:
            return _send(work, beat, note)
        except TransientError as error:
            log.warning("%s, %s: try %d of %d: %s", work, note.keyword, number, TRIES, error)
            if number == TRIES:
                raise
        except PermanentError as error:
            if error.code not in _REFUSALS:
                raise
            log.warning("%s, %s: %s", work, note.keyword, error)
            return _keep_refused(work, beat, note, error)
    raise AssertionError("the last try returns or raises")


def _send(work: Writeback, beat: FeedBeat, note: Note) -> str:
    """Intend, send, record. Any CrosswalkError of the source means that nothing was written; the event waits again then."""
    outbox, leave_by = work.outbox, time.time() + LEAVE_SECONDS
    if outbox.intend(beat.lease, note.keyword, note.source_id, ON_ITS_WAY) is None:
        return "on_its_way"
    try:
        there = {note.keyword: work.notebook.insert(note, leave_by)}
    except NoteUnsettled as unsettled:
        log.warning("%s, %s: looking whether the note is there after: %s", work, note.keyword, unsettled.error)
        there = work.notebook.find([note.source_id], [note.keyword])
    except CrosswalkError:
        outbox.put_back(beat.lease, note.keyword)
        raise
    outbox.written(beat.lease, there.items())
    return "written" if there else "on_its_way"


def _keep_refused(work: Writeback, beat: FeedBeat, note: Note, error: CrosswalkError) -> str:
    gone = error.code == "SRC_NOT_FOUND" and not work.notebook.exists(note.source_id)
    reason = CONTACT_GONE if gone else NOTE_REFUSED
    work.outbox.keep(beat.lease, [(note.keyword, reason.code, note.source_id)])
    return "kept" if gone else "refused"


def _require_some(work: Writeback, counts: Counter[str]) -> None:
    """One note that is refused is its own matter; when all are, somebody has to look."""
    refused = counts["refused"]
    counts["kept"] += refused
    if refused and not counts["written"]:
        raise PermanentError(
            "NOTES_REFUSED",
            operation=f"writing notes of {work}",
            problem=f"the source refused all {refused} note(s) it was given",
        )
