"""What makes thousands of small runs affordable: the same frames are validated once, and no report is written.

Validation is a pure function of the spec and the frames it is given; it and the report take most of the time of a run of a few dozen
records. Its own tests ask it directly and are not answered from here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pandas as pd
import pytest

from crosswalk.engine import attempt, validate

MOST = 1000
"""Validations remembered at a time."""


@contextmanager
def remember_validations() -> Iterator[None]:
    """Answer from what was found for the same entity and frames before, until the with-block ends."""
    known: dict[str, Any] = {}
    check: Callable[..., Any] = validate.check

    def remembered(entity: Any, frame: pd.DataFrame, target: pd.DataFrame | None, *, travels: pd.Series[bool] | None = None) -> Any:
        given = [frame, *([] if target is None else [target]), *([] if travels is None else [travels.to_frame("travels")])]
        key = f"{entity!r} {' '.join(map(_digest, given))} {target is None} {travels is None}"
        if key not in known:
            if len(known) == MOST:
                del known[next(iter(known))]
            known[key] = deepcopy(check(entity, frame, target, travels=travels))
        return deepcopy(known[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validate, "check", remembered)
        yield


@contextmanager
def without_reports() -> Iterator[None]:
    """Write no report after a step, until the with-block ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempt, "publish", lambda _run, _step: None)
        yield


def _digest(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_json(orient="split").encode("utf-8", "surrogatepass")).hexdigest()
