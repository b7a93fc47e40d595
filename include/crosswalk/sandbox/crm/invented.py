"""Invented companies and the people in them: the same for the same seed, of any number, as untidy as real ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crosswalk.sandbox.words import Words, words

TYPES = ("Customer", "Prospect", "Suspect", "Dead", "Vendor")
CONTACT_TYPES = ("Decision maker", "Technical", "Billing")
TITLES = ("CIO", "Office manager", "Owner", "IT manager", "Controller", "")
FORMS = ("Ltd", "LLC", "Inc", "Group", "& Sons")
FIRST_CONTACT, FIRST_COMPANY = 31_001, 210
_SHARES = (0.45, 0.75, 0.85, 0.95, 1.0)  # of the companies, type by type
_BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
_MINUTES = 2 * 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Company:
    """One invented company. type: position in TYPES."""

    number: int
    name: str
    type: int
    active: bool
    changed: str


@dataclass(frozen=True, slots=True)
class Contact:
    """One invented person. company: the number of one, 0 for none; type: position in CONTACT_TYPES."""

    number: int
    company: int
    first: str
    last: str
    email: str
    phone: str
    mobile: str
    title: str
    street: str
    city: str
    state: str
    zip_code: str
    active: bool
    type: int
    changed: str


def companies(count: int, seed: int) -> list[Company]:
    """Invent companies in ascending order of their numbers, which have gaps. About 6 % are inactive."""
    dice, table = random.Random(f"companies {seed}"), words()  # noqa: S311 - repeatable on purpose, protects nothing
    number, made = FIRST_COMPANY - 1, []
    for _ in range(count):
        number += 1 + (dice.random() < 0.1)
        chance = dice.random()
        kind = next(place for place, share in enumerate(_SHARES) if chance < share)
        name = f"{dice.choice(table.last)} {dice.choice(FORMS)} {number}"
        made.append(Company(number, name, kind, dice.random() > 0.06, _moment(dice)))
    return made


def contacts(count: int, employers: list[Company], seed: int) -> Iterator[Contact]:
    """Invent people in ascending order of their numbers, which have gaps.

    About 7 % are inactive, 5 % have no e-mail, 1 % a malformed one, 2 % one that another has, 0.5 % no company.
    """
    dice, table = random.Random(f"contacts {seed}"), words()  # noqa: S311 - repeatable on purpose, protects nothing
    number, before = FIRST_CONTACT - 1, ""
    for _ in range(count):
        number += 1 + (dice.random() < 0.1)
        roll = dice.random
        first, last = table.first[int(roll() * len(table.first))][0], table.last[int(roll() * len(table.last))]
        email = before = _email(first, last, number, before, roll())
        city = table.cities[int(roll() * len(table.cities))]
        yield Contact(
            number=number,
            company=employers[int(roll() * len(employers))].number if employers and roll() > 0.005 else 0,
            first=first,
            last=last,
            email=email,
            phone=f"{city.area_code}-555-01{int(roll() * 100):02d}" if roll() < 0.8 else "",
            mobile=f"({city.area_code}) 555-01{int(roll() * 100):02d}" if roll() < 0.3 else "",
            title=TITLES[int(roll() * len(TITLES))],
            street=_street(table, dice),
            city=city.name,
            state=city.state,
            zip_code=city.zip_code,
            active=roll() > 0.07,
            type=int(roll() * len(CONTACT_TYPES)),
            changed=_moment(dice),
        )


def _email(first: str, last: str, number: int, before: str, chance: float) -> str:
    if chance < 0.05:
        return ""
    if chance < 0.07 and before.isascii() and "@" in before:
        return before.upper() if chance < 0.06 else before
    name = f"{first}.{last}{number}".lower().replace(" ", "").encode("ascii", "ignore").decode()
    if chance < 0.08:
        return f"{name} at example.test"
    domain = "bücher.example" if chance < 0.085 else "example.test"
    return f" {name}@{domain} " if chance < 0.09 else f"{name}@{domain}"


def _street(table: Words, dice: random.Random) -> str:
    return f"{int(dice.random() * 900) + 1} {table.streets[int(dice.random() * len(table.streets))]}"


def _moment(dice: random.Random) -> str:
    return (_BEGAN + timedelta(minutes=int(dice.random() * _MINUTES))).strftime("%Y-%m-%dT%H:%M:%SZ")
