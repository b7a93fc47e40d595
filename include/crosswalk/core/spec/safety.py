"""The numbers of the safety rules (SAFE-2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from crosswalk.core.toml_reader import scan_section
from crosswalk.errors import ConfigurationError, Problem

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

TIGHTER_WHEN_HIGHER = frozenset({"min_overlap"})


class SafetySpec(BaseModel):
    """How much a plan may change before a person must look. Shares are of 1; reaching a number passes, going beyond it holds."""

    model_config = ConfigDict(frozen=True, strict=True)

    max_deletes: Count
    max_delete_share: Share
    delete_floor: Count
    max_slice_loss: Share
    slice_floor: Count
    min_overlap: Share
    max_mapping_change: Share

    def tightened(self, overrides: Mapping[str, Any]) -> SafetySpec:
        """Return the numbers with some of them tightened. Raises ConfigurationError (CONF_FORBIDDEN) when one is loosened."""
        spec, problems = self.scan_overrides(overrides, "safety settings", "CONF")
        if problems:
            raise ConfigurationError.from_problems("tightening the safety numbers", problems)
        return spec

    def scan_overrides(self, overrides: Mapping[str, Any], place: str, prefix: str) -> tuple[SafetySpec, list[Problem]]:
        """As `tightened`, for callers that collect problems; with any, the numbers are returned as they are."""
        spec, problems = scan_section(SafetySpec, {**self.model_dump(), **overrides}, place, prefix)
        if spec is None or problems:
            return self, problems
        problems = [
            Problem("CONF_FORBIDDEN", f"{place} {name}", f"looser than the integration's {getattr(self, name)}")
            for name in sorted(overrides)
            if _looser(name, getattr(self, name), getattr(spec, name))
        ]
        return (self if problems else spec), problems


def _looser(name: str, old: float, new: float) -> bool:
    return new < old if name in TIGHTER_WHEN_HIGHER else new > old
