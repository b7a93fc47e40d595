"""What was asked of each system: counters, and the last requests without their bodies."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 20_000


@dataclass(frozen=True)
class Entry:
    """One request. index: its number among the system's calls, from 1; status 0: the connection was broken instead."""

    index: int
    system: str
    owner: str
    method: str
    path: str
    operation: str
    status: int
    fault: str
    milliseconds: float


class RequestLog:
    """Counts and remembers requests. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything and count from 1 again."""
        with self._lock:
            self._entries: deque[Entry] = deque(maxlen=KEPT)
            self._calls: Counter[str] = Counter()
            self._counts: dict[str, Counter[str]] = {}
            self._by_owner: dict[str, dict[str, Counter[str]]] = {}

    def count(self, system: str, owner: str, method: str, *, write: bool) -> int:
        """Count a call as it arrives and return its index."""
        with self._lock:
            self._calls[system] += 1
            owners = self._by_owner.setdefault(system, {})
            for counter in (self._counts.setdefault(system, Counter()), owners.setdefault(owner, Counter())):
                counter["writes" if write else "reads"] += 1
                counter[method] += 1
            return self._calls[system]

    def remember(self, entry: Entry) -> None:
        """Keep what became of a call."""
        with self._lock:
            self._entries.append(entry)

    def entries(self, system: str | None) -> list[dict[str, Any]]:
        """The last requests, oldest first."""
        with self._lock:
            return [asdict(entry) for entry in self._entries if system in (None, entry.system)]

    def counters(self, systems: Iterable[str]) -> dict[str, Any]:
        """Reads, writes and counts by method: of each system and of each of its owners."""
        with self._lock:
            return {
                system: {
                    **_with_zeros(self._counts.get(system, Counter())),
                    "by_owner": {owner: _with_zeros(counts) for owner, counts in self._by_owner.get(system, {}).items()},
                }
                for system in systems
            }


def _with_zeros(counts: Counter[str]) -> dict[str, Any]:
    methods = {name: number for name, number in counts.items() if name.isupper()}
    return {"reads": counts["reads"], "writes": counts["writes"], "methods": methods}
