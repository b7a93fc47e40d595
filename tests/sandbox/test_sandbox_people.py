from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from crosswalk.sandbox.fmg.rules import is_date, is_email
from crosswalk.sandbox.people import Person, group_names, people


@pytest.fixture(scope="module")
def crowd() -> list[Person]:
    return people(10_000, 500, 7)


def share(crowd: list[Person], count: int) -> float:
    return count / len(crowd)


def emails(crowd: list[Person]) -> list[str]:
    return [person.values["PreferredEmail.Address"].strip().casefold() for person in crowd]


def test_the_same_for_the_same_seed_and_only_then() -> None:
    assert people(300, 20, 7) == people(300, 20, 7)
    assert people(300, 20, 7) != people(300, 20, 8)
    assert group_names(50, 7) == group_names(50, 7) != group_names(50, 8)


def test_ten_thousand_are_quick() -> None:
    began = time.process_time()
    assert len(people(10_000, 1_000, 7)) == 10_000
    assert time.process_time() - began < 3, "generous: about 0.4 s on a quiet machine"


def test_numbers_rise_with_gaps(crowd: list[Person]) -> None:
    numbers = [person.number for person in crowd]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] - numbers[0] > len(numbers)


def test_households_share_an_address(crowd: list[Person]) -> None:
    holders = Counter(email for email in emails(crowd) if is_email(email))
    sharing = sum(count for count in holders.values() if count > 1)
    assert 0.012 < share(crowd, sharing) < 0.03
    assert max(holders.values()) <= 4


def test_missing_and_malformed_addresses(crowd: list[Person]) -> None:
    assert 0.045 < share(crowd, emails(crowd).count("")) < 0.075
    assert 0.004 < share(crowd, sum(bool(email) and not is_email(email) for email in emails(crowd))) < 0.012


def test_few_enough_would_be_rejected(crowd: list[Person]) -> None:
    seen: set[str] = set()
    rejected = 0
    for person, email in zip(crowd, emails(crowd), strict=True):
        dates = [person.values[field] for field in ("Person.Dob", "ReviewDate")]
        wrong = not person.values["LastName"] or (bool(email) and not is_email(email)) or any(date and not is_date(date) for date in dates)
        rejected += wrong or email in seen
        seen |= {email} - {""}
    assert 0.01 < share(crowd, rejected) < 0.04


def test_they_are_nobody(crowd: list[Person]) -> None:
    for person in crowd:
        email, number = (person.values[name] for name in ("PreferredEmail.Address", "PreferredPhone.Number"))
        assert not is_email(email.strip()) or email.strip().casefold().endswith((".test", ".example"))
        assert not number or re.search(r"555[-. ]?01\d\d", number)


def test_they_are_untidy(crowd: list[Person]) -> None:
    def some(field: str, pattern: str) -> bool:
        return any(re.search(pattern, person.values[field]) for person in crowd)

    assert some("LastName", r"[^\x00-\x7f]")
    assert some("LastName", r"^\w+ \w+$")
    assert some("LastName", "['’]")
    assert some("LastName", "-")
    assert some("LastName", "^.$")
    assert some("FirstName", "^$")
    assert some("Person.Dob", "^$")
    assert some("Person.Dob", r"02-30$")
    assert some("PreferredPhone.AreaCode", r"^\(\d{3}\)$")
    assert some("PreferredPhone.Number", r" x\d+$")
    assert some("PreferredPhone.Number", r"^\+1 ")
    assert some("PreferredAddress.Line1", "^$")
    assert some("PreferredAddress.ZipCode", r"^0\d{4}$")
    assert {person.values["Person.Marital"] for person in crowd} == {"", *"123456"}


def test_groups_of_every_size(crowd: list[Person]) -> None:
    names = group_names(500, 7)
    sizes = Counter(position for person in crowd for position in person.groups)
    assert names[:2] == ["Newsletter", "Clients A"]
    assert len(set(names)) == 500
    assert sum(size >= 700 for size in sizes.values()) >= 3
    assert 10 < 500 - len(sizes) < 60, "some groups have no one in them"
    assert max(len(person.groups) for person in crowd) > 20
    assert sum(not person.groups for person in crowd) > 100


@pytest.mark.parametrize("groups", [0, 1, 2, 3, 5])
def test_few_groups(groups: int) -> None:
    crowd = people(200, groups, 1)
    used = {position for person in crowd for position in person.groups}
    assert used <= set(range(groups))
    assert {0, 1} & set(range(groups)) <= used
    assert group_names(groups, 1)[:2] == ["Newsletter", "Clients A"][:groups]
