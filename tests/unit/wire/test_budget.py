"""An HTTP client with a shared quota takes a request from it before every attempt, and passes on the pauses a vendor asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply
from crosswalk.errors import RateLimited, TransientError
from crosswalk.wire.http import HttpClient, HttpSettings, Request

REQUEST = Request("GET", "/things")


@dataclass
class Counted:
    """A quota that makes callers wait as the test says. waits: what `take` answers before it gives a request."""

    waits: list[float] = field(default_factory=list)
    taken: int = 0
    paused: list[float] = field(default_factory=list)
    error: TransientError | None = None

    def take(self) -> float:
        if self.error:
            error, self.error = self.error, None
            raise error
        if self.waits:
            return self.waits.pop(0)
        self.taken += 1
        return 0.0

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    def estimate(self, requests: int) -> float:
        return requests * 1.0


@pytest.fixture
def serve() -> Iterator[Callable[[list[Reply]], LocalServer]]:
    servers: list[LocalServer] = []

    def start(replies: list[Reply]) -> LocalServer:
        server = LocalServer(lambda _: replies.pop(0) if len(replies) > 1 else replies[0])
        servers.append(server)
        return server.__enter__()

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def client(server: LocalServer, quota: Counted) -> HttpClient:
    settings = {"requests_per_second": 1000, "first_wait": 0.001, "allow_private_network": True}
    return HttpClient(HttpSettings(server.url, "emoney_summit", **settings), quota=quota)


def test_every_try_is_counted(serve: Callable[[list[Reply]], LocalServer]) -> None:
    quota = Counted()
    server = serve([Reply(status=503), Reply(status=429), Reply(b"fine")])
    client(server, quota).send(REQUEST)
    assert (quota.taken, len(server.seen)) == (3, 3)


def test_nothing_is_sent_before_there_is_room(serve: Callable[[list[Reply]], LocalServer]) -> None:
    quota = Counted(waits=[0.001, 0.001])
    server = serve([Reply(b"fine")])
    client(server, quota).new_session().send(REQUEST)
    assert (quota.waits, quota.taken) == ([], 1)


def test_a_wish_of_the_vendor_binds_all(serve: Callable[[list[Reply]], LocalServer]) -> None:
    quota = Counted()
    client(serve([Reply(status=429, headers={"Retry-After": "0"}), Reply(b"fine")]), quota).send(REQUEST)
    assert quota.paused == [0.0]
    with pytest.raises(RateLimited):
        client(serve([Reply(status=429, headers={"Retry-After": "7200"})]), quota).send(REQUEST)
    assert quota.paused == [0.0], "who gives up does not stop the others for two hours"


def test_a_quota_out_of_reach_is_tried_again(serve: Callable[[list[Reply]], LocalServer]) -> None:
    quota = Counted(error=TransientError("STORE_UNAVAILABLE", operation="taking", problem="locked", next_step="again"))
    server = serve([Reply(b"fine")])
    client(server, quota).send(REQUEST)
    assert (quota.taken, len(server.seen)) == (1, 1)
