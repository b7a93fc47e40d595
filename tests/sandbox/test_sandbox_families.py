"""The sandbox's SmartOffice keeps the planning half of its contract: households, key relations, investments, policies, licences."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control, Engine, error_code, parsed

OFFICE = "/smartoffice/offices/DEMO02"
CLIENT = (
    "<FirstName/><Fax><AreaCode/><Number/></Fax><HouseHoldMember><Member/><HouseHold/></HouseHoldMember>"
    "<KeyRelations><KeyRelation><Type/><Contact><LastName/><Person><Dob/></Person></Contact></KeyRelation></KeyRelations>"
)
POLICY = "<Carrier><Name/></Carrier><PolicyNumber/><PrimaryInsuredOwner/><TotalDeathBenefits/><Contacts><Contact/></Contacts>"
HOUSEHOLD = "<Name/><HouseHoldMembers><HouseHoldMember><Member/><Contact/></HouseHoldMember></HouseHoldMembers>"


@pytest.fixture
def families(box: SandboxServer) -> Engine:
    return Engine(box.url, "DEMO02")


def read(families: Engine, kind: str, template: str, where: str = "") -> list[etree._Element]:
    return [record for page in families.pages(kind=kind, template=template, where=where) for record in page if record.tag == kind]


def within(prop: str, *ids: str) -> str:
    values = "".join(f"<v>{one}</v>" for one in ids)
    return f'<condition><expr prop="{prop}" op="in">{values}</expr></condition>'


@pytest.mark.requirement("EMON-02")
def test_a_married_couple_is_shown_with_household_and_relation(families: Engine) -> None:
    (one,) = read(families, "Contact", CLIENT, within("id", "Contact.7.801"))
    assert [child.tag for child in one] == ["FirstName", "Fax", "HouseHoldMember", "KeyRelations"]
    assert (one.findtext("HouseHoldMember/Member"), one.find("HouseHoldMember/HouseHold").get("id")) == ("1", "HouseHold.7.1")
    (relation,) = one.findall("KeyRelations/KeyRelation")
    assert (relation.findtext("Type"), relation.find("Contact").get("id")) == ("Wife", "Contact.7.802")
    assert [child.tag for child in relation.find("Contact")] == ["LastName", "Person"]
    assert [child.tag for child in relation.find("Contact/Person")] == ["Dob"]


def test_who_has_no_family_has_empty_elements(families: Engine, control: Control) -> None:
    lone = control.call("POST", f"{OFFICE}/contacts", {"LastName": "Quill"}).json()["id"]
    (one,) = read(families, "Contact", CLIENT, within("id", lone))
    assert [etree.tostring(child) for child in one.iterfind("HouseHoldMember")] == [b"<HouseHoldMember/>"]
    assert len(one.find("KeyRelations")) == 0
    assert (one.find("Fax/AreaCode").text, len(one.find("Fax"))) == (None, 2)


@pytest.mark.requirement("EMON-09", "EMON-10")
def test_the_cases_planning_needs_are_among_the_families(families: Engine) -> None:
    policies = read(families, "Policy", POLICY)
    numbers = {one.findtext("PolicyNumber") or "" for one in policies}
    assert {len(number) for number in numbers} >= {3, 4, 5, 20}
    assert any((one.findtext("PrimaryInsuredOwner") or "").endswith("Family Trust") for one in policies)
    loans = {one.findtext("LoanBalance") for one in read(families, "Investment", "<LoanBalance/><Contacts><Contact/></Contacts>")}
    assert {"", "-1250.75"} <= loans
    contacts = read(families, "Contact", CLIENT)
    types = {one.text for contact in contacts for one in contact.iterfind("KeyRelations/KeyRelation/Type")}
    assert {"Wife", "Husband", "Domestic Partner", "Child", None} <= types
    codes = [[one.findtext("Member") for one in home.iter("HouseHoldMember")] for home in read(families, "HouseHold", HOUSEHOLD)]
    assert ["1", "2", "33"] in codes
    assert ["1"] in codes


def test_items_are_found_by_whose_they_are(families: Engine) -> None:
    where = within("Contacts", "Contact.7.801", "Contact.7.99999")
    found = read(families, "Investment", "<AccountName/><Contacts><Contact/></Contacts>", where)
    assert len(found) == 2
    assert all("Contact.7.801" in [link.get("id") for link in one.find("Contacts")] for one in found)
    assert (
        error_code(families.search(kind="Investment", template="<Owner/>", where=within("Contacts", *map(str, range(501)))))
        == "BAD_REQUEST"
    )


@pytest.mark.parametrize(
    ("name", "kind", "tags"),
    [
        ("Crosswalk households", "HouseHold", ["Name", "HouseHoldMembers"]),
        ("Crosswalk investments", "Investment", ["AccountName", "AccountValue", "LoanBalance", "NetValue", "Options", "Owner", "Contacts"]),
    ],
)
def test_reports_hold_the_same(families: Engine, name: str, kind: str, tags: list[str]) -> None:
    report = parsed(families.report(name=name, size=2000)).find("method/DynamicReport")
    assert report is not None
    assert [child.tag for child in report[0]] == tags
    assert {one.get("id") for one in report} == {one.get("id") for one in read(families, kind, f"<{tags[0]}/>")}


@pytest.mark.requirement("EMON-01")
@pytest.mark.parametrize(
    ("missing", "kind", "code"),
    [
        ("PolicyTracking", "Policy", "RIGHT_MISSING"),
        ("PendingCasePolicySetupAdministrator", "Policy", "RIGHT_MISSING"),
        ("InvestmentTracking", "Investment", "RIGHT_MISSING"),
        ("eMoney", "Policy", ""),
    ],
)
def test_what_a_licence_opens(families: Engine, control: Control, missing: str, kind: str, code: str) -> None:
    users = control.get(f"{OFFICE}/users")["users"]
    rights = [right for right in users[0]["rights"] if right != missing]
    control.call("PATCH", f"{OFFICE}/users/integration", {"rights": rights})
    template = "<Contacts><Contact/></Contacts>"
    word = {"Policy": "policies", "Investment": "investments"}[kind]
    answers = [
        families.search(kind=kind, template=template),
        families.report(name=f"Crosswalk {word}"),
        families.send(f'<get><{kind} id="{kind}.7.1">{template}</{kind}></get>'),
    ]
    assert [error_code(one) if parsed(one).find("error") is not None else "" for one in answers] == [code] * 3
    holders = parsed(families.send(f"<method><GetAdptUser><adapter>{missing}</adapter></GetAdptUser></method>"))
    assert holders.find("method/GetAdptUser/AdptUser") is None


def test_a_result_is_frozen_with_what_is_inside(families: Engine, control: Control) -> None:
    first = parsed(families.search(kind="Contact", template=CLIENT, size=1)).find("search")
    assert first is not None
    relation = control.get(f"{OFFICE}/relations", Contact="Contact.7.802")["relations"][0]
    control.call("PATCH", f"{OFFICE}/relations/{relation['id']}", {"Type": "Brother"})
    control.call("PATCH", f"{OFFICE}/contacts/Contact.7.801", {"LastName": "Changed"})
    again = parsed(families.search(1, first.get("searchid", ""), kind="Contact", template=CLIENT, size=1)).find("search/Contact")
    assert again is not None
    assert again.findtext("KeyRelations/KeyRelation/Type") == "Husband"
    assert again.findtext("KeyRelations/KeyRelation/Contact/LastName") != "Changed"


def test_what_goes_takes_along_what_was_said_of_it(families: Engine, control: Control) -> None:
    before = control.get("/smartoffice/offices")["DEMO02"]
    assert control.call("DELETE", f"{OFFICE}/contacts/Contact.7.801").status_code == 200
    after = control.get("/smartoffice/offices")["DEMO02"]
    assert (before["relations"] - after["relations"], before["members"] - after["members"]) == (2, 1)
    assert before["policies"] == after["policies"]
    assert control.get(f"{OFFICE}/policies", Contacts="Contact.7.801")["total"] == 0
    assert len(read(families, "Contact", CLIENT)) == before["contacts"] - 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/households", {"Name": "Quill"}, 201),
        ("/members", {"Member": "1", "HouseHold": "HouseHold.7.1", "Contact": "Contact.7.803"}, 201),
        ("/members", {"Member": "1", "HouseHold": "HouseHold.7.1"}, 404),
        ("/relations", {"Type": "Wife", "Contact": "Contact.7.803", "Other": "Contact.7.804"}, 201),
        ("/relations", {"Type": "Wife", "Contact": "Contact.7.803", "Other": "Contact.7.1"}, 404),
        ("/investments", {"AccountName": "Fund", "LoanBalance": "", "Contacts": ["Contact.7.803"]}, 201),
        ("/investments", {"AccountName": "Fund", "Contacts": ["HouseHold.7.1"]}, 404),
        ("/policies", {"PolicyNumber": 7}, 422),
        ("/policies", {"Carrier": "Acme"}, 422),
        ("/policies", {"Carrier.Name": "Acme", "Contacts": "Contact.7.803 Contact.7.804"}, 201),
    ],
)
def test_control_takes_what_can_be(box: SandboxServer, control: Control, path: str, body: dict[str, Any], status: int) -> None:
    answer = control.call("POST", OFFICE + path, body)
    assert answer.status_code == status, answer.text
    if status == 201:
        shown = control.get(f"{OFFICE}{path}/{answer.json()['id']}")
        expected = {name: value.split() if name == "Contacts" and isinstance(value, str) else value for name, value in body.items()}
        assert {name: shown[name] for name in body} == expected


def test_families_are_the_same_for_the_same_seed(box: SandboxServer, control: Control) -> None:
    for name in ("A", "B"):
        control.call("POST", "/smartoffice/offices", {"office": name, "families": 9, "seed": 3})
    one, other = (control.get(f"/smartoffice/offices/{name}/contacts", limit=1000) for name in ("A", "B"))
    assert one == other
    assert control.get("/smartoffice/offices")["A"]["households"] == 7
