"""A write the other side would carry out twice: sent once, and not at all when its time is over."""

from __future__ import annotations

import time

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.errors import TransientError
from crosswalk.wire import http as session
from crosswalk.wire.deadline_body import DeadlineBody
from crosswalk.wire.http import HttpClient, HttpSettings, Request


def http_client(server: LocalServer) -> HttpClient:
    return HttpClient(HttpSettings(server.url, "crm_summit", requests_per_second=1000, first_wait=0.001, allow_private_network=True))


def write(leave_by: float) -> Request:
    return Request("POST", "/notes", content=b"<note/>", leave_by=leave_by)


@pytest.mark.requirement("FMG-05")
@pytest.mark.parametrize("answer", [Reply(status=502), Reply(drop=True), Reply(b"half", cut=2), Reply(status=429)])
def test_it_is_sent_once_whatever_comes_back(answer: Reply) -> None:
    with LocalServer(lambda _: answer) as server:
        with pytest.raises(TransientError):
            http_client(server).send(write(time.time() + 30))
        assert len(server.seen) == 1


def test_in_time_it_arrives_whole() -> None:
    with LocalServer(lambda seen: Reply(seen.body)) as server:
        assert http_client(server).send(write(time.time() + 30)).content == b"<note/>"
        assert server.seen[0].headers["content-length"] == "7"


@pytest.mark.requirement("FMG-05")
def test_a_process_that_was_held_up_does_not_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held up between the check of the connection and the body: the head is sent, the body stays, the server carries nothing out."""
    carried_out: list[Seen] = []

    def answer(seen: Seen) -> Reply:
        if len(seen.body) == int(seen.headers["content-length"]):
            carried_out.append(seen)
        return Reply()

    with LocalServer(answer) as server, pytest.raises(TransientError, match="CONN_LATE"):
        http_client(server).send(write(time.time() - 0.001))
    assert not carried_out
    assert isinstance(session._with_deadline(b"", 0.0), DeadlineBody)
