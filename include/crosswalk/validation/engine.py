"""Great Expectations, kept behind one function: rules and a frame in, positions of the failing rows out."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import pandas as pd

from crosswalk.core.expectations import Expectation
from crosswalk.errors import DataError
from crosswalk.validation.frame import ROW

# The lists other than the index list are cut at 200; the index query would print every row of a failure.
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [ROW],
    "return_unexpected_index_query": False,
    "include_unexpected_rows": False,
}
_CHATTY = ("great_expectations", "great_expectations.data_context.types.base")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Invalid)")


@dataclass(frozen=True)
class Finding:
    """What one expectation found. rows: positions of the failing rows, ascending; empty for one that looks at the whole table."""

    success: bool
    checked: int
    rows: tuple[int, ...]


def run(expectations: Sequence[Expectation], frame: pd.DataFrame) -> list[Finding]:
    """Evaluate expectations over a `checked_frame`, in one pass.

    Raises DataError VALIDATION_RULE_BROKEN naming every one that could not be evaluated: that is never a pass.
    """
    if not expectations:
        return []
    broken = [_broken(one, f"there is no column {one.column}") for one in expectations if one.column not in {*frame.columns, ""}]
    built: list[Any] = []
    for number, one in enumerate(expectations):
        try:
            built.append(_build(one, number))
        except (AttributeError, TypeError, ValueError) as error:
            broken.append(_broken(one, type(error).__name__))
    _stop_on(broken)
    results = {result.expectation_config.meta["rule"]: result for result in _batch(frame).validate(_suite(built), result_format=_RESULT_FORMAT).results}
    _stop_on([_broken(one, cause) for number, one in enumerate(expectations) if (cause := _exception(results.get(number)))])
    return [_finding(results[number], len(frame)) for number in range(len(expectations))]


@cache
def _library() -> ModuleType:
    """Import Great Expectations (4 to 9 s) without its hundred lines of log."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    import great_expectations

    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return great_expectations


def _build(one: Expectation, number: int) -> Any:
    from crosswalk.validation import expectations as ours

    name = "".join(part.title() for part in one.type.split("_"))
    kind = getattr(ours, name, None) or getattr(_library().expectations, name)
    column = {"column": one.column} if one.column else {}
    return kind(**column, **one.kwargs, meta={"rule": number})


def _suite(built: list[Any]) -> Any:
    return _library().ExpectationSuite("crosswalk", expectations=built)


def _batch(frame: pd.DataFrame) -> Any:
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    # Given a configuration of its own, the context leaves no folder for data docs behind.
    config = DataContextConfig(store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False))
    context = _library().get_context(mode="ephemeral", project_config=config)
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("landing").add_dataframe_asset("entity")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})


def _finding(result: Any, rows: int) -> Finding:
    found = result.result
    if "unexpected_index_list" not in found:
        return Finding(bool(result.success), rows, ())
    checked = int(found["element_count"]) - int(found.get("missing_count") or 0)
    failing = () if result.success else tuple(sorted({int(entry[ROW]) for entry in found["unexpected_index_list"]}))
    return Finding(bool(result.success), checked, failing)


def _exception(result: Any) -> str | None:
    """Name the class of what went wrong, None when nothing did. The message itself may hold a person's data."""
    if result is None:
        return "no result"
    info: Mapping[str, Any] = result.exception_info or {}
    details = [info] if "raised_exception" in info else [one for one in info.values() if isinstance(one, Mapping)]
    for one in details:
        if one.get("raised_exception", True):
            heads = [_EXCEPTION.match(line) for line in (one.get("exception_traceback") or "").splitlines()]
            named = [head.group() for head in heads if head]
            return named[-1] if named else "an exception"
    return None


def _broken(one: Expectation, cause: str) -> str:
    return f"{one.code} ({one.type} on {one.column or 'the table'}) could not be evaluated: {cause}"


def _stop_on(broken: list[str]) -> None:
    if broken:
        raise DataError(
            "VALIDATION_RULE_BROKEN",
            doing="evaluating the validation rules",
            found="; ".join(broken),
            fix="correct the expectation in the integration's spec.toml; nothing was written",
        )
