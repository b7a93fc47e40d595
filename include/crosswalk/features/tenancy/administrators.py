"""Who may ask for what only an administrator may."""

from __future__ import annotations

from collections.abc import Collection

from crosswalk.errors import AuthRefused


def require_administrator(user: str | None, administrators: Collection[str]) -> str:
    """Return the user's name when it is one of the administrators', letter by letter. Raises AuthRefused ROLE_MISSING.

    user: who Airflow says triggered the run; None for the scheduler's own runs and backfills, which nobody asked for. No administrators
    named means nobody.
    """
    if user and user.strip() == user and user in administrators:
        return user
    raise AuthRefused(
        "ROLE_MISSING",
        problem="the run was not triggered by one of the FMO's administrators",
    )
