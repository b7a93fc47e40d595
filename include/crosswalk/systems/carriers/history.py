"""A file held against the files before it: seen already, older, from the future, a day left out, far fewer policies of an agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from crosswalk.core.did_you_mean import quoted
from crosswalk.core.model import Hold
from crosswalk.errors import DataError
from crosswalk.features.inbound_files.ports import PastFile
from crosswalk.systems.carriers.carrier import Carrier
from crosswalk.systems.carriers.reading import FileFacts

MAX_AGENT_LOSS = 0.5
AGENT_FLOOR = 2


def business_date(name: str, carrier: Carrier) -> date | None:
    """Read the date in a file's name. Raises DataError FILE_NAME when the name is none of this carrier's."""
    found = carrier.files.fullmatch(name)
    if not found:
        raise DataError("FILE_NAME", problem="the name is none this carrier's files have")
    written = found.groupdict().get("date")
    if not written:
        return None
    try:
        return datetime.strptime(written, "%Y%m%d").date()  # noqa: DTZ007 - a calendar date has no zone
    except ValueError:
        problem = DataError("FILE_NAME", problem="the name holds a date that is none")
    raise problem


def was_seen(digest: str, past: Sequence[PastFile]) -> bool:
    """Whether a file with this content was taken before, under whatever name: taking it again would change nothing (FILE_SEEN)."""
    return any(one.digest == digest for one in past)


def require_in_time(when: date | None, past: Sequence[PastFile], today: date) -> None:
    """Refuse a file of the past or of the future. Raises DataError FILE_STALE or FILE_FUTURE. today: where the carrier is."""
    if when is None:
        return
    last = max((one.business_date for one in past if one.business_date), default=None)
    if when > today + timedelta(days=1):
        raise DataError("FILE_FUTURE", problem="its business date has not come yet")
    if last is not None and when < last:
        found = f"its business date is before {last.isoformat()}, which was taken already"
        raise DataError("FILE_STALE", problem=found)


def holds(facts: FileFacts, when: date | None, past: Sequence[PastFile], carrier: Carrier) -> Iterator[Hold]:
    """List what a person has to look at before the file is taken. past: this carrier's files, oldest first."""
    if not facts.rows:
        yield Hold("FILE_ZERO_RECORDS", "the file holds no record", "at least one")
    if any(one.name == facts.name and one.digest != facts.digest for one in past):
        yield Hold("FILE_NAME_REUSED", f"{quoted(facts.name)} was taken before with other content", "one content a name")
    last = max((one.business_date for one in past if one.business_date), default=None)
    if carrier.declared.every_day and when and last and when > last + timedelta(days=1):
        yield Hold("FILE_GAP", f"{(when - last).days - 1} day(s) between {last.isoformat()} and it are missing", "a file every day")
    if carrier.declared.whole_book and past:
        yield from _slice_drops(past[-1].by_agent, facts.by_agent)


def _slice_drops(before: Mapping[str, int], now: Mapping[str, int]) -> Iterator[Hold]:
    losing = [npn for npn, had in before.items() if had - now.get(npn, 0) > AGENT_FLOOR and now.get(npn, 0) <= had * MAX_AGENT_LOSS]
    if losing:
        worst = max(losing, key=lambda npn: before[npn] - now.get(npn, 0))
        found = f"{len(losing)} agent(s) lose half of their policies or more; one of them {before[worst]} → {now.get(worst, 0)}"
        yield Hold("FILE_SLICE_DROP", found, f"less than {MAX_AGENT_LOSS:.0%}, beyond {AGENT_FLOOR} policies")
