"""From both sides and the decisions to statuses, and to what a load does."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from crosswalk.core.ports import Operation
from crosswalk.features.linking.candidates.find import Decided
from crosswalk.features.linking.decisions import Standing
from crosswalk.features.linking.rules import (
    Entity,
    automatic_links,
    companies_of,
    follow_merges,
    links,
    operations,
    statuses,
    with_company_names,
)
from crosswalk.integrations.specs import load_spec
from unit.core.candidate_frames import ROLES, find

SPEC = load_spec("crm_to_flex")
ANA = {"first_name": "Ana", "last_name": "Ruiz", "email": "ana@acme.example"}
EDITED = "2026-01-03T10:00:00.000Z"


def entity(name: str, desired: list[dict[str, str]], target: list[dict[str, str]], **standing: Any) -> Entity:
    mapping = SPEC.entity(name).mapping
    roles = [column for columns in ROLES[name].fields.values() for column in columns]
    wanted = pd.DataFrame(desired, columns=["source_id", *mapping.target_names], dtype="str").fillna("")
    columns = dict.fromkeys(["target_id", "source_id", *mapping.target_names, "last_edit_date", *roles])
    held = pd.DataFrame([{"last_edit_date": EDITED, **one} for one in target], columns=list(columns), dtype="str").fillna("")
    return Entity(name, mapping, wanted, held, Standing(**standing))


def contacts(desired: list[dict[str, str]], target: list[dict[str, str]], **standing: Any) -> Entity:
    return entity("contact", desired, target, **standing)


COMPANIES = entity("company", [], [])
PEOPLE = contacts([], [])
DEALS = pd.DataFrame(columns=["source_id", "name", "stage", "amount", "close_date", "contacts", "company"], dtype="str")


def load(
    companies: Entity = COMPANIES, people: Entity = PEOPLE, deals: pd.DataFrame = DEALS, known: pd.DataFrame = DEALS
) -> list[Operation]:
    return operations(companies, people, deals, known, "Clients")


def candidates(one: Entity) -> pd.DataFrame:
    return find(one.desired, one.target, one.name, decided=Decided(links(one), one.standing.apart))


@pytest.mark.requirement("FLEX-02", "FLEX-07")
def test_the_three_statuses() -> None:
    people = contacts(
        [{"source_id": "501", **ANA}, {"source_id": "502", "email": "b@acme.example"}, {"source_id": "503"}, {"source_id": "504"}],
        [{"target_id": "f-1", **ANA}, {"target_id": "f-2", "email": "b@acme.example"}, {"target_id": "f-3", "source_id": "504"}],
        linked={"501": "f-1"},
        skipped={"503"},
    )
    found = statuses(people, candidates(people)).set_index("source_id")
    assert found["status"].to_dict() == {"501": "Linked", "502": "Match Found", "503": "New", "504": "Linked"}
    assert found["target_id"].to_dict() == {"501": "f-1", "502": "", "503": "", "504": "f-3"}
    assert found.loc["502", ["candidates", "first", "decided"]].tolist() == [1, "f-2", ""]
    assert found.loc["503", "decided"] == "skip"


@pytest.mark.requirement("FLEX-04", "FLEX-07")
def test_a_link_fills_what_flex_lacks_and_overwrites_nothing() -> None:
    wanted = {"source_id": "501", **ANA, "first_name": "Anita", "phone": "+12125550147", "job_title": "Buyer", "city": "Salem"}
    held = {"target_id": "f-1", **ANA, "phone": "+1 (212) 555-0199", "city": ""}
    (made,) = load(people=contacts([wanted], [held], linked={"501": "f-1"}))
    assert made == Operation(
        "contact", "upsert", "501", "f-1", {"job_title": "Buyer", "city": "Salem", "link": "true", "last_edit_date": EDITED}
    )


@pytest.mark.requirement("FLEX-07")
def test_a_linked_record_that_lacks_nothing_is_left_alone() -> None:
    people = contacts(
        [{"source_id": "501", **ANA}], [{"target_id": "f-1", "source_id": "501", **ANA, "city": "Salem"}], linked={"501": "f-1"}
    )
    assert load(people=people) == []


def test_the_crm_never_blanks_and_a_phone_written_otherwise_is_the_same() -> None:
    rows = [row if row.target != "phone" else type(row)(**{**vars(row), "blank": "keep"}) for row in PEOPLE.mapping.rows]
    mapping = type(PEOPLE.mapping)("contact", tuple(rows), PEOPLE.mapping.converters, PEOPLE.mapping.source_fields, {})
    held = {"target_id": "f-1", "source_id": "501", **ANA, "phone": "+1 (212) 555-0147", "city": "Salem"}
    one = contacts([{"source_id": "501", "phone": "+12125550147"}], [held], linked={"501": "f-1"})
    assert load(people=Entity("contact", mapping, one.desired, one.target, one.standing)) == []
    other = contacts([{"source_id": "501", "phone": "+12125550199"}], [held], linked={"501": "f-1"})
    (made,) = load(people=Entity("contact", mapping, other.desired, other.target, other.standing))
    assert made.values == {"phone": "+12125550199", "last_edit_date": EDITED}


@pytest.mark.requirement("FLEX-05")
def test_an_import_takes_the_default_type_unless_another_is_chosen() -> None:
    people = contacts([{"source_id": "501", **ANA}, {"source_id": "502", **ANA}], [], imports={"501": "", "502": "Vendors", "gone": ""})
    made = load(people=people)
    assert [(one.source_id, one.target_id, one.values["resource_type"]) for one in made] == [("501", "", "Clients"), ("502", "", "Vendors")]
    assert made[0].values == {**ANA, "resource_type": "Clients"}


@pytest.mark.requirement("FLEX-05")
@pytest.mark.parametrize("count", [19, 20, 21, 500])
def test_all_that_were_chosen_are_imported(count: int) -> None:
    ids = [f"{number}" for number in range(1000, 1000 + count)]
    assert len(load(people=contacts([{"source_id": one, **ANA} for one in ids], [], imports=dict.fromkeys(ids, "")))) == count


@pytest.mark.requirement("FLEX-07", "FLEX-08")
def test_companies_go_first_then_contacts_then_deals_of_linked_contacts() -> None:
    companies = entity("company", [{"source_id": "9001", "name": "Acme"}], [], imports={"9001": ""})
    people = contacts(
        [{"source_id": "501", **ANA, "employer": "9001"}, {"source_id": "502", "employer": "9999"}],
        [{"target_id": "f-1", **ANA}],
        linked={"501": "f-1"},
        imports={"502": ""},
    )
    deals = pd.DataFrame(
        [
            {"source_id": "7001", "name": "A", "contacts": "501 599", "company": "9001"},
            {"source_id": "7002", "name": "B", "contacts": "599", "company": "9001"},
            {"source_id": "7003", "name": "C", "contacts": "502", "company": "9999"},
        ],
        columns=DEALS.columns,
        dtype="str",
    ).fillna("")
    made = load(companies, people, deals)
    assert [(one.entity, one.source_id) for one in made] == [
        ("company", "9001"),
        ("contact", "501"),
        ("contact", "502"),
        ("deal", "7001"),
        ("deal", "7003"),
    ]
    assert made[1].values["employer"] == "9001"
    assert "employer" not in made[2].values
    assert (made[3].values["contacts"], made[3].values["company"]) == ("501", "9001")
    assert (made[4].values["contacts"], made[4].values["company"]) == ("502", "")
    known = pd.DataFrame([{"source_id": one.source_id, **one.values} for one in made[3:]], dtype="str")
    assert [one.entity for one in load(companies, people, deals, known)] == ["company", "contact", "contact"]


def test_an_employer_typed_in_flex_stays() -> None:
    companies = entity("company", [{"source_id": "9001"}], [{"target_id": "c-1"}], linked={"9001": "c-1"})
    held = {"target_id": "f-1", "source_id": "501", **ANA, "employer": "flex:c-7"}
    people = contacts([{"source_id": "501", **ANA, "employer": "9001"}], [held], linked={"501": "f-1"})
    assert [one.entity for one in load(companies, people)] == ["company"]


def test_an_undone_link_is_taken_away_and_a_new_one_made_after_it() -> None:
    held = [{"target_id": "f-1", "source_id": "501", **ANA}, {"target_id": "f-2"}]
    undone = contacts([{"source_id": "501", **ANA}], held, parted={("501", "f-1")})
    assert load(people=undone) == [Operation("contact", "delete", "501", "f-1", {"link": "true"})]
    moved = contacts([{"source_id": "501", **ANA}], held, linked={"501": "f-2"}, parted={("501", "f-1")})
    assert [(one.op, one.target_id) for one in load(people=moved)] == [("delete", "f-1"), ("upsert", "f-2")]


def test_a_link_made_in_flex_itself_is_kept() -> None:
    people = contacts([{"source_id": "501", **ANA}], [{"target_id": "f-1", "source_id": "501", **ANA}])
    assert links(people) == {"501": "f-1"}
    assert load(people=people) == []


def test_what_is_gone_on_either_side_is_left_alone() -> None:
    people = contacts([{"source_id": "501", **ANA}], [{"target_id": "f-2", "source_id": "502"}], linked={"501": "f-1", "502": "f-2"})
    assert load(people=people) == []


def test_a_link_follows_the_survivor_of_a_merge() -> None:
    standing = follow_merges(Standing(linked={"501": "f-1", "502": "f-2"}), {"501": "503", "502": "504"})
    assert standing.linked == {"503": "f-1", "504": "f-2"}
    people = contacts([{"source_id": "503", **ANA}], [{"target_id": "f-1", "source_id": "501", **ANA}], linked={"503": "f-1"})
    assert [(one.op, one.source_id) for one in load(people=people)] == [("delete", "501"), ("upsert", "503")]
    assert follow_merges(Standing(linked={"501": "f-1", "503": "f-3"}), {"501": "503"}).linked == {"503": "f-3"}


@pytest.mark.requirement("FLEX-06", "FLEX-09")
def test_automatic_links_leave_alone_what_people_decided() -> None:
    def asked(**standing: Any) -> list[str]:
        people = contacts([{"source_id": "501", **ANA}], [{"target_id": "f-1", **ANA}], **standing)
        return [f"{wish.source_id} {wish.target_id}" for wish in automatic_links(people, find(people.desired, people.target, "contact"))]

    assert asked() == ["501 f-1"]
    for standing in ({"skipped": {"501"}}, {"imports": {"501": ""}}, {"parted": {("501", "f-1")}}, {"apart": {("501", "f-1")}}):
        assert asked(**standing) == []
    assert asked(linked={"501": "f-9"}) == asked(linked={"777": "f-1"}) == []


@pytest.mark.requirement("FLEX-08")
def test_the_companies_of_chosen_contacts() -> None:
    people = contacts([{"source_id": "501", "employer": "9001"}, {"source_id": "502"}, {"source_id": "503", "employer": "9002"}], [])
    assert companies_of(people.desired, ["501", "502"]) == ["9001"]
    named = with_company_names(people.desired, entity("company", [{"source_id": "9001", "name": "Acme"}], []).desired)
    assert named["company_name"].tolist() == ["Acme", "", ""]
