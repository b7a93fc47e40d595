"""Offices full of invented people."""

from __future__ import annotations

from crosswalk.sandbox.people import group_names, people
from crosswalk.sandbox.smartoffice.families import settle
from crosswalk.sandbox.smartoffice.office import CONTACT, TAG_GROUP, Office, User


def populated(name: str, *, contacts: int, groups: int, seed: int, site: int, user: User, families: int = 0) -> Office:
    """An office of invented people and, beside them, families with households, investments and policies; with one user."""
    office = Office(name, site)
    office.set_user(user)
    for number, group in enumerate(group_names(groups, seed), start=1):
        office.insert(TAG_GROUP, {"Name": group}, number=number)
    group_ids = [f"{TAG_GROUP}.{site}.{number}" for number in range(1, groups + 1)]
    for person in people(contacts, groups, seed):
        office.insert(CONTACT, person.values, (group_ids[position] for position in person.groups), number=person.number)
    settle(office, families, seed)
    return office
