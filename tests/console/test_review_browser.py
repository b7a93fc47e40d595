"""The review by keyboard in a real browser: no mouse is touched. Airflow's API server runs in this process, alone."""

from __future__ import annotations

from crosswalk.features.linking.decision_log import DecisionLog

# isort: off
from console.airflow_server import FastAPI, SimpleAuthManagerUser

# isort: on
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from console.flex_review import INTEGRATION, crowd, land
from console.rooms import Rooms
from crosswalk.local.environment import free_port

QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
ROOT = f"/crosswalk/review/{INTEGRATION}/summit"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def address(airflow: FastAPI) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(airflow, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit(address: str, airflow: FastAPI, browser: Browser, rooms: Rooms) -> Iterator[Open]:
    """Open a review page as a user. At the end: no script failed, no policy was broken, nothing was asked of another machine."""
    contexts, wrong = [], []

    def visit(path: str, name: str = "ana", width: int = 1280) -> Page:
        token = airflow.state.auth_manager.generate_jwt(SimpleAuthManagerUser(username=name, role="user"))
        context = browser.new_context(viewport={"width": width, "height": 900})
        context.add_cookies([{"name": "_token", "value": token, "url": address}])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and "409" not in said.text else None)
        page.on("request", lambda asked: None if asked.url.startswith(address) else wrong.append(asked.url))
        page.goto(f"{address}{ROOT}{path}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


def press(page: Page, *keys: str) -> None:
    """Press keys of which the last one leads to another page."""
    for key in keys[:-1]:
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press(keys[-1])


def decided(rooms: Rooms, entity: str = "contact") -> list[tuple[str, str, str]]:
    history = DecisionLog(rooms.store.engine).history(INTEGRATION, "summit", entity)
    return [(one.source_id, one.kind.value, one.target_id) for one in history]


@pytest.mark.requirement("FLEX-02", "FLEX-04", "FLEX-06", "FLEX-07", "FLEX-09")
def test_a_reviewer_goes_through_the_contacts_without_a_mouse(rooms: Rooms, visit: Open) -> None:
    land(rooms)
    page = visit("/contact")
    expect(page.get_by_role("link", name="Ana Ruiz", exact=True)).to_be_focused()
    press(page, "j", "k", "Enter")
    first = page.get_by_role("radio", name="Ana Ruiz")
    expect(first).to_be_checked()
    expect(first).to_be_focused()
    press(page, "j", "n")  # Ann Rush is not Ana Ruiz
    expect(page.get_by_role("radio", name="Ann Rush")).to_have_count(0)
    press(page, "l")
    expect(page.get_by_role("heading", name="Bo Chen")).to_be_visible()
    expect(page.get_by_text("same phone, shared by 2 pairs")).to_have_count(2)
    press(page, "u")
    expect(page.get_by_role("heading", name="Ana Ruiz")).to_be_visible()
    press(page, "l")
    press(page, "s")
    expect(page.get_by_text("1 decision taken")).to_be_visible()
    pair = [("501", "not_a_match", "f-2"), ("501", "link", "f-1"), ("501", "undone", "f-1"), ("501", "link", "f-1")]
    assert decided(rooms) == [*pair, ("502", "skip", "")]
    page = visit("/contact?tab=linked")
    expect(page.get_by_role("link", name="Ana Ruiz").nth(1)).to_have_attribute("href", "https://demo.flex.example/contact/f-1")


@pytest.mark.requirement("FLEX-03", "FLEX-04", "FLEX-05", "FLEX-08")
def test_a_new_contact_is_searched_for_then_imported_and_so_is_its_company(rooms: Rooms, visit: Open) -> None:
    land(rooms)
    page = visit("/contact?tab=new")
    press(page, "Enter")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name=re.compile("Search Flex"))).to_be_focused()
    page.keyboard.type("quill")
    press(page, "Enter")
    expect(page.get_by_role("radio", name="Ivy Quill")).to_be_checked()
    press(page, "c")
    expect(page.get_by_role("heading", name="Lantern Hire")).to_be_visible()
    page.keyboard.press("i")
    assert decided(rooms, "company") == []
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Cy Dole")).to_be_visible()
    page.keyboard.press("i")
    press(page, "i")
    assert decided(rooms, "company") == [("9002", "import", "")]
    assert decided(rooms) == [("503", "import", "")]


@pytest.mark.requirement("FLEX-05")
@pytest.mark.parametrize("number", [19, 20, 21, 500])
def test_many_are_imported_by_three_keys(rooms: Rooms, visit: Open, number: int) -> None:
    people, _ = crowd(number, matched=False)
    land(rooms, people, [], [], [])
    page = visit("/contact?tab=new&size=500")
    page.keyboard.press("a")
    expect(page.get_by_role("checkbox", name="Tick Pat000 Vale")).to_be_checked()
    press(page, "i")
    expect(page.get_by_role("list", name="Records to import").get_by_role("listitem")).to_have_count(min(number, 20))
    expect(page.get_by_text(f"All {number} are imported")).to_have_count(1 if number > 20 else 0)
    expect(page.get_by_role("button", name=f"Import {number} contacts")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_text(f"{number} decisions taken")).to_be_visible()
    assert len(decided(rooms)) == number


@pytest.mark.requirement("FLEX-06")
def test_a_hundred_pairs_of_five_hundred_are_linked_by_a_key_each(rooms: Rooms, visit: Open) -> None:
    people, held = crowd(500, matched=True)
    land(rooms, people, held, [], [])
    page = visit("/contact?tab=match&size=500")
    page.keyboard.press("a")
    press(page, "l")
    expect(page.get_by_text("499 to come")).to_be_visible()
    for number in range(100):
        press(page, "s" if number == 50 else "l")
    expect(page.get_by_text("399 to come")).to_be_visible()
    kinds = ["link"] * 50 + ["skip"] + ["link"] * 49
    assert [(one, kind) for one, kind, _ in decided(rooms)] == [
        (record["source_id"], kind) for record, kind in zip(people[:100], kinds, strict=True)
    ]


@pytest.mark.requirement("FLEX-06")
def test_two_reviewers_at_one_record(rooms: Rooms, visit: Open) -> None:
    land(rooms)
    hers, his = visit("/contact/record?id=501"), visit("/contact/record?id=501", name="bo")
    press(hers, "l")
    press(his, "s")
    expect(his.get_by_role("alert")).to_contain_text("Nothing was changed. contact 501: ana linked it")
    assert decided(rooms) == [("501", "link", "f-1")]


@pytest.mark.parametrize("width", [768, 1280])
def test_a_page_fits_its_window_shows_its_keys_and_names_its_controls(rooms: Rooms, visit: Open, width: int) -> None:
    land(rooms)
    for path in ("/contact", "/contact/record?id=501&tab=match", "/contact/history", "/company"):
        page = visit(path, width=width)
        assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth"), path
        page.keyboard.press("?")
        expect(page.get_by_role("definition").first).to_be_visible()
        unnamed = "[...document.querySelectorAll('input:not([type=hidden]), select, button')].filter(one => !one.labels?.length"
        assert page.evaluate(f"{unnamed} && !one.ariaLabel && !one.textContent.trim()).length") == 0, path
