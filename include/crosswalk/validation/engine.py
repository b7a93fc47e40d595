"""Great Expectations, kept behind one function: rules and a frame in, positions of the failing rows out."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import pandas as pd

from crosswalk.core.spec.expectations import Expectation
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
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:[Ee]rror|Exception|Invalid|Warning)(?=:|$)")


@dataclass(frozen=True)
class Finding:
    """What one expectation found. checked: rows that had a value. rows: positions of the failing ones, ascending."""

    checked: int
    rows: tuple[int, ...]


def run(expectations: Sequence[Expectation], frame: pd.DataFrame) -> list[Finding]:
    """Evaluate expectations over a `checked_frame`, in one pass.

    Raises DataError VALIDATION_RULE_BROKEN naming every one that could not be evaluated: that is never a pass.
    """
    if not expectations:
        return []
    library = _library()
    built, broken = _build_all(expectations, frame)
    _stop_on(broken)
    suite = library.ExpectationSuite("crosswalk", expectations=built)
    with warnings.catch_warnings():
        # pandas warns of groups in a regex that is only searched for.
        warnings.filterwarnings("ignore", message="This pattern is interpreted as a regular expression", category=UserWarning)
        validated = _batch(frame).validate(suite, result_format=_RESULT_FORMAT)
    # The order of results is not the order of the suite.
    results = {result.expectation_config.meta["rule"]: result for result in validated.results}
    _stop_on([_broken(one, cause) for number, one in enumerate(expectations) if (cause := _fault(results.get(number)))])
    return [_finding(results[number]) for number in range(len(expectations))]


@cache
def _library() -> ModuleType:
    """Import Great Expectations (4 to 9 s) without its hundred lines of log."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    import great_expectations

    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return great_expectations


def _build_all(expectations: Sequence[Expectation], frame: pd.DataFrame) -> tuple[list[Any], list[str]]:
    built: list[Any] = []
    broken: list[str] = []
    for number, one in enumerate(expectations):
        if one.column not in frame:
            broken.append(_broken(one, "there is no such column"))
            continue
        try:
            built.append(_kind(one.type)(column=one.column, **one.kwargs, meta={"rule": number}))
        except (AttributeError, TypeError, ValueError) as error:
            broken.append(_broken(one, type(error).__name__))
    return built, broken


def _kind(name: str) -> Any:
    """Find the class of an expectation by the name it has in a spec."""
    from crosswalk.validation import custom_expectations as ours

    title = "".join(part.title() for part in name.split("_"))
    return getattr(ours, title, None) or getattr(_library().expectations, title)


def _batch(frame: pd.DataFrame) -> Any:
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    # Given a configuration of its own, the context leaves no folder for data docs behind.
    config = DataContextConfig(store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False))
    context = _library().get_context(mode="ephemeral", project_config=config)
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("landing").add_dataframe_asset("entity")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})


def _finding(result: Any) -> Finding:
    found = result.result
    rows = {int(entry[ROW]) for entry in found["unexpected_index_list"]}
    return Finding(int(found["element_count"]) - int(found.get("missing_count") or 0), tuple(sorted(rows)))


def _fault(result: Any) -> str:
    """Name the class of what went wrong, "" when nothing did. The message itself may hold a person's data."""
    if result is None:
        return "no result"
    # Either one flat dictionary, or one for each metric that failed.
    info: Mapping[str, Any] = result.exception_info or {}
    details = [info] if "raised_exception" in info else [one for one in info.values() if isinstance(one, Mapping)]
    raised = [one for one in details if one.get("raised_exception", True)]
    if raised:
        heads = (_EXCEPTION.match(line) for line in str(raised[0].get("exception_traceback")).splitlines())
        return next((head.group() for head in heads if head), "an exception")
    found = result.result
    return "" if len(found.get("unexpected_index_list", ())) == found.get("unexpected_count") else "it does not say which rows failed"


def _broken(one: Expectation, cause: str) -> str:
    return f"{one.code} ({one.type} on {one.column}) could not be evaluated: {cause}"


def _stop_on(broken: list[str]) -> None:
    if broken:
        raise DataError(
            "VALIDATION_RULE_BROKEN",
            operation="evaluating the validation rules",
            problem="; ".join(broken),
        )
