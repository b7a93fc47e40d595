"""Kept sessions and the frozen results of their searches."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from crosswalk.sandbox.messages import Refused
from crosswalk.sandbox.smartoffice.office import Record

IDLE_SECONDS = 1800.0
KEPT_SESSIONS = 500
KEPT_RESULTS = 32


@dataclass(frozen=True)
class Result:
    """What a search found, in order, as it stood then."""

    number: int
    kind: str
    size: int
    records: list[Record]


@dataclass
class Session:
    """One kept session."""

    cookie: str
    office: str
    user: str
    used: float
    results: OrderedDict[int, Result] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, later: float) -> Session:
        """The same results, for itself; used `later` seconds later."""
        with self.lock:
            return Session(self.cookie, self.office, self.user, self.used + later, self.results.copy())

    def keep(self, result: Result) -> None:
        """Keep a result; the oldest is forgotten when there are too many."""
        with self.lock:
            self.results[result.number] = result
            while len(self.results) > KEPT_RESULTS:
                self.results.popitem(last=False)

    def result(self, number: int) -> Result:
        """A result of this session. Raises Refused (SEARCH_UNKNOWN)."""
        found = self.results.get(number)
        if found is None:
            raise Refused(200, "SEARCH_UNKNOWN", f"no search {number} in this session")
        return found


class Sessions:
    """All kept sessions, the least recently used first. Thread-safe."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        self._last_search = 990

    def copy(self, later: float) -> Sessions:
        """The same sessions, for themselves; times moved by `later` seconds."""
        other = Sessions()
        with self._lock:
            other._sessions = OrderedDict((cookie, session.copy(later)) for cookie, session in self._sessions.items())
            other._last_search = self._last_search
        return other

    def search_number(self) -> int:
        """A number for a search, never given before."""
        with self._lock:
            self._last_search += 1
            return self._last_search

    def open(self, office: str, user: str) -> Session:
        """Begin a session."""
        session = Session(secrets.token_hex(16).upper(), office, user, time.monotonic())
        with self._lock:
            self._sessions[session.cookie] = session
            self._forget_idle(session.used)
        return session

    def find(self, cookie: str) -> Session | None:
        """The live session with this cookie."""
        with self._lock:
            now = time.monotonic()
            self._forget_idle(now)
            session = self._sessions.get(cookie)
            if session:
                session.used = now
                self._sessions.move_to_end(cookie)
            return session

    def close(self, cookie: str) -> None:
        """End a session and forget its results."""
        with self._lock:
            self._sessions.pop(cookie, None)

    def close_all(self, office: str) -> int:
        """End every session of an office."""
        with self._lock:
            ended = [cookie for cookie, session in self._sessions.items() if session.office == office]
            for cookie in ended:
                del self._sessions[cookie]
            return len(ended)

    def count(self, office: str) -> int:
        """How many sessions an office has open."""
        with self._lock:
            return sum(session.office == office for session in self._sessions.values())

    def _forget_idle(self, now: float) -> None:
        while self._sessions:
            oldest = next(iter(self._sessions.values()))
            if len(self._sessions) <= KEPT_SESSIONS and now - oldest.used <= IDLE_SECONDS:
                return
            del self._sessions[oldest.cookie]
