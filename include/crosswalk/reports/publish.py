"""Write a report where people find it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crosswalk.reports.html import render
from crosswalk.reports.model import Report, to_json
from crosswalk.reports.tables import plan_csv, rejected_csv

if TYPE_CHECKING:
    import pandas as pd


class ReportFolder(Protocol):
    """Where a report goes: a landing zone's report folder."""

    def write_bytes(self, name: str, data: bytes, /) -> object:
        """Write one file, replacing it as a whole."""


def publish(folder: ReportFolder, report: Report, plan: pd.DataFrame | None = None) -> None:
    """Write rejected.csv, plan.csv (once there is a plan), report.json and, last, report.html."""
    folder.write_bytes("rejected.csv", rejected_csv(report))
    if plan is not None:
        folder.write_bytes("plan.csv", plan_csv(plan))
    folder.write_bytes("report.json", to_json(report))
    folder.write_bytes("report.html", render(report, files_at="").encode())
