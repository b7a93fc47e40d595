"""Hands Airflow the Crosswalk console. Read by every Airflow process, so nothing is imported before someone opens a page.

Never call this file crosswalk.py: Airflow registers a plugin under its file name, which would hide the package.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow.plugins_manager import AirflowPlugin

Message = MutableMapping[str, Any]


class Console:
    """The console as an ASGI application, built when the first page is asked for. It is told which Airflow it is mounted in."""

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        """Pass the request on."""
        from crosswalk.console.airflow import HOST
        from crosswalk.console.app import application

        await application()({**scope, HOST: scope.get("app")}, receive, send)


class CrosswalkPlugin(AirflowPlugin):
    """The console at /crosswalk behind Airflow's login: in the navigation, and as a tab of each DAG."""

    name = "crosswalk"
    fastapi_apps = [{"app": Console(), "url_prefix": "/crosswalk", "name": "Crosswalk"}]  # noqa: RUF012 - Airflow's attribute
    external_views = [  # noqa: RUF012 - Airflow's attribute
        {"name": "Crosswalk", "href": "/crosswalk/", "destination": "nav", "url_route": "crosswalk"},
        {"name": "Accounts", "href": "/crosswalk/dags/{DAG_ID}", "destination": "dag", "url_route": "crosswalk_accounts"},
    ]
