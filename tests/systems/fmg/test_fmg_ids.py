"""Ids that come back, asked for by our client: the sandbox and the stand-in, written apart from one page, have to agree."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crosswalk.conformance.local_server import LocalServer
from crosswalk.core.ports import BatchResult, Operation
from crosswalk.errors import CrosswalkError
from crosswalk.sandbox.server import SandboxServer
from crosswalk.systems.fmg.conformance import FmgStandIn
from crosswalk.systems.fmg.conformance import connect as fmg
from crosswalk.systems.fmg.target import FmgTarget

SOURCE = {"system": "smartoffice", "office": "DEMO01"}
STRANGER = "c-424242"


@pytest.fixture(params=["sandbox", "stand-in"])
def target(request: pytest.FixtureRequest) -> Iterator[FmgTarget]:
    server = SandboxServer(contacts=1, groups=1) if request.param == "sandbox" else LocalServer(FmgStandIn())
    with server:
        yield fmg(server.url)


def person(number: int, target_id: str = "", source: int | None = None) -> Operation:
    values = {"last_name": f"Quill {number}", "email": f"q{number}@example.test"}
    return Operation("contact", "upsert", f"Contact.7.{number if source is None else source}", target_id, values)


def group(number: int, target_id: str = "") -> Operation:
    return Operation("group", "upsert", f"TagGroup.7.{number}", target_id, {"name": "Newsletter"})


def deliver(target: FmgTarget, mode: str, operations: list[Operation]) -> BatchResult:
    state = target.state()
    delivery = target.open(mode=mode, snapshot=state.last_snapshot + 1, base_revision=state.revision, source=SOURCE)
    result = delivery.send(1, operations)
    taken = [operation for operation in operations if operation.key in result.accepted]
    delivery.commit(
        1,
        {
            entity: {op: sum((one.entity, one.op) == (entity, op) for one in taken) for op in ("upsert", "delete")}
            for entity in ("contact", "group")
        },
    )
    return result


def ids(target: FmgTarget, entity: str = "contact") -> dict[str, str]:
    return {row["source_id"]: row["target_id"] for page in target.pages(entity) for row in page.rows}


@pytest.mark.requirement("SAFE-7")
@pytest.mark.parametrize("mode", ["replace", "delta"])
def test_what_was_deleted_or_left_out_comes_back_under_its_id(target: FmgTarget, mode: str) -> None:
    deliver(target, "replace", [group(1), person(1), person(2), person(3)])
    people, groups = ids(target), ids(target, "group")
    deliver(target, "replace", [person(2), person(3)])
    deliver(target, "delta", [Operation("contact", "delete", people["Contact.7.2"], people["Contact.7.2"])])
    assert (set(ids(target)), ids(target, "group")) == ({"Contact.7.3"}, {})
    back = [group(1, groups["TagGroup.7.1"]), person(1, people["Contact.7.1"]), person(2, people["Contact.7.2"])]
    deliver(target, mode, [*back, person(3)])
    assert (ids(target), ids(target, "group")) == (people, groups)


def test_an_id_is_never_given_twice(target: FmgTarget) -> None:
    deliver(target, "replace", [group(1), person(1), person(2)])
    first = {*ids(target).values(), *ids(target, "group").values()}
    deliver(target, "replace", [])
    deliver(target, "replace", [group(1), person(1), person(2)])
    second = {*ids(target).values(), *ids(target, "group").values()}
    assert (len(first | second), len(second)) == (6, 3)


def test_an_id_the_account_never_had_is_not_found(target: FmgTarget) -> None:
    deliver(target, "replace", [person(1)])
    result = deliver(target, "delta", [person(2, STRANGER), person(3), group(1, "g-424242")])
    assert {(one.key, one.code) for one in result.refused} == {("Contact.7.2", "NOT_FOUND"), ("TagGroup.7.1", "NOT_FOUND")}
    assert (set(ids(target)), ids(target, "group")) == ({"Contact.7.1", "Contact.7.3"}, {})


@pytest.mark.parametrize("wrong", ["two upserts", "a source id in use"])
def test_what_cannot_be_changes_nothing(target: FmgTarget, wrong: str) -> None:
    deliver(target, "replace", [person(1), person(2)])
    gone = ids(target)["Contact.7.1"]
    deliver(target, "replace", [person(2)])
    before = (ids(target), target.state().revision)
    operations = [person(1, gone), person(5, gone)] if wrong == "two upserts" else [person(9, gone, source=2)]
    with pytest.raises(CrosswalkError):
        deliver(target, "delta", operations)
    assert (ids(target), target.state().revision) == before
