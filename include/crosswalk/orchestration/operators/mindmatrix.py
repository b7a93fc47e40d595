"""Mindmatrix's operators."""

from __future__ import annotations

from crosswalk.orchestration.operators.steps import LoadStep, UndoStep


class MindmatrixLoadOperator(LoadStep):
    """Deliver to Mindmatrix through the account's connection of type `mindmatrix`."""

    system = "mindmatrix"


class MindmatrixUndoOperator(UndoStep):
    """Plan the way back to an earlier generation of Mindmatrix through the account's connection of type `mindmatrix`."""

    system = "mindmatrix"
