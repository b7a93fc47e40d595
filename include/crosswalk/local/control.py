"""The control interface of the sandbox, as the local stack uses it."""

from __future__ import annotations

from typing import Any

import requests

from crosswalk.errors import TransientError

USER = "integration"


def call(method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Call the sandbox's control API. Raises TransientError LOCAL_SANDBOX."""
    try:
        answer = requests.request(method, url, json=body, timeout=120)
        answer.raise_for_status()
        read: dict[str, Any] = answer.json()
    except requests.RequestException as error:
        raise failed(f"a control request failed ({type(error).__name__})") from None
    return read


def failed(found: str) -> TransientError:
    """Build the error of a sandbox that does not do what it was asked."""
    return TransientError("LOCAL_SANDBOX", doing="preparing the sandbox", found=found, fix="read .local/logs/sandbox.log")
