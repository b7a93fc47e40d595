"""Airflow's own REST API, as much of it as we need: start a run, follow it, read what came of it. Imports no Airflow.

Of https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html (v2) and of the reports Crosswalk serves beside it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

from crosswalk.errors import ConfigurationError, PermanentError, TransientError, operation
from crosswalk.wire import json
from crosswalk.wire.http import HttpClient, HttpSettings, Request, Response

URL, TOKEN, USER, PASSWORD = (f"CROSSWALK_AIRFLOW_{name}" for name in ("URL", "TOKEN", "USER", "PASSWORD"))
"""Environment variables: where Airflow is and who asks. A token, or a user and a password that give one."""

Json = dict[str, Any]

_NOT_SIGNED_IN, _FORBIDDEN, _NOT_FOUND, _THERE_ALREADY = 401, 403, 404, 409
_READ_HERE = (400, _NOT_SIGNED_IN, _FORBIDDEN, _NOT_FOUND, _THERE_ALREADY, 422)
_JSON_BODY = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class SignIn:
    """Where Airflow is, and who asks: a token, or a user and a password."""

    url: str
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> SignIn:
        """Read the four variables. Raises ConfigurationError AIRFLOW_NOT_SET."""
        url, token, user = (environment.get(name, "").strip() for name in (URL, TOKEN, USER))
        found = cls(url, token, user, environment.get(PASSWORD, ""))
        missing = [] if found.url else [URL]
        if not found.token and not (found.user and found.password):
            missing.append(f"{TOKEN} (or {USER} and {PASSWORD})")
        if missing:
            raise ConfigurationError(
                "AIRFLOW_NOT_SET", operation="looking for Airflow", problem=f"not in the environment: {', '.join(missing)}"
            )
        return found


class AirflowApi:
    """One user at one Airflow; signs in at the first call, and again when the token has run out.

    Every call may raise TransientError (Airflow cannot be reached or fails), ConfigurationError AIRFLOW_SIGN_IN or AIRFLOW_FORBIDDEN.
    """

    def __init__(self, sign_in: SignIn) -> None:
        self.url = sign_in.url.rstrip("/")
        self._sign_in = sign_in
        self._http: HttpClient | None = None

    def dag(self, dag_id: str) -> Json | None:
        """Read a DAG; None when Airflow does not have it."""
        return self.read(f"/api/v2/dags/{quote(dag_id)}")

    def trigger(self, dag_id: str, conf: Json | None = None) -> str:
        """Start a run by hand; returns its id. Ours to choose, so that a request repeated after a lost answer starts no second run.

        Raises PermanentError AIRFLOW_REFUSED.
        """
        run_id = f"manual__{datetime.now(UTC).isoformat(timespec='seconds')}_{secrets.token_hex(4)}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        try:
            self.call("POST", f"dags/{quote(dag_id)}/dagRuns", body, may_be=(_THERE_ALREADY,))
        except TransientError as error:
            fix = f"look whether {run_id} is among the runs of {dag_id}: it may have begun; else try again"
            raise type(error)(error.code, operation=f"starting {dag_id}", problem=error.problem, next_step=fix) from None
        return run_id

    def run(self, dag_id: str, run_id: str) -> Json:
        """Read a DAG run."""
        return self.call("GET", _run(dag_id, run_id))

    def tasks(self, dag_id: str, run_id: str) -> list[Json]:
        """All task instances of a run."""
        found: list[Json] = []
        while True:
            page = self.call("GET", f"{_run(dag_id, run_id)}/taskInstances?limit=100&offset={len(found)}")
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return found

    def returned(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """What a task handed over; None while it has not ended well."""
        entry = f"taskInstances/{quote(task_id)}/xcomEntries/return_value?map_index={map_index}"
        response = self.read(f"/api/v2/{_run(dag_id, run_id)}/{entry}")
        return response["value"] if response else None

    def report(self, dag_id: str, run_id: str, task_id: str, map_index: int) -> tuple[str, Json] | None:
        """Where the page of the run report is that a task's button leads to, and the report as data; None while there is none."""
        links = self.read(f"/api/v2/{_run(dag_id, run_id)}/taskInstances/{quote(task_id)}/links?map_index={map_index}")
        page = ((links or {}).get("extra_links") or {}).get("Run report") or ""
        report = self.read(page.replace("/runs/", "/reports/", 1) + "/report.json") if page.startswith("/crosswalk/runs/") else None
        return (self.url + page, report) if report else None

    def call(self, method: str, path: str, body: Json | None = None, *, may_be: Collection[int] = ()) -> Json:
        """Call the API below /api/v2. may_be: further statuses that are fine. Raises PermanentError AIRFLOW_REFUSED."""
        response = self._ask(method, f"/api/v2/{path}", body)
        if response.status in may_be or response.status not in _READ_HERE:
            return _object(response)
        raise PermanentError(
            "AIRFLOW_REFUSED",
            operation=f"asking Airflow to {method} {path.partition('?')[0]}",
            problem=f"it answered {response.status}: {str(_object(response).get('detail', ''))[:200]}",
        )

    def read(self, path: str) -> Json | None:
        """Get a JSON object of the server; None where there is nothing (404)."""
        response = self._ask("GET", path)
        return None if response.status == _NOT_FOUND else _object(response)

    def _ask(self, method: str, path: str, body: Json | None = None) -> Response:
        target, _, query = path.partition("?")
        params = dict(one.split("=", 1) for one in query.split("&")) if query else {}
        content = None if body is None else json.write(body)
        request = Request(method, target, content, _JSON_BODY, params, expect=_READ_HERE)
        with operation(f"asking Airflow for {target}"):
            response = self._signed_in().send(request)
            if response.status == _NOT_SIGNED_IN and not self._sign_in.token:
                self._http = None
                response = self._signed_in().send(request)
        if response.status == _NOT_SIGNED_IN:
            raise _not_signed_in("the token was refused", f"set {TOKEN} to one that is still good")
        if response.status == _FORBIDDEN:
            raise ConfigurationError(
                "AIRFLOW_FORBIDDEN", operation=f"asking Airflow to {method} {target}", problem="the user may not do that"
            )
        return response

    def _signed_in(self) -> HttpClient:
        if self._http is None:
            token = self._sign_in.token or self._new_token()
            self._http = _http(self.url, {"Authorization": f"Bearer {token}"})
        return self._http

    def _new_token(self) -> str:
        who = json.write({"username": self._sign_in.user, "password": self._sign_in.password})
        request = Request("POST", "/auth/token", who, _JSON_BODY, expect=_READ_HERE)
        with operation("signing in to Airflow"):
            response = _http(self.url, {}).send(request)
        token = "" if response.status in _READ_HERE else _object(response).get("access_token", "")
        if not token:
            raise _not_signed_in(f"it answered {response.status}", f"check {USER} and {PASSWORD}, and that {URL} is Airflow's address")
        return str(token)


def _http(url: str, headers: Mapping[str, str]) -> HttpClient:
    """Airflow stands where its user says, also in the private network."""
    return HttpClient(HttpSettings(url, f"Airflow ({URL})", headers, allow_private_network=True, attempts=3, total_timeout=120))


def _run(dag_id: str, run_id: str) -> str:
    return f"dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"


def _object(response: Response) -> Json:
    with operation("reading Airflow's answer"):
        value = json.parse(response.content, response.content_type)
    return cast(Json, value) if isinstance(value, dict) else {}


def _not_signed_in(found: str, fix: str) -> ConfigurationError:
    return ConfigurationError("AIRFLOW_SIGN_IN", operation="signing in to Airflow", problem=found, next_step=fix)
