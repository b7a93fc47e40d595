"""The two ways a target is written, and all that depends on which it is: one atomic import, or record by record.

An atomic import shows a whole list at once and numbers its own generations. A target that is written record by record shows each at
once, shares its list with others, and knows of no deliveries: there our own store counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import pandas as pd

from crosswalk.core.model import Outcome
from crosswalk.core.plurals import plural
from crosswalk.core.ports import TargetState
from crosswalk.core.spec.model import LIST, EntitySpec
from crosswalk.core.undo_plan import plan_restore, plan_restore_records
from crosswalk.engine.context import Run
from crosswalk.engine.operations import SENT
from crosswalk.engine.results import DeliveryRecord
from crosswalk.errors import DataError
from crosswalk.store.runs import RunRow

UNDO_KEY = ["source_id", "target_id"]


class DeliveryStyle(Protocol):
    """What differs between the two."""

    visible_at_once: bool
    """Whether each record is visible as soon as it is sent."""

    undo_key: list[str]
    """Columns a record is found by after an undo."""

    def first_delivery(self, run: Run) -> bool:
        """Tell whether no source owns the target's list yet: its first delivery replaces it."""

    def generation(self, run: Run, stated: int, more: int = 0) -> int:
        """Number the generation the target holds. stated: by the target; more: deliveries since our last one."""

    def maker(self, run: Run) -> RunRow | None:
        """Find the run that made the target what it is."""

    def unsettled(self, run: Run, state: TargetState, last: RunRow) -> str:
        """Say why the last delivery did not come to its end; "" when it did."""

    def check_count(self, run: Run, entity: str, record: DeliveryRecord, after: pd.DataFrame) -> None:
        """Check the target's records of one entity after a delivery. Raises DataError SUMS_DIFFER or TGT_DUPLICATED."""

    def undo_plan(self, entity: EntitySpec, before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Plan the way back from `now` to `before`; with the records as they shall be."""


class AtomicImport:
    """A list imported as a whole."""

    visible_at_once = False
    undo_key = UNDO_KEY

    def first_delivery(self, run: Run) -> bool:
        return run.landed.manifest().target_state.managed_by is None

    def generation(self, run: Run, stated: int, more: int = 0) -> int:  # noqa: ARG002
        return stated

    def maker(self, run: Run) -> RunRow | None:
        return run.store.runs.find(replace(run.key, snapshot=run.landed.manifest().target_state.last_snapshot))

    def unsettled(self, run: Run, state: TargetState, last: RunRow) -> str:  # noqa: ARG002
        if state.generation == last.generation:
            return ""
        return f"the target is at generation {state.generation}, the last delivery that ended well made {last.generation}"

    def check_count(self, run: Run, entity: str, record: DeliveryRecord, after: pd.DataFrame) -> None:
        """SAFE-6: before + created − deleted = after, give or take what the target refused."""
        rows, done = record.rows(entity)
        counts, found = rows["outcome"].value_counts(), len(after)
        expected = len(record.before[entity]) + int(counts.get(Outcome.CREATE.value, 0)) - int(counts.get(Outcome.DELETE.value, 0))
        stated = record.receipt.counts[entity]
        if stated != found or abs(expected - found) > len(rows) - len(done):
            raise DataError(
                "SUMS_DIFFER",
                operation=f"checking the sums of {plural(entity)} of {run.key}",
                problem=f"{expected} expected, {stated} stated by the target, {found} read back",
            )

    def undo_plan(self, entity: EntitySpec, before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        return plan_restore(entity, before, now), before


class RecordByRecord:
    """Records written one by one."""

    visible_at_once = True
    undo_key = UNDO_KEY[:1]

    def first_delivery(self, run: Run) -> bool:  # noqa: ARG002
        return False

    def generation(self, run: Run, stated: int, more: int = 0) -> int:  # noqa: ARG002
        last = run.store.runs.last_delivered(run.key.integration, run.key.account)
        return (last.generation or 0 if last else 0) + more

    def maker(self, run: Run) -> RunRow | None:
        return run.store.runs.last_delivered(run.key.integration, run.key.account)

    def unsettled(self, run: Run, state: TargetState, last: RunRow) -> str:  # noqa: ARG002
        newer = [row for row in run.store.runs.latest(run.key.integration, run.key.account) if row.key.snapshot > last.key.snapshot]
        cut_short = [row.key.snapshot for row in newer if run.store.ledger.batches(row.key)]
        return f"the delivery of snapshot {max(cut_short)} was cut short" if cut_short else ""

    def check_count(self, run: Run, entity: str, record: DeliveryRecord, after: pd.DataFrame) -> None:
        """Others write to the target too, so its total says nothing; but what we sent is there once."""
        sent = record.rows(entity)[1].loc[lambda rows: rows["outcome"].isin(SENT), "source_id"]
        twice = after.loc[after["source_id"].isin(set(sent) - {""}) & after["source_id"].duplicated(), "source_id"]
        if len(twice):
            raise DataError(
                "TGT_DUPLICATED",
                operation=f"reading back {plural(entity)} of {run.key}",
                problem=f"{len(twice)} record(s) are in the target more than once, such as {twice.iloc[0]}",
            )

    def undo_plan(self, entity: EntitySpec, before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        return plan_restore_records(entity, before, now)


_ATOMIC, _RECORDS = AtomicImport(), RecordByRecord()


def style_of(run: Run) -> DeliveryStyle:
    """Give the style of the run's target."""
    return _ATOMIC if run.spec.delivery == LIST else _RECORDS
