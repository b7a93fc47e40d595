"""What every client of a system has to keep, whichever system: one suite over stand-ins written from the READMEs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from crosswalk.errors import AuthRefused, CrosswalkError, RateLimited, TransientError
from systems import (
    agent_crm_stand_in,
    autotask_stand_in,
    connectwise_stand_in,
    emoney_stand_in,
    flex_stand_in,
    fmg_stand_in,
    hubspot_stand_in,
    mindmatrix_stand_in,
    smartoffice_stand_in,
)
from systems.local_server import LocalServer, Reply, Seen
from systems.subjects import SUBJECTS, Subject

CANARY = "canary@example.test"
PRIVATE = (
    CANARY,
    "sandbox-secret",
    "sandbox-key",
    "sandbox-hubspot-token",
    "sandbox-flex-key",
    "Zebulon",
    emoney_stand_in.API_KEY,
    emoney_stand_in.PEM[40:80],
    "client_assertion",
)


class Scene:
    """A subject, its stand-in behind a server, and a place to disturb single answers: call number to reply."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.stand_in: Callable[[Seen], Reply] = _stand_in(subject.name)
        self.disturb: Callable[[int, Seen, Callable[[], Reply]], Reply] = lambda _number, _seen, reply: reply()
        self.server = LocalServer(self._answer)

    def read(self) -> list[str]:
        return self.subject.read(self.server.url)

    def _answer(self, seen: Seen) -> Reply:
        return self.disturb(len(self.server.seen), seen, lambda: self.stand_in(seen))


def _stand_in(system: str) -> Callable[[Seen], Reply]:
    if system == "smartoffice":
        people = [smartoffice_stand_in.contact(number, FirstName="Zebulon") for number in range(1, 8)]
        people[3]["PreferredEmail/Address"] = CANARY
        return smartoffice_stand_in.SmartOfficeStandIn(people, [])
    if system == "emoney":
        clients = [emoney_stand_in.client(number, firstName="Zebulon") for number in range(1, 502)]
        clients[3]["email"] = CANARY
        return emoney_stand_in.EmoneyStandIn(clients)
    if system == "autotask":
        rows = [{**autotask_stand_in.CONTACT, "id": number, "firstName": "Zebulon"} for number in range(1, 8)]
        rows[3]["emailAddress"] = CANARY
        return autotask_stand_in.AutotaskStandIn(rows)
    if system == "connectwise":
        listed = [connectwise_stand_in.contact(number, firstName="Zebulon") for number in range(1, 8)]
        listed[3]["communicationItems"] = [connectwise_stand_in.item(9, CANARY)]
        return connectwise_stand_in.ConnectWiseStandIn(listed)
    if system == "mindmatrix":
        held = [mindmatrix_stand_in.contact(number, first_name="Zebulon") for number in range(1, 1202)]
        held[3]["email"] = CANARY
        return mindmatrix_stand_in.MindmatrixStandIn(held)
    if system == "agent_crm":
        fields = agent_crm_stand_in.CONTACT
        people = [agent_crm_stand_in.record(fields, number, first_name="Zebulon", email=CANARY) for number in range(1, 1204)]
        return agent_crm_stand_in.AgentCrmStandIn({"policies": [], "contacts": people})
    if system == "hubspot":
        return hubspot_stand_in.HubSpotStandIn(
            contacts=[hubspot_stand_in.contact(one, firstname="Zebulon", email=CANARY) for one in range(1, 251)]
        )
    if system == "flex":
        return flex_stand_in.FlexStandIn([flex_stand_in.contact(one, firstName="Zebulon", company=CANARY) for one in range(1, 251)])
    contacts = [fmg_stand_in.contact(number, first_name="Zebulon") for number in range(1, 2502)]
    contacts[3]["email"] = CANARY
    return fmg_stand_in.FmgStandIn(contacts)


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    made = Scene(request.param)
    with made.server:
        yield made


def spoil(fault: Reply | Callable[[Reply], Reply], calls: range | None = None) -> Any:
    def disturb(number: int, _: Seen, reply: Callable[[], Reply]) -> Reply:
        if calls is not None and number not in calls:
            return reply()
        return fault if isinstance(fault, Reply) else fault(reply())

    return disturb


def test_a_read_ends_and_brings_every_record_once(scene: Scene) -> None:
    ids = scene.read()
    assert len(ids) == len(set(ids)) == scene.subject.records
    assert len(scene.server.seen) == scene.subject.calls


@pytest.mark.parametrize(
    "fault",
    [Reply(status=429), Reply(status=429, headers={"Retry-After": "0"}), Reply(status=503), Reply(status=500), Reply(drop=True)],
    ids=["429", "429 with Retry-After", "503", "500", "reset"],
)
def test_a_fault_that_passes_is_not_noticed(scene: Scene, fault: Reply) -> None:
    whole = scene.read()
    first = len(scene.server.seen)
    scene.disturb = spoil(fault, range(first + 2, first + 4))
    assert scene.read() == whole


@pytest.mark.requirement("SAFE-5")
def test_an_answer_lost_at_any_call_is_asked_for_again_in_the_same_words(scene: Scene) -> None:
    for lost in range(1, scene.subject.calls + 1):
        first = len(scene.server.seen)
        scene.disturb = spoil(lambda reply: replace(reply, cut=20), range(first + lost, first + lost + 1))
        assert len(set(scene.read())) == scene.subject.records
        one, again = scene.server.seen[first + lost - 1 : first + lost + 1]
        assert (one.method, one.path, one.query) == (again.method, again.path, again.query)
        assert one.body == again.body or one.path.endswith(scene.subject.renewed)


def test_a_rate_limit_that_stays_is_transient(scene: Scene) -> None:
    scene.disturb = spoil(Reply(status=429))
    with pytest.raises(RateLimited):
        scene.read()
    assert len(scene.server.seen) == 5


def test_a_wait_too_long_is_handed_on_with_its_length(scene: Scene) -> None:
    scene.disturb = spoil(Reply(status=429, headers={"Retry-After": "7200"}))
    with pytest.raises(RateLimited) as caught:
        scene.read()
    assert (caught.value.wait_seconds, len(scene.server.seen)) == (7200, 1)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_final(scene: Scene, status: int) -> None:
    scene.disturb = spoil(Reply(CANARY.encode(), status))
    with pytest.raises(AuthRefused):
        scene.read()
    assert len(scene.server.seen) == 1


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


@pytest.mark.requirement("SAFE-1", "SAFE-9")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("call", [1, 2])
def test_a_fault_that_stays_ends_in_an_error_of_ours_that_tells_nothing(
    scene: Scene, fault: Reply | Callable[[Reply], Reply], call: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scene.disturb = spoil(fault, range(call, 99))
    with pytest.raises(CrosswalkError) as caught:
        scene.read()
    assert caught.value.code.startswith(("SRC_", "CONN_", "TGT_"))
    assert scene.subject.connection in str(caught.value)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert [word for word in PRIVATE if word in told] == []


def test_nobody_there_is_transient(scene: Scene) -> None:
    scene.server.__exit__(None, None, None)
    with pytest.raises(TransientError) as caught:
        scene.read()
    assert caught.value.code == "CONN_UNREACHABLE"
