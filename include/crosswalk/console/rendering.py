"""Pages from templates: escaped whatever the data says, with addresses that hold wherever Airflow is mounted."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import Request
from fastapi.responses import HTMLResponse

from crosswalk.console import airflow, forms
from crosswalk.console.review.phrases import FIELDS
from crosswalk.core.model import Outcome, RunStatus
from crosswalk.core.plurals import counted, plural
from crosswalk.errors.catalog import find
from crosswalk.reports import wording

if TYPE_CHECKING:
    from jinja2 import Environment

MOUNT = "/crosswalk"
STATIC = ("console.css", "console.js", "review.css", "review.js")


def page(request: Request, template: str, *, user: BaseUser | None = None, status: int = 200, **context: Any) -> HTMLResponse:
    """Render a page. user: of a page whose forms act; its templates find the forms' token in `token`."""
    root = request.scope["root_path"]
    places = {"root": root, "airflow_root": root.removesuffix(MOUNT), "here": request.url.path, "version": _version()}
    cookie, token = forms.issue(request, user) if user else ("", "")
    html = _environment().get_template(template).render(**places, token=token, **context)
    response = HTMLResponse(html, status)
    if cookie:
        forms.remember(request, response, cookie)
    return response


def query(**values: object) -> str:
    """Write a query string; blanks are left out, and so is the first page."""
    named = {name: value for name, value in values.items() if value not in ("", None) and (name, value) != ("page", 1)}
    return f"?{urlencode(named)}" if named else ""


@cache
def static_file(name: str) -> bytes:
    """Read one of our static files."""
    return resources.files("crosswalk.console").joinpath("static", name).read_bytes()


@cache
def _version() -> str:
    return sha256(b"".join(map(static_file, STATIC))).hexdigest()[:12]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("crosswalk.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=wording.shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"when": wording.when, "moment": _moment, "minute": _minute, "plural": plural, "counted": counted}
    environment.filters |= {"lasting": wording.lasting, "number": "{:,}".format, "field": _field}
    environment.filters["entry"] = find
    environment.globals |= {
        "query": query,
        "statuses": wording.STATUS,
        "short": SHORT,
        "outcomes": {outcome.value: name for outcome, name in wording.OUTCOMES.items()},
        "all_outcomes": [outcome.value for outcome in Outcome],
        "outcome_names": [wording.OUTCOMES[outcome] for outcome in Outcome],
        "reasons": wording.REASONS,
        "airflow": airflow,
    }
    return environment


SHORT = {
    RunStatus.RUNNING: "under way",
    RunStatus.SUCCESS: "delivered",
    RunStatus.PARTIAL: "delivered, some rejected",
    RunStatus.HELD: "held",
    RunStatus.REJECTED: "declined",
    RunStatus.FAILED: "failed",
    RunStatus.DRY_RUN: "dry run",
    RunStatus.REPLAYED: "looked at again",
}
"""A status in a table cell."""


def _moment(time: Any) -> str:
    return "" if time is None else wording.when(time.isoformat())


def _minute(time: Any) -> str:
    return "" if time is None else f"{time.day} {time:%b, %H:%M}"


def _field(name: str) -> str:
    return FIELDS.get(name, name)
