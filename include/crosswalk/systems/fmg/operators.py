"""FMG as a task."""

from __future__ import annotations

from crosswalk.orchestration.steps import LoadStep


class FmgLoadOperator(LoadStep):
    """Deliver an account's plan to FMG as one import job."""

    system = "fmg"
