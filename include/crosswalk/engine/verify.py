"""Read back: what the target holds after a delivery is compared with what it was told, record by record, and the sums are checked."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crosswalk.core.model import UNDO, Outcome
from crosswalk.core.plan import payload_hashes
from crosswalk.core.plurals import plural
from crosswalk.core.ports import Receipt, Target
from crosswalk.core.spec.model import LINKING, LIST, EntitySpec
from crosswalk.engine.context import Run
from crosswalk.engine.land import Beat, read_frame
from crosswalk.engine.operations import SENT
from crosswalk.engine.send import Sent
from crosswalk.errors import DataError
from crosswalk.features.linking.apply import check_carried_out
from crosswalk.features.optouts.delivery import check_opt_outs


@dataclass(frozen=True)
class Told:
    """What a delivery told the target: its mode, the plan, the target's frames before it, what was sent, and the target's receipt."""

    mode: str
    plan: pd.DataFrame
    before: dict[str, pd.DataFrame]
    sent: Sent
    receipt: Receipt

    def rows(self, entity: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The plan rows of one entity, and those of them the target did not refuse."""
        refused = {operation.source_id or operation.target_id for operation, _ in self.sent.refused if operation.entity == entity}
        rows = self.plan[self.plan["entity"] == entity]
        key = rows["source_id"].where(rows["source_id"] != "", rows["target_id"])
        return rows, rows[~key.isin(refused)]


def read_back(run: Run, target: Target, told: Told, beat: Beat) -> dict[str, pd.DataFrame]:
    """Return the target's frames after the delivery. Raises DataError TGT_READBACK_DIFFERS, SUMS_DIFFER or TGT_OPT_OUT_LOST."""
    after = {}
    for entity in run.spec.entities:
        frame = read_frame(run, "target", entity, target.pages, beat)
        if run.spec.planner != LINKING:
            _compare(run, entity, told.mode, told.rows(entity.name)[1], frame)
        if run.spec.delivery == LIST:
            _check_total(run, entity.name, told, len(frame))
        else:
            _check_once(run, entity.name, told, frame)
        after[entity.name] = frame
    if run.spec.planner == LINKING:
        check_carried_out(run, told.sent, after)
    check_opt_outs(run, target, told.before, after)
    return after


def _compare(run: Run, entity: EntitySpec, mode: str, done: pd.DataFrame, after: pd.DataFrame) -> None:
    """Every record sent is there as sent, after an undo of a list under the very id it had; every record deleted is gone."""
    key = ["source_id", "target_id"] if mode == UNDO and run.spec.delivery == LIST else ["source_id"]
    found = after[key].assign(now=payload_hashes(after, entity.target_fields))
    told = done[done["outcome"].isin(SENT)].merge(found, on=key, how="left")
    differ = told[told["now"] != told["payload_hash"]]
    deleted = done[done["outcome"] == Outcome.DELETE.value]
    left = deleted[deleted["target_id"].isin(set(after["target_id"]))]
    if len(differ) or len(left):
        example = next(iter([*differ["source_id"], *left["target_id"]]))
        raise DataError(
            "TGT_READBACK_DIFFERS",
            operation=f"reading back {entity.plural} of {run.key}",
            problem=f"{len(differ)} record(s) are not as sent and {len(left)} deleted one(s) are still there, such as {example}",
            next_step="look whether something else writes to the target; the next run puts it right",
        )


def _check_once(run: Run, entity: str, told: Told, after: pd.DataFrame) -> None:
    """Where others write to the target too its total says nothing; but what we sent is there once."""
    sent = told.rows(entity)[1].loc[lambda rows: rows["outcome"].isin(SENT), "source_id"]
    twice = after.loc[after["source_id"].isin(set(sent) - {""}) & after["source_id"].duplicated(), "source_id"]
    if len(twice):
        raise DataError(
            "TGT_DUPLICATED",
            operation=f"reading back {plural(entity)} of {run.key}",
            problem=f"{len(twice)} record(s) stand in the target more than once, such as {twice.iloc[0]}",
            next_step="remove the surplus records in the target; the next run leaves them alone",
        )


def _check_total(run: Run, entity: str, told: Told, found: int) -> None:
    """SAFE-6: before + created − deleted = after, give or take what the target refused."""
    rows, done = told.rows(entity)
    counts = rows["outcome"].value_counts()
    expected = len(told.before[entity]) + int(counts.get(Outcome.CREATE.value, 0)) - int(counts.get(Outcome.DELETE.value, 0))
    stated = told.receipt.counts[entity]
    if stated != found or abs(expected - found) > len(rows) - len(done):
        raise DataError(
            "SUMS_DIFFER",
            operation=f"checking the sums of {plural(entity)} of {run.key}",
            problem=f"{expected} expected, {stated} stated by the target, {found} read back",
            next_step="look whether something else writes to the target; the next run puts it right",
        )
