"""What steps hand to each other within a run: an entity's plan, what was sent, what a delivery came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from crosswalk.core.ports import Operation, Receipt, Refusal
from crosswalk.core.spec.model import EntitySpec

Refused = list[tuple[Operation, Refusal]]

Frames = dict[str, pd.DataFrame]
"""The target's frames by entity."""


@dataclass(frozen=True)
class EntityPlan:
    """One entity's frames on the way to a plan. source_ids: of every record read that has one, rejected ones too."""

    entity: EntitySpec
    source_ids: list[str]
    desired: pd.DataFrame
    target: pd.DataFrame
    delivered: pd.DataFrame
    plan: pd.DataFrame


@dataclass
class SendResult:
    """What the target did with every operation. parts: what it accepted, by the number of the batch; refused: the rest, with a reason."""

    parts: dict[int, list[Operation]] = field(default_factory=dict)
    refused: Refused = field(default_factory=list)

    def __add__(self, other: SendResult) -> SendResult:
        return SendResult(self.parts | other.parts, self.refused + other.refused)

    @property
    def batches(self) -> int:
        return len(self.parts)

    @property
    def accepted(self) -> dict[str, Counter[str]]:
        """Operations accepted, as {entity: {op: number}}."""
        counted: dict[str, Counter[str]] = {}
        for operation in self.operations:
            counted.setdefault(operation.entity, Counter())[operation.op] += 1
        return counted

    @property
    def operations(self) -> list[Operation]:
        """Operations accepted."""
        return [operation for part in self.parts.values() for operation in part]

    @property
    def accepted_total(self) -> int:
        return sum(map(len, self.parts.values()))

    @property
    def total(self) -> int:
        return self.accepted_total + len(self.refused)


@dataclass(frozen=True)
class Outgoing:
    """What an entity's operations are made from. plan: its rows; before: the target's frame; groups: source ids of the groups the target
    will have; sent: what was sent of the entities before it.
    """

    mode: str
    plan: pd.DataFrame
    desired: pd.DataFrame
    before: pd.DataFrame
    groups: set[str]
    sent: SendResult


@dataclass(frozen=True)
class DeliveryRecord:
    """What a delivery asked of the target: its mode, the plan, the target's frames before it, what was sent, and the target's receipt."""

    mode: str
    plan: pd.DataFrame
    before: Frames
    sent: SendResult
    receipt: Receipt

    def rows(self, entity: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The plan rows of one entity, and those of them the target did not refuse."""
        refused = {operation.source_id or operation.target_id for operation, _ in self.sent.refused if operation.entity == entity}
        rows = self.plan[self.plan["entity"] == entity]
        key = rows["source_id"].where(rows["source_id"] != "", rows["target_id"])
        return rows, rows[~key.isin(refused)]


@dataclass(frozen=True)
class DeliveryResult:
    """What a delivery came to. after: the target's frames by entity."""

    plan: pd.DataFrame
    sent: SendResult
    receipt: Receipt
    after: Frames
