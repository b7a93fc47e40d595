"""Take the pictures of docs/img from the running build: `python docs/screenshots.py`. Chromium has to be installed.

They show the made-up world of benchmarks/console_world.py inside Airflow's own UI.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import requests
from playwright.sync_api import Browser, sync_playwright

from crosswalk.local.environment import free_port

ROOT = Path(__file__).parents[1]
RUN = "smartoffice_to_fmg/summit"
PAGES = {
    "overview": ("/plugin/crosswalk", 1280, "light"),
    "overview-dark": ("/plugin/crosswalk", 1280, "dark"),
    "overview-768": ("/plugin/crosswalk", 768, "light"),
    "run": (f"/plugin/crosswalk/crosswalk/runs/{RUN}/30", 1280, "light"),
    "run-plan": (f"/plugin/crosswalk/crosswalk/runs/{RUN}/30?outcome=update#plan", 1280, "light"),
    "rejected": (f"/plugin/crosswalk/crosswalk/rejected/{RUN}", 1280, "light"),
    "record": ("/plugin/crosswalk/crosswalk/record?integration=smartoffice_to_fmg&account=summit&id=Contact.7.10600", 1280, "light"),
    "review": ("/plugin/crosswalk/crosswalk/review/crm_to_flex/demo/contact/record?id=10003&tab=match", 1280, "light"),
    "review-list": ("/plugin/crosswalk/crosswalk/review/crm_to_flex/demo/contact?tab=match", 1280, "light"),
    "approvals": ("/plugin/crosswalk/crosswalk/approvals", 1280, "light"),
    "approvals-dark-768": ("/plugin/crosswalk/crosswalk/approvals", 768, "dark"),
    "dag-tab": ("/dags/fmg_daily_sync/plugin/crosswalk_accounts", 1280, "light"),
}
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    """Serve the world, take every picture, stop."""
    port = free_port()
    numbers = ["--accounts", "300", "--records", "3000", "--rejected", "300", "--review", "2000", "--decided", "40", "--serve", str(port)]
    server = subprocess.Popen([sys.executable, str(ROOT / "benchmarks" / "console.py"), *numbers])
    try:
        _wait(port)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
            _take(browser, f"http://127.0.0.1:{port}")
            browser.close()
    finally:
        server.terminate()
        server.wait()


def _wait(port: int) -> None:
    for _ in range(240):
        try:
            requests.get(f"http://127.0.0.1:{port}/api/v2/version", timeout=5)
        except requests.RequestException:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("the API server did not start")


def _take(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/")
    page.fill("input[name=username]", "engineer")
    page.fill("input[name=password]", "engineer")
    page.click("button[type=submit]")
    page.wait_for_selector("text=Crosswalk")
    session = page.context.storage_state()
    (ROOT / "docs" / "img").mkdir(exist_ok=True)
    for name, (path, width, theme) in PAGES.items():
        context = browser.new_context(storage_state=session, viewport={"width": width, "height": 900})
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
        page.goto(f"{address}{path}")
        page.frame_locator("iframe").locator("h1").wait_for()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=ROOT / "docs" / "img" / f"{name}.png")
        context.close()


if __name__ == "__main__":
    main()
