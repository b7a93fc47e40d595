"""What an account's settings were when a plan was made, and what of them is different from the last delivery (FMG-07).

Kept in the store and shown in reports, so tag groups stand there by id and the values of options as digests: a name may be a person's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from typing import Any

from crosswalk.core.account_settings import AccountSettings
from crosswalk.core.ids import id_order
from crosswalk.core.spec.safety import SafetySpec

ALL = "all"
_SHOWN = 5


def facts(settings: AccountSettings, safety: SafetySpec, scope: Collection[str] | None) -> dict[str, Any]:
    """Describe the settings as JSON-able values. safety: the numbers in force. scope: ids of the groups in scope, None for all."""
    return {
        "scope": ALL if scope is None else sorted(scope, key=id_order),
        "frequency": settings.frequency,
        "zone": settings.zone,
        "source": settings.source,
        "target": settings.target,
        "safety": safety.model_dump(),
        "options": {name: _digest(value) for name, value in settings.options.items()},
    }


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say what differs between two descriptions, one phrase a setting; none when one of them is not known."""
    return list(_changes(before, now)) if before and now else []


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before["scope"] != now["scope"]:
        yield _scope(before["scope"], now["scope"])
    for name in ("frequency", "zone", "source", "target"):
        if before[name] != now[name]:
            yield f"{name} {before[name]} → {now[name]}"
    for name, value in now["safety"].items():
        if before["safety"].get(name) != value:
            yield f"safety {name} {before['safety'].get(name)} → {value}"
    for name in sorted({*before["options"], *now["options"]}):
        if before["options"].get(name) != now["options"].get(name):
            yield f"{name} changed"


def _scope(before: str | list[str], now: str | list[str]) -> str:
    if ALL in (before, now):
        return f"scope {_counted(before)} → {_counted(now)}"
    parts = [(what, sorted(set(one) - set(other), key=id_order)) for what, one, other in (("added", now, before), ("removed", before, now))]
    return "scope: " + ", ".join(f"{_groups(len(ids))} {what} ({_some(ids)})" for what, ids in parts if ids)


def _counted(scope: str | list[str]) -> str:
    return ALL if scope == ALL else f"{_groups(len(scope))} ({_some(list(scope))})"


def _groups(number: int) -> str:
    return f"{number} tag group{'' if number == 1 else 's'}"


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
