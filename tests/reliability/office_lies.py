"""Lies an office tells by what it holds: it is changed itself, and every count and page of it agree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reliability.histories import FLOOR, OFFICE
from reliability.stage import Stage

MAPPED = ["FirstName", "Greeting", "ReviewDate", "Person.Dob", "Person.Gender", "Person.Marital", "PreferredEmail.Address"]
MAPPED += [f"PreferredAddress.{name}" for name in ("Line1", "City", "State", "ZipCode")]


def zero_contacts(stage: Stage) -> str:
    stage.world.control("POST", f"{OFFICE}/contacts/bulk", all=True, delete=True)
    return "counts and pages agree"


def zero_groups(stage: Stage) -> str:
    for group in stage.truth.groups:
        stage.world.control("DELETE", f"{OFFICE}/groups/{group['id']}")
    return "memberships too"


def cap(stage: Stage) -> str:
    cap = stage.up_to(widest_cap(stage, stage.truth.contacts))
    stage.world.control("POST", f"{OFFICE}/contacts/bulk", ids=_ids(stage.truth.contacts)[cap:], delete=True)
    return f"{cap} contacts, and every total agrees"


def half(stage: Stage) -> str:
    held = sorted(stage.before.people.keys() & {one["id"] for one in stage.truth.in_scope})
    gone = stage.random.sample(held, max(FLOOR + 1, len(held) // 2))
    stage.world.control("POST", f"{OFFICE}/contacts/bulk", ids=gone, delete=True)
    return f"{len(gone)} of {len(held)}"


def empty_group(stage: Stage) -> str:
    group = _big_group(stage)
    for one in stage.truth.contacts:
        if group in one["TagGroups"]:
            stage.world.source_contact(one["id"], TagGroups=[other for other in one["TagGroups"] if other != group])
    return group


def drop_group(stage: Stage) -> str:
    group = _big_group(stage)
    stage.world.control("DELETE", f"{OFFICE}/groups/{group}")
    return group


def rename_scope(stage: Stage) -> str:
    group = stage.random.choice(sorted(stage.truth.scope or ()))
    stage.world.control("PATCH", f"{OFFICE}/groups/{group}", Name="Called otherwise")
    return group


def swap_scope(stage: Stage) -> str:
    """Another group takes the name; all who were chosen leave the scope with it."""
    names = stage.truth.names
    for group, name in names.items():
        stage.world.control("PATCH", f"{OFFICE}/groups/{group}", Name=f"Once {name}")
        stage.world.control("POST", f"{OFFICE}/groups", Name=name)
    return ", ".join(names)


def other_database(stage: Stage) -> str:
    seed = stage.random.randint(100, 999)
    stage.world.control("POST", "/smartoffice/offices", office="DEMO01", contacts=31, groups=6, site=9, seed=seed)
    return f"site 9, seed {seed}"


def blank_field(stage: Stage) -> str:
    name = stage.random.choice([one for one in MAPPED if any(contact[one].strip() for contact in stage.truth.in_scope)])
    stage.world.control("POST", f"{OFFICE}/contacts/bulk", all=True, set={name: ""})
    return name


def no_rights(stage: Stage) -> str:
    stage.world.control("PATCH", f"{OFFICE}/users/integration", rights=[])
    return ""


def other_password(stage: Stage) -> str:
    stage.world.control("PATCH", f"{OFFICE}/users/integration", password="changed")
    return ""


def widest_cap(stage: Stage, contacts: Iterable[dict[str, Any]]) -> int:
    """The longest list that lacks more of what was delivered than passes unseen."""
    ids = _ids(contacts)
    held = [number for number, one in enumerate(ids) if one in stage.before.people]
    return held[-FLOOR - 1]


def _ids(contacts: Iterable[dict[str, Any]]) -> list[str]:
    return sorted((one["id"] for one in contacts), key=lambda one: int(one.rpartition(".")[2]))


def _big_group(stage: Stage) -> str:
    """A group of which FMG would lose more members than the account lets pass."""
    members = {group: sum(group in one["groups"] for one in stage.before.people.values()) for group in stage.truth.names}
    return stage.random.choice(sorted(group for group, number in members.items() if number > FLOOR + 2))
