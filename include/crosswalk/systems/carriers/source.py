"""Carrier files as a source: what has arrived and was not taken before, checked file by file, read as policies, members and agents."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from types import TracebackType
from typing import BinaryIO

from crosswalk.core.arrived_file import ArrivedFile
from crosswalk.core.did_you_mean import quoted
from crosswalk.core.model import Hold, Rejection
from crosswalk.core.ports import Page, Row
from crosswalk.errors import CrosswalkError, DataError, operation
from crosswalk.features.inbound_files.ports import LATER, REFUSED, SEEN, TAKEN, PastFile
from crosswalk.systems.carriers.carrier import Carrier, entity_fields, load_carrier
from crosswalk.systems.carriers.client import Drop, Dropped, RefusedFile, require_unchanged, settled
from crosswalk.systems.carriers.history import business_date, holds, require_in_time, was_seen
from crosswalk.systems.carriers.reading import WORKBOOKS, FileFacts, FileReading
from crosswalk.wire.archive import gzip_member, zip_members
from crosswalk.wire.file_access import GZIP, ZIP, FileLimits, Member

PAGE = 1000


@dataclass(frozen=True)
class LogLine:
    """One line of the execution log: what became of one file. code: of the error of a refused one, FILE_SEEN of one seen before."""

    carrier: str
    name: str
    outcome: str
    code: str = ""
    said: str = ""
    facts: FileFacts | None = None
    holds: tuple[Hold, ...] = ()
    business_date: date | None = None
    digest: str = ""


@dataclass
class _Taken:
    reading: FileReading
    line: LogLine
    dropped: Dropped


@dataclass
class CarriersSource:
    """Implements core.ports.Source and features.inbound_files.ports.FileSource over one drop place.

    A context manager: files stay open while their pages are read.

    past: files taken before by carrier, oldest first. carriers: only these folders, None for all. today: where the carriers are.
    """

    drop: Drop
    past: Mapping[str, Sequence[PastFile]] = field(default_factory=dict)
    carriers: Sequence[str] | None = None
    today: date = field(default_factory=date.today)
    settle_seconds: float = 30
    limits: FileLimits = field(default_factory=FileLimits)
    wait: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self._open = ExitStack()
        self._taken: list[_Taken] | None = None
        self._log: list[LogLine] = []
        self._only: frozenset[str] | None = None

    def __enter__(self) -> CarriersSource:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def identity(self) -> str:
        return self.drop.identity()

    def describe(self) -> dict[str, str]:
        return {"system": "carriers", "place": self.drop.identity()}

    def require_right(self, right: str) -> None:
        """Do nothing: who may read the place is the place's affair."""

    def recall(self, past: Mapping[str, Sequence[PastFile]], only: Collection[str] | None = None) -> None:
        """Know what was taken before; look at the place again if that is news. only: digests of the files it is about, None for all."""
        wanted = None if only is None else frozenset(only)
        if (past, wanted) != (self.past, self._only):
            self._open.close()
            self.past, self._only, self._taken, self._log = past, wanted, None, []

    def arrived(self) -> list[ArrivedFile]:
        """Tell of every file that has arrived as `log` does, in the steps' words."""
        return [_arrived(line) for line in self.log()]

    def log(self) -> list[LogLine]:
        """Check every file that has arrived; one line each. A refused file stops no other."""
        self._look()
        return self._log

    def rejected_rows(self) -> list[Rejection]:
        """Rows that do not travel, of the files taken."""
        return [rejection for taken in self._look() for rejection in taken.reading.rejections]

    def totals(self) -> dict[str, int]:
        return {entity: self._total(entity, self._look()) for entity in entity_fields()}

    def pages(self, entity: str, scope: Sequence[str] | None = None) -> Iterator[Page]:
        """Read one entity over all files taken, carrier by carrier, oldest file first. scope: carriers, or None.

        Of two files that name one record the later counts. Raises DataError FILE_NOT_STABLE when a file changed since it was checked.
        """
        wanted = [one for one in self._look() if scope is None or one.line.carrier in scope]
        total, seen = self._total(entity, wanted), frozenset(entity_fields()[entity])
        rows = self._rows(entity, wanted)
        while page := list(itertools.islice(rows, PAGE)):
            yield Page(page, total, seen)
        if not total:
            yield Page([], 0, seen)

    def _rows(self, entity: str, wanted: list[_Taken]) -> Iterator[Row]:
        for number, taken in enumerate(wanted, start=1):
            yield from taken.reading.rows(entity, [one.reading for one in wanted[number:]])
            require_unchanged(self.drop, taken.dropped)

    def _total(self, entity: str, wanted: list[_Taken]) -> int:
        return len(set().union(*(taken.reading.ids(entity) for taken in wanted)))

    def _look(self) -> list[_Taken]:
        if self._taken is None:
            self._taken = []
            folders = self.drop.carriers()
            for name in folders if self.carriers is None else [one for one in folders if one in self.carriers]:
                self._taken += self._look_at(name)
        return self._taken

    def _look_at(self, name: str) -> Iterator[_Taken]:
        try:
            carrier = load_carrier(name)
        except CrosswalkError as error:
            self._log.append(LogLine(quoted(name), "", REFUSED, error.code, str(error)))
            return
        entries = self.drop.entries(name)
        self._log += [LogLine(name, one.shown, REFUSED, one.error.code, str(one.error)) for one in entries if isinstance(one, RefusedFile)]
        past = list(self.past.get(name, ()))
        found = [pair for one in entries if isinstance(one, Dropped) for pair in self._steady(one, carrier)]
        for steady, member in sorted(found, key=lambda pair: (_dated(pair[1].name, carrier), pair[1].name)):
            line, reading = self._line(member, carrier, past)
            self._log.append(line)
            if reading and line.facts:
                past.append(PastFile(member.name, line.facts.digest, line.business_date, line.facts.by_agent))
                yield _Taken(reading, line, steady)

    def _steady(self, dropped: Dropped, carrier: Carrier) -> Iterator[tuple[Dropped, Member]]:
        """Give the files in what was dropped, once it does not change any more; what cannot be opened has its line in the log."""
        try:
            steady = settled(self.drop, dropped, self.settle_seconds, self.wait)
            members = self._members(steady)
        except DataError as error:
            self._log.append(LogLine(carrier.name, quoted(dropped.name)[1:-1], REFUSED, error.code, str(error)))
            return
        yield from ((steady, member) for member in members)

    def _line(self, member: Member, carrier: Carrier, past: list[PastFile]) -> tuple[LogLine, FileReading | None]:
        shown = quoted(member.name)[1:-1]
        with operation(f"reading {shown} of {carrier.name}"):
            digest = ""
            try:
                when = business_date(member.name, carrier)
                reading = FileReading(carrier, member)
                digest = reading.digest()
                if was_seen(digest, past):
                    return LogLine(carrier.name, shown, SEEN, "FILE_SEEN", "its content was taken before", None, (), when, digest), None
                if self._only is not None and digest not in self._only:
                    return LogLine(carrier.name, shown, LATER, business_date=when, digest=digest), None
                require_in_time(when, past, self.today)
                facts = reading.check()
            except DataError as error:
                return LogLine(carrier.name, shown, REFUSED, error.code, str(error), digest=digest), None
            held = tuple(holds(facts, when, past, carrier))
            return LogLine(carrier.name, shown, TAKEN, facts=facts, holds=held, business_date=when, digest=digest), reading

    def _members(self, dropped: Dropped) -> list[Member]:
        """Give the files in what was dropped: itself, or those of a zip or gzip."""
        with operation(f"opening {quoted(dropped.name)} of {dropped.carrier}"):
            with self.drop.open(dropped) as file:
                start = file.read(4)
            if start == ZIP and dropped.name.rpartition(".")[2].lower() not in WORKBOOKS:
                return zip_members(self._kept(dropped), self.limits)
            if start.startswith(GZIP):
                return [gzip_member(self._kept(dropped), dropped.name, dropped.size, self.limits)]
            if dropped.size > self.limits.max_bytes:
                raise DataError("FILE_TOO_LARGE", problem="it is larger than files may be")
            return [Member(dropped.name, lambda: self.drop.open(dropped))]

    def _kept(self, dropped: Dropped) -> BinaryIO:
        return self._open.enter_context(self.drop.open(dropped))


def _arrived(line: LogLine) -> ArrivedFile:
    when = line.business_date.isoformat() if line.business_date else ""
    about = ArrivedFile(line.carrier, line.name, line.outcome, line.code, line.said, line.digest, when, holds=line.holds)
    facts = line.facts
    if facts is None:
        return about
    return replace(
        about,
        rows=facts.rows,
        policies=facts.policies,
        members=facts.members,
        agents=facts.agents,
        superseded=facts.superseded,
        without_email=facts.without_email,
        without_agent=facts.without_agent,
        rejected=dict(facts.rejected),
        dropped_columns=facts.dropped_columns,
        by_agent=dict(facts.by_agent),
    )


def _dated(name: str, carrier: Carrier) -> str:
    found = carrier.files.fullmatch(name)
    return (found.groupdict().get("date") or "") if found else ""
