"""Who may be whom, in which order, and why."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crosswalk.errors import ConfigurationError
from crosswalk.features.linking.candidates.find import MOST, Decided
from crosswalk.features.linking.candidates.reasons import reasons
from crosswalk.features.linking.candidates.roles import load_roles
from unit.core.candidate_frames import ROLES, find, pairs, source, target, why

ANA = {"first_name": "Ana", "last_name": "Ruiz", "email": "ana@acme.example", "phone": "212-555-0147"}


def benchmark(name: str) -> Any:
    path = Path(__file__).parents[3] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[name] = module  # matching.py imports its neighbour by name
    spec.loader.exec_module(module)
    return module


@pytest.mark.requirement("FLEX-02")
def test_a_contact_is_found_by_e_mail_or_by_phone_alone() -> None:
    left = source(ANA, ANA, {**ANA, "email": "other@acme.example", "phone": "212-555-0199"})
    right = target({"email": " ANA@Acme.example"}, {"phone": "+1 (212) 555-0147"}, {"first_name": "Ana", "last_name": "Ruiz"})
    assert pairs(find(left, right)) == [("501", "f-1"), ("501", "f-2"), ("502", "f-1"), ("502", "f-2")]


@pytest.mark.requirement("FLEX-02")
def test_every_address_and_number_of_either_side_counts() -> None:
    left = source({"email": "a@x.example", "other_emails": "b@x.example; c@x.example"}, {"mobile": "212-555-0199"})
    right = target({"other_emails": "z@x.example;C@X.example"}, {"other_phones": "12125550188;+12125550199"})
    assert pairs(find(left, right)) == [("501", "f-1"), ("502", "f-2")]


@pytest.mark.requirement("FLEX-03")
def test_a_company_is_found_by_website_phone_or_name() -> None:
    acme = {"name": "Acme Rentals Inc", "website": "https://www.acme.example", "phone": "212-555-0147"}
    left = source(acme, kind="company")
    others = [
        {"website": "acme.example"},
        {"phone": "2125550147"},
        {"name": "ACME RENTALS, LLC"},
        {"name": "Acme Rental"},
        {"name": "Zebra"},
    ]
    found = find(left, target(*others, kind="company"), "company")
    assert {other for _, other in pairs(found)} == {"f-1", "f-2", "f-3", "f-4"}


@pytest.mark.requirement("FLEX-04")
def test_the_likeliest_is_first_and_says_why() -> None:
    right = target(
        {"first_name": "Bob", "last_name": "Stone", "phone": "2125550147"},
        {"first_name": "Anna", "last_name": "Ruiz", "phone": "2125550147", "email": "Ana@acme.example"},
        {"first_name": "Ana", "last_name": "Ruiz", "phone": "2125550147"},
    )
    found = find(source(ANA), right)
    assert pairs(found) == [("501", "f-2"), ("501", "f-3"), ("501", "f-1")]
    assert why(found) == ["EMAIL_SAME 1", "PHONE_SAME 3", "FIRST_NAME_CLOSE 93", "LAST_NAME_SAME 100"]
    assert why(found, 2) == ["PHONE_SAME 3", "FIRST_NAME_DIFFERS 0", "LAST_NAME_DIFFERS 0"]
    assert [one.against for one in reasons(found.iloc[2].to_dict())] == [False, True, True]
    assert found["of"].tolist() == [3, 3, 3]


@pytest.mark.requirement("FLEX-04", "SAFE-9")
def test_reasons_hold_codes_and_numbers_alone() -> None:
    found = find(source(ANA), target({**ANA, "company_name": "Acme"}))
    told = found.drop(columns=["source_id", "target_id"])
    assert all(told[name].dtype.kind in "iufb" for name in told.columns)


@pytest.mark.requirement("FLEX-09")
def test_a_shared_phone_gives_candidates_and_never_a_link() -> None:
    staff = [{"first_name": f"P{number}", "last_name": f"Person{number}", "phone": "212-555-0100"} for number in range(40)]
    found = find(source(*staff), target(*staff))
    assert found.groupby("source_id").size().tolist() == [40] * 40
    first = found[found["rank"] == 1]
    assert [one.removeprefix("f-") for one in first["target_id"]] == [str(int(one) - 500) for one in first["source_id"]]
    assert not found["automatic"].any()
    assert set(found["phone"]) == {1600}


@pytest.mark.requirement("FLEX-09")
def test_one_phone_alone_never_links_either() -> None:
    found = find(source({**ANA, "email": ""}), target({**ANA, "email": ""}))
    assert why(found)[0] == "PHONE_SAME 1"
    assert not found["automatic"].any()


@pytest.mark.requirement("FLEX-09")
def test_a_crowd_still_has_candidates_and_the_right_one_first() -> None:
    staff = [{"first_name": f"Q{number}", "last_name": f"Name{number}", "phone": "212-555-0100"} for number in range(400)]
    found = find(source(*staff), target(*staff))
    first = found[found["rank"] == 1]
    assert [one.removeprefix("f-") for one in first["target_id"]] == [str(int(one) - 500) for one in first["source_id"]]
    assert found.groupby("source_id").size().between(10, MOST).all()


def test_an_extension_tells_people_of_one_number_apart() -> None:
    left = source({"phone": "212-555-0100 x12"})
    found = find(left, target({"phone": "212-555-0100 x13"}, {"phone": "212-555-0100"}, {"phone": "+12125550100 ext 12"}))
    assert pairs(found) == [("501", "f-3"), ("501", "f-2"), ("501", "f-1")]
    assert "EXTENSION_SAME 1" in why(found)
    assert "EXTENSION_DIFFERS 1" in why(found, 2)


def test_what_many_share_counts_less() -> None:
    alone = find(source(ANA), target(ANA))["score"][0]
    several = find(source(ANA, ANA), target(ANA, ANA))["score"]
    assert (several < alone).all()


AUTOMATIC = [
    ("alike", {}, True),
    ("nickname", {"first_name": "Anita"}, False),
    ("middle name", {"first_name": "Ana M."}, True),
    ("another first name", {"first_name": "Luis"}, False),
    ("another last name", {"last_name": "Stone"}, False),
    ("a typing error in the last name", {"last_name": "Riuz"}, False),
    ("no first name", {"first_name": ""}, False),
    ("Jr", {"last_name": "Ruiz Jr."}, False),
    ("another address", {"email": "a.ruiz@acme.example"}, False),
]


@pytest.mark.requirement("FLEX-09")
@pytest.mark.parametrize(("change", "linked"), [case[1:] for case in AUTOMATIC], ids=[case[0] for case in AUTOMATIC])
def test_what_is_linked_unasked(change: dict[str, str], linked: bool) -> None:
    assert find(source(ANA), target({**ANA, **change}))["automatic"].tolist() == [linked]


def test_nothing_is_linked_unasked_where_another_shares_what_decides() -> None:
    assert not find(source(ANA), target(ANA, {"email": ANA["email"]}))["automatic"].any()
    assert not find(source(ANA, {"email": ANA["email"]}), target(ANA))["automatic"].any()
    namesake = {**ANA, "email": "junior@acme.example"}
    assert not find(source(ANA), target(ANA, namesake))["automatic"].any()


def test_companies_are_linked_unasked_by_website_and_name() -> None:
    acme = {"name": "Acme Rentals", "website": "acme.example"}
    assert find(source(acme, kind="company"), target({**acme, "name": "Acme Rentals LLC"}, kind="company"), "company")["automatic"].all()
    assert not find(source(acme, kind="company"), target({**acme, "name": "Acme Hotels"}, kind="company"), "company")["automatic"].any()


@pytest.mark.requirement("FLEX-06")
def test_what_was_decided_is_not_asked_again_and_changes_no_score() -> None:
    left, right = source(ANA, ANA), target(ANA, ANA, ANA)
    whole = find(left, right).set_index(["source_id", "target_id"])["score"]
    found = find(left, right, decided=Decided({"501": "f-1"}, [("502", "f-2")]))
    assert pairs(found) == [("502", "f-3")]
    assert found["score"][0] == whole["502", "f-3"]


def test_nobody_is_a_candidate_of_nobody() -> None:
    empty = source().iloc[:0]
    assert find(empty, target()).empty
    assert find(source(ANA), target().iloc[:0]).empty
    assert find(source({}), target({})).empty


def test_blanks_equal_nothing() -> None:
    assert find(source({"email": "", "phone": " - "}), target({"email": "", "phone": " - "})).empty


@pytest.mark.parametrize("kind", ["contact", "company"])
@pytest.mark.requirement("FLEX-04", "FLEX-09")
def test_the_first_candidate_is_right_and_no_link_wrong(kind: str) -> None:
    matching = benchmark("people_twice"), benchmark("matching")
    world = matching[1].WORLDS[kind](4000, 21)
    found = find(world.source, world.target, kind)
    measured = matching[1].quality(found, world, kind)
    assert measured["first_right"] >= 0.98, measured
    assert measured["automatic_wrong"] == 0
    assert measured["automatic"] > 900


def test_a_table_of_roles_is_checked_as_a_whole(tmp_path: Path) -> None:
    table = tmp_path / "candidates.csv"
    table.write_text("entity,field,compared_as,note\nperson,x,email,\ncontact,x,website,\ncontact,a,first,\ncontact,b,first,\n")
    with pytest.raises(ConfigurationError) as caught:
        load_roles(table)
    assert [problem.place for problem in caught.value.problems] == [f"candidates.csv row {number}" for number in (2, 3, 5)]
    assert ROLES["contact"].columns("phone") == ("phone", "mobile", "other_phones")


def test_a_frame_is_left_as_it_was() -> None:
    left, right = source(ANA), target(ANA)
    before = left.copy(), right.copy()
    find(left, right)
    pd.testing.assert_frame_equal(left, before[0])
    pd.testing.assert_frame_equal(right, before[1])
