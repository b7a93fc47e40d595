"""What FMG holds, what a truthful reading of SmartOffice makes of it, and what counts as destroyed. Shares no code with the package.

Destructive is a write after which FMG lacks what it had and the truthful source still has: a contact or a group that is gone, a field
or a membership that is blank, an address that had opted out and may be mailed again; or a contact nobody imported that is gone without
consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from oracle import expected_contacts
from world import TEXTS, World


@dataclass(frozen=True)
class Holding:
    """What FMG holds at one moment, read behind its interface: no fault strikes and no request is counted."""

    contacts: tuple[dict[str, Any], ...]
    groups: tuple[dict[str, Any], ...]
    opt_outs: frozenset[str]
    generation: int

    @property
    def people(self) -> dict[str, dict[str, Any]]:
        """Imported contacts by source id: their fields, groups and whether they opted out."""
        return {one["source_id"]: _fields(one) for one in self.contacts if one["source_id"]}

    @property
    def names(self) -> dict[str, str]:
        """Names of imported groups by source id."""
        return {one["source_id"]: one["name"] for one in self.groups if one["source_id"]}

    @property
    def strangers(self) -> dict[str, dict[str, Any]]:
        """Contacts nobody imported, by FMG id."""
        return {one["contact_id"]: _fields(one) for one in self.contacts if not one["source_id"]}

    def same_list(self, other: Holding) -> bool:
        """Whether the list is exactly the same, FMG ids and opt-outs included."""
        return (self.contacts, self.groups, self.opt_outs) == (other.contacts, other.groups, other.opt_outs)


def holding(world: World) -> Holding:
    """Read what FMG holds now."""
    path = f"/fmg/accounts/{world.fmg}"
    return Holding(
        tuple(world.control("GET", f"{path}/contacts?limit=100000")["contacts"]),
        tuple(world.control("GET", f"{path}/groups")["groups"]),
        frozenset(one["email"].casefold() for one in world.control("GET", f"{path}/opt-outs")["opt_outs"]),
        world.control("GET", path)["generation"],
    )


@dataclass(frozen=True)
class Truth:
    """What SmartOffice really holds. scope: ids of the tag groups in scope, None for all."""

    contacts: tuple[dict[str, Any], ...]
    groups: tuple[dict[str, Any], ...]
    scope: frozenset[str] | None = None

    @classmethod
    def now(cls, world: World, scope: Iterable[str] | None = None) -> Truth:
        """Read what SmartOffice holds now. scope: names of tag groups."""
        groups = tuple(world.source_groups())
        ids = None if scope is None else frozenset(one["id"] for one in groups if one["Name"] in set(scope))
        return cls(tuple(world.source_contacts()), groups, ids)

    @property
    def in_scope(self) -> list[dict[str, Any]]:
        return [one for one in self.contacts if self.scope is None or self.scope & set(one["TagGroups"])]

    @property
    def names(self) -> dict[str, str]:
        """Names of the groups in scope by id."""
        return {one["id"]: one["Name"] for one in self.groups if self.scope is None or one["id"] in self.scope}

    def people(self, before: Holding) -> dict[str, dict[str, Any]]:
        """Imported contacts as they have to be after a delivery; who is rejected stays as FMG had it."""
        expected, rejected = expected_contacts(self.in_scope, None if self.scope is None else set(self.scope))
        kept = {one: fields for one, fields in before.people.items() if one in rejected}
        for fields in kept.values():
            fields["groups"] = [one for one in fields["groups"] if one in self.names]
        people = {**kept, **expected}
        return {one: {**fields, "opted_out": fields["email"].casefold() in before.opt_outs} for one, fields in people.items()}


@dataclass(frozen=True)
class Restored:
    """What an undo has to leave: the list as it was once, with the opt-outs of today."""

    once: Holding

    @property
    def names(self) -> dict[str, str]:
        return self.once.names

    def people(self, before: Holding) -> dict[str, dict[str, Any]]:
        people = self.once.people
        return {one: {**fields, "opted_out": fields["email"].casefold() in before.opt_outs} for one, fields in people.items()}


def differences(after: Holding, before: Holding, truth: Truth | Restored) -> list[str]:
    """Say in which way FMG does not hold what a delivery of the truth leaves; ids and field names only."""
    found = list(_duplicates(after))
    found += [f"{what} {one}" for what, one in _compared(after.people, truth.people(before))]
    found += [f"group {what} {one}" for what, one in _compared(after.names, truth.names)]
    found += [f"{one} has another FMG id" for one in _moved(before, after)]
    found += [f"{len(before.opt_outs - after.opt_outs)} opt-outs are lost"] if before.opt_outs - after.opt_outs else []
    return found


def destroyed(after: Holding, before: Holding, truth: Truth) -> list[str]:
    """Say what was destroyed between before and after; see the head of this module."""
    should, ids = truth.people(before), {one["id"] for one in truth.in_scope}
    found = [f"contact {one} is gone" for one in before.people.keys() - after.people.keys() if one in ids]
    found += [f"group {one} is gone" for one in before.names.keys() - after.names.keys() if one in truth.names]
    for one in before.people.keys() & after.people.keys() & should.keys():
        had, has = before.people[one], after.people[one]
        found += [f"{name} of {one} is blank" for name in TEXTS if had[name] and not has[name] and should[one][name]]
        lost = set(had["groups"]) - set(has["groups"])
        found += [f"membership of {one} in {group} is gone" for group in sorted(lost & set(should[one]["groups"]))]
    found += [f"the opt-out of {one} is lost" for one, fields in after.people.items() if _mailed_again(fields, before)]
    found += ["an opt-out is lost" for _ in before.opt_outs - after.opt_outs]
    found += [
        f"contact {one}, which nobody imported, is gone" for one in before.strangers.keys() - {c["contact_id"] for c in after.contacts}
    ]
    return sorted(found)


def _mailed_again(fields: dict[str, Any], before: Holding) -> bool:
    return fields["email"].casefold() in before.opt_outs and not fields["opted_out"]


def _fields(contact: dict[str, Any]) -> dict[str, Any]:
    return {**{name: contact[name] for name in TEXTS}, "groups": sorted(contact["groups"]), "opted_out": contact["opted_out"]}


def _compared(found: dict[str, Any], expected: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in sorted(found.keys() | expected.keys()):
        if one not in found:
            yield "lacks", one
        elif one not in expected:
            yield "has too many", one
        elif found[one] != expected[one]:
            both = isinstance(expected[one], dict)
            names = [name for name in expected[one] if found[one][name] != expected[one][name]] if both else ["name"]
            yield f"differs in {', '.join(names)}:", one


def _duplicates(after: Holding) -> Iterator[str]:
    for name in ("source_id", "email"):
        values = [one[name].casefold() for one in after.contacts if one[name]]
        if len(set(values)) != len(values):
            yield f"{len(values) - len(set(values))} contacts share a {name}"


def _moved(before: Holding, after: Holding) -> list[str]:
    had = {one["source_id"]: one["contact_id"] for one in before.contacts if one["source_id"]}
    return [one["source_id"] for one in after.contacts if had.get(one["source_id"], one["contact_id"]) != one["contact_id"]]
