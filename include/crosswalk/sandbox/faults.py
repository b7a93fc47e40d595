"""Faults on request: what goes wrong, at which call."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswalk.sandbox.messages import Call, Refused, Request

SENDING_KINDS = ("latency", "late", "drip", "cut", "truncated", "bad_gzip", "lost_answer")
REPLACING_KINDS = ("reset", "status", "rate_limited", "expired", "error", "login_page", "empty_body", "raw")
PAGE_KINDS = ("repeat_page", "wrong_total", "zero_records", "short_page", "drop_field", "extra_field")
KINDS = SENDING_KINDS + REPLACING_KINDS + PAGE_KINDS

_SELECTION: dict[str, type] = {
    "system": str,
    "owner": str,
    "at": int,
    "every": int,
    "match": str,
    "holding": str,
    "times": int,
    "kind": str,
    "carry_out": bool,
}
_OPTIONS: dict[str, type | tuple[type, ...]] = {
    "seconds": (int, float),
    "status": int,
    "retry_after": (int, float, str, type(None)),
    "code": str,
    "body": str,
    "content_type": str,
    "headers": dict,
    "value": (str, int),
    "field": str,
}


@dataclass
class Fault:
    """One fault and when it strikes.

    at: from the nth fitting call from now on, `times` calls in a row. every: each nth fitting call, `times` times (None = always).
    carry_out: whether the request is carried out before its answer is spoiled; only asked of REPLACING_KINDS.
    """

    system: str
    kind: str
    owner: str = ""
    at: int = 1
    every: int | None = None
    match: str = ""
    holding: str = ""
    times: int | None = 1
    carry_out: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0

    @property
    def spent(self) -> bool:
        """Whether it will not strike again."""
        return self.times is not None and self.struck >= self.times

    @property
    def replaces(self) -> bool:
        """Whether the system never sees the request."""
        return self.kind in REPLACING_KINDS and not self.carry_out

    def fits(self, request: Request, call: Call) -> bool:
        """Whether the call counts for this fault."""
        if call.system != self.system or self.owner not in ("", call.owner):
            return False
        if self.kind in PAGE_KINDS and not call.paged:
            return False
        if self.holding and self.holding.encode() not in request.body:
            return False
        return self.match.casefold() in f"{call.operation} | {request.method} {request.path}".casefold()

    def strikes(self) -> bool:
        """Count one fitting call and say whether it is hit."""
        self.seen += 1
        due = self.seen % self.every == 0 if self.every else self.seen >= self.at
        return due and not self.spent

    def as_json(self) -> dict[str, Any]:
        """For the control API."""
        chosen = {name: getattr(self, name) for name in (*_SELECTION, "seen", "struck")}
        return {**chosen, **self.options}


class FaultBook:
    """The faults that wait to strike. Thread-safe."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Add a fault; it counts calls from now on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def pending(self) -> list[dict[str, Any]]:
        """The faults that may still strike."""
        with self._lock:
            return [fault.as_json() for fault in self._faults]

    def strike(self, request: Request, call: Call) -> Fault | None:
        """The fault this call is hit by, if any: the one added first. Every fitting fault counts the call."""
        with self._lock:
            fitting = [fault for fault in self._faults if fault.fits(request, call)]
            hit = next((fault for fault in [f for f in fitting if f.strikes()]), None)
            if hit:
                hit.struck += 1
                self._faults = [fault for fault in self._faults if not fault.spent]
            return hit


def parse_fault(body: Mapping[str, Any], systems: Mapping[str, Collection[str]], owners: Collection[str]) -> Fault:
    """A fault from the JSON of the control API. Raises Refused (422 INVALID) naming what is wrong.

    systems: the vendors, each with the kinds of fault only it knows. owners: what vendors call a customer; each may stand for `owner`.
    """
    given = dict(body)
    for alias in owners:
        if alias in given:
            given["owner"] = given.pop(alias)
    _check_types(given)
    if given.get("system") not in systems:
        raise Refused(422, "INVALID", f"system is one of {', '.join(systems)}")
    kinds = (*KINDS, *systems[given["system"]])
    if given.get("kind") not in kinds:
        raise Refused(422, "INVALID", f"kind is one of {', '.join(kinds)}")
    options = {name: given.pop(name) for name in list(given) if name in _OPTIONS}
    given.setdefault("times", None if "every" in given else 1)
    return Fault(**given, options=options)


def _check_types(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        expected = _OPTIONS.get(name) or _SELECTION.get(name)
        if expected is None:
            raise Refused(422, "INVALID", f"unknown: {name}")
        if name == "times" and value is None:
            continue
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            raise Refused(422, "INVALID", f"{name} has the wrong type")
        if name in ("at", "every", "times") and isinstance(value, int) and value < 1:
            raise Refused(422, "INVALID", f"{name} is 1 or more")
