"""Every client against the sandbox: they were written from the same READMEs by different hands, and have to agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from crosswalk.core.ports import Operation, Page, ReadRestarted
from crosswalk.errors import CrosswalkError
from crosswalk.sandbox.server import SandboxServer
from crosswalk.systems.autotask.conformance import connect as autotask
from crosswalk.systems.connectwise.conformance import connect as connectwise
from crosswalk.systems.emoney.client_connections import Change, Link
from crosswalk.systems.emoney.conformance import KEY, certificate
from crosswalk.systems.emoney.conformance import connect as emoney
from crosswalk.systems.flex.conformance import connect as flex
from crosswalk.systems.fmg.conformance import connect as fmg
from crosswalk.systems.fmg.target import FmgTarget
from crosswalk.systems.hubspot.conformance import connect as hubspot
from crosswalk.systems.mindmatrix.conformance import connect as mindmatrix
from crosswalk.systems.smartoffice.conformance import connect as smartoffice

LISTED, CLIENTS = 2100, 1001
WHOLE = {
    "smartoffice": 200,
    "fmg": LISTED,
    "emoney": CLIENTS,
    "autotask": 200,
    "connectwise": 200,
    "mindmatrix": LISTED,
    "hubspot": 240,
    "flex": 240,
}
Spoil = Callable[..., None]


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=200, groups=10, seed=1) as server:
        people = [{"last_name": "Quill", "email": f"q{number}@example.test"} for number in range(1, LISTED + 1)]
        made = requests.post(
            f"{server.url}/_sandbox/fmg/accounts",
            json={"account": "FMG-7", "name": "Summit", "api_key": "sandbox-key", "contacts": people},
            timeout=30,
        )
        assert made.ok, made.text
        clients = [{"lastName": "Quill", "externalId": f"Contact.7.{number}"} for number in range(1, CLIENTS + 1)]
        firm = {"firm": "EM-1001", "client_id": "crosswalk-test", "clients": clients}
        assert requests.post(f"{server.url}/_sandbox/emoney/firms", json=firm, timeout=30).ok
        certified = {"certificate": certificate(KEY)}
        assert requests.post(f"{server.url}/_sandbox/emoney/firms/EM-1001/certificates", json=certified, timeout=30).ok
        assert requests.patch(f"{server.url}/_sandbox/settings", json={"emoney_requests": 0}, timeout=30).ok
        listed = {"organization": "MM-7", "contacts": people}
        made = requests.post(f"{server.url}/_sandbox/mindmatrix/organizations", json=listed, timeout=30)
        assert made.ok, made.text
        crm = {"companies": 30, "contacts": 240, "seed": 2}
        requests.post(f"{server.url}/_sandbox/hubspot/portals", json={"portal": "24100001", "deals": 20, **crm}, timeout=30)
        requests.post(f"{server.url}/_sandbox/flex/sites", json={"site": "demo", **crm}, timeout=30)
        yield server


@pytest.fixture
def spoil(box: SandboxServer) -> Iterator[Spoil]:
    faults = f"{box.url}/_sandbox/faults"

    def set_fault(system: str, kind: str, **more: Any) -> None:
        answer = requests.post(faults, json={"system": system, "kind": kind, "times": 1, **more}, timeout=10)
        assert answer.ok, answer.text

    yield set_fault
    requests.delete(faults, timeout=10)


def contacts(box: SandboxServer) -> list[Page]:
    return list(smartoffice(box.url, page_size=60).pages("contact", None))


def test_smartoffice_is_read_whole_in_both_ways(box: SandboxServer) -> None:
    source = smartoffice(box.url, page_size=60)
    assert source.totals() == {"contact": 200, "group": 10}
    assert [len(page.rows) for page in contacts(box)] == [60, 60, 60, 20]
    assert all(not page.unknown_fields for page in contacts(box))
    assert set(source.dictionary()) == {"Person.Gender", "Person.Marital"}
    source.require_right("FMG")


@pytest.mark.requirement("FMG-03")
def test_a_scope_is_read_as_the_whole_says(box: SandboxServer) -> None:
    source = smartoffice(box.url, page_size=60)
    group = next(source.pages("group", None)).rows[0]
    whole = {row["source_id"] for page in contacts(box) for row in page.rows if group["source_id"] in row["TagGroups"].split()}
    scoped = [row for page in source.pages("contact", [group["Name"]]) for row in page.rows]
    assert {row["source_id"] for row in scoped} == whole
    assert {row["TagGroups"] for row in scoped} == {group["source_id"]}


def deliver(target: FmgTarget, mode: str, snapshot: int, *parts: list[Operation]) -> Any:
    delivery = target.open(
        mode=mode, snapshot=snapshot, base_revision=target.state().revision, source={"system": "smartoffice", "office": "DEMO01"}
    )
    counts: dict[str, dict[str, int]] = {"contact": {"upsert": 0, "delete": 0}, "group": {"upsert": 0, "delete": 0}}
    for number, part in enumerate(parts, 1):
        result = delivery.send(number, part)
        for operation in part:
            counts[operation.entity][operation.op] += operation.key in result.accepted
    return delivery.commit(len(parts), counts)


def test_fmg_is_replaced_changed_and_read_back(box: SandboxServer) -> None:
    target = fmg(box.url)
    group = Operation("group", "upsert", "TagGroup.7.3", "", {"name": "Newsletter"})
    person = {"last_name": "Zoë", "groups": "TagGroup.7.3"}
    people = [Operation("contact", "upsert", f"Contact.7.{number}", "", person) for number in (1, 3)]
    people.append(Operation("contact", "upsert", "Contact.7.2", "", {**person, "email": "two@example.test", "opted_out": "true"}))
    first = deliver(target, "replace", 1, [group], people)
    assert (first.generation, first.counts) == (1, {"contact": 3, "group": 1})
    rows = {row["source_id"]: row for page in target.pages("contact") for row in page.rows}
    assert (rows["Contact.7.1"]["last_name"], rows["Contact.7.1"]["groups"]) == ("Zoë", "TagGroup.7.3")
    assert [row["source_id"] for row in rows.values() if row["opted_out"]] == ["Contact.7.2"]
    gone = Operation("contact", "delete", "Contact.7.3", rows["Contact.7.3"]["target_id"])
    second = deliver(target, "delta", 2, [gone])
    assert (second.generation, second.counts["contact"], target.state().last_snapshot) == (2, 2, 2)


def test_a_long_list_is_read_back_page_by_page(box: SandboxServer) -> None:
    assert [len(page.rows) for page in fmg(box.url, "FMG-7").pages("contact")] == [1000, 1000, 100]


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize("kind", ["latency", "cut", "lost_answer", "reset", "rate_limited", "status"])
@pytest.mark.parametrize("system", list(WHOLE))
def test_a_fault_that_passes_is_not_noticed(box: SandboxServer, spoil: Spoil, system: str, kind: str) -> None:
    extra: dict[str, Any] = {"latency": {"seconds": 0.05}, "status": {"status": 502}, "rate_limited": {"retry_after": None}}.get(kind, {})
    spoil(system, kind, at=2, **extra)
    assert sum(len(page.rows) for page in read(box, system)) == WHOLE[system]


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("system", "kind", "code"),
    [
        ("smartoffice", "truncated", "SRC_TRUNCATED"),
        ("smartoffice", "bad_gzip", "SRC_CORRUPT"),
        ("smartoffice", "doctype", "SRC_DTD_FORBIDDEN"),
        ("smartoffice", "login_page", "SRC_AUTH_PAGE"),
        ("smartoffice", "empty_body", "SRC_EMPTY_BODY"),
        ("smartoffice", "repeat_page", "SRC_PAGE_REPEATED"),
        ("smartoffice", "wrong_total", "SRC_COUNT_MISMATCH"),
        ("smartoffice", "short_page", "SRC_SHORT_PAGE"),
        ("smartoffice", "zero_records", "SRC_COUNT_MISMATCH"),
        ("fmg", "truncated", "SRC_TRUNCATED"),
        ("fmg", "bad_gzip", "SRC_CORRUPT"),
        ("fmg", "login_page", "SRC_AUTH_PAGE"),
        ("fmg", "empty_body", "SRC_EMPTY_BODY"),
        ("fmg", "repeat_page", "SRC_PAGE_REPEATED"),
        ("fmg", "wrong_total", "SRC_COUNT_MISMATCH"),
        ("fmg", "short_page", "SRC_COUNT_MISMATCH"),
        ("fmg", "zero_records", "SRC_COUNT_MISMATCH"),
        ("emoney", "truncated", "SRC_TRUNCATED"),
        ("emoney", "bad_gzip", "SRC_CORRUPT"),
        ("emoney", "login_page", "SRC_AUTH_PAGE"),
        ("emoney", "empty_body", "SRC_EMPTY_BODY"),
        ("emoney", "repeat_page", "SRC_PAGE_REPEATED"),
        ("emoney", "wrong_total", "SRC_COUNT_MISMATCH"),
        ("emoney", "short_page", "SRC_COUNT_MISMATCH"),
        ("emoney", "zero_records", "SRC_COUNT_MISMATCH"),
        ("autotask", "truncated", "SRC_TRUNCATED"),
        ("autotask", "login_page", "SRC_AUTH_PAGE"),
        ("autotask", "repeat_page", "SRC_PAGE_REPEATED"),
        ("autotask", "short_page", "SRC_SHORT_PAGE"),
        ("autotask", "zero_records", "SRC_COUNT_MISMATCH"),
        ("connectwise", "truncated", "SRC_TRUNCATED"),
        ("connectwise", "bad_gzip", "SRC_CORRUPT"),
        ("connectwise", "repeat_page", "SRC_PAGE_REPEATED"),
        ("connectwise", "short_page", "SRC_COUNT_MISMATCH"),
        ("connectwise", "zero_records", "SRC_COUNT_MISMATCH"),
        ("mindmatrix", "truncated", "SRC_TRUNCATED"),
        ("mindmatrix", "repeat_page", "SRC_PAGE_REPEATED"),
        ("mindmatrix", "wrong_total", "SRC_COUNT_MISMATCH"),
        ("mindmatrix", "short_page", "SRC_COUNT_MISMATCH"),
        ("mindmatrix", "zero_records", "SRC_COUNT_MISMATCH"),
        ("hubspot", "truncated", "SRC_TRUNCATED"),
        ("hubspot", "login_page", "SRC_AUTH_PAGE"),
        ("hubspot", "empty_body", "SRC_EMPTY_BODY"),
        ("hubspot", "repeat_page", "SRC_PAGE_REPEATED"),
        ("hubspot", "short_page", "SRC_COUNT_MISMATCH"),
        ("hubspot", "zero_records", "SRC_COUNT_MISMATCH"),
        ("flex", "truncated", "SRC_TRUNCATED"),
        ("flex", "login_page", "SRC_AUTH_PAGE"),
        ("flex", "repeat_page", "SRC_PAGE_REPEATED"),
        ("flex", "wrong_total", "SRC_COUNT_MISMATCH"),
        ("flex", "short_page", "SRC_COUNT_MISMATCH"),
        ("flex", "zero_records", "SRC_COUNT_MISMATCH"),
    ],
)
def test_a_lie_on_a_later_page_ends_in_its_code(box: SandboxServer, spoil: Spoil, system: str, kind: str, code: str) -> None:
    match = {
        "autotask": "query Contacts",
        "connectwise": "list contacts",
        "mindmatrix": "read contacts",
        "hubspot": "list contacts",
        "flex": "read contacts",
    }.get(system, "")
    spoil(system, kind, at=3 if system in ("fmg", "flex") else 2, match=match)
    with pytest.raises(CrosswalkError) as caught:
        read(box, system)
    assert caught.value.code == code


def test_a_session_that_expires_restarts_the_read(box: SandboxServer, spoil: Spoil) -> None:
    spoil("smartoffice", "expired", at=3)
    with pytest.raises(ReadRestarted):
        contacts(box)
    assert len(contacts(box)) == 4


def test_a_field_that_is_dropped_or_added_is_seen(box: SandboxServer, spoil: Spoil) -> None:
    whole = contacts(box)[0]
    spoil("smartoffice", "drop_field", at=1, field="PreferredEmail.Address")
    assert whole.fields_seen - contacts(box)[0].fields_seen == {"PreferredEmail.Address"}
    spoil("smartoffice", "extra_field", at=1)
    assert contacts(box)[0].unknown_fields


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(("system", "match"), [("autotask", "count Contacts"), ("connectwise", "count contacts")])
def test_a_count_that_lies_ends_the_read(box: SandboxServer, spoil: Spoil, system: str, match: str) -> None:
    spoil(system, "wrong_total", match=match, times=3)
    with pytest.raises(CrosswalkError) as caught:
        read(box, system)
    assert caught.value.code == "SRC_COUNT_MISMATCH"


@pytest.mark.parametrize("system", ["autotask", "connectwise"])
def test_a_crm_is_read_whole(box: SandboxServer, system: str) -> None:
    rows = [row for page in read(box, system) for row in page.rows]
    state = "company.isActive" if system == "autotask" else "company.inactive"
    assert len({row["source_id"] for row in rows}) == len(rows) == 200
    assert {row[state] for row in rows} <= {"true", "false", ""}
    assert sum(bool(row[state]) for row in rows) > 190
    assert all(not page.unknown_fields for page in read(box, system))


def test_mindmatrix_is_changed_and_read_back(box: SandboxServer) -> None:
    target = mindmatrix(box.url)
    state = target.state()
    delivery = target.open(mode="delta", snapshot=1, base_revision=state.revision, source={"system": "autotask", "user": "u"})
    people = [Operation("contact", "upsert", f"{number}", "", {"email": f"p{number}@bücher.example", "city": "Zoë"}) for number in (1, 2)]
    taken = Operation("contact", "upsert", "3", "", {"email": "P1@BÜCHER.example"})
    blank = Operation("contact", "upsert", "4", "", {"last_name": "x"})
    result = delivery.send(1, [*people, taken, blank])
    assert result.accepted == {"1", "2"}
    assert {(one.key, one.code, one.field) for one in result.refused} == {("3", "EMAIL_TAKEN", "email"), ("4", "INVALID", "email")}
    rows = {row["source_id"]: row for page in target.pages("contact") for row in page.rows}
    assert (rows["1"]["email"], rows["2"]["city"], rows["1"]["opted_out"]) == ("p1@bücher.example", "Zoë", "")
    gone = Operation("contact", "delete", "2", rows["2"]["target_id"])
    assert delivery.send(2, [gone]).accepted == {rows["2"]["target_id"]}
    receipt = delivery.commit(2, {"contact": {"upsert": 2, "delete": 1}})
    assert (receipt.generation, receipt.counts) == (1, {"contact": 1})


def read(box: SandboxServer, system: str) -> list[Page]:
    if system == "emoney":
        return list(emoney(box.url).pages("client"))
    crms = {"autotask": autotask, "connectwise": connectwise}
    if system in crms:
        return list(crms[system](box.url, page_size=60).pages("contact", None))
    if system == "mindmatrix":
        return list(mindmatrix(box.url, "MM-7").pages("contact"))
    if system == "hubspot":
        return list(hubspot(box.url).pages("contact", None))
    if system == "flex":
        return list(flex(box.url).pages("contact"))
    return contacts(box) if system == "smartoffice" else list(fmg(box.url, "FMG-7").pages("contact"))


@pytest.mark.requirement("SAFE-5")
@pytest.mark.parametrize("call", range(1, 7))
@pytest.mark.parametrize("kind", ["expired", "lost_answer", "rate_limited"])
def test_a_fault_at_any_call_of_a_delivery_doubles_nothing(box: SandboxServer, spoil: Spoil, kind: str, call: int) -> None:
    """A client with a spouse, its connection, a link and new values: six calls, after the sign-in."""
    target, about = emoney(box.url), f"{kind}.{call}"
    target.state()
    counts = target.state().counts
    spoil("emoney", kind, at=call, **({"retry_after": None} if kind == "rate_limited" else {}))
    values = {"lastName": "Quill", "maritalStatus": "Married", "spouse.lastName": "Quill"}
    sent = target.open(mode="delta", snapshot=1, base_revision=0, source={}).send(1, [Operation("client", "upsert", about, "", values)])
    assert sent.accepted == {about}
    (row,) = target.find(about).rows
    assert (row["maritalStatus"], row["spouse.lastName"]) == ("Married", "Quill")
    connection = target.connections.connect(row["target_id"])
    link_id = target.connections.link(connection, Link("Investment.7.1", "investment", "Cash", "Client", {"assetName": "Fund"}))
    change = Change(link_id, 1, values={"cashBalance": "-20.00"})
    assert target.connections.refresh([change], about).accepted == {link_id}
    (item,) = target.connections.linked(row["target_id"])
    assert (item.revision, item.values["cashBalance"]) == (2, "-20.00")
    assert target.state().counts == {**counts, "client": counts["client"] + 1, "investment": counts["investment"] + 1}
    assert requests.get(f"{box.url}/_sandbox/faults", timeout=10).json() == {"faults": []}, "the fault struck"


def test_a_policy_of_hubspot_s_ends_in_its_code(box: SandboxServer, spoil: Spoil) -> None:
    spoil("hubspot", "error", code="DAILY", match="list contacts")
    with pytest.raises(CrosswalkError) as caught:
        read(box, "hubspot")
    assert caught.value.code == "SRC_DAILY_LIMIT"


def test_both_forms_of_hubspot_s_path_lead_to_the_same(box: SandboxServer) -> None:
    dated = hubspot(box.url, path="/hubspot/crm/objects/2026-03")
    assert [page.rows for page in dated.pages("deal", None)] == [page.rows for page in hubspot(box.url).pages("deal", None)]


@pytest.mark.parametrize("number", range(2, 9))
def test_a_token_of_flex_that_ends_at_any_call_is_not_noticed(box: SandboxServer, spoil: Spoil, number: int) -> None:
    target = flex(box.url, "sandbox-secret", "integration")
    spoil("flex", "expired", at=number)
    assert sum(len(page.rows) for page in target.pages("contact")) == 240
