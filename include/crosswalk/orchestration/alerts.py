"""What on-call hears of a failed task: one line with the code, what to do next and where the report is."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from crosswalk.errors import CrosswalkError
from crosswalk.errors.catalog import require
from crosswalk.orchestration.links import run_url

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.core.model import RunKey

log = logging.getLogger(__name__)


def notice(context: Context) -> dict[str, Any]:
    """Build the notice of a failure: names, code, next step, report. Never a message of something foreign: it could hold data."""
    error, instance, task = context.get("exception"), context["ti"], context.get("task")
    key, account = getattr(task, "key", None), getattr(task, "account", None)
    ours = isinstance(error, CrosswalkError)
    return {
        "dag": instance.dag_id,
        "run": instance.run_id,
        "task": instance.task_id,
        "map_index": instance.map_index,
        "account": key.account if key else account if isinstance(account, str) and account else None,
        "code": error.code if isinstance(error, CrosswalkError) else type(error).__name__,
        "next": error.next_step if isinstance(error, CrosswalkError) else "read the task's log",
        "report": run_url(key) if key else None,
        "ours": ours,
    }


def log_news(key: RunKey, number: int) -> None:
    """Log, as one JSON line, that records were found which wait for a person to link them."""
    news = {
        "account": key.account,
        "integration": key.integration,
        "code": "NEW_TO_LINK",
        "records": number,
        "next": require("NEW_TO_LINK", "notice").next_step,
        "report": run_url(key),
    }
    log.warning("crosswalk notice %s", json.dumps(news, sort_keys=True))


def log_refused(key: RunKey, number: int) -> None:
    """Log, as one JSON line, that files were refused whole: the run went on without them."""
    news = {
        "account": key.account,
        "integration": key.integration,
        "code": "FILES_REFUSED",
        "files": number,
        "next": require("FILES_REFUSED", "notice").next_step,
        "report": run_url(key),
    }
    log.warning("crosswalk notice %s", json.dumps(news, sort_keys=True))


def log_failure(context: Context) -> None:
    """Log the notice as one JSON line: the `on_failure_callback` of every task."""
    log.error("crosswalk failure %s", json.dumps(notice(context), sort_keys=True))
