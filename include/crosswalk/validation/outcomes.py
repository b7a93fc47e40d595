"""What validation says: of each rule, how it ended; of each record, whether it may travel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from crosswalk.core.model import Rejection

RuleStatus = Literal["passed", "failed", "could_not_run"]


@dataclass(frozen=True)
class RuleResult:
    """How one rule ended over one entity.

    checked: records that had a value to look at (for "not null" rules: all).
    failed: records at fault; for a uniqueness rule with a survivor, those that had to give way.
    """

    code: str
    type: str
    entity: str
    column: str
    severity: str
    message: str
    checked: int
    failed: int
    status: RuleStatus
    fix: str = ""


@dataclass(frozen=True)
class Validated:
    """One entity after validation.

    accepted: the rows no warning or critical rule found fault with, columns as they came.
    rejections: one for each record, code and field; ordered as the records were read.
    critical: the failed rules that must stop the run.
    """

    accepted: pd.DataFrame
    rejections: list[Rejection]
    rules: list[RuleResult]
    critical: list[RuleResult] = field(default_factory=list)
