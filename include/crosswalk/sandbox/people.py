"""Invented people and tag groups: the same for the same seed, of any number, as untidy as real ones.

Nobody exists: addresses end in example.test or .example, phone numbers are 555-01xx. About 3 % of the people break a rule a sync
would reject them for: an e-mail shared in a household, a malformed e-mail, an impossible date, no last name.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from crosswalk.sandbox.words import City, Words, words

T = TypeVar("T")

ALWAYS = ("Newsletter", "Clients A")
FIRST_NUMBER = 801  # a small office already crosses 999 → 1000, where text order and number order part
DOMAINS = ("example.test", "mail.example.test", "post.example", "work.example", "family.example", "sub.domain.example.test")
UNTIDY_EMAILS = (
    "{0} at example.test",
    "{0}@@example.test",
    "{0}@",
    "@example.test",
    "{0}.example.test",
    "{0}@example..test",
    "{0} home@example.test",
    "{0}@example.test, {0}@post.example",
    "<{0}@example.test",
    "none",
    "n/a",
    "none@none",
)
IMPOSSIBLE_DATES = ("1980-02-30", "0000-00-00", "1961-13-09", "2999-01-01", "04/09/1961", "1975-06-31")
PHONE_STYLES = (
    ("{area}", "555-01{line}"),
    ("{area}", "555-01{line}"),
    ("({area})", "555-01{line}"),
    ("{area}", "55501{line}"),
    ("{area}", "555.01{line}"),
    ("{area}", "555 01{line}"),
    ("{area}", "555-01{line} x12"),
    ("{area}", "555-01{line} ext. 7"),
    ("{area} ", " 555-01{line}"),
    ("", "{area}-555-01{line}"),
    ("", "({area}) 555-01{line}"),
    ("", "+1 {area} 555 01{line}"),
    ("", "1-{area}-555-01{line} x4021"),
    ("", "555-01{line}"),
    ("{area}", ""),
)
SECOND_LINES = ("Apt {0}", "Suite {0}", "Unit {0}-B", "#{0}", "c/o The {0} Trust", "P.O. Box {0}")
MEMBERSHIPS = (0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Person:
    """One invented contact: values by contract field name, and the positions (from 0) of its groups."""

    number: int
    values: dict[str, str]
    groups: tuple[int, ...]


def group_names(count: int, seed: int) -> list[str]:
    """Name `count` tag groups, each once, the names of ALWAYS first."""
    table, dice = words(), _dice(seed, "groups")
    names = dict.fromkeys(ALWAYS[:count])
    while len(names) < count:
        names.setdefault(_group_name(table, dice, len(names)))
    return list(names)


def people(contacts: int, groups: int, seed: int) -> list[Person]:
    """Invent contacts in ascending order of their numbers, which have gaps."""
    maker = _Maker(groups, seed)
    return [maker.person() for _ in range(contacts)]


def _dice(seed: int, purpose: str) -> random.Random:
    return random.Random(f"{purpose} {seed}")  # noqa: S311 - repeatable on purpose, protects nothing


def _pick(dice: random.Random, choices: Sequence[T]) -> T:
    return choices[int(dice.random() * len(choices))]


def _group_name(table: Words, dice: random.Random, number: int) -> str:
    topic, city = _pick(dice, table.topics), _pick(dice, table.cities)
    forms = (f"{topic} {dice.randint(2012, 2026)}", f"{topic} – {city.name}", f"{city.name} {topic}", f"{topic} #{number}")
    return _pick(dice, forms)


class _Maker:
    def __init__(self, groups: int, seed: int) -> None:
        self.dice = _dice(seed, "people")
        self.table = words()
        self.number = FIRST_NUMBER - 1
        self.crowds = _crowds(groups)
        self.peopled = _peopled(groups, self.dice)
        self.household: dict[str, str] = {}
        self.members_left = 0

    def person(self) -> Person:
        self.number += 1 + (self.dice.random() < 0.2) * self.dice.randint(1, 3)
        first, gender = _pick(self.dice, self.table.first)
        values = {
            "FirstName": self._first_name(first),
            "LastName": self._last_name(),
            "Greeting": self._greeting(first),
            "ReviewDate": self._date(0.6, 1998, 2025, 0.0005),
            "Person.Dob": self._date(0.85, 1928, 2007, 0.002),
            "Person.Gender": gender if self.dice.random() < 0.93 else "",
            "Person.Marital": str(self.dice.randint(1, 6)) if self.dice.random() < 0.7 else "",
            **self._home(_pick(self.dice, self.table.cities)),
        }
        values["PreferredEmail.Address"] = self._email(first, values["LastName"])
        self._share_household(values)
        return Person(self.number, values, self._groups())

    def _first_name(self, first: str) -> str:
        chance = self.dice.random()
        if chance < 0.01:
            return ""
        if chance < 0.015:
            return first[0]
        if chance < 0.02:
            return f"  {first} "
        if chance < 0.1:
            return f"{first} {_pick(self.dice, 'ABCDEFGHJKLMQRSTW')}."
        return first

    def _last_name(self) -> str:
        last = _pick(self.dice, self.table.last)
        chance = self.dice.random()
        if chance < 0.001:
            return ""
        if chance < 0.003:
            return last[0]
        if chance < 0.02:
            return last.upper()
        if chance < 0.05:
            return f"{last}-{_pick(self.dice, self.table.last)}"
        return last

    def _greeting(self, first: str) -> str:
        chance = self.dice.random()
        if chance < 0.35:
            return ""
        return first if chance < 0.8 else _pick(self.dice, self.table.nicknames)

    def _date(self, filled: float, first_year: int, last_year: int, impossible: float) -> str:
        chance = self.dice.random()
        if chance < impossible:
            return _pick(self.dice, IMPOSSIBLE_DATES)
        if chance > filled:
            return ""
        year, month, day = (int(self.dice.random() * span) for span in (last_year - first_year + 1, 12, 28))
        return f"{first_year + year}-{month + 1:02d}-{day + 1:02d}"

    def _home(self, city: City) -> dict[str, str]:
        blank, second, chance = self.dice.random() < 0.08, self.dice.random() < 0.15, self.dice.random()
        area, number = _pick(self.dice, PHONE_STYLES) if chance < 0.9 else ("", "")
        line = f"{int(self.dice.random() * 100):02d}"
        house = int(self.dice.random() * 9800) + 1
        extended = f"{city.zip_code}-{house:04d}" if chance < 0.1 else city.zip_code
        return {
            "PreferredAddress.Line1": "" if blank else f"{house} {_pick(self.dice, self.table.streets)}",
            "PreferredAddress.Line2": _pick(self.dice, SECOND_LINES).format(house % 400) if second and not blank else "",
            "PreferredAddress.City": "" if blank else city.name,
            "PreferredAddress.State": "" if blank else city.state,
            "PreferredAddress.ZipCode": "" if blank else extended,
            "PreferredPhone.AreaCode": area.format(area=city.area_code),
            "PreferredPhone.Number": number.format(area=city.area_code, line=line),
        }

    def _email(self, first: str, last: str) -> str:
        chance = self.dice.random()
        if chance < 0.06:
            return ""
        name = f"{_plain(first)}.{_plain(last) or 'x'}{self.number}"
        if chance < 0.067:
            return _pick(self.dice, UNTIDY_EMAILS).format(name)
        if chance < 0.07:
            return f"{first.lower().replace('.', '')}{self.number}@bücher.example"
        address = f"{name}@{_pick(self.dice, DOMAINS)}"
        if chance < 0.09:
            return address.upper()
        if chance < 0.095:
            return f" {address} "
        return address.replace("@", "+crm@") if chance < 0.12 else address

    def _share_household(self, values: dict[str, str]) -> None:
        """Let now and then two to four people in a row share last name, address and e-mail: about 2 % of all."""
        if self.members_left:
            self.members_left -= 1
            values.update(self.household)
            if self.dice.random() < 0.3:
                values["PreferredEmail.Address"] = values["PreferredEmail.Address"].title()
        elif self.dice.random() < 0.0075 and _shareable(values["PreferredEmail.Address"]):
            self.members_left = _pick(self.dice, (1, 1, 1, 2, 3))
            self.household = {name: value for name, value in values.items() if _of_household(name)}

    def _groups(self) -> tuple[int, ...]:
        chosen = {position for position, share in self.crowds if self.dice.random() < share}
        wanted = _pick(self.dice, MEMBERSHIPS) if self.dice.random() < 0.998 else 30
        if self.peopled:
            chosen.update(self.peopled[int(self.dice.random() ** 2 * len(self.peopled))] for _ in range(wanted))
        return tuple(sorted(chosen))


def _crowds(groups: int) -> list[tuple[int, float]]:
    """Positions of the groups much of the office is in, each with its share."""
    return list(enumerate((0.25, 0.08, 0.15, 0.1)))[: groups if groups <= len(ALWAYS) else groups - 1]


def _peopled(groups: int, dice: random.Random) -> list[int]:
    """Positions of ordinary groups; every 25th, and always the last of three or more, has no one in it."""
    ordinary = [position for position in range(4, groups - 1) if position % 25]
    dice.shuffle(ordinary)
    return ordinary


def _of_household(name: str) -> bool:
    return name == "LastName" or name.startswith(("PreferredAddress.", "PreferredEmail."))


def _shareable(email: str) -> bool:
    return re.fullmatch(r"[a-z0-9.]+@[a-z.]+", email) is not None


@cache
def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", folded.lower())
