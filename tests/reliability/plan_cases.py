"""Random nights: what people do to the source and to the target between two runs, and what a plan says of both lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import pandas as pd

from reliability.small_world import SmallWorld

OFFICE = "/smartoffice/offices/DEMO01"
FMG = "/fmg/accounts/FMG-1001"
Records = dict[str, dict[str, Any]]

VALUES = {
    "FirstName": ["", "Zoë", "Łukasz", "=1+1", "A" * 101],
    "LastName": ["", "Quill", "O'Brien <&>", " "],
    "PreferredEmail.Address": ["", "new@example.test", "not an address", "ANN@Example.test", "ann@example.test"],
    "PreferredAddress.City": ["", "Łódź", "Bend"],
    "PreferredPhone.Number": ["", "555-0199", "010-4477 x12", "call me"],
    "Person.Dob": ["", "1970-01-02", "1970-02-30", "2999-01-01"],
    "Person.Gender": ["", "1", "2", "9"],
    "Greeting": ["", "Q", "Quinn\n"],
}


def _set(world: SmallWorld, random: Random) -> None:
    name = random.choice(list(VALUES))
    world.source_contact(_someone(world, random)["id"], **{name: random.choice(VALUES[name])})


def _share_address(world: SmallWorld, random: Random) -> None:
    one, other = _someone(world, random), _someone(world, random)
    world.source_contact(one["id"], **{"PreferredEmail.Address": other["PreferredEmail.Address"].upper()})


def _join_groups(world: SmallWorld, random: Random) -> None:
    groups = [group["id"] for group in world.source_groups()]
    world.source_contact(_someone(world, random)["id"], TagGroups=random.sample(groups, random.randint(0, len(groups))))


def _leave(world: SmallWorld, random: Random) -> None:
    if len(world.source_contacts()) > 4:
        world.control("DELETE", f"{OFFICE}/contacts/{_someone(world, random)['id']}")


def _come(world: SmallWorld, random: Random) -> None:
    world.control("POST", f"{OFFICE}/contacts", LastName=random.choice(["Neu", "", "Quill"]), FirstName="Nia")


def _drop_group(world: SmallWorld, random: Random) -> None:
    groups = world.source_groups()
    if len(groups) > 1:
        world.control("DELETE", f"{OFFICE}/groups/{random.choice(groups)['id']}")


def _name_group(world: SmallWorld, random: Random) -> None:
    groups = world.source_groups()
    if random.random() < 0.5:
        world.control("POST", f"{OFFICE}/groups", Name=f"New {random.randint(1, 99)}")
    else:
        world.control("PATCH", f"{OFFICE}/groups/{random.choice(groups)['id']}", Name=f"Renamed {random.randint(1, 99)}")


def _drift(world: SmallWorld, random: Random) -> None:
    if contacts := world.contacts():
        contact = random.choice(contacts)["contact_id"]
        if random.random() < 0.3:
            world.control("DELETE", f"{FMG}/contacts/{contact}")
        else:
            world.control("PATCH", f"{FMG}/contacts/{contact}", city="Elsewhere", nickname="X")


def _stranger(world: SmallWorld, random: Random) -> None:
    address = random.choice([_someone(world, random)["PreferredEmail.Address"].strip(), "own@only-fmg.example"])
    taken = {contact["email"].casefold() for contact in world.contacts()}
    if "@" in address and " " not in address and address.casefold() not in taken:
        world.control("POST", f"{FMG}/contacts", last_name="Own", email=address)


EDITS: list[Callable[[SmallWorld, Random], None]] = [
    *(_set, _set, _set, _share_address, _join_groups, _join_groups, _leave, _come),
    *(_drop_group, _name_group, _drift, _stranger),
]


def night(world: SmallWorld, random: Random) -> None:
    """Do a few things."""
    for _ in range(random.randint(0, 6)):
        random.choice(EDITS)(world, random)


def _someone(world: SmallWorld, random: Random) -> dict[str, Any]:
    return dict(random.choice(world.source_contacts()))


@dataclass(frozen=True)
class Seen:
    """Both lists of FMG by its ids."""

    contact: Records
    group: Records

    @classmethod
    def now(cls, world: SmallWorld) -> Seen:
        """Look now."""
        return cls({one["contact_id"]: one for one in world.contacts()}, {one["group_id"]: one for one in world.groups()})

    def of(self, entity: str) -> Records:
        return self.contact if entity == "contact" else self.group


def effect(entity: str, before: Seen, after: Seen, kept: set[str]) -> dict[str, set[str]]:
    """What became of one list, seen from outside: new source ids, and the target ids of the others.

    kept: records that stay because their source was rejected; memberships of groups that go, they lose all the same.
    """
    old, new = before.of(entity), after.of(entity)
    left = {one["source_id"] or one["group_id"] for one in after.group.values()}
    stay = old.keys() & new.keys()
    changed = {one for one in stay if (_without_gone(old[one], left) if one in kept else old[one]) != new[one]}
    return {
        "create": {new[one]["source_id"] for one in new.keys() - old.keys()},
        "update": changed,
        "delete": old.keys() - new.keys(),
        "as it was": stay - changed,
    }


def _without_gone(record: dict[str, Any], groups: set[str]) -> dict[str, Any]:
    """A record but for its memberships of groups that are gone."""
    return {**record, "groups": [one for one in record["groups"] if one in groups]} if "groups" in record else record


def predicted(plan: pd.DataFrame, entity: str) -> dict[str, set[str]]:
    """The same as the plan says it."""
    rows = plan[plan["entity"] == entity]
    there = rows[rows["target_id"] != ""]
    return {
        "create": set(rows.loc[rows["outcome"] == "create", "source_id"]),
        "update": set(there.loc[there["outcome"] == "update", "target_id"]),
        "delete": set(there.loc[there["outcome"] == "delete", "target_id"]),
        "as it was": set(there.loc[there["outcome"].isin(["unchanged", "rejected"]), "target_id"]),
    }


def kept_as_rejected(plan: pd.DataFrame, entity: str) -> set[str]:
    """Target ids of the records a rejection leaves as they are."""
    return set(plan.loc[(plan["entity"] == entity) & (plan["outcome"] == "rejected"), "target_id"]) - {""}


def one_outcome_each(plan: pd.DataFrame, entity: str, source_ids: list[str], target_ids: list[str]) -> bool:
    """Whether every record of either side has exactly one row, and no row is about another (P11)."""
    rows = plan[plan["entity"] == entity]
    from_source = rows.loc[(rows["outcome"] != "delete") & (rows["source_id"] != ""), "source_id"]
    return sorted(from_source) == sorted(source_ids) and sorted(rows.loc[rows["target_id"] != "", "target_id"]) == sorted(target_ids)
