"""The CSV files: complete, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from crosswalk.reports.run_report import Report
from crosswalk.reports.spreadsheets import formula_safe, plan_csv, rejected_csv

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example","x")',
    '=IMPORTXML("http://evil.example","//a")',
    '=DDE("cmd";"/C calc";"x")',
    '=WEBSERVICE("http://evil.example")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "+15550104477",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\x00=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    "x;=1+1",
    "x\n=1+1",
    "x\r\n\t@SUM(1)",
    "\tx",
    "\rx",
    "{=1+1}",
]
HARMLESS = [
    "Contact.7.1201",
    "q***@e***.test",
    "***77",
    "****-**-**",
    "a-b",
    "1+1",
    "O'Brien",
    "",
    "x=1",
    "the record has no id (record 2 as read)",
]


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("payload", FORMULAS, ids=ascii)
def test_no_cell_begins_a_formula(make_report: Callable[..., Report], payload: str) -> None:
    content = rejected_csv(make_report(payload, rejections=1))
    row = dict(zip(*cells(content), strict=True))
    for name in ("source_id", "field", "reason", "fix", "masked"):
        for part in row[name].replace(";", "\n").splitlines():
            begin = part.strip(" \t\r\u00a0\u200b\ufeff\x00")[:1]
            assert not begin or begin not in "=+-@＝＋－＠"
        assert row[name].replace("'", "") == payload.replace("'", "")


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert formula_safe(text) == text


def test_it_holds_every_rejected_record(make_report: Callable[..., Report]) -> None:
    rows = cells(rejected_csv(make_report(rejections=1234)))
    assert rows[0] == ["entity", "source_id", "code", "field", "reason", "fix", "masked", "first_seen", "attempts"]
    assert len(rows) == 1235
    assert {len(row) for row in rows} == {9}


def test_cells_with_separators_stay_one_cell(make_report: Callable[..., Report]) -> None:
    report = make_report(rejections=1)
    report.rejected = [replace(report.rejected[0], reason='a,"b"\nc', masked="\ud800x")]
    _, row = cells(rejected_csv(report))
    assert (row[4], row[6]) == ('a,"b"\nc', "?x")


def test_the_plan_by_ids_without_its_hashes() -> None:
    plan = pd.DataFrame(
        [["contact", "Contact.7.1", "", "create", "new", "", "ab12"], ["contact", "=1", "c-9", "update", "drift", "email zip", "cd34"]],
        columns=["entity", "source_id", "target_id", "outcome", "reason", "changed", "payload_hash"],
        dtype="str",
    )
    assert cells(plan_csv(plan)) == [
        ["entity", "source_id", "target_id", "outcome", "reason", "changed"],
        ["contact", "Contact.7.1", "", "create", "new", ""],
        ["contact", "'=1", "c-9", "update", "drift", "email zip"],
    ]
