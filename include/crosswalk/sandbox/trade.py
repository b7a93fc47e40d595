"""Invented companies and the people who work there: the same for the same seed, whichever system asks.

Nobody exists: hosts end in .example, phone numbers are 555-01xx. Every fifth company's switchboard is the phone of all its people.
"""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass

from crosswalk.sandbox.words import City, words

TRADES = ("Rentals", "Productions", "Events", "Lighting", "Staging", "Theatre", "Hotels", "Advisors")
FORMS = ("Inc", "LLC", "Ltd", "& Co", "Corporation")
TITLES = ("Production Manager", "Buyer", "Owner", "Technical Director", "Accountant")
STAGES = ("appointmentscheduled", "qualifiedtobuy", "contractsent", "closedwon", "closedlost")


@dataclass(frozen=True, slots=True)
class Company:
    """One company; its phone is ten digits."""

    number: int
    name: str
    host: str
    phone: str
    street: str
    city: City


@dataclass(frozen=True, slots=True)
class Worker:
    """One person. company: its position in the list; shared_phone: the number is the company's."""

    number: int
    first: str
    last: str
    email: str
    phone: str
    mobile: str
    title: str
    company: int
    shared_phone: bool


def companies(count: int, seed: int) -> list[Company]:
    """Invent companies; a longer list begins with a shorter one."""
    return [_company(number, seed) for number in range(count)]


def workers(count: int, among: list[Company], seed: int) -> list[Worker]:
    """Invent people, spread over the companies; a longer list begins with a shorter one."""
    return [_worker(number, among, seed) for number in range(count)]


def _dice(purpose: str, number: int, seed: int) -> random.Random:
    return random.Random(f"{purpose} {number} {seed}")  # noqa: S311 - repeatable on purpose, protects nothing


def _company(number: int, seed: int) -> Company:
    dice, table = _dice("company", number, seed), words()
    owner, trade, city = dice.choice(table.last), dice.choice(TRADES), dice.choice(table.cities)
    host = f"{_plain(owner)}{trade.lower()}{number}.example"
    street = f"{dice.randint(1, 980)} {dice.choice(table.streets)}"
    return Company(number, f"{owner} {trade} {number} {dice.choice(FORMS)}", host, _number(city.area_code, number), street, city)


def _worker(number: int, among: list[Company], seed: int) -> Worker:
    dice, table = _dice("worker", number, seed), words()
    first, last = dice.choice(table.first)[0], dice.choice(table.last)
    place = dice.randrange(len(among)) if among else -1
    company = among[place] if among else None
    shared = company is not None and company.number % 5 == 0
    area = dice.choice(table.cities).area_code
    phone = company.phone if shared and company else _number(area, 31 * number + 7)
    host = company.host if company else "example.test"
    email = "" if number % 11 == 10 else f"{_plain(first)}.{_plain(last)}{number}@{host}"
    mobile = _number(area, 17 * number + 3) if dice.random() < 0.4 else ""
    return Worker(number, first, last, email, phone, mobile, dice.choice(TITLES), place, shared)


def _number(area: str, number: int) -> str:
    """Ten digits of the invented range; so that few are alike, the exchange differs as well."""
    return f"{area}{200 + number // 100 % 800:03d}01{number % 100:02d}"


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", folded.lower()) or "x"
