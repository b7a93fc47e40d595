"""A source and a target in memory: what the ports of the steps promise, and nothing of a vendor. For runs that need no request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.model import RunKey
from crosswalk.core.ports import BatchResult, Operation, Page, ReadRestarted, Receipt, Refusal, Row, TargetState
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.engine.context import Run
from crosswalk.engine.in_process import Account
from crosswalk.engine.load import load
from crosswalk.errors import AuthRefused, TransientError
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.zone import LandingZone
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store

NAME = "smartoffice_to_fmg"
SPEC = load_spec(NAME)
OFFICE = {"system": "smartoffice", "office": "DEMO01"}
Answer = Callable[[Operation], str]
"""What the target says of one operation: "" accepted, a code refused, "-" not mentioned."""


def person(number: int, **fields: str) -> Row:
    """A source contact with a last name and an address of its own."""
    blank = dict.fromkeys(SPEC.entity("contact").source_fields, "")
    own = {"LastName": f"Quill{number}", "PreferredEmail.Address": f"quill{number}@example.test"}
    return {**blank, **own, "source_id": f"Contact.7.{number}", **fields}


def club(number: int, name: str = "") -> Row:
    """A source group."""
    return {"source_id": f"TagGroup.7.{number}", "Name": name or f"Group {number}"}


@dataclass
class MemorySource:
    """Implements core.ports.Source. counted: totals it states instead of the true ones; restarts: reads that begin again.

    gone_fields, gone_on: fields it does not send, on one page or on all. asked: what it was asked for, in order.
    """

    contacts: list[Row] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    office: str = "DEMO01"
    gone_fields: frozenset[str] = frozenset()
    gone_on: int | None = None
    page_size: int = 100_000
    restarts: int = 0
    right: bool = True
    asked: list[str] = field(default_factory=list)

    def identity(self) -> str:
        return f"smartoffice://memory/{self.office}"

    def describe(self) -> dict[str, str]:
        return {**OFFICE, "office": self.office}

    def require_right(self, right: str) -> None:
        self.asked.append("right")
        if not self.right:
            raise AuthRefused("RIGHT_MISSING", operation="asking for the right", problem="it is missing", next_step="ask for it")

    def totals(self) -> dict[str, int]:
        self.asked.append("totals")
        return {"contact": len(self.contacts), "group": len(self.groups), **self.counted}

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:
        self.asked.append(entity)
        rows = [dict(row) for row in (self.contacts if entity == "contact" else self.groups) if scope is None or _within(row, scope)]
        if entity == "contact" and self.restarts:
            self.restarts -= 1
            yield self._page(entity, rows[:1], len(rows))
            raise ReadRestarted("lost")
        for start in range(0, max(1, len(rows)), self.page_size):
            yield self._page(entity, rows[start : start + self.page_size], len(rows), start // self.page_size)

    def _page(self, entity: str, rows: list[Row], total: int, number: int = 0) -> Page:
        gone = self.gone_fields if self.gone_on in (None, number) else frozenset()
        return Page(rows, total, frozenset(SPEC.entity(entity).source_fields) - gone)


def _within(row: Row, scope: Sequence[str]) -> bool:
    """Whether a scope names the record, or a group it is in."""
    return not {row["source_id"], *row.get("TagGroups", "").split()}.isdisjoint(scope)


@dataclass
class MemoryTarget:
    """Implements core.ports.Target. answer: what it says of an operation; states: counts it states falsely;
    addresses: those that want no mail.

    after_commit, while_read: what else happens then.
    """

    lists: dict[str, dict[str, Row]] = field(default_factory=lambda: {"group": {}, "contact": {}})
    managed_by: Mapping[str, str] | None = None
    generation: int = 0
    last_snapshot: int = 0
    revision: int = 1
    writes: int = 0
    batch: int = 1000
    answer: Answer = lambda _operation: ""
    states: dict[str, int] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    after_commit: Callable[[MemoryTarget], None] = lambda _target: None
    while_read: Callable[[MemoryTarget, str], None] = lambda _target, _entity: None
    opened: list[dict[str, Any]] = field(default_factory=list)

    def identity(self) -> str:
        return "fmg://memory/FMG-1001"

    def state(self) -> TargetState:
        counts = {entity: len(rows) for entity, rows in self.lists.items()}
        return TargetState(self.managed_by, counts, self.generation, self.last_snapshot, self.revision)

    def unwanted(self) -> frozenset[str]:
        return frozenset(self.addresses)

    def pages(self, entity: str) -> Iterator[Page]:
        rows = [dict(row) for row in self.lists[entity].values()]
        yield Page(rows, len(rows), frozenset(SPEC.entity(entity).target_fields))
        self.while_read(self, entity)

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> MemoryDelivery:
        self.writes += 1
        self.opened.append({"mode": mode, "snapshot": snapshot, "base_revision": base_revision, "source": dict(source)})
        return MemoryDelivery(self, mode, snapshot, dict(source), self.batch)

    def put(self, entity: str, rows: Iterable[Row]) -> None:
        """Hold records nobody imported, or change them."""
        for row in rows:
            blank = dict.fromkeys(SPEC.entity(entity).target_fields, "")
            extra = {"opted_out": ""} if entity == "contact" else {}
            self.lists[entity][row["target_id"]] = {**blank, "source_id": "", **extra, **row}
        self.revision += 1

    def seen(self, entity: str = "contact") -> dict[str, Row]:
        """The list by the target's ids."""
        return {target_id: dict(row) for target_id, row in self.lists[entity].items()}

    def by_source(self, entity: str = "contact") -> dict[str, Row]:
        """The list by source ids, without what nobody imported."""
        return {row["source_id"]: dict(row) for row in self.lists[entity].values() if row["source_id"]}


@dataclass
class MemoryDelivery:
    """Implements core.ports.Delivery."""

    target: MemoryTarget
    mode: str
    snapshot: int
    source: dict[str, str]
    max_batch: int
    max_parallel: int = 1
    parts: dict[int, list[Operation]] = field(default_factory=dict)

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        self.target.writes += 1
        said = {operation.key: self.target.answer(operation) for operation in operations}
        self.parts[number] = [operation for operation in operations if said[operation.key] == ""]
        refused = tuple(Refusal(key, code, "") for key, code in said.items() if code not in ("", "-"))
        return BatchResult(frozenset(operation.key for operation in self.parts[number]), refused)

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:
        target, taken = self.target, [one for number in sorted(self.parts) for one in self.parts[number]]
        told = Counter((one.entity, one.op) for one in taken)
        assert batches == len(self.parts)
        assert told == Counter({(entity, op): number for entity, ops in counts.items() for op, number in ops.items() if number})
        target.writes += 1
        before = {entity: dict(rows) for entity, rows in target.lists.items()}
        if self.mode == "replace":
            target.lists = {"group": {}, "contact": {}}
        for one in taken:
            self._carry_out(one, before)
        target.managed_by, target.last_snapshot = self.source, self.snapshot
        target.generation, target.revision = target.generation + 1, target.revision + 1
        target.after_commit(target)
        counts_after = {entity: len(rows) for entity, rows in target.lists.items()}
        return Receipt(target.generation, target.revision, {**counts_after, **target.states})

    def _carry_out(self, one: Operation, before: Mapping[str, Mapping[str, Row]]) -> None:
        rows = self.target.lists[one.entity]
        if one.op == "delete":
            rows.pop(one.target_id, None)
            return
        known = {row["source_id"]: target_id for target_id, row in before[one.entity].items() if row["source_id"]}
        target_id = one.target_id or known.get(one.source_id) or f"{one.entity[0]}-{one.source_id}"
        extra = {"opted_out": before["contact"].get(target_id, {}).get("opted_out", "")} if one.entity == "contact" else {}
        rows[target_id] = {**extra, **one.values, "target_id": target_id, "source_id": one.source_id}


@dataclass
class MemoryRecords:
    """Implements core.ports.Target and Delivery: each record is visible at once; it is known by its source id, so a repeated upsert
    changes what is there. answer: what it says of an operation; breaks_after: operations after which the connection is lost, once.
    """

    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {"group": {}, "contact": {}})
    answer: Answer = lambda _operation: ""
    breaks_after: int | None = None
    max_batch: int = 2
    max_parallel: int = 1
    carried_out: list[Operation] = field(default_factory=list)
    given: int = 0

    def identity(self) -> str:
        return "records://memory/1"

    def state(self) -> TargetState:
        return TargetState.of_records({entity: len(rows) for entity, rows in self.rows.items()})

    def unwanted(self) -> frozenset[str]:
        return frozenset()

    def pages(self, entity: str) -> Iterator[Page]:
        rows = [dict(row) for row in self.rows[entity].values()]
        yield Page(rows, len(rows), frozenset(SPEC.entity(entity).target_fields))

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> MemoryRecords:
        assert (mode, base_revision) == ("delta", 0)
        return self

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        said = {operation.key: self._carry_out(operation) for operation in operations}
        accepted = frozenset(key for key, code in said.items() if not code)
        return BatchResult(accepted, tuple(Refusal(key, code, "") for key, code in said.items() if code))

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:
        return Receipt(0, 0, self.state().counts)

    def put(self, entity: str, *rows: Row) -> None:
        """Hold records, whoever made them."""
        blank = dict.fromkeys(SPEC.entity(entity).target_fields, "")
        self.rows[entity] |= {row["target_id"]: {"source_id": "", **blank, **row} for row in rows}

    def _carry_out(self, one: Operation) -> str:
        if self.breaks_after is not None and len(self.carried_out) >= self.breaks_after:
            self.breaks_after = None
            raise TransientError("CONN_BROKEN", operation="sending", problem="the connection was reset", next_step="try again")
        if code := self.answer(one):
            return code
        self.carried_out.append(one)
        rows = self.rows[one.entity]
        if one.op == "delete":
            rows.pop(one.target_id, None)
            return ""
        held = next((target_id for target_id, row in rows.items() if one.source_id and row["source_id"] == one.source_id), "")
        self.given += 0 if one.target_id or held else 1
        target_id = one.target_id or held or f"r-{self.given}"
        rows[target_id] = {**one.values, "target_id": target_id, "source_id": one.source_id}
        return ""


@dataclass
class MemoryOffice:
    """One account between a source and a target in memory, with a store and a landing zone of its own."""

    folder: Path
    source: MemorySource = field(default_factory=MemorySource)
    target: MemoryTarget | MemoryRecords = field(default_factory=MemoryTarget)
    safety: dict[str, float] = field(default_factory=dict)
    scope: tuple[str, ...] | None = None
    spec: IntegrationSpec = SPEC
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        engine = connect(f"sqlite:///{self.folder / 'store.db'}")
        migrate(engine)
        self.store, self.zone = Store(engine), LandingZone.open(str(self.folder / "landing"))

    def account(self) -> Account:
        settings = AccountSettings("summit", NAME, "source_test", "target_test", self.scope, "daily", self.safety, options=self.options)
        return Account(settings, self.spec, self.store, self.zone, self.source, self.target)

    def run(self, name: str = "test", **arguments: Any) -> RunRow:
        """One run of all steps; see Account.run."""
        return self.account().run(name, **arguments)

    def of(self, key: RunKey) -> Run:
        """A run that began already."""
        account = self.account()
        return Run(key, account.settings, account.spec, account.store, account.zone)

    def load(self, key: RunKey) -> None:
        """The last step of a run, alone."""
        load(self.of(key), self.target, lambda: self.source)
