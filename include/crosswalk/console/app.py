"""The pages Crosswalk adds to the Airflow UI, under /crosswalk. Every route is behind Airflow's own login and permissions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.routing import APIRoute

from crosswalk.console.pages import approvals, deciding, errors, overview, record, rejections, report_files, review, run
from crosswalk.console.rendering import MOUNT, page
from crosswalk.errors import CrosswalkError

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer that does not say otherwise: our own style sheet and script, and nothing from elsewhere."""

ROUTERS = (
    overview.router,
    run.router,
    rejections.router,
    record.router,
    approvals.router,
    errors.router,
    review.router,
    deciding.router,
    report_files.reports,
    report_files.static,
)
"""All pages. How to add one: docs/adr/0014."""

_TITLES = {
    400: "That was not understood",
    401: "Sign in first",
    403: "Not yours to see or do",
    404: "Not found",
    409: "It has changed meanwhile",
    503: "Not available now",
}


@cache
def application() -> FastAPI:
    """Build the console. It describes itself to nobody: no docs, no openapi."""
    app = FastAPI(title="Crosswalk", docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(_with_headers)
    app.add_exception_handler(CrosswalkError, _unavailable)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    for router in ROUTERS:
        app.include_router(router)
    return app


async def _with_headers(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    answer = await call(request)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


async def _refused(request: Request, error: Exception) -> Response:
    """A page sends who is not signed in to Airflow's login and back; anything else says what it is."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 401 and _is_page(request) and request.method == "GET":
        here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        root = request.scope["root_path"].removesuffix(MOUNT)
        return RedirectResponse(f"{root}/api/v2/auth/login?next={quote(here, safe='')}", status_code=303)
    return _problem(request, error.status_code, str(error.detail))


async def _misunderstood(request: Request, _: Exception) -> Response:
    return _problem(request, 400, "The address holds something that cannot be asked for")


async def _unavailable(request: Request, error: Exception) -> Response:
    code = error.code if isinstance(error, CrosswalkError) else ""
    return _problem(request, 503, str(error), code=code)


def _problem(request: Request, status: int, detail: str, **more: str) -> Response:
    if _is_page(request) or request.method == "POST":
        return page(request, "problem.html.j2", status=status, title=_TITLES.get(status, "That did not work"), detail=detail)
    return JSONResponse({**more, "detail": detail}, status_code=status)


def _is_page(request: Request) -> bool:
    route = request.scope.get("route")
    return isinstance(route, APIRoute) and route.response_class is HTMLResponse
