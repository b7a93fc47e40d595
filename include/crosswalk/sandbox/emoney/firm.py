"""One eMoney firm: its clients, their connections, what is linked, and who may sign in for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from crosswalk.sandbox.emoney.signin import SignIn
from crosswalk.sandbox.idempotency import Answers
from crosswalk.sandbox.messages import Refused

DEFAULT_FIRM, DEFAULT_CLIENT_ID, DEFAULT_API_KEY = "EM-1001", "crosswalk-sandbox", "sandbox-apikey"


@dataclass(frozen=True, slots=True)
class Client:
    """A client; `external_id` is "" where none was given. Never changed, only replaced."""

    client_id: str
    external_id: str
    revision: int
    values: Mapping[str, str]
    spouse: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A client's connection with an institution."""

    connection_id: str
    client_id: str
    institution: str


@dataclass(frozen=True, slots=True)
class Notice:
    """An item that was announced."""

    connection_id: str
    item_id: str
    kind: str
    name: str
    detail: str
    announced_at: str


@dataclass(frozen=True, slots=True)
class Link:
    """A linked item."""

    link_id: str
    connection_id: str
    client_id: str
    item_id: str
    kind: str
    asset_type: str
    ownership: str
    values: Mapping[str, str]
    linked_at: str
    refreshed_at: str
    status: str = "current"
    revision: int = 1


@dataclass
class Limit:
    """Requests a firm may send in a window of seconds; 0 is no limit. retry_after: whether a 429 announces the wait."""

    requests: int = 60
    window_seconds: float = 60.0
    retry_after: bool = False


@dataclass
class Window:
    """When the last requests came. Thread-safe."""

    came: deque[float] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, later: float) -> Window:
        """The same requests, `later` seconds later."""
        with self.lock:
            return Window(deque(moment + later for moment in self.came))

    def wait(self, limit: Limit) -> float:
        """Count a request and return 0, or count nothing and return the seconds until there is room."""
        now = time.monotonic()
        with self.lock:
            while self.came and self.came[0] <= now - limit.window_seconds:
                self.came.popleft()
            if limit.requests and len(self.came) >= limit.requests:
                return self.came[-limit.requests] + limit.window_seconds - now
            self.came.append(now)
            return 0.0


class Firm:
    """A firm. Whoever reads or writes holds `lock`; notices are kept by connection and item."""

    def __init__(self, firm_id: str, name: str, client_id: str = DEFAULT_CLIENT_ID, api_key: str = DEFAULT_API_KEY) -> None:
        self.firm_id = firm_id
        self.name = name
        self.api_key = api_key
        self.sign_in = SignIn(client_id)
        self.revision = 0
        self.clients: dict[str, Client] = {}
        self.connections: dict[str, Connection] = {}
        self.notices: dict[tuple[str, str], Notice] = {}
        self.links: dict[str, Link] = {}
        self.answers = Answers()
        self.window = Window()
        self.lock = threading.RLock()
        self._numbers = {"": 2300, "cn-": 0, "l-": 0}

    def copy(self, later: float) -> Firm:
        """The same firm, for itself; times moved by `later` seconds."""
        other = Firm(self.firm_id, self.name, self.sign_in.client_id, self.api_key)
        with self.lock:
            other.sign_in = self.sign_in.copy(later)
            other.revision = self.revision
            other.clients, other.connections = self.clients.copy(), self.connections.copy()
            other.notices, other.links = self.notices.copy(), self.links.copy()
            other.answers, other.window = self.answers.copy(later), self.window.copy(later)
            other._numbers = self._numbers.copy()
        return other

    def new_id(self, prefix: str) -> str:
        """An id never given before: of a client (no prefix), a connection `cn-` or a link `l-`."""
        self._numbers[prefix] += 1
        return f"{prefix}{self._numbers[prefix]}"

    def summary(self) -> dict[str, Any]:
        """The firm as it is read."""
        kinds = [link.kind for link in self.links.values()]
        counts = {"clients": len(self.clients), "investments": kinds.count("investment"), "policies": kinds.count("policy")}
        return {"firmId": self.firm_id, "name": self.name, **counts, "revision": self.revision}

    def client(self, client_id: str) -> Client:
        """A client. Raises Refused (404 NOT_FOUND)."""
        if client_id not in self.clients:
            raise Refused(404, "NOT_FOUND", "no such client")
        return self.clients[client_id]

    def connection(self, connection_id: str) -> Connection:
        """A connection. Raises Refused (404 NOT_FOUND)."""
        if connection_id not in self.connections:
            raise Refused(404, "NOT_FOUND", "no such connection")
        return self.connections[connection_id]

    def put_client(self, before: Client | None, after: Client) -> Client:
        """Keep a client that is new or changed; one that changed in nothing keeps its revision."""
        if before is not None and replace(after, revision=before.revision) == before:
            return before
        kept = replace(after, revision=1 if before is None else before.revision + 1)
        self.clients[kept.client_id] = kept
        self.revision += 1
        return kept

    def put_link(self, before: Link | None, after: Link) -> Link:
        """Keep a link that is new or changed; being looked at raises no revision."""
        same = before is not None and replace(after, revision=before.revision, refreshed_at=before.refreshed_at) == before
        kept = after if before is None else replace(after, revision=before.revision + (not same))
        self.links[kept.link_id] = kept
        self.revision += not same
        return kept


def now_text() -> str:
    """The time as eMoney writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
