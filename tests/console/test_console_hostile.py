"""Hostile text wherever text of others can stand: shown as text on every page, inert in every download."""

from __future__ import annotations

import csv
import io
import zipfile
from html.parser import HTMLParser

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from console.flex_review import land
from console.hostile import HOSTILE
from console.rooms import INTEGRATION, Rooms, SignIn, begin
from crosswalk.core.model import Hold, Rejection, RunKey, RunStatus
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Kind, Wish
from crosswalk.reports.plan_search import CHANGE_COLUMNS
from crosswalk.reports.publish import publish
from crosswalk.reports.run_report import Change, Deletion, Failure, Limit, RejectedRecord, Report, Sample, Sum, TargetOnly
from crosswalk.reports.spreadsheets import PLAN_COLUMNS, formula_safe
from crosswalk.reports.wording import shown
from crosswalk.store.column_types import clean
from crosswalk.validation.outcomes import RuleResult

TAGS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "script",
        "link",
        "body",
        "a",
        "header",
        "nav",
        "ul",
        "li",
        "main",
        "h1",
        "h2",
        "h3",
        "p",
        "b",
        "div",
        "span",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "bdi",
        "form",
        "label",
        "select",
        "option",
        "input",
        "button",
        "section",
        "strong",
        "dl",
        "dt",
        "dd",
        "article",
        "svg",
        "rect",
        "datalist",
        "meter",
        "kbd",
        "details",
        "summary",
        "ol",
        "fieldset",
        "legend",
    ]
)
"""Every element the console's templates use."""


class Page(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, its text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def fill(rooms: Rooms) -> RunKey:
    """A held run whose every text is hostile, and its rejected records."""
    key = begin(rooms.store, run_id=HOSTILE[0])
    rejections = [Rejection(one, one, f"CODE_{place}", one, one, one, one) for place, one in enumerate(HOSTILE)]
    rooms.store.rejected.record(key, "contact", rejections, {one.source_id for one in rejections})
    holds = [{"code": one, "found": one, "limit": one} for one in HOSTILE]
    rooms.store.runs.update(
        key, status=RunStatus.HELD, holds=holds, plan_hash="p", error_code="E", error_text=" ".join(HOSTILE), decided_by=HOSTILE[1]
    )
    texts = [clean(one) for one in HOSTILE]
    plan = pd.DataFrame([(one, one, one, "update", one, one) for one in texts], columns=list(PLAN_COLUMNS), dtype="str")
    changes = pd.DataFrame([(one, one, one, one, one, one, "") for one in texts], columns=CHANGE_COLUMNS, dtype="str")
    publish(rooms.zone.report_folder(key), _report(key), plan, changes)
    return key


def _report(key: RunKey) -> Report:
    return Report(
        key,
        source=HOSTILE[0],
        target=HOSTILE[3],
        scope=HOSTILE,
        limits=[Limit(one, 1, 2) for one in HOSTILE],
        sums=[Sum(one, "source", 1, {one: 1}) for one in HOSTILE],
        rules=[RuleResult(one, one, one, one, "warning", one, 1, 1, "failed", one) for one in HOSTILE],
        rejected=[RejectedRecord(one, one, one, one, one, one, one) for one in HOSTILE],
        plan={one: {"create": 1} for one in HOSTILE},
        samples=[Sample(one, "update", one, one, one, (Change(one, one, one),)) for one in HOSTILE],
        deletes=[Deletion(one, one, one, one) for one in HOSTILE],
        holds=[Hold(one, one, one) for one in HOSTILE],
        target_only=[TargetOnly(one, 1) for one in HOSTILE],
        notes=list(HOSTILE),
        error=Failure("E", " ".join(HOSTILE)),
    )


def test_there_are_forty() -> None:
    assert len(set(HOSTILE)) == 40


@pytest.mark.requirement("SAFE-9", "CARD-7")
@pytest.mark.parametrize("role", ["viewer", "user"])
def test_every_page_shows_hostile_text_as_text(rooms: Rooms, sign_in: SignIn, role: str) -> None:
    key = fill(rooms)
    client, seen = sign_in(role), ""
    paths = [f"runs/{INTEGRATION}/summit/{key.snapshot}", f"rejected/{INTEGRATION}/summit", "approvals", ""]
    for path in paths:
        answer = client.get(f"/crosswalk/{path}")
        page = Page(answer.text)
        assert page.tags <= TAGS, path
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("style", "autofocus")]
        assert all((value or "").startswith(("/", "#", "?")) for name, value in page.attributes if name in ("href", "src", "action")), path
        seen += " ".join(page.text)
    for one in map(clean, HOSTILE):
        assert str(shown(one)) in seen, one


@pytest.mark.requirement("SAFE-9", "FLEX-04")
def test_the_review_shows_hostile_records_as_text(rooms: Rooms, sign_in: SignIn) -> None:
    people = [{"source_id": f"{place}", "first_name": one, "phone": "+12025550101"} for place, one in enumerate(map(clean, HOSTILE))]
    people += [{"source_id": one, "first_name": "x"} for one in map(clean, HOSTILE)]
    held = [{"target_id": one, "first_name": one, "last_name": one, "phone": "+12025550101"} for one in map(clean, HOSTILE)]
    key, client, seen = land(rooms, people, held), sign_in("user"), ""
    wishes = [Wish("contact", one, Kind.IMPORT, "", one) for one in map(clean, HOSTILE)]
    DecisionLog(rooms.store.engine).decide_each(key.integration, key.account, wishes, HOSTILE[0])
    root = f"/crosswalk/review/{key.integration}/summit/contact"
    records = [(f"{root}/record", {"id": "0"}), *((f"{root}/record", {"id": one}) for one in map(clean, HOSTILE[:5]))]
    for path, asked in [*((root, {"tab": tab, "size": 500}) for tab in ("match", "import")), *records, (f"{root}/history", {})]:
        answer = client.get(path, params=asked)
        assert answer.status_code == 200, (path, asked)
        page = Page(answer.text)
        assert page.tags <= TAGS, path
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("style", "autofocus")]
        links = [value or "" for name, value in page.attributes if name in ("href", "src", "action")]
        assert all(one.startswith(("/", "#", "?", "https://demo.flex.example/contact/")) for one in links), path
        seen += " ".join(page.text)
    for one in map(clean, HOSTILE):
        assert " ".join(str(shown(one)).split()) in " ".join(seen.split()), one


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_question_is_answered_with_text(rooms: Rooms, sign_in: SignIn, text: str) -> None:
    client = sign_in("viewer")
    for path, asked in (
        ("", {"q": text[:100], "status": text[:100], "sort": text[:100]}),
        ("record", {"integration": INTEGRATION, "account": "summit", "id": text[:200]}),
        (f"rejected/{INTEGRATION}/summit", {"q": text[:200], "code": text[:200], "started": text[:200]}),
    ):
        answer = client.get(f"/crosswalk/{path}", params=asked)
        assert answer.status_code == 200, path
        page = Page(answer.text)
        assert page.tags <= TAGS
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("style", "autofocus")]


@pytest.mark.requirement("CARD-7")
def test_downloads_are_inert(rooms: Rooms, sign_in: SignIn) -> None:
    fill(rooms)
    client, path = sign_in("viewer"), f"/crosswalk/rejected/{INTEGRATION}/summit/rejected"
    cells = [cell for row in csv.reader(io.StringIO(client.get(f"{path}.csv").content.decode(), newline="")) for cell in row]
    workbook = client.get(f"{path}.xlsx").content
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_name("rejected").to_python()
    assert [row[1] for row in sheet[1:]]
    for one in [*cells, *(cell for row in sheet for cell in row)]:
        assert isinstance(one, str)
        assert formula_safe(one) == one or formula_safe(one).replace("'", "") == one.replace("'", "")
        assert not one.lstrip(" \t\r\n\u200b").startswith(("=", "+", "@", "＝"))
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        assert not [name for name in parts.namelist() if "vba" in name or "external" in name.lower()]
        content = b"".join(parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets"))
    assert b"<f>" not in content
    assert b"<hyperlink" not in content
