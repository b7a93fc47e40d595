"""What every client of a system has to keep, whichever system: one suite over stand-ins written from the systems' READMEs.

Needs pytest. To run it, subclass it in a test file: `class TestConformance(SystemConformance): ...`.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from crosswalk.conformance.discovery import found_subjects
from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.conformance.subject import CANARY, NAME, Subject
from crosswalk.errors import AuthRefused, CrosswalkError, RateLimited, TransientError

PRIVATE = (CANARY, NAME, *(secret for subject in found_subjects().values() for secret in subject.secrets))
"""What no error and no log line may hold, of whichever system."""


class Scene:
    """A subject, its stand-in behind a server, and a place to disturb single answers: call number to reply."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.stand_in = subject.stand_in()
        self.disturb: Callable[[int, Seen, Callable[[], Reply]], Reply] = lambda _number, _seen, reply: reply()
        self.server = LocalServer(self._answer)

    def read(self) -> list[str]:
        """Read everything with a new client."""
        return self.subject.read(self.server.url)

    def _answer(self, seen: Seen) -> Reply:
        return self.disturb(len(self.server.seen), seen, lambda: self.stand_in(seen))


def spoil(fault: Reply | Callable[[Reply], Reply], calls: range | None = None) -> Any:
    def disturb(number: int, _: Seen, reply: Callable[[], Reply]) -> Reply:
        if calls is not None and number not in calls:
            return reply()
        return fault if isinstance(fault, Reply) else fault(reply())

    return disturb


FAULTS: dict[str, Reply | Callable[[Reply], Reply]] = {
    "login page": Reply(f"<!DOCTYPE html><html>{CANARY}</html>".encode(), headers={"Content-Type": "text/html"}),
    "nothing": Reply(b""),
    "blank": Reply(b"  \n "),
    "garbage": Reply(CANARY.encode() * 9, headers={"Content-Type": "text/plain"}),
    "not packed": Reply(CANARY.encode(), headers={"Content-Encoding": "gzip"}),
    "cut text": lambda reply: replace(reply, body=reply.body[: len(reply.body) * 2 // 3]),
    "wrong charset": lambda reply: replace(reply, body=reply.body.replace(b"Zebulon", b"Z\xe9bulon").replace(b"revision", b"\xe9")),
    "control character": lambda reply: replace(reply, body=reply.body.translate(None, b"\n").replace(b"o", b"\x01o")),
    "reset": Reply(drop=True),
    "short": lambda reply: replace(reply, cut=30),
    "redirect": Reply(status=302, headers={"Location": f"https://evil.test/?{CANARY}"}),
    "404": Reply(CANARY.encode(), 404),
    "409": Reply(CANARY.encode(), 409),
    "413": Reply(CANARY.encode(), 413),
    "422": Reply(b'{"error": {"code": "PART_REFUSED", "message": "canary@example.test"}}', 422),
    "418": Reply(CANARY.encode(), 418),
    "500": Reply(CANARY.encode(), 500),
}


class SystemConformance:
    """The suite; each test runs once for every system that is found."""

    @pytest.fixture(params=found_subjects().values(), ids=list(found_subjects()))
    def scene(self, request: pytest.FixtureRequest) -> Iterator[Scene]:
        """A subject and its stand-in, being served."""
        made = Scene(request.param)
        with made.server:
            yield made

    def test_a_read_ends_and_brings_every_record_once(self, scene: Scene) -> None:
        ids = scene.read()
        assert len(ids) == len(set(ids)) == scene.subject.records
        assert len(scene.server.seen) == scene.subject.calls

    @pytest.mark.parametrize(
        "fault",
        [Reply(status=429), Reply(status=429, headers={"Retry-After": "0"}), Reply(status=503), Reply(status=500), Reply(drop=True)],
        ids=["429", "429 with Retry-After", "503", "500", "reset"],
    )
    def test_a_fault_that_passes_is_not_noticed(self, scene: Scene, fault: Reply) -> None:
        whole = scene.read()
        first = len(scene.server.seen)
        scene.disturb = spoil(fault, range(first + 2, first + 4))
        assert scene.read() == whole

    @pytest.mark.requirement("SAFE-5")
    def test_an_answer_lost_at_any_call_is_asked_for_again_in_the_same_words(self, scene: Scene) -> None:
        for lost in range(1, scene.subject.calls + 1):
            first = len(scene.server.seen)
            scene.disturb = spoil(lambda reply: replace(reply, cut=20), range(first + lost, first + lost + 1))
            assert len(set(scene.read())) == scene.subject.records
            one, again = scene.server.seen[first + lost - 1 : first + lost + 1]
            assert (one.method, one.path, one.query) == (again.method, again.path, again.query)
            assert one.body == again.body or one.path.endswith(scene.subject.renewed)

    def test_a_rate_limit_that_stays_is_transient(self, scene: Scene) -> None:
        scene.disturb = spoil(Reply(status=429))
        with pytest.raises(RateLimited):
            scene.read()
        assert len(scene.server.seen) == 5

    def test_a_wait_too_long_is_handed_on_with_its_length(self, scene: Scene) -> None:
        scene.disturb = spoil(Reply(status=429, headers={"Retry-After": "7200"}))
        with pytest.raises(RateLimited) as caught:
            scene.read()
        assert (caught.value.wait_seconds, len(scene.server.seen)) == (7200, 1)

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refusal_is_final(self, scene: Scene, status: int) -> None:
        scene.disturb = spoil(Reply(CANARY.encode(), status))
        with pytest.raises(AuthRefused):
            scene.read()
        assert len(scene.server.seen) == 1

    @pytest.mark.requirement("SAFE-1", "SAFE-9")
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    @pytest.mark.parametrize("call", [1, 2])
    def test_a_fault_that_stays_ends_in_an_error_of_ours_that_tells_nothing(
        self, scene: Scene, fault: Reply | Callable[[Reply], Reply], call: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        scene.disturb = spoil(fault, range(call, 99))
        with pytest.raises(CrosswalkError) as caught:
            scene.read()
        assert caught.value.code.startswith(("SRC_", "CONN_", "TGT_"))
        assert scene.subject.connection in str(caught.value)
        told = "".join(traceback.format_exception(caught.value)) + caplog.text
        assert [word for word in PRIVATE if word in told] == []

    def test_nobody_there_is_transient(self, scene: Scene) -> None:
        scene.server.__exit__(None, None, None)
        with pytest.raises(TransientError) as caught:
            scene.read()
        assert caught.value.code == "CONN_UNREACHABLE"
