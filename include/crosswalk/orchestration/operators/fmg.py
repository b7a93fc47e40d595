"""FMG's operators. What FMG holds is read by the extract task, SmartOfficeExtractOperator."""

from __future__ import annotations

from crosswalk.orchestration.operators.steps import LoadStep, UndoStep
from crosswalk.orchestration.operators.writeback import CollectActivitiesStep


class FmgLoadOperator(LoadStep):
    """Deliver to FMG through the account's connection of type `fmg`."""

    system = "fmg"


class FmgUndoOperator(UndoStep):
    """Plan the way back to an earlier generation of FMG through the account's connection of type `fmg`."""

    system = "fmg"


class FmgCollectActivitiesOperator(CollectActivitiesStep):
    """Read what people did in FMG through the account's connection of type `fmg`."""
