"""Which failures are tried again: one constant for every task. What is not ours (a bug, a lost database) is tried again as Airflow does."""

from __future__ import annotations

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from crosswalk.errors import CrosswalkError, TransientError

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=TransientError, action=RetryAction.RETRY, reason="the other system failed for now"),
        RetryRule(exception=CrosswalkError, action=RetryAction.FAIL, reason="trying again would end the same way"),
    ]
)
"""The first rule that fits decides; the wait is the task's own delay, growing. `RateLimited` was waited out by the client before."""
