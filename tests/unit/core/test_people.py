"""Members as people: how many contacts there are, and that they stay the same ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.core.ports import Operation, Row
from crosswalk.features.tenancy.guard import Tenant
from crosswalk.features.tenancy.member_dedup import contacts_of, members_of, written_by
from crosswalk.features.tenancy.provisioning_facts import facts_of
from figures import Tally

BLANK = dict.fromkeys(("first_name", "last_name", "birth_date", "email", "phone", "address_1", "address_2", "city", "state", "zip"), "")


def member(number: int, first: str = "Ann", last: str = "Quill", born: str = "1951-04-09", email: str = "", **more: str) -> Row:
    about = {"first_name": first, "last_name": last, "birth_date": born, "email": email}
    return {"source_id": f"M-{number}", "policy": f"P-{number}", "role": "subscriber", "writing_agent_npn": "55", **BLANK, **about, **more}


def ids(members: list[Row], there: list[Row] | None = None) -> list[str]:
    return [row["source_id"] for row in contacts_of(members, there or []).rows]


PAIRS = {
    "one person on two policies": (member(1), member(2), 1),
    "case and spacing do not count": (member(1), member(2, first=" ann ", last="QUILL"), 1),
    "another birth date": (member(1), member(2, born="1980-01-01"), 2),
    "father and son with one e-mail": (member(1, email="q@example.test"), member(2, born="1980-01-01", email="q@example.test"), 2),
    "spouses with one e-mail": (member(1, email="q@example.test"), member(2, first="Bob", email="q@example.test"), 2),
    "no birth date, the same e-mail": (member(1, email="q@example.test"), member(2, born="", email="Q@example.test"), 1),
    "no birth date, no e-mail": (member(1), member(2, born=""), 2),
    "neither has either": (member(1, born=""), member(2, born=""), 2),
    "only a last name": (member(1, first=""), member(2, first=""), 2),
}


@pytest.mark.requirement("ACRM-06")
@pytest.mark.parametrize("case", PAIRS)
def test_who_is_one_person(case: str) -> None:
    one, other, people = PAIRS[case]
    assert len(ids([one, other])) == len(ids([other, one])) == people


def test_no_birth_date_joins_nobody_when_two_could_be_meant() -> None:
    people = [
        member(1, email="q@example.test"),
        member(2, born="1980-01-01", email="q@example.test"),
        member(3, born="", email="q@example.test"),
    ]
    assert len(ids(people)) == 3


@pytest.mark.requirement("ACRM-06")
def test_a_contact_says_all_its_members_say() -> None:
    (row,) = contacts_of([member(3, phone="1"), member(2, email="q@example.test", role="spouse"), member(4)]).rows
    assert (row["source_id"], row["policies"], row["writing_agent_npn"]) == ("M-2", "P-2 P-3 P-4", "55")
    assert (row["email"], row["phone"]) == ("q@example.test", "1")


@pytest.mark.requirement("ACRM-04", "ACRM-08")
@given(st.permutations([member(number) for number in range(1, 6)]), st.integers(1, 5))
def test_a_new_policy_makes_no_second_contact(people: list[Row], first: int) -> None:
    before = contacts_of(people[:first]).rows
    assert ids(people, before) == [row["source_id"] for row in before]


@pytest.mark.requirement("ACRM-06")
def test_an_email_stands_there_once_and_stays_with_who_has_it() -> None:
    spouse, subscriber = member(1, first="Kim", role="spouse", email="q@example.test"), member(2, first="Sam", email="Q@example.test")
    found = contacts_of([spouse, subscriber])
    assert [(row["first_name"], row["email"]) for row in found.rows] == [("Kim", ""), ("Sam", "Q@example.test")]
    there = [{**row, "email": "q@example.test" if row["source_id"] == "M-1" else ""} for row in found.rows]
    again = contacts_of([spouse, subscriber], there)
    assert [bool(row["email"]) for row in again.rows] == [True, False]
    assert (found.shared_emails, again.shared_emails) == (1, 1)


@pytest.mark.requirement("ACRM-04")
def test_who_is_left_by_their_first_policy_keeps_their_contact() -> None:
    first, second = member(1), member(2)
    (before,) = contacts_of([first, second]).rows
    (after,) = contacts_of([second], [before]).rows
    assert after == before


@pytest.mark.requirement("ACRM-04")
def test_two_people_never_share_a_contact_whatever_the_agent_renamed() -> None:
    before = contacts_of([member(1), member(2, first="Bob")]).rows
    renamed = [{**before[0], "first_name": "Bob"}, before[1]]
    assert ids([member(1), member(2, first="Bob"), member(3, first="Bob")], renamed) == ["M-1", "M-2"]


@pytest.mark.requirement("ACRM-04", "ACRM-08")
def test_an_email_of_a_contact_the_agent_made_is_left_to_it() -> None:
    (own,) = contacts_of([member(9, first="Kim", email="q@example.test")]).rows
    found = contacts_of([member(1, email="Q@example.test")], [{**own, "source_id": ""}])
    assert ([row["email"] for row in found.rows], found.shared_emails) == ([""], 1)


@pytest.mark.requirement("ACRM-07", "ACRM-08")
def test_the_counts_a_principal_may_wonder_about() -> None:
    policies = [{"source_id": f"P-{number}", "writing_agent_npn": "55" if number < 4 else "66"} for number in range(1, 6)]
    members = [member(1), member(2), member(3, first="Bob", email="b@example.test"), member(4, writing_agent_npn="66")]
    chosen = written_by(["55", "77"], policies)
    mine = members_of(chosen, members)
    facts = facts_of(["55", "77"], chosen, mine, contacts_of(mine))
    assert facts.by_npn == {"55": 3, "77": 0}
    assert (facts.policies, facts.members, facts.contacts, facts.people_on_several, facts.without_email) == (3, 3, 2, 1, 1)
    notes = list(facts.notes("agency"))
    assert any("add that NPN as a further user" in note for note in notes)
    assert any(note.startswith("1 contacts have no e-mail") for note in notes)
    assert not any("Quill" in note or "Ann" in note for note in notes)
    assert len(list(facts.notes("agent"))) == len(notes) - 1


LOOK_ALIKES = ["123", "0123", "1230", "12", "00123", "123.0", "", " 123", "*", "1234567890", "12345678901", "１２３"]


def _book(seed: int) -> tuple[list[Row], list[Row], dict[str, str]]:
    """A random FMO: policies, members with a canary of their writer, and each policy's writer."""
    dice = random.Random(seed)
    policies, members, writers = [], [], {}
    for number in range(dice.randint(0, 12)):
        npn = dice.choice(LOOK_ALIKES)
        policies.append({"source_id": f"P-{number}", "writing_agent_npn": npn, "plan_name": f"canary-{npn.strip()}."})
        writers[f"P-{number}"] = npn.strip()
        for role in range(dice.randint(0, 3)):
            claimed = npn if dice.random() < 0.9 else dice.choice(LOOK_ALIKES)
            first = dice.choice(["Ann", "Bob", ""])
            one = member(number * 10 + role, first, f"canary-{npn.strip()}.", dice.choice(["", "1951-04-09"]), writing_agent_npn=claimed)
            members.append({**one, "policy": f"P-{number}"})
    return policies, members, writers


@pytest.mark.requirement("ACRM-05")
@pytest.mark.reliability
def test_no_random_book_shows_an_agent_what_another_wrote(tally: Tally, request: pytest.FixtureRequest) -> None:
    cases, leaks = (10_000 if request.config.getoption("--full") else 500), 0
    for seed in range(cases):
        policies, members, writers = _book(seed)
        for npn in LOOK_ALIKES:
            chosen = written_by([npn], policies)
            mine = members_of(chosen, members)
            rows = contacts_of(mine).rows
            told = str([chosen, mine, rows])
            leaks += any(f"canary-{other.strip()}." in told for other in LOOK_ALIKES if other.strip() != npn.strip())
            leaks += bool(chosen) and not (npn.strip().isascii() and npn.strip().isdigit() and len(npn.strip()) <= 10)
            assert {row["source_id"] for row in chosen} <= {one for one, writer in writers.items() if writer == npn.strip()}
            if rows:
                tenant = Tenant("b", frozenset({npn.strip()}), {"contact": "writing_agent_npn"})
                tenant.require("x://h/b", [Operation("contact", "upsert", row["source_id"], "", row) for row in rows])
    tally("ACRM-05", "random books, agents that saw another's canary", cases, leaks)
    assert leaks == 0
