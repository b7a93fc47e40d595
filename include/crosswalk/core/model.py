"""The words every step shares: which run, what became of a record, what holds a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, order=True)
class RunKey:
    """Names one run of one account; all that travels between tasks.

    `snapshot` is the account's running number: the order of the world and the fencing number of every write.
    """

    integration: str
    account: str
    snapshot: int

    def as_dict(self) -> dict[str, Any]:
        return {"integration": self.integration, "account": self.account, "snapshot": self.snapshot}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> RunKey:
        return cls(str(value["integration"]), str(value["account"]), int(value["snapshot"]))

    def __str__(self) -> str:
        return f"{self.integration}/{self.account}#{self.snapshot}"


class Outcome(StrEnum):
    """What becomes of a record. Each source record and each target record has exactly one."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    FROZEN = "frozen"
    EXCLUDED = "excluded"
    REJECTED = "rejected"


LEFT_SOURCE, LEFT_SCOPE, NOT_TOLD = "left_source", "left_scope", "not_told"
LEFT = (LEFT_SOURCE, LEFT_SCOPE, NOT_TOLD)
"""Reasons of a plan row about a target record whose source record was not read: its source id is of the past.

left_scope: the account's scope names none of the groups the target has it in. not_told: the source tells a part each time, and this time
not of it. left_source: everybody else.
"""

TARGET_ONLY = "target_only"
"""Reason of a plan row about a target record no import put there."""

NOT_LINKED = "not_linked"
"""Reason of a plan row about a source record that waits for a person to link it."""

LINKED = "linked"
"""Reason of a plan row about a source record a person decided to link."""

LEFT_AS_IS = "left_as_is"
"""Reason of a plan row about a record the target has otherwise, and that was to be left untouched."""

Decided = Mapping[str, Sequence[Mapping[str, str]]]
"""What a person decided about new records, by source id: each to be linked once or more, with what the target wants to know of a link."""


REPLACE, FULL, DELTA, UNDO = "replace", "full", "delta", "undo"
"""Modes of a delivery: the whole list and nothing else, the whole list over what is there, the changes only, the changes back."""


class RunStatus(StrEnum):
    """How a run stands. `partial`: delivered, with rejected records. `replayed`: a backfill gave its report."""

    RUNNING = "running"
    SUCCESS = "success"
    PARTIAL = "partial"
    HELD = "held"
    REJECTED = "rejected"
    FAILED = "failed"
    DRY_RUN = "dry_run"
    REPLAYED = "replayed"


@dataclass(frozen=True)
class Rejection:
    """Why one source record does not travel. `masked` is the offending value, masked."""

    entity: str
    source_id: str
    code: str
    field: str
    reason: str
    fix: str
    masked: str = ""


@dataclass(frozen=True)
class Hold:
    """A safety rule that holds the plan until a person decides. `found` holds numbers, never values; `code` is in errors/catalog.csv."""

    code: str
    found: str
    limit: str
