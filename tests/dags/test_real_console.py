"""The console in a real browser inside a real Airflow: an analyst, on-call and nobody. One stack and one browser for the whole file."""

from __future__ import annotations

# isort: off
import console.airflow_server  # noqa: F401 - first

# isort: on
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

from console.test_console_access import ROUTES
from console.test_console_hostile import fill
from crosswalk.core.model import RunStatus
from crosswalk.landing.zone import LandingZone
from crosswalk.local.environment import passwords
from crosswalk.local.scenarios.fmg import Office
from dags.night import DAG, INTEGRATION, Night, real_airflow

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

OFFICES = (Office("alder", 1, 60, 6, 0, "delivered"), Office("birch", 2, 40, 4, 5, "held"))
NAMELESS = "Contact.1.90001"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
FITTING = ["/", "/approvals", f"/rejected/{INTEGRATION}/alder", f"/record?integration={INTEGRATION}&account=alder&id={NAMELESS}"]
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with real_airflow(tmp_path_factory.mktemp("console"), OFFICES) as night:
        for number in (1, 2):
            person = {"id": f"Contact.1.9000{number}", "FirstName": "Nolan", "LastName": "", "TagGroups": []}
            night.control("POST", "/smartoffice/offices/ALDER/contacts", **person)
        night.api.wait_for_dag(DAG)
        night.api.unpause(DAG)
        night.wait(lambda: bool(night.api.runs(DAG)))
        night.run_id = night.api.runs(DAG)[0]["dag_run_id"]
        for office in OFFICES:
            night.settle(office.account)
        yield night


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sessions(night: Night, browser: Browser) -> dict[str, Any]:
    """Users signed in through Airflow's own page, once each."""
    states = {}
    for user in ("analyst", "oncall"):
        page = browser.new_page()
        page.goto(f"{night.stack.url}/")
        _log_in(page, night, user)
        page.wait_for_url(re.compile(r"/(\?.*)?$"))
        states[user] = page.context.storage_state()
        page.close()
    return states


@pytest.fixture
def visit(night: Night, browser: Browser, sessions: dict[str, Any]) -> Iterator[Open]:
    """Open an address as a user. At the end: no script failed, nothing was refused by the policy, nothing was asked of another machine."""
    contexts, wrong = [], []

    def visit(user: str, path: str, width: int = 1280, theme: str = "light") -> Page:
        context = browser.new_context(storage_state=sessions.get(user), viewport={"width": width, "height": 900}, accept_downloads=True)
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and "/crosswalk/" in str(said.location) else None)
        page.on("request", lambda asked: None if asked.url.startswith((night.stack.url, "data:", "blob:")) else wrong.append(asked.url))
        page.goto(f"{night.stack.url}{path}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


def _log_in(page: Page, night: Night, user: str) -> None:
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", passwords(night.place)[user])
    page.click("button[type=submit]")


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


@pytest.mark.requirement("CARD-7")
def test_an_analyst_goes_from_the_navigation_to_a_run(night: Night, visit: Open) -> None:
    page = visit("analyst", "/")
    page.get_by_role("link", name="Crosswalk").click()
    inside = frame(page)
    expect(inside.get_by_role("row", name=re.compile("birch.*held", re.DOTALL))).to_be_visible()
    inside.get_by_role("searchbox", name="Account").fill("ald")
    inside.get_by_role("button", name="Show").click()
    expect(inside.get_by_role("row", name=re.compile("birch"))).to_have_count(0)
    inside.get_by_role("rowheader", name=re.compile("alder")).get_by_role("link").click()
    expect(inside.get_by_role("heading", name="alder")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/plugin/crosswalk/crosswalk/runs/{INTEGRATION}/alder/\d+$"))
    page.reload()
    expect(frame(page).get_by_role("heading", name="Rules")).to_be_visible()


def test_a_plan_is_narrowed_and_turned_over(night: Night, visit: Open) -> None:
    page = visit("analyst", f"/crosswalk/runs/{INTEGRATION}/alder/{night.row('alder').key.snapshot}")
    expect(page.get_by_text("page 1 of 2")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("page 2 of 2")).to_be_visible()
    page.get_by_label("Outcome").select_option("rejected")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row", name=re.compile(NAMELESS))).to_be_visible()
    page.get_by_role("link", name=NAMELESS).click()
    expect(page.get_by_role("heading", name=f"Record {NAMELESS}")).to_be_visible()
    expect(page.get_by_text("rejected now")).to_be_visible()


@pytest.mark.requirement("CARD-7", "CARD-8")
@pytest.mark.parametrize(("account", "step"), [("alder", "load"), ("birch", "transform"), ("birch", "approve")])
def test_a_task_leads_to_exactly_its_run(night: Night, visit: Open, account: str, step: str) -> None:
    page = visit("analyst", night.link(account, step))
    expect(page.get_by_role("heading", name=account)).to_be_visible()
    expect(page.get_by_text(f"snapshot {night.row(account).key.snapshot}")).to_be_visible()
    page.get_by_role("link", name="Open in Airflow").click()
    expect(frame(page).get_by_role("heading", name=account)).to_be_visible()


def test_a_dag_has_a_tab_with_its_accounts(night: Night, visit: Open) -> None:
    page = visit("analyst", f"/dags/{DAG}")
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(frame(page).get_by_role("row", name=re.compile("alder"))).to_be_visible()


@pytest.mark.requirement("CARD-7")
def test_an_analyst_downloads_and_cannot_act(night: Night, visit: Open, tmp_path: Path) -> None:
    page = visit("analyst", f"/plugin/crosswalk/crosswalk/rejected/{INTEGRATION}/alder")
    for name, start in (("Download CSV", b'"entity"'), ("Download XLSX", b"PK")):
        with page.expect_download() as download:
            frame(page).get_by_role("link", name=name).click()
        download.value.save_as(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    assert NAMELESS in (tmp_path / "Download CSV").read_text()
    expect(frame(page).get_by_role("button", name=re.compile("Retry"))).to_have_count(0)
    refused = page.request.post(f"{night.stack.url}/crosswalk/rejected/{INTEGRATION}/alder/retry", form={"all": "1"})
    assert refused.status == 403


@pytest.mark.requirement("SAFE-9")
def test_nobody_is_led_to_the_login_and_back(night: Night, visit: Open) -> None:
    path = f"/crosswalk/rejected/{INTEGRATION}/alder"
    page = visit("nobody", f"{path}?q=9000")
    expect(page).to_have_url(re.compile("/auth/login"))
    _log_in(page, night, "analyst")
    page.wait_for_url(f"**{path}?q=9000")
    expect(page.get_by_role("heading", name="Rejected records of alder")).to_be_visible()


@pytest.mark.requirement("SAFE-9")
def test_no_route_answers_without_a_login(night: Night) -> None:
    for method, path, route in ROUTES:
        answer = requests.request(method, f"{night.stack.url}{path}", allow_redirects=False, timeout=60)
        assert answer.status_code == (303 if method == "GET" and route.response_class is HTMLResponse else 401), path


@pytest.mark.requirement("CARD-8", "SAFE-3")
def test_on_call_finds_the_question_of_a_held_run(night: Night, visit: Open) -> None:
    page = visit("oncall", "/plugin/crosswalk")
    frame(page).get_by_role("link", name="Approvals").click()
    frame(page).get_by_role("link", name="Answer in Airflow").first.click()
    expect(page).to_have_url(re.compile(rf"/dags/{DAG}/runs/.*/tasks/account.approve/mapped/1/required_actions"))
    expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_a_run_leads_to_its_run_and_tasks_in_airflow(night: Night, visit: Open) -> None:
    where = f"/plugin/crosswalk/crosswalk/runs/{INTEGRATION}/alder/{night.row('alder').key.snapshot}"
    for name, path in (("Run in Airflow", f"/dags/{DAG}/runs/"), ("task validate", "/tasks/account.validate/mapped/0")):
        page = visit("analyst", where)
        frame(page).get_by_role("link", name=name).click()
        expect(page).to_have_url(re.compile(re.escape(path)))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_follow_airflows_theme(night: Night, visit: Open, theme: str) -> None:
    page = visit("analyst", "/plugin/crosswalk", theme=theme)
    expect(frame(page).get_by_role("row", name=re.compile("alder"))).to_be_visible()
    shade = "element => getComputedStyle(element).color.match(/[\\d.]+/)[0]"
    lightness = [float(one.evaluate(shade)) for one in (page.locator("body"), frame(page).locator("body"))]
    assert abs(lightness[0] - lightness[1]) < 0.1
    assert frame(page).locator("html").get_attribute("data-theme") == theme
    assert page.evaluate("document.documentElement.className") == theme


@pytest.mark.parametrize(
    "path", ["/", "/approvals", f"/rejected/{INTEGRATION}/alder", f"/record?integration={INTEGRATION}&account=alder&id={NAMELESS}"]
)
@pytest.mark.parametrize("width", [768, 1280])
def test_a_page_fits_its_window_and_the_keyboard(night: Night, visit: Open, path: str, width: int) -> None:
    page = visit("analyst", f"/crosswalk{path}", width=width)
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.requirement("CARD-8", "SAFE-10")
def test_on_call_retries_a_corrected_record(night: Night, visit: Open) -> None:
    night.change("alder", NAMELESS, LastName="Nash")
    page = visit("oncall", f"/plugin/crosswalk/crosswalk/rejected/{INTEGRATION}/alder")
    frame(page).get_by_label(f"Tick {NAMELESS}").check()
    frame(page).get_by_role("button", name="Retry those ticked").click()
    expect(frame(page).get_by_text("A run was started")).to_be_visible()
    begun = night.api.runs(DAG)[0]
    assert begun["triggering_user_name"] == "oncall"
    run = night.run_of(["alder"], begun["dag_run_id"])
    run.settle("alder")
    assert night.held("alder")[NAMELESS]["last_name"] == "Nash"
    assert "Contact.1.90002" not in night.held("alder")
    assert night.row("alder").status in (RunStatus.SUCCESS, RunStatus.PARTIAL)
    page.reload()
    expect(frame(page).get_by_role("row", name=re.compile("Contact.1.90002"))).to_be_visible()
    expect(frame(page).get_by_label(f"Tick {NAMELESS}")).to_have_count(0)


@pytest.mark.requirement("SAFE-9", "CARD-7")
def test_hostile_text_runs_nothing(night: Night, visit: Open) -> None:
    """Last of the file: it fills the store with what nobody would read. `visit` asserts that no script ran and no policy was broken."""

    class Places:
        store, zone = night.store, LandingZone.open(str(night.place.landing))

    key = fill(Places())  # type: ignore[arg-type]
    for path in (f"/runs/{INTEGRATION}/summit/{key.snapshot}", f"/rejected/{INTEGRATION}/summit", "/approvals", "/"):
        page = visit("oncall", f"/plugin/crosswalk/crosswalk{path}")
        expect(frame(page).locator("h1")).to_be_visible()
    expect(frame(page).get_by_role("rowheader", name=re.compile("summit"))).to_be_visible()
