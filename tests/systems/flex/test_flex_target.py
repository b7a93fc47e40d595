"""Flex read back and written over HTTP, against a stand-in written from its README."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crosswalk.conformance.local_server import LocalServer
from crosswalk.core.ports import BatchRefused, Operation, Refusal, Row
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, PermanentError
from crosswalk.systems.flex.conformance import EDITED, FlexStandIn, company, contact
from crosswalk.systems.flex.conformance import connect as flex
from crosswalk.systems.flex.target import FlexTarget
from crosswalk.wire.connection import connection_settings

SOURCE = {"system": "hubspot", "portal": "24100001"}
LINK = {"system": "hubspot", "kind": "contact", "sourceId": "501", "contactId": "c-000001"}


class World:
    """A stand-in, the server in front of it, and a target that talks to it."""

    def __init__(self, site: FlexStandIn) -> None:
        self.site = site
        self.server = LocalServer(site)
        self.target = flex(self.server.url)

    def rows(self, entity: str = "contact") -> list[Row]:
        return [row for page in self.target.pages(entity) for row in page.rows]

    def send(self, *operations: Operation, snapshot: int = 1, target: FlexTarget | None = None) -> Any:
        return (target or self.target).open(mode="delta", snapshot=snapshot, base_revision=0, source=SOURCE).send(1, operations)


@pytest.fixture
def world() -> Iterator[World]:
    made = World(FlexStandIn([contact(1), contact(2), company(3)]))
    with made.server:
        yield made


def upsert(source_id: str, target_id: str = "", entity: str = "contact", **values: str) -> Operation:
    return Operation(entity, "upsert", source_id, target_id, values)


def test_where_it_stands(world: World) -> None:
    assert world.target.identity() == "flex://localhost/flex/demo"
    state = world.target.state()
    assert (state.counts, state.managed_by, state.revision) == ({"company": 1, "contact": 2}, None, 1767434400000)
    assert world.target.resource_types() == {"Clients": "rt-1", "Vendors": "rt-5"}
    assert world.target.unwanted() == frozenset()


def test_a_person_is_read_whole(world: World) -> None:
    world.site.links = [LINK]
    world.site.contacts["c-000001"] |= {
        "employerId": "c-000003",
        "jobTitle": "Buyer",
        "internetAddresses": [
            {"id": "i1", "url": "old@x.example"},
            {"id": "i2", "url": "new@x.example"},
            {"id": "i3", "url": "www.x.example"},
        ],
        "defaultEmailId": "i2",
        "phoneNumbers": [
            {"id": "p1", "dialNumber": "555-0101", "countryCode": "1", "type": "Mobile"},
            {"id": "p2", "dialNumber": "(212) 555-0100", "countryCode": "1", "extension": "7", "type": "Work"},
            {"id": "p3", "dialNumber": "+44 20 7946 0018", "countryCode": "44", "type": "Fax"},
        ],
        "defaultPhoneId": "p2",
        "addresses": [{"id": "a1", "line1": "1 Elm St", "city": "Salem", "region": "OR", "postalCode": "97301"}],
        "resourceTypes": [{"id": "rt-1", "name": "Clients"}, {"id": "rt-5", "name": "Vendors"}],
    }
    row, other = world.rows()
    assert row == {
        "target_id": "c-000001",
        "source_id": "501",
        "last_edit_date": EDITED,
        "first_name": "Quinn",
        "last_name": "Quill",
        "email": "new@x.example",
        "other_emails": "old@x.example",
        "phone": "+1 (212) 555-0100 x7",
        "mobile": "+1 555-0101",
        "other_phones": "+44 20 7946 0018",
        "job_title": "Buyer",
        "employer": "flex:c-000003",
        "company_name": "Acme 3",
        "address_1": "1 Elm St",
        "address_2": "",
        "city": "Salem",
        "state": "OR",
        "zip": "97301",
        "country": "",
        "resource_type": "Clients;Vendors",
    }
    assert (other["source_id"], other["employer"]) == ("", "")


def test_an_employer_that_is_linked_is_named_by_the_crm_s_id(world: World) -> None:
    world.site.links = [{"system": "hubspot", "kind": "company", "sourceId": "9001", "contactId": "c-000003"}]
    world.site.contacts["c-000002"]["employerId"] = "c-000003"
    assert [row["employer"] for row in world.rows()] == ["", "9001"]
    assert [(row["target_id"], row["source_id"], row["name"]) for row in world.rows("company")] == [("c-000003", "9001", "Acme 3")]


def test_deleted_records_are_as_good_as_gone(world: World) -> None:
    world.site.contacts["c-000001"]["deleted"] = True
    assert [row["target_id"] for row in world.rows()] == ["c-000002"]


def test_a_site_that_lists_names_alone_is_read_record_by_record(world: World) -> None:
    world.site.full = False
    assert [row["last_name"] for row in world.rows()] == ["Quill", "Quill"]
    assert sum(seen.path.endswith(("c-000001", "c-000002")) for seen in world.server.seen) == 2


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("SRC_COUNT_MISMATCH", lambda page: {**page, "totalElements": 9}),
        ("SRC_COUNT_MISMATCH", lambda page: {**page, "content": page["content"][:1]}),
        ("SRC_DUPLICATE_ID", lambda page: {**page, "content": [page["content"][0], *page["content"]]}),
        ("SRC_PAGE_MISPLACED", lambda page: {**page, "number": 4}),
        ("TGT_SCHEMA", lambda page: {**page, "content": None}),
        ("TGT_SCHEMA", lambda page: {**page, "totalPages": "1"}),
        ("TGT_SCHEMA", lambda page: {**page, "content": [{**page["content"][0], "lastName": 7}, page["content"][1]]}),
    ],
)
def test_a_page_that_lies_is_refused(world: World, code: str, change: Callable[[Any], Any]) -> None:
    world.site.change = lambda _, path, page: change(page) if path == "/contact" and page["totalElements"] == 2 else page
    with pytest.raises(CrosswalkError) as caught:
        world.rows()
    assert caught.value.code == code


class TestTokens:
    def test_a_renewed_token_is_used_from_then_on(self, world: World) -> None:
        world.site.renewed = "renewed-1"
        world.rows()
        assert [seen.headers["x-auth-token"] for seen in world.server.seen][:3] == ["sandbox-flex-key", "renewed-1", "renewed-1"]

    def test_a_login_fetches_a_token_and_another_when_it_ends_at_any_call(self, world: World) -> None:
        target = flex(world.server.url, "sandbox-secret", "integration")
        calls = len([*target.pages("contact"), world.server.seen]) and len(world.server.seen)
        for number in range(1, calls):
            world.site.tokens = {"ended"} if number == 1 else world.site.tokens
            world.site.change = ending(world.site, number)
            assert len([row for page in target.pages("contact") for row in page.rows]) == 2

    def test_an_api_key_that_is_refused_is_final(self, world: World) -> None:
        with pytest.raises(AuthRefused) as caught:
            flex(world.server.url, "wrong-key").state()
        assert caught.value.code == "TGT_AUTH_FAILED"
        assert len(world.server.seen) == 1

    def test_a_wrong_password_is_not_repeated(self, world: World) -> None:
        with pytest.raises(AuthRefused):
            flex(world.server.url, "wrong", "integration").state()
        assert len(world.server.seen) == 1


def ending(site: FlexStandIn, number: int) -> Callable[[str, str, Any], Any]:
    """End the token after so many answers."""
    left = number

    def change(_: str, __: str, document: Any) -> Any:
        nonlocal left
        left -= 1
        if not left:
            site.tokens = {"ended"}
        return document

    return change


class TestDelivery:
    @pytest.mark.requirement("FLEX-05")
    def test_an_import_makes_record_and_link_at_once(self, world: World) -> None:
        result = world.send(upsert("501", first_name="Ana", last_name="", email="a@x.example", other_emails="b@x.example; c@x.example",
                                   employer="9001", city="Salem", resource_type="Vendors"))  # fmt: skip
        assert result.accepted == {"501"}
        assert world.site.writes == [
            (
                "POST",
                "/contact",
                {
                    "organization": False,
                    "firstName": "Ana",
                    "email": "a@x.example",
                    "otherEmails": ["b@x.example", "c@x.example"],
                    "employer": {"sourceId": "9001"},
                    "address": {"city": "Salem"},
                    "resourceTypes": ["rt-5"],
                    "crmLink": {"system": "hubspot", "kind": "contact", "sourceId": "501"},
                },
            )
        ]

    @pytest.mark.requirement("FLEX-04")
    def test_a_link_is_made_before_the_record_is_filled(self, world: World) -> None:
        assert world.send(
            upsert("501", "c-000001", link="true", job_title="Buyer", employer="flex:c-7", last_edit_date=EDITED)
        ).accepted == {"501"}
        assert world.site.writes == [
            ("PUT", "/crm-link/hubspot/contact/501", {"contactId": "c-000001"}),
            ("PATCH", "/contact/c-000001", {"jobTitle": "Buyer", "lastEditDate": EDITED}),
        ]

    def test_nothing_to_fill_is_no_write(self, world: World) -> None:
        assert world.send(upsert("501", "c-000001", city="", last_edit_date=EDITED)).accepted == {"501"}
        assert world.site.writes == []

    def test_a_delete_takes_the_link_away_and_leaves_the_record(self, world: World) -> None:
        assert world.send(Operation("contact", "delete", "5/1", "c-000001")).accepted == {"c-000001"}
        assert world.site.writes == [("DELETE", "/crm-link/hubspot/contact/5%2F1", None)]

    @pytest.mark.requirement("FLEX-07")
    def test_a_deal_is_recognised(self, world: World) -> None:
        deal = upsert("7001", entity="deal", name="Tour", amount="12.50", close_date="", contacts="501 502", company="9001")
        assert world.send(deal).accepted == {"7001"}
        body = {"name": "Tour", "amount": "12.50", "contactSourceIds": ["501", "502"], "companySourceId": "9001"}
        assert world.site.writes == [("PUT", "/crm-deal/hubspot/7001", body)]

    @pytest.mark.requirement("SAFE-5")
    def test_the_same_snapshot_sends_the_same_keys_and_another_one_others(self, world: World) -> None:
        keys = []
        for snapshot in (1, 1, 2):
            world.send(upsert("501", last_name="Ruiz"), snapshot=snapshot)
            keys.append(world.server.seen[-1].headers["idempotency-key"])
        assert keys[0] == keys[1] != keys[2]
        assert len(world.site.writes) == 2

    @pytest.mark.parametrize(
        ("answer", "refusal"),
        [
            ((409, {"code": "EDITED"}), Refusal("501", "EDITED", "")),
            ((422, {"code": "INVALID", "field": "email", "message": "q@x.example"}), Refusal("501", "INVALID", "email")),
            ((422, {"code": "UNKNOWN_EMPLOYER", "field": "employer"}), Refusal("501", "UNKNOWN_EMPLOYER", "employer")),
            ((404, {"code": "NOT_FOUND"}), Refusal("501", "NOT_FOUND", "")),
            ((422, {"code": "ana@x.example", "field": "ana@x.example"}), Refusal("501", "REFUSED", "")),
        ],
    )
    def test_one_refused_record_leaves_the_others_alone(self, world: World, answer: tuple[int, Any], refusal: Refusal) -> None:
        world.site.refuse = lambda _, path: answer if path.endswith("c-000001") else None
        result = world.send(upsert("501", "c-000001", city="Salem"), upsert("502", "c-000002", city="Salem"))
        assert (result.accepted, result.refused) == ({"502"}, (refusal,))

    @pytest.mark.requirement("SAFE-5")
    def test_an_import_made_before_is_accepted_and_a_link_elsewhere_is_not(self, world: World) -> None:
        world.site.refuse = lambda *_: (409, {"code": "LINKED_ELSEWHERE", "contactId": "c-000009"})
        result = world.send(upsert("501", last_name="Ruiz"), upsert("502", "c-000002", link="true", city="Salem"))
        assert (result.accepted, [one.code for one in result.refused]) == ({"501"}, ["LINKED_ELSEWHERE"])
        assert [write[0] for write in world.site.writes] == ["POST", "PUT"]

    def test_what_stops_the_delivery(self, world: World) -> None:
        with pytest.raises(ConfigurationError, match="default_resource_type") as caught:
            world.send(upsert("501", last_name="Ruiz", resource_type="Client"))
        assert caught.value.code == "TGT_RESOURCE_TYPE"
        world.site.refuse = lambda *_: (422, {"code": "KEY_REUSED"})
        with pytest.raises(PermanentError):
            world.send(upsert("501", last_name="Ruiz"))
        with pytest.raises(BatchRefused):
            world.send(upsert("501", last_name="Ruiz"), upsert("501", entity="company", name="Acme"))


def test_a_secret_is_needed() -> None:
    with pytest.raises(ConfigurationError) as caught:
        connection_settings("flex", "https://flex.example.com/f5/api")
    assert caught.value.code == "CONN_SECRET_MISSING"
