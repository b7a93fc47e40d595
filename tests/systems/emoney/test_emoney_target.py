"""eMoney read back and written over HTTP, against a stand-in written from its README."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.core.ports import BatchRefused, BatchResult, Operation, ReadRestarted, Refusal
from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, PermanentError, TransientError
from crosswalk.systems.emoney.client_connections import Change
from crosswalk.systems.emoney.conformance import EmoneyStandIn, client, link
from crosswalk.systems.emoney.conformance import connect as emoney
from crosswalk.systems.emoney.target import EmoneyTarget

HUSBAND = {"firstName": "Quinn", "lastName": "Quill", "maritalStatus": "Married", "city": "Salem"}
WIFE = {"spouse.firstName": "Ann", "spouse.lastName": "Quill", "spouse.cellPhone": "+15550104477"}
NO_WIFE = dict.fromkeys(WIFE, "")


class World:
    def __init__(self) -> None:
        known = client(1, externalId="Contact.7.1", **HUSBAND)
        self.emoney = EmoneyStandIn([known, client(2)], [link(number) for number in range(1, 251)])
        self.emoney.links["l-9"] |= {
            "kind": "policy",
            "itemId": "Policy.7.9",
            "values": {"policyName": "Acme Term", "deathBenefit": "5.00"},
        }
        self.answer: Callable[[Seen], Reply] = self.emoney
        self.server = LocalServer(lambda seen: self.answer(seen))  # noqa: PLW0108 - a test changes the answer
        self.target = self.connect()

    def connect(self) -> EmoneyTarget:
        return emoney(self.server.url)

    def send(self, *operations: Operation, snapshot: int = 1, target: EmoneyTarget | None = None) -> BatchResult:
        delivery = (target or self.target).open(mode="delta", snapshot=snapshot, base_revision=0, source={})
        return delivery.send(1, operations)

    def asked(self, method: str) -> list[str]:
        return [seen.path.removeprefix("/emoney/public/v1") for seen in self.server.seen if seen.method == method]


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.server:
        yield made


def upsert(source_id: str, target_id: str = "", entity: str = "client", **values: str) -> Operation:
    return Operation(entity, "upsert", source_id, target_id, values)


def error_of(ask: Callable[[], Any]) -> CrosswalkError:
    with pytest.raises(CrosswalkError) as caught:
        ask()
    assert "emoney_summit" in str(caught.value)
    assert "quinn@example.test" not in str(caught.value)
    return caught.value


def test_who_and_where(world: World) -> None:
    assert world.target.identity() == "emoney://localhost/EM-1001"
    state = world.target.state()
    assert state.counts == {"client": 2, "investment": 249, "policy": 1}
    assert (state.managed_by, state.revision, world.target.unwanted()) == (None, 5, frozenset())


@pytest.mark.requirement("SAFE-4")
def test_another_firm_than_the_connection_names_is_never_touched(world: World) -> None:
    world.emoney.firm = "EM-2002"
    error = error_of(world.target.state)
    assert (type(error), error.code) == (ConfigurationError, "CONN_FIRM")


@pytest.mark.requirement("EMON-05")
def test_a_client_is_read_back_with_its_spouse_beside_it(world: World) -> None:
    world.emoney.clients["1"]["spouse"] = {"firstName": "Ann", "lastName": "Quill", "jobTitle": None, "shoeSize": "9"}
    (page,) = world.target.pages("client")
    first, second = page.rows
    assert (first["target_id"], first["source_id"], first["city"], first["spouse.firstName"]) == ("1", "Contact.7.1", "Salem", "Ann")
    assert first["spouse.jobTitle"] == ""
    assert (second["source_id"], second["spouse.firstName"]) == ("", "")
    assert page.unknown_fields == {"spouse.shoeSize"}
    assert "spouse.workFax" not in page.fields_seen
    assert not {name for name in page.rows[0] if name in ("spouse.email", "spouse.homePhone", "spouse.fax", "spouse.addressLine1")}


@pytest.mark.requirement("EMON-09", "EMON-10")
def test_linked_items_of_all_clients_are_read_in_one_request(world: World) -> None:
    (investments,), (policies,) = world.target.pages("investment"), world.target.pages("policy")
    assert (len(investments.rows), investments.total) == (249, 249)
    values = {"policyName": "Acme Term", "policyNumber": "", "owner": "", "deathBenefit": "5.00"}
    (row,) = policies.rows
    told = {"refreshed_at": row.pop("refreshed_at"), "missing": row.pop("missing")}
    assert (row, told) == (
        {"target_id": "l-9", "source_id": "Policy.7.9", **values},
        {"refreshed_at": world.emoney.links["l-9"]["lastRefreshedAt"], "missing": ""},
    )
    assert len(world.asked("GET")) == 2


def test_an_item_two_clients_have_is_one_record_and_both_get_its_values(world: World) -> None:
    world.emoney.links["l-251"] = link(251, itemId="Investment.7.1", clientId="2")
    world.emoney.links["l-251"]["values"]["owner"] = "Somebody"
    (page,) = world.target.pages("investment")
    (row,) = [one for one in page.rows if one["source_id"] == "Investment.7.1"]
    assert (row["target_id"], row["holdingsValue"], row["owner"]) == ("l-1 l-251", "1.00", "")
    result = world.send(upsert("Investment.7.1", "l-1 l-251", "investment", holdingsValue="2.00"))
    assert result == BatchResult(frozenset({"Investment.7.1"}))
    assert [world.emoney.links[one]["values"]["holdingsValue"] for one in ("l-1", "l-251")] == ["2.00", "2.00"]
    world.emoney.links["l-251"]["revision"] += 5
    result = world.send(upsert("Investment.7.1", "l-1 l-251", "investment", holdingsValue="3.00"), snapshot=2)
    assert result == BatchResult(frozenset(), (Refusal("Investment.7.1", "CHANGED", ""),))


@pytest.mark.requirement("EMON-03")
def test_one_client_is_looked_up_by_its_source_id(world: World) -> None:
    assert [row["target_id"] for row in world.target.find("Contact.7.1").rows] == ["1"]
    assert world.target.find("Contact.7.77").rows == []


@pytest.mark.requirement("EMON-03", "EMON-05")
def test_a_new_client_comes_first_and_then_its_spouse(world: World) -> None:
    assert world.send(upsert("Contact.7.5", **HUSBAND, **WIFE)) == BatchResult(frozenset({"Contact.7.5"}))
    (post, put) = world.emoney.writes
    assert post == ("POST", "/clients", {"externalId": "Contact.7.5", **HUSBAND})
    spouse = {name.removeprefix("spouse."): value for name, value in WIFE.items()}
    assert put == ("PUT", "/clients/2302/spouse", spouse)
    assert world.emoney.clients["2302"]["spouse"]["firstName"] == "Ann"


@pytest.mark.requirement("SAFE-5")
def test_what_was_sent_is_not_sent_twice_by_another_process(world: World) -> None:
    operation = upsert("Contact.7.5", **HUSBAND, **WIFE)
    first = world.send(operation)
    assert world.send(operation, target=world.connect()) == first
    assert len(world.emoney.writes) == 2
    assert len(world.emoney.clients) == 3


@pytest.mark.requirement("SAFE-5")
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_an_answer_lost_after_the_write_doubles_nothing(world: World, lost: int) -> None:
    world.target.state()
    before = len(world.server.seen)
    world.answer = lambda seen: _dropped(world, seen) if len(world.server.seen) == before + lost else world.emoney(seen)
    result = world.send(upsert("Contact.7.5", **HUSBAND, **WIFE), upsert("Investment.7.1", "l-1", "investment", holdingsValue="2.00"))
    assert result.accepted == {"Contact.7.5", "Investment.7.1"}
    assert len(world.emoney.writes) == 3
    assert world.emoney.links["l-1"]["revision"] == 2


def _dropped(world: World, seen: Seen) -> Reply:
    world.emoney(seen)
    return Reply(drop=True)


def test_an_update_costs_one_request_when_the_list_was_read(world: World) -> None:
    list(world.target.pages("client"))
    assert world.send(upsert("Contact.7.1", "1", **HUSBAND | {"city": "Eugene"})).accepted == {"Contact.7.1"}
    assert len(world.asked("GET")) == 1
    assert world.emoney.writes == [("PUT", "/clients/1", HUSBAND | {"city": "Eugene"})]


def test_an_update_of_what_was_not_read_reads_it_first(world: World) -> None:
    world.send(upsert("Contact.7.1", "1", **HUSBAND))
    assert world.asked("GET") == ["/clients/1"]


@pytest.mark.requirement("SAFE-4")
def test_a_client_changed_by_hand_since_it_was_read_is_left_alone(world: World) -> None:
    list(world.target.pages("client"))
    world.emoney.clients["1"] |= {"city": "Portland", "revision": 2}
    result = world.send(upsert("Contact.7.1", "1", **HUSBAND), upsert("Contact.7.6", **HUSBAND))
    assert result == BatchResult(frozenset({"Contact.7.6"}), (Refusal("Contact.7.1", "CHANGED", ""),))
    assert world.emoney.clients["1"]["city"] == "Portland"


def test_a_spouse_is_changed_removed_or_left_as_the_record_says(world: World) -> None:
    held = {"firstName": "Ann", "lastName": "Quill", "cellPhone": "+15550104477"}
    world.emoney.clients["1"]["spouse"] = held
    world.send(upsert("Contact.7.1", "1", **HUSBAND))
    assert world.emoney.clients["1"]["spouse"] == held
    world.send(upsert("Contact.7.1", "1", **HUSBAND, **WIFE), snapshot=2)
    assert [method for method, path, _ in world.emoney.writes if path.endswith("/spouse")] == []
    world.send(upsert("Contact.7.1", "1", **HUSBAND, **WIFE | {"spouse.firstName": "Anne"}), snapshot=3)
    assert world.emoney.clients["1"]["spouse"]["firstName"] == "Anne"
    world.send(upsert("Contact.7.1", "1", **HUSBAND, **NO_WIFE), snapshot=4)
    assert world.emoney.clients["1"]["spouse"] is None
    assert [method for method, path, _ in world.emoney.writes if path.endswith("/spouse")] == ["PUT", "DELETE"]


@pytest.mark.parametrize(
    ("operation", "refusal"),
    [
        (upsert("Contact.7.8", lastName=""), Refusal("Contact.7.8", "INVALID", "lastName")),
        (upsert("Contact.7.1", lastName="Quill"), Refusal("Contact.7.1", "EXTERNAL_ID_TAKEN", "")),
        (upsert("Contact.7.8", lastName="Q", **WIFE), Refusal("Contact.7.8", "MARITAL_STATUS_MISSING", "")),
        (upsert("Contact.7.8", "2", lastName="Q", shoeSize="9"), Refusal("Contact.7.8", "INVALID", "")),
        (Operation("client", "delete", "Contact.7.1", "1"), Refusal("1", "NEVER_DELETED", "")),
        (upsert("Policy.7.3", "", "policy", deathBenefit="1.00"), Refusal("Policy.7.3", "NOT_LINKED", "")),
        (upsert("Policy.7.3", "l-777", "policy", deathBenefit="1.00"), Refusal("Policy.7.3", "NOT_FOUND", "")),
    ],
)
def test_a_record_is_refused_alone(world: World, operation: Operation, refusal: Refusal) -> None:
    fine = upsert("Contact.7.9", lastName="Quill")
    assert world.send(operation, fine) == BatchResult(frozenset({"Contact.7.9"}), (refusal,))


def test_a_batch_holds_no_more_clients_than_a_lease_lasts_for(world: World) -> None:
    many = [upsert(f"Contact.7.{number}", lastName="Quill") for number in range(100, 116)]
    with pytest.raises(BatchRefused):
        world.send(*many)
    assert world.server.seen == []
    assert len(world.send(*many[1:]).accepted) == 15


def test_a_hundred_values_are_one_request(world: World) -> None:
    list(world.target.pages("investment"))
    sent = [upsert(f"Investment.7.{number}", f"l-{number}", "investment", holdingsValue="2.50") for number in range(101, 201)]
    assert len(world.send(*sent).accepted) == 100
    assert len(world.asked("PUT")) == 1
    changes = [Change(f"l-{number}", world.emoney.links[f"l-{number}"]["revision"]) for number in range(1, 251)]
    assert len(world.target.connections.refresh(changes, "night 1").accepted) == 250
    bodies = [json.loads(seen.body)["items"] for seen in world.server.seen if seen.method == "PUT"][1:]
    assert [len(items) for items in bodies] == [100, 100, 50]
    assert bodies[0][0] == {"linkId": "l-1", "revision": 1}


@pytest.mark.requirement("SAFE-1")
def test_a_list_that_changes_under_the_read_begins_again(world: World) -> None:
    world.emoney.clients |= {str(number): client(number) for number in range(3, 700)}
    world.emoney.change = lambda _method, path, document: _raised(world, path, document)
    with pytest.raises(ReadRestarted):
        list(world.target.pages("client"))


def _raised(world: World, path: str, document: Any) -> Any:
    world.emoney.revision += path == "/clients"
    return document


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"clients": None}, "TGT_SCHEMA"),
        ({"clients": [1]}, "TGT_SCHEMA"),
        ({"total": "2"}, "TGT_SCHEMA"),
        ({"total": 3}, "SRC_COUNT_MISMATCH"),
        ({"revision": None}, "TGT_SCHEMA"),
        ({"next": 5}, "SRC_NO_NEXT_LINK"),
        ({"clients": [client(1) | {"clientId": 1}, client(2)]}, "SRC_ID_TYPE"),
        ({"clients": [client(1), client(1)]}, "SRC_DUPLICATE_ID"),
        ({"clients": [client(1, lastName=5), client(2)]}, "TGT_SCHEMA"),
        ({"clients": [client(1, spouse="Ann"), client(2)]}, "TGT_SCHEMA"),
        ({"clients": [client(1, externalId=7), client(2)]}, "TGT_SCHEMA"),
        ({"clients": [client(1, revision="1"), client(2)]}, "TGT_SCHEMA"),
    ],
)
def test_an_answer_that_is_not_as_agreed_is_no_list(world: World, change: dict[str, Any], code: str) -> None:
    world.emoney.change = lambda _method, _path, document: {**document, **change}
    assert error_of(lambda: list(world.target.pages("client"))).code == code


@pytest.mark.parametrize("accepted", [["l-2"], ["l-1", "l-1"], "l-1", None])
def test_an_answer_about_other_items_is_not_taken(world: World, accepted: Any) -> None:
    answer = {"accepted": accepted, "rejected": []}
    world.emoney.change = lambda method, _path, document: answer if method == "PUT" else document
    error = error_of(lambda: world.send(upsert("Investment.7.1", "l-1", "investment", holdingsValue="2.00")))
    assert isinstance(error, DataError)
    assert error.code in ("TGT_UNKNOWN_KEY", "TGT_SCHEMA")


def test_a_key_used_for_something_else_stops_the_delivery(world: World) -> None:
    world.answer = lambda seen: (
        Reply(b'{"error": {"code": "KEY_REUSED"}}', 422) if seen.method == "POST" and "/v1" in seen.path else world.emoney(seen)
    )
    error = error_of(lambda: world.send(upsert("Contact.7.9", lastName="Quill")))
    assert (type(error), error.code) == (PermanentError, "TGT_REFUSED")


def test_a_server_that_fails_stops_the_delivery_for_now(world: World) -> None:
    world.answer = lambda seen: Reply(status=500) if seen.method == "POST" and "/v1" in seen.path else world.emoney(seen)
    assert isinstance(error_of(lambda: world.send(upsert("Contact.7.9", lastName="Quill"))), TransientError)
