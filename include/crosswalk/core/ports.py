"""What the steps ask of a system. Each system folder implements one or both; nothing else about a vendor reaches a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Row = dict[str, str]
"""One record: `source_id` (or `target_id`) and the fields of the system's fields.csv; "" is blank; ids are joined by one space."""


@dataclass(frozen=True)
class Page:
    """One page of one entity.

    total: records in the whole result, as the system counts them.
    fields_seen: fields present in at least one record of the page, blank or not.
    unknown_fields: fields that came without being asked for; their values were dropped unread.
    """

    rows: list[Row]
    total: int
    fields_seen: frozenset[str] = frozenset()
    unknown_fields: frozenset[str] = frozenset()


class ReadRestarted(Exception):
    """The read began again from its first page: what was yielded before is void. Only between Source/Target and extract."""


class Source(Protocol):
    """A system records are read from."""

    def identity(self) -> str:
        """Name the database behind the connection, without any request ("smartoffice://host/OFFICE")."""

    def describe(self) -> dict[str, str]:
        """What a target needs to know of who owns its list ({"system": "smartoffice", "office": "DEMO01"})."""

    def require_right(self, right: str) -> None:
        """Raise AuthRefused (RIGHT_MISSING) unless the connection's user holds the integration right."""

    def totals(self) -> dict[str, int]:
        """Count every entity over the whole database, whatever is in scope."""

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:
        """Read one entity, only the named tag groups (or their members) when scope is not None.

        Raises ReadRestarted from the iterator when the vendor lost its place; the caller forgets what it has and
        calls again. Any other failure is a CrosswalkError: a failed read never looks like a short one.
        """


class ChangeSource(Source, Protocol):
    """A source that can say what changed, in requests proportional to the change. What was deleted is not among it."""

    def changed(self, since: datetime) -> Iterator[list[Row]]:
        """Read contacts that changed, or whose company did, at or after an instant with a zone; rows as those of `pages`."""


@dataclass(frozen=True)
class TargetState:
    """Where the target stands before a run. revision rises with every change of its records, by whomever.

    A target that is written record by record knows of no deliveries: `of_records`.
    """

    managed_by: Mapping[str, str] | None
    counts: Mapping[str, int]
    generation: int
    last_snapshot: int
    revision: int

    @classmethod
    def of_records(cls, counts: Mapping[str, int]) -> TargetState:
        """Say what such a target holds."""
        return cls(None, counts, 0, 0, 0)


@dataclass(frozen=True)
class Operation:
    """One change of one record. op is "upsert" or "delete"; values holds the target's fields (empty for a delete).

    links: the links a person decided upon, in the target's own words.
    """

    entity: str
    op: str
    source_id: str
    target_id: str
    values: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[Mapping[str, str]] = ()

    @property
    def key(self) -> str:
        """How the target names this operation in its answer."""
        return self.target_id if self.op == "delete" or not self.source_id else self.source_id


@dataclass(frozen=True)
class Refusal:
    """One operation the target refused."""

    key: str
    code: str
    field: str


@dataclass(frozen=True)
class BatchResult:
    """What the target did with one batch, by key. A key in neither was not processed."""

    accepted: frozenset[str]
    refused: tuple[Refusal, ...] = ()


class BatchRefused(Exception):
    """The target took nothing of this batch and did not say which record is at fault. Only between Delivery and load."""


@dataclass(frozen=True)
class Receipt:
    """What the target says after a delivery became visible."""

    generation: int
    revision: int
    counts: Mapping[str, int]


class Delivery(Protocol):
    """One delivery to a target, open until committed. Safe to repeat call by call with the same arguments.

    Where each record is visible at once, `send` answers when they are, and `commit` only counts.
    """

    max_batch: int
    max_parallel: int

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Hand over one numbered batch; the same number again replaces it. Thread-safe. Raises BatchRefused."""

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:
        """Make it all visible at once. counts: accepted operations as {entity: {op: number}}."""


class Target(Protocol):
    """A system records are written to."""

    def identity(self) -> str:
        """Name the account behind the connection, without any request ("fmg://host/FMG-1001")."""

    def state(self) -> TargetState: ...

    def pages(self, entity: str) -> Iterator[Page]:
        """Read one entity back. Rows carry `target_id`, `source_id` ("" where none) and the fields. May raise ReadRestarted.

        Entities with opt-outs also carry `opted_out` ("true" or ""), refreshed ones `refreshed_at` (ISO 8601, "" for never) and
        `missing` ("true" or "").
        """

    def unwanted(self) -> frozenset[str]:
        """Read the addresses that want no mail now, as core.converters.email_key makes them. Whoever has one stays opted out."""

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> Delivery:
        """Begin a delivery. mode is "replace" or "delta". Raises Fenced when a newer snapshot was delivered.

        A target that is written record by record is only told changes; base_revision is 0 then.
        """
