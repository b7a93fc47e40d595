"""Clients, households, investments and policies, read from answers written out by hand after the README."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.conformance.subject import FAST
from crosswalk.core.masking import last_four
from crosswalk.core.ports import Page
from crosswalk.errors import CrosswalkError, DataError
from crosswalk.systems.smartoffice.client import SmartOfficeClient
from crosswalk.systems.smartoffice.source import SmartOfficeSource
from crosswalk.wire.connection import connection_settings

ADDRESS = "<Line1>1 Elm St</Line1><Line2/><City>Salem</City><State>OR</State><ZipCode>97301</ZipCode>"
PHONE = "<AreaCode>555</AreaCode><Number>010-4477</Number>"
WORK = f"<BusinessAddress>{ADDRESS}</BusinessAddress><BusinessPhone>{PHONE}</BusinessPhone><BusinessFax/>"
MAIL = "<PreferredEmail><Address>q@example.test</Address></PreferredEmail>"
HOME = f"<ResidenceAddress>{ADDRESS}</ResidenceAddress><HomePhone>{PHONE}</HomePhone><Fax/>{MAIL}"
NOBODY = "<HouseHoldMember/><KeyRelations _type='objs'/>"


def person(first: str, more: str = "") -> str:
    about = "<Person><Dob>1961-04-09</Dob><Marital>2</Marital><JobTitle>Pilot</JobTitle></Person>"
    return (
        f"<FirstName>{first}</FirstName><LastName>Quill</LastName><Company>Acme</Company>{about}<CellPhone>{PHONE}</CellPhone>{WORK}{more}"
    )


def contact(number: int, more: str = NOBODY, first: str = "Quinn") -> str:
    return f'<Contact _type="obj" id="Contact.7.{number}">{person(first, HOME + more)}</Contact>'


def relation(number: int, kind: str, first: str = "Ann", more: str = "") -> str:
    other = f'<Contact _type="obj" id="Contact.7.{number}">{person(first, more)}</Contact>'
    return f'<KeyRelation _type="obj" id="KeyRelation.7.{number}"><Type>{kind}</Type>{other}</KeyRelation>'


def related(*relations: str, member: str = "<HouseHoldMember/>") -> str:
    return f"{member}<KeyRelations _type='objs'>{''.join(relations)}</KeyRelations>"


def policy(number: int, policy_number: str, owners: tuple[int, ...] = (1,)) -> str:
    links = "".join(f'<Contact _type="obj" id="Contact.7.{owner}"/>' for owner in owners)
    about = f"<Carrier><Name>Acme Life</Name></Carrier><PlanName>Term 20</PlanName><PolicyNumber>{policy_number}</PolicyNumber>"
    money = "<PrimaryInsuredOwner>The Quill Family Trust</PrimaryInsuredOwner><TotalDeathBenefits>250000.00</TotalDeathBenefits>"
    return f'<Policy _type="obj" id="Policy.7.{number}">{about}{money}<Contacts _type="objs">{links}</Contacts></Policy>'


def household(number: int, *members: tuple[str, int]) -> str:
    tag = "HouseHoldMember"
    contacts = [(code, one, f'<Contact _type="obj" id="Contact.7.{one}"/>') for code, one in members]
    inside = "".join(f'<{tag} _type="obj" id="{tag}.7.{one}"><Member>{code}</Member>{link}</{tag}>' for code, one, link in contacts)
    return f'<HouseHold _type="obj" id="HouseHold.7.{number}"><Name>Quill</Name><{tag}s _type="objs">{inside}</{tag}s></HouseHold>'


class Engine:
    """Answers a search for an object with the records given for it."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.asked: list[str] = []

    def __call__(self, seen: Seen) -> Reply:
        text = seen.body.decode()
        self.asked.append(text)
        kind = re.search(r"<object><(\w+)", text)
        report = re.search(r"<reportName>Crosswalk (\w+)<", text)
        name = kind[1] if kind else {"clients": "Contact", "policies": "Policy", "households": "HouseHold"}[report[1] if report else ""]
        wanted = set(re.findall(r"<v>([^<]+)</v>", text)) or None
        records = [one for one in self.records.get(name, []) if wanted is None or wanted & set(re.findall(r'id="([\w.]+)"', one))]
        page = f'searchid="9" pageno="0" total="{len(records)}" more="false"'
        body = f"<_status>OK</_status>{''.join(records)}"
        whole = f"<method><DynamicReport {page}>{body[20:]}</DynamicReport><_status>OK</_status></method>"
        answer = f"<search {page}>{body}</search>" if kind else whole
        return Reply(f'<response version="1.0">{answer}</response>'.encode(), headers={"Content-Type": "text/xml"})


class World:
    def __init__(self) -> None:
        self.engine = Engine()
        self.server = LocalServer(self.engine)

    def source(self, **changes: Any) -> SmartOfficeSource:
        who = {"office": "DEMO01", "login": "integration", "password": "sandbox-secret", "name": "smartoffice_summit"}
        settings = connection_settings("smartoffice", f"{self.server.url}/smartoffice/xmlengine", **{**who, **FAST, **changes})
        return SmartOfficeSource(SmartOfficeClient(settings))

    def page(self, entity: str, scope: list[str] | None = None, **changes: Any) -> Page:
        (page,) = self.source(**changes).pages(entity, scope)
        return page


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.server:
        yield made


@pytest.mark.requirement("EMON-02", "EMON-05")
@pytest.mark.parametrize("paging", ["search", "report"])
def test_a_client_carries_household_and_spouse(world: World, paging: str) -> None:
    member = '<HouseHoldMember id="HouseHoldMember.7.9"><Member>1</Member><HouseHold id="HouseHold.7.3"/></HouseHoldMember>'
    world.engine.records["Contact"] = [contact(1, related(relation(2, "Wife"), relation(3, "Attorney", "Vale"), member=member))]
    page = world.page("client", paging=paging)
    (row,) = page.rows
    assert (row["source_id"], row["FirstName"], row["ResidenceAddress.City"], row["HomePhone.Number"]) == (
        "Contact.7.1",
        "Quinn",
        "Salem",
        "010-4477",
    )
    assert (row["HouseHoldMember.Member"], row["HouseHoldMember.HouseHold"]) == ("1", "HouseHold.7.3")
    assert (row["KeyRelation.Spouses"], row["KeyRelation.Untyped"], row["KeyRelation.Type"], row["Spouse"]) == (
        "1",
        "0",
        "Wife",
        "Contact.7.2",
    )
    assert (row["Spouse.FirstName"], row["Spouse.Person.JobTitle"], row["Spouse.BusinessAddress.City"]) == ("Ann", "Pilot", "Salem")
    assert page.unknown_fields == frozenset()
    assert page.fields_seen == row.keys() - {"source_id"}


@pytest.mark.requirement("EMON-02")
@pytest.mark.parametrize(
    ("relations", "spouses", "untyped", "kind", "spouse"),
    [
        ((), "0", "0", "", ""),
        ((relation(2, "Child"),), "0", "0", "", ""),
        ((relation(2, ""),), "0", "1", "", ""),
        ((relation(2, "Husband"), relation(3, "Wife")), "2", "0", "", ""),
        ((relation(2, "Domestic Partner"), relation(3, "")), "1", "1", "Domestic Partner", "Contact.7.2"),
        ((relation(2, " Spouse "),), "1", "0", "Spouse", "Contact.7.2"),
        ((relation(2, "wife"),), "0", "0", "", ""),
    ],
)
def test_nobody_is_guessed_to_be_a_spouse(
    world: World, relations: tuple[str, ...], spouses: str, untyped: str, kind: str, spouse: str
) -> None:
    world.engine.records["Contact"] = [contact(1, related(*relations))]
    (row,) = world.page("client").rows
    assert (row["KeyRelation.Spouses"], row["KeyRelation.Untyped"], row["KeyRelation.Type"], row["Spouse"]) == (
        spouses,
        untyped,
        kind,
        spouse,
    )
    assert row["Spouse.FirstName"] == ("Ann" if spouse else "")


def test_what_a_spouse_lacks_or_has_too_much_is_seen(world: World) -> None:
    without = relation(2, "Wife", more="<TaxID>000-00-0000</TaxID>").replace("<JobTitle>Pilot</JobTitle>", "")
    world.engine.records["Contact"] = [contact(1), contact(3, related(without))]
    page = world.page("client")
    assert "Spouse.Person.JobTitle" not in page.fields_seen
    assert page.unknown_fields == {"Spouse.TaxID"}
    world.engine.records["Contact"] = [contact(1)]
    assert "Spouse.Person.JobTitle" in world.page("client").fields_seen


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (related(relation(2, "Wife").replace("Contact.7.2", "Contact.8.2")), "SRC_ID_TYPE"),
        (related(relation(2, "Wife").replace("Contact.7.2", "Agent.7.2")), "SRC_ID_TYPE"),
        (related(relation(2, "Wife", more="<FirstName>Bo</FirstName>")), "SRC_DUPLICATE_FIELD"),
        (related() + related(), "SRC_DUPLICATE_FIELD"),
        (related(member='<HouseHoldMember><Member>1</Member><HouseHold id="House.7.3"/></HouseHoldMember>'), "SRC_ID_TYPE"),
    ],
)
def test_relations_that_cannot_be_are_refused(world: World, more: str, code: str) -> None:
    world.engine.records["Contact"] = [contact(1, more)]
    with pytest.raises(DataError) as caught:
        world.page("client")
    assert caught.value.code == code


@pytest.mark.requirement("EMON-10", "SAFE-9")
@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("", ""),
        ("A12", "***"),
        ("9034", "***"),
        (" 9034 ", "***"),
        ("75521", "***5521"),
        ("PL-0042-7781-99-1234", "***1234"),
        ("Ж" * 9, "***ЖЖЖЖ"),
    ],
)
def test_a_policy_number_is_masked_as_it_is_read(world: World, number: str, kept: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world.engine.records["Policy"] = [policy(31, number), policy(32, number, (1, 2))]
    for paging in ("search", "report"):
        page = world.page("policy", paging=paging)
        assert [(row["source_id"], row["PolicyNumber"]) for row in page.rows] == [("Policy.7.31", kept), ("Policy.7.32", kept)]
        assert len(number) <= 4 or number not in repr(page)
    assert not number.strip() or number.strip() not in caplog.text


@pytest.mark.requirement("EMON-10")
def test_a_mask_never_shows_more_than_four(world: World) -> None:
    assert [last_four("x" * length) for length in range(7)] == ["", "***", "***", "***", "***", "***xxxx", "***xxxx"]


@pytest.mark.requirement("EMON-03", "EMON-06")
def test_a_household_stands_for_its_head(world: World) -> None:
    world.engine.records["HouseHold"] = [household(3, ("2", 2), ("1", 1), ("33", 5)), household(4, ("1", 8))]
    world.engine.records["Contact"] = [contact(1), contact(2), contact(8)]
    world.engine.records["Policy"] = [policy(31, "1", (1,)), policy(32, "1", (2,)), policy(33, "1", (2, 8))]
    assert world.page("household", ["HouseHold.7.3"]).rows == [
        {"source_id": "HouseHold.7.3", "Name": "Quill", "Head": "Contact.7.1", "Members": "Contact.7.2 Contact.7.1 Contact.7.5"}
    ]
    assert [row["source_id"] for row in world.page("client", ["HouseHold.7.3", "Contact.7.8"]).rows] == ["Contact.7.1", "Contact.7.8"]
    rows = world.page("policy", ["HouseHold.7.3", "HouseHold.7.4"]).rows
    assert [(row["source_id"], row["Contacts"]) for row in rows] == [
        ("Policy.7.31", "Contact.7.1"),
        ("Policy.7.33", "Contact.7.2 Contact.7.8"),
    ]
    assert '<expr prop="Contacts" op="in"><v>Contact.7.1</v><v>Contact.7.8</v></expr>' in world.engine.asked[-1]


def test_a_long_scope_is_read_in_parts_and_a_shared_policy_counts_once(world: World) -> None:
    world.engine.records["Policy"] = [policy(31, "1", (1, 900))]
    page = world.page("policy", [f"Contact.7.{number}" for number in range(1, 1001)])
    assert (len(page.rows), page.total) == (1, 1)
    assert [text.count("<v>") for text in world.engine.asked] == [500, 500]


@pytest.mark.requirement("SAFE-1")
def test_a_record_that_was_not_asked_for_is_refused(world: World) -> None:
    world.engine.records["Contact"] = [contact(1)]
    original = world.engine.__call__
    world.server.answer = lambda seen: original(Seen(**{**vars(seen), "body": re.sub(rb"<condition>.*</condition>", b"", seen.body)}))
    with pytest.raises(DataError) as caught:
        world.page("client", ["Contact.7.2"])
    assert caught.value.code == "SRC_SCOPE_IGNORED"


@pytest.mark.parametrize(
    ("scope", "codes"),
    [
        ([], ["SCOPE_EMPTY"]),
        (["Contact.7", "Quinn Quill", "Contact.7.1"], ["SCOPE_ID", "SCOPE_ID"]),
        (["HouseHold.7.4", "HouseHold.7.5", "HouseHold.7.99"], ["SCOPE_HOUSEHOLD"] * 3),
    ],
)
def test_a_scope_that_names_nobody_is_told(world: World, scope: list[str], codes: list[str]) -> None:
    world.engine.records["HouseHold"] = [household(4), household(5, ("1", 1), ("1", 2))]
    with pytest.raises(CrosswalkError) as caught:
        world.page("client", scope)
    problems = getattr(caught.value, "problems", ())
    assert ([one.code for one in problems] or [caught.value.code]) == codes
    assert "Quinn" not in str(caught.value)
    assert "smartoffice_summit" in str(caught.value)
