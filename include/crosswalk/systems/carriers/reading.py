"""One carrier file, read twice: once to check all of it and decide which row stands for each record, then to hand the records on.

Nothing of a file counts before its end was reached: a file that is cut, miscounted or contradicts itself is refused whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO

from crosswalk.core.did_you_mean import quoted
from crosswalk.core.model import Rejection
from crosswalk.core.ports import Row
from crosswalk.errors import DataError, in_operation
from crosswalk.systems.carriers.carrier import Carrier
from crosswalk.systems.carriers.enrolment import enrolment_rows
from crosswalk.systems.carriers.records import SUBSCRIBER, Chunk, Record, chunks, entity_row
from crosswalk.systems.carriers.sheet import Layout, RawRow, table_rows
from crosswalk.wire import csv, x12, xlsx
from crosswalk.wire.archive import require_plain
from crosswalk.wire.file_access import CHUNK as PIECE
from crosswalk.wire.file_access import Member, empty, file_error

MAX_POLICY_FORMAT_SHARE = 0.01
WORKBOOKS = ("xlsx", "xlsm")


@dataclass
class FileFacts:
    """What the execution log says of a file that could be read; counts and names only.

    digest: sha256 of the content. dropped_columns: columns the carrier sent and no table declares. superseded: rows that gave way to
    another row about the same member. without_agent: policies that go to nobody. by_agent: policies by writing NPN.
    """

    carrier: str
    name: str
    digest: str
    size: int
    rows: int = 0
    policies: int = 0
    members: int = 0
    agents: int = 0
    superseded: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    without_email: int = 0
    without_agent: int = 0
    dropped_columns: tuple[str, ...] = ()
    by_agent: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Standing:
    """Which row stands for a policy, and who wrote it."""

    rank: tuple[bool, str, int]
    npn: str


class FileReading:
    """One file of one carrier. `check` first, then `rows` as often as wanted."""

    def __init__(self, carrier: Carrier, member: Member) -> None:
        self._carrier = carrier
        self._member = member
        self._policies: dict[str, _Standing] = {}
        self._members: dict[str, tuple[str, int]] = {}
        self._agents: dict[str, Row] = {}
        self._digest = ("", 0)
        self.rejections: list[Rejection] = []

    def digest(self) -> str:
        """Name the file's content (sha256). Raises DataError FILE_EMPTY, FILE_TOO_LARGE, FILE_ARCHIVE."""
        if not self._digest[0]:
            self._digest = _digest(self._member)
        return self._digest[0]

    def check(self) -> FileFacts:
        """Read the whole file. Raises DataError with the code of what is wrong with it (FILE_…)."""
        digest, size = self.digest(), self._digest[1]
        facts, layout, persons = FileFacts(self._carrier.name, self._member.name, digest, size), Layout(), 0
        for chunk in self._chunks(layout):
            facts.rows += len(chunk.records) + len({one.source_id for one in chunk.rejections})
            self.rejections += chunk.rejections
            for record in chunk.records:
                persons += record.names_a_person
                facts.without_email += self._settle(record)
        facts.dropped_columns = tuple(layout.dropped)
        facts.rejected = Counter(one.code for one in self.rejections)
        facts.policies, facts.members, facts.agents = len(self._policies), len(self._members), len(self._agents)
        facts.superseded = persons - facts.members
        facts.by_agent = Counter(standing.npn for standing in self._policies.values() if standing.npn)
        facts.without_agent = facts.policies - facts.by_agent.total()
        self._require_policy_numbers(facts)
        return facts

    def ids(self, entity: str) -> Collection[str]:
        """Name the records of one entity: "policy", "member" or "agent"."""
        by_entity: dict[str, Collection[str]] = {"policy": self._policies, "member": self._members, "agent": self._agents}
        return by_entity[entity]

    def rows(self, entity: str, later: Sequence[FileReading] = ()) -> Iterator[Row]:
        """Read the records of one entity that no later file names as well. `check` has to have passed."""
        replaced = [reading.ids(entity) for reading in later]
        for row in self._agents.values() if entity == "agent" else self._standing(entity):
            if not any(row["source_id"] in ids for ids in replaced):
                yield row

    def _chunks(self, layout: Layout) -> Iterator[Chunk]:
        with self._member.open() as stream:
            yield from chunks(self._rows(stream, layout), self._carrier, self._member.name)

    def _rows(self, stream: BinaryIO, layout: Layout) -> Iterator[RawRow]:
        declared = self._carrier.declared
        if declared.kind == "x12_834":
            return enrolment_rows(x12.segments(stream, encoding=declared.encoding), self._carrier)
        ending = self._member.name.rpartition(".")[2].lower()
        if ending in WORKBOOKS:
            return table_rows(xlsx.rows(stream), self._carrier, layout)
        delimiter = "\t" if ending == "tsv" else declared.delimiter
        return table_rows(csv.rows(stream, encoding=declared.encoding, delimiter=delimiter), self._carrier, layout)

    def _settle(self, record: Record) -> bool:
        """Book a record; tell whether it is a member without e-mail seen for the first time."""
        values = record.values
        rank = (values["role"] == SUBSCRIBER, values["effective_date"], record.number)
        npn, standing = values["writing_agent_npn"], self._policies.get(record.policy_id)
        if standing is not None and standing.npn != npn:
            raise self._conflict(standing.rank[2], record.number)
        if standing is None or rank > standing.rank:
            self._policies[record.policy_id] = _Standing(rank, npn)
        if npn:
            self._agents.setdefault(npn, entity_row("agent", record, self._carrier))
        if not record.names_a_person:
            return False
        before = self._members.get(record.member_id)
        self._members[record.member_id] = max(before or ("", 0), (values["effective_date"], record.number))
        return before is None and not values["email"]

    def _standing(self, entity: str) -> Iterator[Row]:
        """Read the file once more: the rows that stand for a policy, or for a member."""
        shown = quoted(self._member.name)[1:-1]
        for chunk in in_operation(f"reading {shown} of {self._carrier.name}", self._chunks(Layout())):
            for record in chunk.records:
                if entity == "policy":
                    stands = self._policies[record.policy_id].rank[2] == record.number
                else:
                    stands = record.names_a_person and self._members[record.member_id][1] == record.number
                if stands:
                    yield entity_row(entity, record, self._carrier)

    def _conflict(self, one: int, other: int) -> DataError:
        return DataError(
            "FILE_POLICY_CONFLICT",
            problem=f"rows {one} and {other} name two writing agents for one policy",
        )

    def _require_policy_numbers(self, facts: FileFacts) -> None:
        wrong = facts.rejected["FILE_POLICY_FORMAT"]
        if wrong > MAX_POLICY_FORMAT_SHARE * facts.rows:
            found = f"{wrong} of {facts.rows} rows have a policy number that is not of this carrier's form"
            raise file_error("FILE_POLICY_FORMAT", found)


def _digest(member: Member) -> tuple[str, int]:
    digest, size = sha256(), 0
    with member.open() as stream:
        while data := stream.read(PIECE):
            if not size and member.name.rpartition(".")[2].lower() not in WORKBOOKS:
                require_plain(data)
            digest.update(data)
            size += len(data)
    if not size:
        raise empty()
    return digest.hexdigest(), size
