"""The run report as data: what report.json holds and what the page shows. Described for readers in docs/report.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

from crosswalk.core.arrived_file import ArrivedFile
from crosswalk.core.model import LEFT, Hold, Outcome, RunKey, RunStatus
from crosswalk.validation.outcomes import RuleResult

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
"""Version of report.json: raised when a reader of the old one would misread the new one."""

_NAMED = 20


@dataclass(frozen=True)
class Limit:
    """How much of a limit the whole source database uses. limit None: counted, not limited."""

    name: str
    used: int
    limit: int | None


@dataclass(frozen=True)
class Sum:
    """One identity that must hold: total = the sum of the parts. side: "source" or "target"; parts: {outcome: records}."""

    entity: str
    side: str
    total: int
    parts: Mapping[str, int]

    @property
    def adds_up(self) -> bool:
        return self.total == sum(self.parts.values())


@dataclass(frozen=True)
class RejectedRecord:
    """One record that does not travel, for one reason. first_seen: ISO time; attempts: runs that have rejected it so far."""

    entity: str
    source_id: str
    code: str
    field: str
    reason: str
    fix: str
    masked: str = ""
    first_seen: str = ""
    attempts: int = 1


@dataclass(frozen=True)
class Change:
    """One field of a sample, masked. masking_hides_it: the values differ, their masked forms do not."""

    field: str
    before: str
    after: str
    masking_hides_it: bool = False


@dataclass(frozen=True)
class Sample:
    """One planned record as an example of its outcome."""

    entity: str
    outcome: str
    source_id: str
    target_id: str
    reason: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Deletion:
    """One record the plan takes out of the target, by its ids."""

    entity: str
    target_id: str
    source_id: str
    reason: str


@dataclass(frozen=True)
class Drift:
    """One record somebody changed or removed in the target behind our back; the delivery puts it right. fields: those that differ."""

    entity: str
    source_id: str
    target_id: str
    reason: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class LinkedRecord:
    """One record a person linked. refreshed_at: when the target says it was last looked at, ISO 8601, "" for never."""

    entity: str
    source_id: str
    target_id: str
    refreshed_at: str
    missing: bool


@dataclass(frozen=True)
class Staying:
    """Records that are frozen or left out for one reason. count: how many; records: the source ids of some, else their target ids."""

    entity: str
    outcome: str
    reason: str
    count: int
    records: tuple[str, ...]


@dataclass(frozen=True)
class Undecided:
    """Records of one entity nobody decided about. alike: how many have a candidate in the target; address: where they are decided about,
    relative to the Airflow server.
    """

    entity: str
    count: int
    alike: int
    address: str


@dataclass(frozen=True)
class TargetOnly:
    """A file that holds what nobody imported, before a delivery removes it or takes it over."""

    name: str
    count: int


@dataclass(frozen=True)
class Failure:
    """What stopped the run, in the words of the error."""

    code: str
    text: str


@dataclass
class Report:
    """One run of one account, as far as it has come.

    status: a RunStatus. Times are ISO 8601, "" when unknown. durations: seconds by step. files: the execution log.
    limits: of the whole source database.
    plan: {entity: {outcome: records}}. next_step: one sentence; "" lets the page say the usual one for the status.
    undecided: what waits for a person to say which records are one.
    waiting: source ids of what this run announced, by entity. linked: what people linked, as the target has it.
    """

    key: RunKey
    status: str = RunStatus.RUNNING.value
    dry_run: bool = False
    source: str = ""
    target: str = ""
    scope: tuple[str, ...] | None = None
    airflow: dict[str, str] = field(default_factory=dict)
    started_at: str = ""
    ended_at: str = ""
    taken_at: str = ""
    durations: dict[str, float] = field(default_factory=dict)
    files: list[ArrivedFile] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    rules: list[RuleResult] = field(default_factory=list)
    rejected: list[RejectedRecord] = field(default_factory=list)
    plan: dict[str, dict[str, int]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    deletes: list[Deletion] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    staying: list[Staying] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    decided_by: str = ""
    target_only: list[TargetOnly] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    linked: list[LinkedRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: Failure | None = None
    next_step: str = ""
    mode: str = ""
    generation: int | None = None
    plan_hash: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    crosswalk_version: str = ""


def to_json(report: Report) -> bytes:
    """Write a report as JSON in UTF-8, with its schema version first."""
    content = {"schema": SCHEMA, **asdict(report), "sums": [{**asdict(one), "adds_up": one.adds_up} for one in report.sums]}
    return json.dumps(content, ensure_ascii=True, indent=1).encode()


def from_json(content: bytes) -> Report:
    """Read what `to_json` wrote. Raises ValueError for another schema or anything else that is no report."""
    from pydantic import TypeAdapter

    data: Any = json.loads(content)
    if not isinstance(data, dict) or data.pop("schema", None) != SCHEMA:
        raise ValueError(f"not a run report of schema {SCHEMA}")
    return TypeAdapter(Report).validate_python(data)


def sums_of(entity: str, plan: pd.DataFrame, read: int, found: int, without_id: int = 0) -> list[Sum]:
    """State the two identities of one entity: records read from the source, and records found in the target.

    plan: plan frame (entity, source_id, target_id, outcome, …). without_id: rejected source records that have no id and so no row.
    """
    rows = plan[plan["entity"] == entity]
    from_source = rows[(rows["source_id"] != "") & ~rows["reason"].isin(LEFT)]
    found_there = rows[(rows["target_id"] != "") & (rows["outcome"] != Outcome.CREATE.value)]
    source = _counts(from_source)
    if without_id:
        source[Outcome.REJECTED.value] = source.get(Outcome.REJECTED.value, 0) + without_id
    return [Sum(entity, "source", read, source), Sum(entity, "target", found, _counts(found_there))]


def deletes_of(plan: pd.DataFrame) -> list[Deletion]:
    """List the plan's deletes by their ids."""
    rows = plan[plan["outcome"] == Outcome.DELETE.value]
    return [Deletion(*one) for one in rows[["entity", "target_id", "source_id", "reason"]].itertuples(index=False, name=None)]


def drift_of(plan: pd.DataFrame) -> list[Drift]:
    """List the records that are otherwise in the target than it last acknowledged, or gone from it (FMG-10)."""
    rows = plan[plan["reason"].isin(["drift", "vanished"])]
    named = rows[["entity", "source_id", "target_id", "reason", "changed"]].itertuples(index=False, name=None)
    return [Drift(entity, source_id, target_id, reason, tuple(changed.split())) for entity, source_id, target_id, reason, changed in named]


def staying_of(plan: pd.DataFrame) -> list[Staying]:
    """Count what is frozen or left out, by reason; plan.csv names every record."""
    rows = plan[plan["outcome"].isin([Outcome.FROZEN.value, Outcome.EXCLUDED.value])]
    named = rows["source_id"].where(rows["source_id"] != "", rows["target_id"])
    staying: list[Staying] = []
    for key, ids in named.groupby([rows["entity"], rows["outcome"], rows["reason"]]):
        entity, outcome, reason = cast("tuple[str, str, str]", key)
        staying.append(Staying(entity, outcome, reason, len(ids), tuple(ids.head(_NAMED))))
    return staying


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    counted = rows["outcome"].value_counts()
    return {outcome.value: int(counted[outcome.value]) for outcome in Outcome if outcome.value in counted}
