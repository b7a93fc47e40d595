"""The report's CSV files, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from datetime import datetime
from typing import TYPE_CHECKING

from crosswalk.reports.run_report import RejectedRecord, Report

if TYPE_CHECKING:
    import pandas as pd

    from crosswalk.store.rejected import RejectedRow

_MOST_IN_CELL = 32_767
"""Characters a cell of a workbook can hold."""

REJECTED_ROW_COLUMNS = (
    *("entity", "source_id", "code", "field", "reason", "fix", "masked", "first_seen_at", "first_snapshot", "last_seen_at"),
    *("last_snapshot", "attempts"),
)
"""What a download of the store's rejections shows."""

PLAN_COLUMNS = ("entity", "source_id", "target_id", "outcome", "reason", "changed")
"""What plan.csv shows of a plan. The payload hash stays inside: short values could be guessed from it."""

FILE_COLUMNS = (
    *("carrier", "name", "outcome", "code", "said", "business_date", "rows", "accepted_rows", "rejected_rows", "policies", "members"),
    *("agents", "superseded", "without_email", "without_agent", "rejected", "dropped_columns", "digest"),
)
"""What files.csv shows of each file."""

# A formula begins with = + - @ (or their full-width forms), spaces and invisible characters aside; in some locales a cell
# also begins after a semicolon or a line break inside the quotes.
_INVISIBLE = r"[\s\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
_FORMULA = re.compile(rf"(^|[;\t\r\n])(?=[\t\r\n])|(^|[;\t\r\n])(?={_INVISIBLE}*[=+\-@＝＋－＠])")


def rejected_csv(report: Report) -> bytes:
    """Write every rejected record with code, field, reason, fix, masked value, first seen and attempts. UTF-8."""
    columns = [one.name for one in fields(RejectedRecord)]
    return _csv(columns, ([str(value) for value in astuple(one)] for one in report.rejected))


def files_csv(report: Report) -> bytes:
    """Write the execution log, one row a file. UTF-8."""
    return _csv(FILE_COLUMNS, ([_counted(getattr(one, name)) for name in FILE_COLUMNS] for one in report.files))


def plan_csv(plan: pd.DataFrame) -> bytes:
    """Write the plan, one row a record, by ids and field names. UTF-8."""
    return _csv(PLAN_COLUMNS, plan[list(PLAN_COLUMNS)].itertuples(index=False, name=None))


def rejected_rows_csv(rows: Sequence[RejectedRow]) -> bytes:
    """Write rejections as the store keeps them, with first and last seen. UTF-8."""
    return _csv(REJECTED_ROW_COLUMNS, map(_cells, rows))


def rejected_rows_xlsx(rows: Sequence[RejectedRow]) -> bytes:
    """Write the same as a workbook: every cell is text, nothing in it is a formula or a link."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    file = io.BytesIO()
    inert = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with Workbook(file, inert) as book:
        sheet = book.add_worksheet("rejected")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(REJECTED_ROW_COLUMNS) - 1, 18)
        for number, cells in enumerate([REJECTED_ROW_COLUMNS, *map(_cells, rows)]):
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, formula_safe(cell)[:_MOST_IN_CELL])
    return file.getvalue()


def _cells(row: RejectedRow) -> list[str]:
    values = (getattr(row, name) for name in REJECTED_ROW_COLUMNS)
    return [value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value) for value in values]


def formula_safe(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula; anything else stays as it is."""
    return _FORMULA.sub(lambda found: f"{found.group()}'", cell)


def _counted(value: object) -> str:
    """Write counts by code as text, as well as single values and lists."""
    if isinstance(value, Mapping):
        return " ".join(f"{name}={count}" for name, count in sorted(value.items()))
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _csv(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([formula_safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")
