"""Write a report where people find it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from crosswalk.reports import plan_search as planned
from crosswalk.reports.html import render
from crosswalk.reports.run_report import Report, to_json
from crosswalk.reports.spreadsheets import files_csv, plan_csv, rejected_csv

if TYPE_CHECKING:
    import pandas as pd


RULES = "rules.json"
"""The results of the rules alone: small, so that those of many runs can be read for a trend."""


class ReportFolder(planned.FrameFolder, Protocol):
    """Where a report goes: a landing zone's report folder."""

    def write_bytes(self, name: str, data: bytes, /) -> object:
        """Write one file, replacing it as a whole."""


def publish(folder: ReportFolder, report: Report, plan: pd.DataFrame | None = None, changes: pd.DataFrame | None = None) -> None:
    """Write rejected.csv, files.csv (where files arrived), the plan's files (once there is a plan), rules, report.json, then report.html.

    changes: those of the plan, masked.
    """
    folder.write_bytes("rejected.csv", rejected_csv(report))
    if report.files:
        folder.write_bytes("files.csv", files_csv(report))
    if plan is not None and changes is not None:
        folder.write_bytes("plan.csv", plan_csv(plan))
        planned.write(folder, plan, changes)
    folder.write_bytes(RULES, json.dumps([asdict(rule) for rule in report.rules]).encode())
    folder.write_bytes("report.json", to_json(report))
    folder.write_bytes("report.html", render(report, files_at="").encode())
