"""Write-back: activities of the target become notes in the source. It has DAGs and a lease of its own and takes no part in a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.hooks import Feature
from crosswalk.errors import Problem

ACTIVITIES = "activities"
"""Setting of an account: the types of activity that become notes."""


class WriteBack(Feature):
    """Says that an integration writes activities back."""

    section: ClassVar[str] = "writeback"

    def problems(self, entities: Sequence[EntitySpec], settings: Mapping[str, Any]) -> Iterable[Problem]:  # noqa: ARG002
        if ACTIVITIES not in settings:
            yield Problem(
                "SPEC_MISSING_KEY", "spec.toml writeback", f"no setting {ACTIVITIES} is declared", f"declare [settings.{ACTIVITIES}]"
            )
