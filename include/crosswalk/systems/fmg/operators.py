"""FMG's part of the steps."""

from __future__ import annotations

from crosswalk.orchestration.steps import LoadStep, UndoStep


class FmgLoadOperator(LoadStep):
    """Deliver to FMG through the account's connection of type `fmg`."""

    system = "fmg"


class FmgUndoOperator(UndoStep):
    """Plan the way back to what FMG held before, through the account's connection of type `fmg`."""

    system = "fmg"
