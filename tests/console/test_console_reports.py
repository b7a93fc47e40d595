"""The report pages: behind Airflow's login and the permission to read the DAG, and deaf to names that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.rooms import INTEGRATION, Rooms, SignIn
from crosswalk.console.app import HEADERS
from crosswalk.console.pages.report_files import REPORT_POLICY
from crosswalk.core.model import RunKey
from crosswalk.integrations.specs import integration_names, load_spec

FOLDER = "/crosswalk/reports/smartoffice_to_fmg/summit/3"
PAGE = f"{FOLDER}/report.html"
FILES = {"report.html": b"<p>report</p>", "report.json": b"{}", "rejected.csv": b"code\n", "plan.csv": b"outcome\n"}
ROUTES = {
    PAGE: "text/html",
    f"{FOLDER}/report.json": "application/json",
    f"{FOLDER}/rejected.csv": "text/csv",
    f"{FOLDER}/plan.csv": "text/csv",
}


@pytest.fixture
def reports(rooms: Rooms) -> Rooms:
    """A landing zone with one report, and one secret beside it."""
    folder = rooms.zone.report_folder(RunKey(INTEGRATION, "summit", 3))
    for name, content in FILES.items():
        folder.write_bytes(name, content)
    (rooms.folder / "landing" / "report.html").write_text("not for you")
    return rooms


def test_every_integration_with_accounts_has_a_dag_that_guards_it() -> None:
    root = Path(__file__).parents[2]
    specs = [load_spec(name) for name in integration_names()]
    run = [spec for spec in specs if (root / "include" / "accounts" / f"{spec.short}.toml").is_file()]
    assert run
    assert all((root / "dags" / f"{spec.dag}.py").is_file() for spec in run)


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize("route", ROUTES)
def test_nobody_reads_without_signing_in(reports: Rooms, sign_in: SignIn, route: str) -> None:
    answer = sign_in("").get(route)
    assert answer.status_code == 401
    assert b"report" not in answer.content


@pytest.mark.requirement("CARD-7")
@pytest.mark.parametrize(("route", "media_type"), ROUTES.items())
def test_an_analyst_reads(reports: Rooms, sign_in: SignIn, route: str, media_type: str) -> None:
    answer = sign_in("viewer").get(route)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.content == FILES[route.rpartition("/")[2]]
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS | {"Content-Security-Policy": REPORT_POLICY}
    assert ("content-disposition" in answer.headers) == (route != PAGE)


def test_the_session_cookie_is_enough(reports: Rooms, sign_in: SignIn) -> None:
    assert sign_in("viewer").get(PAGE).status_code == 200


def test_who_may_not_read_the_dag_may_not_read_its_reports(reports: Rooms, sign_in: SignIn) -> None:
    assert sign_in(None).get(PAGE).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJBRE1JTiJ9."])
def test_a_forged_token_is_refused(reports: Rooms, sign_in: SignIn, token: str) -> None:
    assert sign_in("").get(PAGE, headers={"Authorization": f"Bearer {token}"}).status_code in (401, 403)


@pytest.mark.parametrize(
    "path",
    [
        "smartoffice_to_fmg/summit/4/report.html",
        "smartoffice_to_fmg/summit/0/report.html",
        "smartoffice_to_fmg/summit/-1/report.html",
        "smartoffice_to_fmg/summit/3.0/report.html",
        "smartoffice_to_fmg/summit/99999999999999999999/report.html",
        "smartoffice_to_fmg/Summit/3/report.html",
        "smartoffice_to_fmg/sum mit/3/report.html",
        "smartoffice_to_fmg/summit%00/3/report.html",
        "smartoffice_to_fmg/..%2f..%2f/3/report.html",
        "smartoffice_to_fmg/%2e%2e/3/report.html",
        "smartoffice_to_fmg/..%5c/3/report.html",
        "smartoffice_to_fmg/%252e%252e/3/report.html",
        "smartoffice_to_fmg/summit/3/..%2freport.html",
        "smartoffice_to_fmg/summit/3/manifest.json",
        "smartoffice_to_fmg/summit/3",
        "somewhere_else/summit/3/report.html",
        "../summit/3/report.html",
        "%2e%2e/%2e%2e/3/report.html",
        f"smartoffice_to_fmg/{'a' * 64}/3/report.html",
        "smartoffice_to_fmg/<script>/3/report.html",
    ],
)
def test_names_that_are_none_are_not_found(reports: Rooms, sign_in: SignIn, path: str) -> None:
    answer = sign_in("admin").get(f"/crosswalk/reports/{path}")
    assert answer.status_code == 404
    assert b"not for you" not in answer.content
    assert b"script" not in answer.content


@pytest.mark.parametrize("path", ["docs", "redoc", "openapi.json"])
def test_the_console_does_not_describe_itself(reports: Rooms, sign_in: SignIn, path: str) -> None:
    assert sign_in("").get(f"/crosswalk/{path}").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(reports: Rooms, sign_in: SignIn, method: str) -> None:
    assert sign_in("admin").request(method, PAGE).status_code == 405


def test_a_landing_zone_that_is_not_there_is_said_so(reports: Rooms, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_CROSSWALK_LANDING")
    answer = sign_in("viewer").get(PAGE)
    assert (answer.status_code, answer.json()["code"]) == (503, "CONN_NOT_FOUND")
