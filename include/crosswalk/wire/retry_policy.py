"""The one place where a request is tried again."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from crosswalk.errors import RateLimited, TransientError

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryPolicy:
    """Up to `attempts` tries; waits double from `first_wait` and add up to `max_total_wait` seconds at most."""

    attempts: int = 5
    first_wait: float = 0.5
    max_total_wait: float = 300.0

    def run(self, attempt: Callable[[], Result]) -> Result:
        """Call until it raises no TransientError; the last one is raised on. Safe only for what may be repeated."""
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=self._wait,
            stop=self._gives_up,
            before_sleep=_log_wait,
            reraise=True,
        )
        return retrying(attempt)

    def _wait(self, state: RetryCallState) -> float:
        """Take the longer of the vendor's wish and our back-off, and a random part on top: clients must not come back together."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait_seconds or 0.0 if isinstance(error, RateLimited) else 0.0
        wait: float = max(asked, self.first_wait * 2 ** (state.attempt_number - 1))
        return wait + random.uniform(0.0, wait / 4 + self.first_wait)  # noqa: S311

    def _gives_up(self, state: RetryCallState) -> bool:
        return state.attempt_number >= self.attempts or state.idle_for + state.upcoming_sleep > self.max_total_wait


def retry_after_seconds(header: str | None, now: datetime | None = None) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date; None when absent or unreadable."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _log_wait(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("attempt %d failed, trying again in %.1f s: %s", state.attempt_number, state.upcoming_sleep, error)
