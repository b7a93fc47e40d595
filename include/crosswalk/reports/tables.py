"""The report's CSV files, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from typing import TYPE_CHECKING

from crosswalk.reports.model import RejectedRecord, Report

if TYPE_CHECKING:
    import pandas as pd

PLAN_COLUMNS = ("entity", "source_id", "target_id", "outcome", "reason", "changed")
"""What plan.csv shows of a plan. The payload hash stays inside: short values could be guessed from it."""

# A formula begins with = + - @ (or their full-width forms), spaces and invisible characters aside; in some locales a cell
# also begins after a semicolon or a line break inside the quotes.
_INVISIBLE = r"[\s\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
_FORMULA = re.compile(rf"(^|[;\t\r\n])(?=[\t\r\n])|(^|[;\t\r\n])(?={_INVISIBLE}*[=+\-@＝＋－＠])")


def rejected_csv(report: Report) -> bytes:
    """Write every rejected record with code, field, reason, fix, masked value, first seen and attempts. UTF-8."""
    columns = [one.name for one in fields(RejectedRecord)]
    return _csv(columns, ([str(value) for value in astuple(one)] for one in report.rejected))


def plan_csv(plan: pd.DataFrame) -> bytes:
    """Write the plan, one row a record, by ids and field names. UTF-8."""
    return _csv(PLAN_COLUMNS, plan[list(PLAN_COLUMNS)].itertuples(index=False, name=None))


def formula_safe(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula; anything else stays as it is."""
    return _FORMULA.sub(lambda found: f"{found.group()}'", cell)


def _csv(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([formula_safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")
