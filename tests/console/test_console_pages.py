"""What the pages show of three real nights: a delivery with rejected records, a change, and one that is held."""

from __future__ import annotations

import io
import re

import pytest
from python_calamine import CalamineWorkbook

from console.rooms import INTEGRATION, SignIn
from crosswalk.core.model import RunKey
from world import World

pytestmark = pytest.mark.usefixtures("nights")
RUN = f"/crosswalk/runs/{INTEGRATION}/summit"


def text_of(page: str) -> str:
    """What a person reads: no tags, one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def show(sign_in: SignIn, path: str, role: str = "viewer") -> str:
    answer = sign_in(role).get(path)
    assert answer.status_code == 200, answer.text
    return text_of(answer.text)


@pytest.mark.requirement("CARD-7")
def test_the_overview_puts_first_what_needs_a_person(sign_in: SignIn) -> None:
    page = show(sign_in, "/crosswalk/")
    assert page.index("summit") < page.index("harbor")
    assert "1 need a person now" in page
    assert re.search(r"summit smartoffice_to_fmg, daily held", page)
    assert "no run yet" in page


@pytest.mark.parametrize(
    ("asked", "summit", "harbor"),
    [
        ("status=held", 1, 0),
        ("status=none", 0, 1),
        ("status=waits", 1, 0),
        ("status=success", 0, 0),
        ("q=ARB", 0, 1),
        ("integration=none", 0, 0),
    ],
)
def test_the_overview_is_narrowed(sign_in: SignIn, asked: str, summit: int, harbor: int) -> None:
    table = sign_in("viewer").get(f"/crosswalk/?{asked}").text.partition("<tbody>")[2]
    assert ("summit" in table, "harbor" in table) == (summit, harbor)


def test_a_dag_shows_its_own_accounts(sign_in: SignIn) -> None:
    assert "summit" in show(sign_in, "/crosswalk/dags/fmg_daily_sync")
    assert "summit" in show(sign_in, "/crosswalk/dags/fmg_undo")
    assert "No accounts belong to this DAG" in show(sign_in, "/crosswalk/dags/other")


@pytest.mark.requirement("CARD-7", "SAFE-6")
def test_a_run_shows_what_was_checked_planned_and_done(sign_in: SignIn, nights: World) -> None:
    page = show(sign_in, f"{RUN}/1")
    assert "Delivered, some records rejected" in page
    assert "adds up" in page
    assert "does not add up" not in page
    assert "NAME_MISSING" in page
    assert f"{len(nights.source_groups()):,} of 1,000" in page
    for step in ("extract", "validate", "transform", "load"):
        assert re.search(rf"{step} \d+\.\d s", page), step


@pytest.mark.requirement("CARD-7")
def test_the_rules_are_compared_with_the_runs_before(sign_in: SignIn) -> None:
    row = re.search(r"NAME_MISSING.*?</tr>", sign_in("viewer").get(f"{RUN}/3").text, re.DOTALL)
    assert row
    numbers = re.findall(r'class="number[^"]*">([^<]*)', row.group())
    assert numbers[2:] == ["3", "3, 3"]


@pytest.mark.requirement("CARD-7", "SAFE-9")
def test_the_plan_shows_masked_values_before_and_after(sign_in: SignIn, nights: World) -> None:
    rows = nights.zone.report_folder(RunKey(INTEGRATION, "summit", 2)).read_frame("plan")
    changed = rows.loc[rows["outcome"] == "update", "source_id"]
    assert len(changed) == 1
    page = show(sign_in, f"{RUN}/2?outcome=update")
    assert changed.iloc[0] in page
    assert re.search(r"first_name \w?\*\*\* → C\*\*\*", page)
    assert "1 to 1 of 1" in page
    assert "Changed " not in page.partition("record by record")[2].partition("Durations")[0].replace("Changed in", "")


@pytest.mark.parametrize(
    ("asked", "shown", "found"),
    [("outcome=delete", "removed", 20), ("q=Contact.7.9000", "rejected", 3), ("reason=left_source", "removed", 20)],
)
def test_the_plan_is_narrowed(sign_in: SignIn, asked: str, shown: str, found: int) -> None:
    page = show(sign_in, f"{RUN}/3?{asked}")
    assert f"1 to {found} of {found}" in page
    assert shown in page


def test_a_plan_has_pages(sign_in: SignIn) -> None:
    first, second, beyond = (sign_in("viewer").get(f"{RUN}/1?page={number}").text for number in (1, 2, 99))
    assert 'rel="next"' in first
    assert 'rel="next"' not in second
    ids = [set(re.findall(r'record\?[^"]*id=([^"&]+)', page)) for page in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert "page 2 of 2" in beyond


def test_a_held_run_leads_to_its_question(sign_in: SignIn) -> None:
    approvals = show(sign_in, "/crosswalk/approvals")
    assert "MASS_DELETE" in approvals
    assert "1 to 1 of 1" in approvals
    assert "MASS_DELETE" in show(sign_in, f"{RUN}/3")


@pytest.mark.requirement("SAFE-10")
def test_rejected_records_are_counted_and_listed(sign_in: SignIn) -> None:
    page = show(sign_in, f"/crosswalk/rejected/{INTEGRATION}/summit")
    assert re.search(r"3 NAME_MISSING", page)
    assert "Contact.7.90001" in page
    assert "3 runs" in page
    assert "1 to 1 of 1" in show(sign_in, f"/crosswalk/rejected/{INTEGRATION}/summit?code=NAME_MISSING&q=90002")
    assert "No record fits" in show(sign_in, f"/crosswalk/rejected/{INTEGRATION}/summit?code=OTHER")
    assert "Nothing is rejected" in show(sign_in, f"/crosswalk/rejected/{INTEGRATION}/harbor")


@pytest.mark.requirement("CARD-7", "SAFE-10")
def test_rejected_records_are_downloaded(sign_in: SignIn, nights: World) -> None:
    path = f"/crosswalk/rejected/{INTEGRATION}/summit/rejected"
    known = {row.source_id for row in nights.store.rejected.open(INTEGRATION, "summit")}
    table = sign_in("viewer").get(f"{path}.csv")
    assert table.headers["content-disposition"] == f'attachment; filename="{INTEGRATION}-summit-rejected.csv"'
    assert all(f'"{one}"' in table.text for one in known)
    book = CalamineWorkbook.from_filelike(io.BytesIO(sign_in("viewer").get(f"{path}.xlsx?q=90003").content))
    rows = book.get_sheet_by_name("rejected").to_python()
    assert rows[0][:4] == ["entity", "source_id", "code", "field"]
    assert [row[1] for row in rows[1:]] == ["Contact.7.90003"]


@pytest.mark.requirement("SAFE-10")
def test_a_record_tells_its_fate(sign_in: SignIn, nights: World) -> None:
    known = nights.zone.report_folder(RunKey(INTEGRATION, "summit", 2)).read_frame("plan").query("outcome == 'update'")["source_id"].iloc[0]
    page = show(sign_in, f"/crosswalk/record?integration={INTEGRATION}&account=summit&id={known}")
    assert [page.index(word) for word in (" changed ", " new ")] == sorted(page.index(word) for word in (" changed ", " new "))
    assert "the target holds it as" in page
    assert "C***" in page
    page = show(sign_in, f"/crosswalk/record?integration={INTEGRATION}&account=summit&id=Contact.7.90001")
    assert "rejected now" in page
    assert "acknowledged nothing" in page
    page = show(sign_in, f"/crosswalk/record?integration={INTEGRATION}&account=summit&id=Contact.7.1x")
    assert "No plan of the last 30 runs knows this record" in page


@pytest.mark.requirement("SAFE-9")
def test_no_page_shows_a_person(sign_in: SignIn, nights: World) -> None:
    people = [
        one
        for contact in nights.source_contacts()
        for name, one in contact.items()
        if name in ("LastName", "PreferredEmail.Address") and len(one) > 4
    ]
    assert len(people) > 30
    pages = ["/", "/approvals", *(f"/runs/{INTEGRATION}/summit/{run}?page={page}" for run in (1, 2, 3) for page in (1, 2))]
    pages += [f"/rejected/{INTEGRATION}/summit", f"/rejected/{INTEGRATION}/summit/rejected.csv"]
    for path in pages:
        shown = sign_in("viewer").get(f"/crosswalk{path}").text
        assert [one for one in people if one in shown] == [], path
