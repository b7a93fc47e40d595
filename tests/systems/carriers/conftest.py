"""A drop folder, and files as carriers send them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from crosswalk.features.inbound_files.ports import PastFile
from crosswalk.systems.carriers.client import DropFolder
from crosswalk.systems.carriers.source import CarriersSource, LogLine

TODAY = date(2026, 3, 10)
BOOK = [
    *("memberNumber", "writingAgentNPN", "writingAgentName", "agentOfRecordNPN", "memberFirstName", "memberLastName", "dateOfBirth"),
    *("memberEmail", "planName", "contract", "pbp", "monthlyPremium", "policyStatus", "policyEffectiveDate", "policyTermDate"),
]
STATEMENT = ["Pay Period", "Writing Broker NPN", "Earner NPN", "Member ID", "Plan Name", "Effective Date", "Payment Amount"]


def book_row(number: int = 1, **changes: str) -> list[str]:
    values = dict.fromkeys(BOOK, "") | {
        "memberNumber": f"H{number:08d}",
        "writingAgentNPN": "4477123",
        "writingAgentName": "Sam Quill",
        "agentOfRecordNPN": "9988776",
        "memberFirstName": f"Ann{number}",
        "memberLastName": "Quill",
        "dateOfBirth": "04/09/1951",
        "planName": "Harborlight Plus",
        "contract": "H0001",
        "pbp": "007",
        "policyStatus": "Active",
        "policyEffectiveDate": "01/01/2026",
    }
    return list((values | changes).values())


def csv_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n\r') else text

    return "".join(",".join(map(cell, row)) + "\r\n" for row in [header, *rows])


def book(*rows: Sequence[str]) -> str:
    return csv_text(BOOK, rows or [book_row()])


def workbook(path: Path, rows: Sequence[Sequence[Any]], start: int = 0) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as made:
        sheet = made.add_worksheet()
        for at, row in enumerate(rows, start=start):
            for column, value in enumerate(row):
                if value != "":
                    sheet.write(at, column, value)


class Inbox:
    """A drop folder; what is dropped in it is read as of TODAY."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def drop(self, carrier: str, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.root / carrier / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def source(self, past: Sequence[PastFile] = (), carrier: str = "harborlight", **settings: Any) -> CarriersSource:
        return CarriersSource(DropFolder(self.root), {carrier: past}, today=TODAY, **{"settle_seconds": 0, **settings})

    def log(self, past: Sequence[PastFile] = (), **settings: Any) -> list[LogLine]:
        with self.source(past, **settings) as source:
            return source.log()

    def code(self, past: Sequence[PastFile] = (), **settings: Any) -> str:
        """What became of the one file there is: a code, "held CODE", or "taken"."""
        (line,) = self.log(past, **settings)
        return " ".join(["held", *(hold.code for hold in line.holds)]) if line.holds else line.code or line.outcome

    def rows(self, entity: str, **settings: Any) -> list[dict[str, str]]:
        with self.source(**settings) as source:
            return [row for page in source.pages(entity) for row in page.rows]


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    (tmp_path / "drop" / "harborlight").mkdir(parents=True)
    return Inbox(tmp_path / "drop")


Drop = Callable[..., None]
