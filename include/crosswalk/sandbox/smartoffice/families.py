"""Invented families with households, key relations, investments and policies: the same for the same seed.

They come round in the order of SCENARIOS: what planning needs, and what may be missing. Nobody exists.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from crosswalk.sandbox.smartoffice.office import CONTACT, HOUSEHOLD, INVESTMENT, KEY_RELATION, MEMBER, POLICY, Office, Record
from crosswalk.sandbox.words import words

SINGLE, MARRIED, WIDOWED, PARTNERED = "1", "2", "4", "6"
HEAD, SPOUSE, SON = "1", "2", "33"
FIRST_CONTACT = 801
CARRIERS = ("Acme Life", "Northwind Mutual", "Harbor & Vale", "Lakeside Assurance")
TITLES = ("Engineer", "Teacher", "Nurse", "Owner", "Pilot")


def settle(office: Office, count: int, seed: int) -> None:
    """Add `count` families after the contacts there are."""
    dice = random.Random(f"families {seed}")  # noqa: S311 - repeatable on purpose, protects nothing
    for number in range(count):
        SCENARIOS[number % len(SCENARIOS)](_Family(office, dice))


class _Family:
    """One family in the making; they share a last name and an address."""

    def __init__(self, office: Office, dice: random.Random) -> None:
        table = words()
        self.office = office
        self.dice = dice
        self.name = dice.choice(table.last)
        self.city = dice.choice(table.cities)
        self.street = f"{dice.randint(1, 999)} {dice.choice(table.streets)}"

    def person(self, marital: str, born: tuple[int, int] = (1945, 1990), **changed: str) -> Record:
        """Add a contact."""
        first, gender = self.dice.choice(words().first)
        number = max(self.office.records[CONTACT], default=FIRST_CONTACT - 1) + 1
        home = {"Line1": self.street, "Line2": "", "City": self.city.name, "State": self.city.state, "ZipCode": self.city.zip_code}
        values = {
            "FirstName": first,
            "LastName": self.name,
            "Greeting": first,
            "ReviewDate": "",
            "Person.Dob": f"{self.dice.randint(*born)}-{self.dice.randint(1, 12):02}-{self.dice.randint(1, 28):02}",
            "Person.Gender": gender,
            "Person.Marital": marital,
            "Person.JobTitle": self.dice.choice(TITLES),
            "Company": f"{self.dice.choice(words().last)} & Partners",
            **{f"PreferredAddress.{name}": text for name, text in home.items()},
            **{f"ResidenceAddress.{name}": text for name, text in home.items()},
            **{f"BusinessAddress.{name}": text for name, text in home.items() if name != "Line1"},
            "BusinessAddress.Line1": f"{self.dice.randint(1, 999)} Market St",
            "PreferredEmail.Address": f"family{number}@example.test",
            **self._phones(number),
            **changed,
        }
        return self.office.insert(CONTACT, values, number=number)

    def _phones(self, number: int) -> dict[str, str]:
        numbers: dict[str, str] = {}
        for place, tag in enumerate(("PreferredPhone", "HomePhone", "CellPhone", "Fax", "BusinessPhone", "BusinessFax")):
            numbers |= {f"{tag}.AreaCode": self.city.area_code, f"{tag}.Number": f"555-01{(number + place) % 100:02}"}
        return numbers

    def relate(self, contact: Record, kind: str, other: Record) -> None:
        """Enter a key relation on a contact."""
        self.office.insert(KEY_RELATION, {"Type": kind}, (contact.id, other.id))

    def household(self, *members: tuple[str, Record]) -> None:
        """Put contacts into a household of their own, by member code."""
        household = self.office.insert(HOUSEHOLD, {"Name": self.name})
        for code, contact in members:
            self.office.insert(MEMBER, {"Member": code}, (household.id, contact.id))

    def investment(self, contacts: Sequence[Record], account: str, options: str, *, loan: str, owner: str = "") -> None:
        """Add an investment; the net value is blank where the loan is."""
        cents = self.dice.randint(100_000, 90_000_000)
        value = f"{cents // 100}.{cents % 100:02}"
        money = {"AccountValue": value, "LoanBalance": loan, "NetValue": value if loan else ""}
        named = owner or full_name(contacts[0])
        self.office.insert(INVESTMENT, {"AccountName": account, **money, "Options": options, "Owner": named}, [one.id for one in contacts])

    def policy(self, contact: Record, plan: str, number: str, *, owner: str = "", benefits: str = "250000.00") -> None:
        """Add a policy."""
        about = {"Carrier.Name": self.dice.choice(CARRIERS), "PlanName": plan, "PolicyNumber": number, "TotalDeathBenefits": benefits}
        self.office.insert(POLICY, {**about, "PrimaryInsuredOwner": owner or full_name(contact)}, [contact.id])


def full_name(contact: Record) -> str:
    """First and last name."""
    return f"{contact.values['FirstName']} {contact.values['LastName']}"


def _couple(family: _Family) -> tuple[Record, Record]:
    one, other = family.person(MARRIED), family.person(MARRIED)
    family.relate(one, "Wife", other)
    family.relate(other, "Husband", one)
    return one, other


def _married(family: _Family) -> None:
    one, other = _couple(family)
    family.household((HEAD, one), (SPOUSE, other))
    family.investment((one, other), "Joint brokerage", "Non-Qualified", loan="-1250.75")
    family.investment((one,), "Rollover IRA", "Qualified", loan="0")
    family.policy(one, "Term 20", "PL-0042-7781-99-1234")


def _widower(family: _Family) -> None:
    one = family.person(WIDOWED)
    family.household((HEAD, one))
    family.investment((one,), "Money market", "Held Away", loan="")
    family.policy(one, "Whole Life", "75521", benefits="100000.5")


def _partners(family: _Family) -> None:
    one, other = family.person(PARTNERED), family.person(PARTNERED)
    family.relate(one, "Domestic Partner", other)
    family.relate(other, "Domestic Partner", one)
    family.household((HEAD, one), (SPOUSE, other))
    family.investment((other,), "Roth IRA", "Qualified", loan="310.10")


def _grown_child(family: _Family) -> None:
    one, other = _couple(family)
    child = family.person(SINGLE, (1995, 2005))
    family.relate(one, "Child", child)
    family.household((HEAD, one), (SPOUSE, other), (SON, child))
    family.investment((child,), "First savings", "Non-Qualified", loan="")
    family.investment((one,), "401(k)", "Qualified", loan="-20000.00")


def _trust(family: _Family) -> None:
    one, other = _couple(family)
    family.household((HEAD, one), (SPOUSE, other))
    trust = f"The {family.name} Family Trust"
    family.policy(one, "Survivor Universal Life", "LT-5559876", owner=trust, benefits="2000000.00")
    family.policy(one, "Term 10", "TX-0009876", benefits="")
    family.policy(other, "Accident", "A12", benefits="0.00")
    family.policy(other, "Burial", "9034", benefits="15000.00")


def _single(family: _Family) -> None:
    family.investment((family.person(SINGLE),), "Brokerage", "Non-Qualified", loan="0.00")


def _no_key_relation(family: _Family) -> None:
    one, other = family.person(MARRIED), family.person(MARRIED)
    family.household((HEAD, one), (SPOUSE, other))


def _incomplete(family: _Family) -> None:
    one, other = family.person(MARRIED), family.person(MARRIED, (1945, 1990), **{"Person.Dob": ""})
    family.relate(one, "", other)
    family.relate(one, "Attorney", family.person("", Company="Vale & Vale LLP"))


SCENARIOS: tuple[Callable[[_Family], None], ...] = (
    _married,
    _widower,
    _partners,
    _grown_child,
    _trust,
    _single,
    _no_key_relation,
    _incomplete,
)
