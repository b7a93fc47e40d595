"""Everything a sandbox was asked, with the instant it was asked and what it answered; and what that says about waiting and repeating."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from crosswalk.sandbox.server import SandboxServer

UNDER_WAY = 0.3
"""Seconds in which what was already on its way when an answer went out may still arrive."""


@dataclass(frozen=True)
class Asked:
    """One request. came and answered are instants; wait: the seconds its answer asks for, None for none."""

    system: str
    operation: str
    method: str
    path: str
    body: bytes
    came: float
    answered: float
    status: int
    wait: float | None


class Traffic:
    """The requests since it was last forgotten."""

    def __init__(self, box: SandboxServer) -> None:
        self._box = box
        self.asked: list[Asked] = []

    @contextmanager
    def listening(self) -> Iterator[Traffic]:
        """Hear what the sandbox is asked from now on, in the process the sandbox runs in."""
        handle = self._box.sandbox.handle

        def heard(request: Any, *vendors: Any) -> Any:
            came = time.time()
            reply, fault = handle(request, *vendors)
            answered = time.time()
            system = self._box.sandbox.vendors.system(request.path.split("/")[1])
            assert system is not None
            wait = _wait(reply.headers.get("Retry-After"), answered) if reply.status in (429, 503) else None
            operation = system.describe(request).operation
            self.asked.append(Asked(system.name, operation, request.method, request.path, request.body, came, answered, reply.status, wait))
            return reply, fault

        self._box.sandbox.handle = heard  # type: ignore[method-assign]
        try:
            yield self
        finally:
            self._box.sandbox.handle = handle  # type: ignore[method-assign]

    def forget(self) -> None:
        self.asked.clear()

    def of(self, system: str) -> list[Asked]:
        return [one for one in self.asked if one.system == system]

    @property
    def writes(self) -> list[Asked]:
        """What could change FMG."""
        return [one for one in self.of("fmg") if one.method != "GET"]

    def too_early(self) -> list[str]:
        """Requests a system got before the instant it had allowed."""
        found = []
        for limit in [one for one in self.asked if one.wait]:
            assert limit.wait is not None
            until = limit.answered + limit.wait
            early = [one for one in self.of(limit.system) if limit.answered + UNDER_WAY < one.came < until]
            found += [f"{one.operation} came {until - one.came:.2f} s before the instant allowed to {limit.operation}" for one in early]
        return found

    def applied_twice(self) -> list[str]:
        """What one import was told twice: an operation in two parts, or two contents of one part that both were taken."""
        found = []
        imports: dict[str, dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        for one in [one for one in self.of("fmg") if one.method == "PUT" and not _refused(one)]:
            job, _, number = one.path.partition("/parts/")
            imports[job][number].add(one.body)
        for job, parts in imports.items():
            found += [f"part {number} of {job} had {len(bodies)} contents" for number, bodies in parts.items() if len(bodies) > 1]
            keys = [key for bodies in parts.values() for body in bodies for key in _keys(body)]
            found += [f"{len(keys) - len(set(keys))} operations came in two parts of {job}"] if len(set(keys)) != len(keys) else []
        return found


def _refused(asked: Asked) -> bool:
    return 400 <= asked.status < 500


def _keys(body: bytes) -> Iterator[tuple[str, str]]:
    for kind, operations in json.loads(body).items():
        for one in operations:
            yield kind, one.get("source_id") or one.get("contact_id") or one.get("group_id")


def _wait(header: str | None, now: float) -> float | None:
    if header is None:
        return None
    return float(header) if header.isdigit() else parsedate_to_datetime(header).timestamp() - now
