"""Who gets in: each route of the console, found by enumeration, asked by nobody, by a stranger, by an analyst and by on-call."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from console.flex_review import INTEGRATION as REVIEWED
from console.flex_review import accounts_file, land
from console.rooms import DAG, INTEGRATION, Rooms, SignIn, begin
from crosswalk.console.app import HEADERS, application
from crosswalk.console.forms import COOKIE

VALUES = {
    "integration": INTEGRATION,
    "account": "summit",
    "snapshot": "1",
    "snapshot:int": "1",
    "dag": DAG,
    "name": "console.css",
    "entity": "contact",
}
PERSONAL = "/crosswalk/review"
"""Pages that show personal data: for those alone who may act."""
FORM = re.compile(r'name="token" value="([^"]+)"')


def routes() -> list[tuple[str, str, APIRoute]]:
    """Every method and address of the console, with values for what stands in braces."""
    found: list[tuple[str, str, APIRoute]] = []
    for route in application().routes:
        assert isinstance(route, APIRoute), f"{route} is no route a guard can stand before"
        path = re.sub(r"{([^}]+)}", lambda part: VALUES[part.group(1)], route.path)
        path = path.replace("/1/console.css", "/1/report.html").replace(f"/review/{INTEGRATION}", f"/review/{REVIEWED}")
        found += [(method, f"/crosswalk{path}", route) for method in sorted(route.methods)]
    return found


ROUTES = routes()
PAGES = [path for _, path, route in ROUTES if route.response_class is HTMLResponse]


def ask(client: Any, method: str, path: str, **what: Any) -> Any:
    return client.request(method, path, headers={"Accept": "text/html"}, **what)


def test_the_console_is_what_is_enumerated() -> None:
    assert len(ROUTES) >= 11
    assert {method for method, _, _ in ROUTES} == {"GET", "POST"}
    assert all(isinstance(route, BaseRoute) for route in application().routes)


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize(("method", "path", "route"), ROUTES, ids=lambda value: value if isinstance(value, str) else "")
def test_nobody_gets_in_without_signing_in(rooms: Rooms, sign_in: SignIn, method: str, path: str, route: APIRoute) -> None:
    begin(rooms.store)
    answer = ask(sign_in(""), method, path)
    if path in PAGES:
        assert answer.status_code == 303
        way = urlsplit(answer.headers["location"])
        assert (way.scheme, way.netloc, way.path) == ("", "", "/api/v2/auth/login")
        assert parse_qs(way.query)["next"] == [path]
    else:
        assert answer.status_code == 401
    assert "summit" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in ROUTES if "/static/" not in path])
def test_who_may_not_read_the_dag_sees_nothing_of_it(rooms: Rooms, sign_in: SignIn, method: str, path: str) -> None:
    begin(rooms.store)
    accounts_file(rooms.folder)
    answer = ask(sign_in(None), method, path)
    assert answer.status_code == 403
    assert INTEGRATION not in answer.text


@pytest.mark.requirement("CARD-7")
@pytest.mark.parametrize(
    "path", [path for method, path, _ in ROUTES if method == "GET" and "/reports/" not in path and PERSONAL not in path]
)
def test_an_analyst_sees_everything_that_is_no_persons(rooms: Rooms, sign_in: SignIn, path: str) -> None:
    begin(rooms.store)
    answer = ask(sign_in("viewer"), "GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize("path", [path for method, path, _ in ROUTES if method == "GET" and PERSONAL in path])
def test_personal_data_is_for_those_alone_who_may_act(rooms: Rooms, sign_in: SignIn, path: str) -> None:
    land(rooms)
    path += "?id=501" if path.endswith("/record") else ""
    assert ask(sign_in("viewer"), "GET", path).status_code == 403
    assert ask(sign_in("user"), "GET", path).status_code == 200


@pytest.mark.requirement("CARD-8")
@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in ROUTES if method == "POST"])
def test_an_analyst_may_not_act_whatever_is_sent(rooms: Rooms, sign_in: SignIn, method: str, path: str) -> None:
    accounts_file(rooms.folder)
    client = sign_in("viewer")
    form = {"token": _token(client), "all": "1"}
    assert ask(client, method, path, data=form).status_code == 403


def test_an_analyst_is_offered_no_action(rooms: Rooms, sign_in: SignIn) -> None:
    path = f"/crosswalk/rejected/{INTEGRATION}/summit"
    assert "<button" in sign_in("user").get(path).text.partition('method="post"')[2]
    offered = sign_in("viewer").get(path).text.partition('method="post"')[2]
    assert "<button" not in offered
    assert 'name="token"' not in offered


@pytest.mark.requirement("CARD-8")
@pytest.mark.parametrize("spoiled", ["no token", "no cookie", "another cookie", "another user", "made up", "too old"])
def test_a_form_that_is_not_ours_is_refused(rooms: Rooms, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, spoiled: str) -> None:
    client = sign_in("user")
    token = _token(sign_in("user", "another") if spoiled == "another user" else client)
    if spoiled == "another user":
        client.cookies[COOKIE] = "c" * 43
    if spoiled == "no cookie":
        client.cookies.delete(COOKIE)
    if spoiled == "another cookie":
        client.cookies.delete(COOKIE)
        client.cookies[COOKIE] = "x" * 43
    if spoiled == "too old":
        monkeypatch.setattr("crosswalk.console.forms.SECONDS", -1)
    form = {"token": {"no token": "", "made up": token[:-4] + "AAAA"}.get(spoiled, token), "all": "1"}
    answer = ask(client, "POST", f"/crosswalk/rejected/{INTEGRATION}/summit/retry", data=form)
    assert answer.status_code == 403
    assert "open the page again" in answer.text


def test_the_cookie_of_the_forms_stays_with_this_site(rooms: Rooms, sign_in: SignIn) -> None:
    answer = sign_in("user").get(f"/crosswalk/rejected/{INTEGRATION}/summit")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/crosswalk"} <= set(cookie.split("; "))


@pytest.mark.parametrize("path", [f"/crosswalk/rejected/{INTEGRATION}/summit/retry", "/crosswalk/approvals", "/crosswalk/"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_nothing_acts_but_a_post(rooms: Rooms, sign_in: SignIn, method: str, path: str) -> None:
    if method == "GET" and not path.endswith("retry"):
        return
    assert sign_in("admin").request(method, path).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "runs/nowhere/summit/1",
        f"runs/{INTEGRATION}/nobody/1",
        f"runs/{INTEGRATION}/summit/2",
        f"runs/{INTEGRATION}/..%2f..%2f/1",
        f"runs/{INTEGRATION}/<script>/1",
        f"rejected/{INTEGRATION}/nobody",
        f"rejected/{INTEGRATION}/{'a' * 64}",
        f"rejected/{INTEGRATION}/Summit/rejected.csv",
        "record?integration=nowhere&account=summit&id=1",
        "static/app.py",
        "static/..%2fapp.py",
        "nothing",
    ],
)
def test_what_is_not_there_is_not_found(rooms: Rooms, sign_in: SignIn, path: str) -> None:
    begin(rooms.store)
    answer = sign_in("admin").get(f"/crosswalk/{path}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "path", [f"runs/{INTEGRATION}/summit/0", f"runs/{INTEGRATION}/summit/99999999999", "?page=0", "?page=x", f"?q={'x' * 101}"]
)
def test_what_cannot_be_asked_for_is_said_so(rooms: Rooms, sign_in: SignIn, path: str) -> None:
    answer = sign_in("admin").get(f"/crosswalk/{path}")
    assert answer.status_code == 400
    assert "x" * 101 not in answer.text


def _token(client: Any) -> str:
    """A token as the page gives it; an analyst gets one only by looking over on-call's shoulder."""
    from fastapi import Request

    from crosswalk.console import forms

    client.cookies[COOKIE] = "c" * 43
    page = client.get(f"/crosswalk/rejected/{INTEGRATION}/summit").text
    found = FORM.search(page)
    if found:
        return found.group(1)
    scope = {"type": "http", "headers": [(b"cookie", f"{COOKIE}={'c' * 43}".encode())], forms.host.__globals__["HOST"]: client.app}
    return forms.issue(Request(scope), type("User", (), {"get_id": lambda self: "somebody"})())[1]  # type: ignore[arg-type]
