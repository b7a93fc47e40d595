"""The same invented people in a CRM and in Flex, with the errors of real lists, and the truth beside them.

Nobody exists. A seed gives the same world always; the weights were set on seeds 1 to 3, quality is measured on others.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pandas as pd

from crosswalk.features.linking.candidates.keys import unmarked
from crosswalk.features.linking.candidates.names import full_names
from crosswalk.sandbox.words import words

CONTACT_COLUMNS = ["first_name", "last_name", "email", "phone", "mobile", "company_name"]
COMPANY_COLUMNS = ["name", "website", "phone", "city"]
FORMS = ("", " Inc", " Inc.", ", LLC", " LLC", " Ltd", " Co.", " Corporation", " & Co")
STYLES = ("({0}) {1}-{2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "+1 {0} {1} {2}", "1-{0}-{1}-{2}", "{0}{1}{2}")


@dataclass
class World:
    """source: `source_id` + columns; target: `target_id` + columns; truth: source id → target id of the same, where both have it."""

    source: pd.DataFrame
    target: pd.DataFrame
    truth: dict[str, str] = field(default_factory=dict)


@dataclass
class _Person:
    first: str
    last: str
    suffix: str
    email: str
    phone: str
    mobile: str
    company: str
    twin: bool = False
    """Shares first name, last name and address with a relative: without Jr nobody could tell them apart, so it is never left out."""


def contact_world(count: int, seed: int) -> World:
    """Make `count` records a side; seven in ten people stand on both sides."""
    return _Contacts(count, seed).world()


def company_world(count: int, seed: int) -> World:
    """Make `count` companies a side; seven in ten on both."""
    return _Companies(count, seed).world()


class _Maker:
    def __init__(self, seed: int, purpose: str) -> None:
        self.dice = random.Random(f"{purpose} {seed}")  # noqa: S311 - repeatable on purpose, protects nothing
        self.table = words()

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def number(self) -> str:
        return "".join(str(self.dice.randint(low, 9)) for low in (2, 0, 1, 2, 0, 1, 0, 0, 0, 0))

    def written(self, number: str) -> str:
        """Write a number as people do, an extension behind it."""
        plain, _, extension = number.partition("x")
        style = self.dice.choice(STYLES).format(plain[:3], plain[3:6], plain[6:])
        return style + (self.dice.choice((" x{0}", " ext. {0}")).format(extension) if extension else "")

    def typo(self, text: str) -> str:
        """Swap, drop, double or replace one letter."""
        if len(text) < 3:
            return text
        place = self.dice.randrange(len(text) - 1)
        kind = self.dice.randrange(4)
        if kind == 0:
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        if kind == 1:
            return text[:place] + text[place + 1 :]
        letter = text[place] if kind == 2 else self.dice.choice("abcdefghijklmnopqrstuvwxyz")
        return text[: place + (kind == 2)] + letter + text[place + 1 :]

    def company_name(self) -> str:
        forms = ("{0} {1}", "{0} & {2} {1}", "{3} {1}", "The {0} {1}", "{0} {3} {1}")
        trade = self.dice.choice(TRADES)
        names = self.dice.choice(self.table.last), self.dice.choice(self.table.last)
        return self.dice.choice(forms).format(names[0], trade, names[1], self.dice.choice(self.table.cities).name)

    def split(self, count: int) -> tuple[int, int]:
        """How many stand on both sides, and how many on one alone."""
        both = int(count * 0.7)
        return both, count - both

    def rows(self, records: list[list[str]], columns: list[str], key: str, start: str) -> tuple[pd.DataFrame, list[str]]:
        numbers = self.dice.sample(range(10_000_000), len(records))
        ids = [f"{start}{number:07}" for number in numbers]
        frame = pd.DataFrame(records, columns=columns, dtype="str")
        frame.insert(0, key, pd.Series(ids, dtype="str"))
        return frame, ids

    def shuffled(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.sample(frac=1, random_state=self.dice.randrange(2**31)).reset_index(drop=True)


TRADES = (
    "Productions", "Events", "Rentals", "Lighting", "Audio", "Staging", "Advisors", "Insurance", "Media", "Catering", "Studios",
    "Logistics",
    "Theatre", "Church", "Hotel", "Convention Center", "University", "School", "Consulting", "Design", "Security", "Transport",
)  # fmt: skip


class _Contacts(_Maker):
    def __init__(self, count: int, seed: int) -> None:
        super().__init__(seed, "contacts")
        self.count = count
        sizes = [1 + int(self.dice.paretovariate(1.1)) for _ in range(max(count // 8, 1))]
        self.companies = [(self.company_name(), self.number()) for _ in sizes]
        self.staffed = [place for place, size in enumerate(sizes) for _ in range(min(size, 400))]
        self.shapes = shapes_of({name.lower() for name, _ in self.table.first})

    def world(self) -> World:
        both, alone = self.split(self.count)
        people = self.people(both + 2 * alone)
        sides = people[: both + alone], people[:both] + people[both + alone :]
        source, source_ids = self.rows([self.as_typed(one, 0) for one in sides[0]], CONTACT_COLUMNS, "source_id", "")
        target, target_ids = self.rows([self.as_typed(one, 1) for one in sides[1]], CONTACT_COLUMNS, "target_id", "f-")
        truth = dict(zip(source_ids[:both], target_ids[:both], strict=True))
        return World(self.shuffled(source), self.shuffled(target), truth)

    def people(self, count: int) -> list[_Person]:
        """Invent people; one in ten shares last name, landline and perhaps e-mail with the one before: a household."""
        made: list[_Person] = []
        while len(made) < count:
            made.append(self.relative(made[-1]) if made and self.chance(0.1) else self.stranger(len(made)))
        self.dice.shuffle(made)
        return made

    def stranger(self, number: int) -> _Person:
        first, last = self.dice.choice(self.table.first)[0], self.last_name()
        company, switchboard = self.companies[self.dice.choice(self.staffed)] if self.chance(0.75) else ("", "")
        phone = (
            switchboard
            if company and self.chance(0.4)
            else f"{switchboard}x{self.dice.randint(10, 999)}"
            if company and self.chance(0.3)
            else self.number()
        )
        email = (
            ""
            if self.chance(0.08)
            else f"{first}.{last}{number}@{self.dice.choice(('example.test', 'post.example', 'work.example'))}".replace(" ", "").lower()
        )
        return _Person(first, last, "", email, phone, self.number() if self.chance(0.5) else "", company)

    def relative(self, one: _Person) -> _Person:
        namesake = self.chance(0.05)
        first = one.first if namesake else self.dice.choice([name for name, _ in self.table.first if unmarked(name) != unmarked(one.first)])
        email = one.email if self.chance(0.4) else one.email and f"{first}.{self.dice.randrange(10**6)}@post.example".lower()
        return _Person(
            first,
            one.last,
            "Jr" if namesake else "",
            email,
            one.phone,
            self.number() if self.chance(0.5) else one.mobile,
            "",
            namesake and email == one.email,
        )

    def last_name(self) -> str:
        """A thousand times as many names as the list has: joined or with an ending."""
        last = self.dice.choice(self.table.last)
        return (
            last
            if self.chance(0.3)
            else last + self.dice.choice(("", "son", "man", "er", "ley", "ton", "field", "ham", "wood", "ford", "berg", "stein"))
        )

    def as_typed(self, one: _Person, side: int) -> list[str]:
        """Write a person into a list: each side has its own errors."""
        suffix = "" if self.chance(0.1) and not one.twin else one.suffix
        first, last = one.first, f"{one.last} {suffix}".strip()
        shapes = self.shapes.get(first.lower(), ())
        if shapes and self.chance(0.15):
            first = self.dice.choice(shapes).title()
        elif self.chance(0.03):
            first = f"{first[0]}."
        elif self.chance(0.05):
            first = f"{first} {self.dice.choice('ABCDEFGHJKLM')}."
        first = self.typo(first) if self.chance(0.02) else first
        last = self.typo(last) if self.chance(0.03) else last
        if self.chance(0.02) and not one.suffix:
            last = f"{last}-{self.dice.choice(self.table.last)}"
        company = "" if self.chance(0.2) else self.company_as_typed(one.company)
        if side and one.company and self.chance(0.08):
            company = self.company_name()  # moved on; the other list does not know yet
        email = self.email_as_typed(one)
        phone = "" if self.chance(0.1) else self.written(self.number() if self.chance(0.06) else one.phone)
        mobile = "" if self.chance(0.3) or not one.mobile else self.written(one.mobile)
        return [first.upper() if self.chance(0.02) else first, last, email, phone, mobile, company]

    def email_as_typed(self, one: _Person) -> str:
        if not one.email or self.chance(0.12):
            return ""
        if self.chance(0.05):
            return f"{one.first}{self.dice.randrange(10**7)}@mail.example".lower()
        email = self.typo(one.email) if self.chance(0.02) else one.email
        return email.title() if self.chance(0.05) else email

    def company_as_typed(self, name: str) -> str:
        return (self.typo(name) if self.chance(0.05) else name) + self.dice.choice(FORMS) if name else ""


def shapes_of(names: set[str]) -> dict[str, list[str]]:
    """List the nicknames of each name."""
    shapes: dict[str, list[str]] = {name: [] for name in names}
    for nickname, full in sorted(full_names().items()):
        for name in sorted(full & names):
            shapes[name].append(nickname)
    return shapes


class _Companies(_Maker):
    def __init__(self, count: int, seed: int) -> None:
        super().__init__(seed, "companies")
        self.count = count

    def world(self) -> World:
        both, alone = self.split(self.count)
        made = [self.company(number) for number in range(both + 2 * alone)]
        self.dice.shuffle(made)
        source, source_ids = self.rows([self.as_typed(one) for one in made[: both + alone]], COMPANY_COLUMNS, "source_id", "")
        target, target_ids = self.rows(
            [self.as_typed(one) for one in made[:both] + made[both + alone :]], COMPANY_COLUMNS, "target_id", "f-"
        )
        return World(self.shuffled(source), self.shuffled(target), dict(zip(source_ids[:both], target_ids[:both], strict=True)))

    def company(self, number: int) -> list[str]:
        name, city = self.company_name(), self.dice.choice(self.table.cities).name
        if self.chance(0.6):
            name = f"{self.dice.choice(self.table.last)}{self.dice.choice(('', 'son', 'ton', 'berg', 'field', 'wood'))} {name}"
        host = f"{''.join(name.lower().split())[:14].replace('&', '')}{number}.example"
        return [name, host, self.number(), city]

    def as_typed(self, one: list[str]) -> list[str]:
        name, host, phone, city = one
        website = (
            ""
            if self.chance(0.25)
            else self.dice.choice(("https://www.{0}/", "http://{0}", "www.{0}", "{0}", "https://{0}/about?x=1")).format(host)
        )
        name = (self.typo(name) if self.chance(0.06) else name) + self.dice.choice(FORMS)
        if self.chance(0.03):
            website = f"https://facebook.com/{host.split('.')[0]}"
        return [name, website, "" if self.chance(0.25) else self.written(phone), city if self.chance(0.9) else ""]
