"""Our own expectation. Imports Great Expectations: import this module only inside `engine`."""

from __future__ import annotations

from typing import Any

import pandas as pd
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import column_condition_partial
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import ColumnMapMetricProvider

from crosswalk.core.email_syntax import are_valid


class ColumnValuesValidEmail(ColumnMapMetricProvider):
    """Which values are addresses mail could reach."""

    condition_metric_name = "column_values.valid_email"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: N805
        return are_valid(column)


class ExpectColumnValuesToBeValidEmail(ColumnMapExpectation):
    """Expect every value to be an e-mail address, by the rules of email-validator."""

    map_metric = "column_values.valid_email"
