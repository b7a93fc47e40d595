"""What people change meanwhile: in SmartOffice, and in FMG behind the sync's back. Each change is made in the world and in the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reliability.order_account import AccountModel
from reliability.order_model import Listing, Office
from reliability.truth import holding
from world import World

FIELDS = {
    "PreferredEmail.Address": [""],
    "FirstName": ["Ann", "Bo", ""],
    "Greeting": ["Dear friend", ""],
    "PreferredAddress.City": ["Salem", "Bath"],
    "PreferredPhone.Number": ["555-0123", "5550199"],
    "Person.Dob": ["1970-01-02", "1988-12-31"],
    "Person.Gender": ["1", "2"],
    "ReviewDate": ["2020-05-06", ""],
}
BROKEN = [("LastName", " "), ("PreferredEmail.Address", "nobody at home"), ("Person.Dob", "1970-02-30"), ("ReviewDate", "soon")]
WHOLE = {"LastName": "Whole", "Person.Dob": "1971-03-04", "ReviewDate": ""}
ADDRESS = "PreferredEmail.Address"


class Edits:
    """Changes by place: a number that is brought into the range of what there is. Each returns nothing when there is nothing to change."""

    def __init__(self, world: World, model: AccountModel) -> None:
        self.world, self.model = world, model
        self._numbers = 0

    def fresh(self) -> str:
        """An address nobody ever had."""
        self._numbers += 1
        return f"fresh{self._numbers}@edited.example"

    def contact(self, place: int, **fields: Any) -> None:
        """Change fields of a SmartOffice contact."""
        office = self.model.office
        one = pick(sorted(office.contacts), place)
        self.world.source_contact(one, **fields)
        self._office(contacts={**office.contacts, one: {**office.contacts[one], **fields}})

    def swap_addresses(self, place: int, other: int) -> None:
        """Two contacts exchange their addresses; one that is chosen twice gets a new one."""
        contacts = self.model.office.contacts
        ids = sorted(contacts)
        mine, theirs = contacts[pick(ids, place)][ADDRESS], contacts[pick(ids, other)][ADDRESS]
        self.contact(place, **{ADDRESS: theirs if mine != theirs else self.fresh()})
        self.contact(other, **{ADDRESS: mine if mine != theirs else self.fresh()})

    def share_address(self, place: int, other: int) -> None:
        """One contact gets another one's address, in capitals."""
        contacts = self.model.office.contacts
        self.contact(place, **{ADDRESS: contacts[pick(sorted(contacts), other)][ADDRESS].upper()})

    def repair(self, place: int) -> None:
        self.contact(place, **{**WHOLE, ADDRESS: self.fresh()})

    def join_or_leave(self, place: int, other: int) -> None:
        """A contact joins a group, or leaves it."""
        office = self.model.office
        if office.groups:
            group = pick(sorted(office.groups), other)
            had = office.contacts[pick(sorted(office.contacts), place)]["TagGroups"]
            self.contact(place, TagGroups=[one for one in had if one != group] if group in had else [*had, group])

    def add_contact(self, place: int) -> None:
        office = self.model.office
        like = office.contacts[pick(sorted(office.contacts), place)]
        number = 5000 + self._numbers
        made = {**like, "id": f"Contact.7.{number}", ADDRESS: self.fresh(), "LastName": f"New{number}"}
        self.world.control("POST", f"/smartoffice/offices/{self.world.office}/contacts", **made)
        self._office(contacts={**office.contacts, made["id"]: made})

    def remove_contact(self, place: int) -> None:
        office = self.model.office
        if len(office.contacts) > 8:
            one = pick(sorted(office.contacts), place)
            self.world.control("DELETE", f"/smartoffice/offices/{self.world.office}/contacts/{one}")
            self._office(contacts={key: contact for key, contact in office.contacts.items() if key != one})

    def name_group(self, place: int, name: str) -> None:
        """Rename a SmartOffice group; a blank name makes it a rejected record."""
        office = self.model.office
        one = pick(sorted(office.groups), place)
        self.world.control("PATCH", f"/smartoffice/offices/{self.world.office}/groups/{one}", Name=name)
        self._office(groups={**office.groups, one: name})

    def add_group(self) -> None:
        self._numbers += 1
        one, name = f"TagGroup.7.{100 + self._numbers}", f"Group {self._numbers}"
        self.world.control("POST", f"/smartoffice/offices/{self.world.office}/groups", id=one, Name=name)
        self._office(groups={**self.model.office.groups, one: name})

    def remove_group(self, place: int) -> None:
        office = self.model.office
        if len(office.groups) > 2:
            one = pick(sorted(office.groups), place)
            self.world.control("DELETE", f"/smartoffice/offices/{self.world.office}/groups/{one}")
            left = {
                key: {**contact, "TagGroups": [g for g in contact["TagGroups"] if g != one]} for key, contact in office.contacts.items()
            }
            self._office(contacts=left, groups={key: name for key, name in office.groups.items() if key != one})

    def drift(self, place: int, other: int, how: str) -> None:
        """Somebody changes FMG's list behind the sync's back."""
        listing, base = self.model.listing, f"/fmg/accounts/{self.world.fmg}"
        changes: dict[str, Callable[[], Any]] = {
            "appears": lambda: self.world.control("POST", f"{base}/contacts", last_name="Stranger", email=self._free_address(other)),
            "group appears": lambda: self.world.control("POST", f"{base}/groups", name=f"By hand {other % 100}"),
        }
        if listing.people:
            one = pick(sorted(listing.people), place)
            changes["changes"] = lambda: self.world.control("PATCH", f"{base}/contacts/{one}", city="Drift", nickname=f"D{other}")
            changes["moves"] = lambda: self.world.control("PATCH", f"{base}/contacts/{one}", email=self._free_address(other))
            changes["vanishes"] = lambda: self.world.control("DELETE", f"{base}/contacts/{one}")
        if listing.groups:
            group = pick(sorted(listing.groups), other)
            changes["group changes"] = lambda: self.world.control("PATCH", f"{base}/groups/{group}", name=f"Drift {place % 100}")
            changes["group vanishes"] = lambda: self.world.control("DELETE", f"{base}/groups/{group}")
        if how in changes:
            changes[how]()
            self.model.revision += 1
            self.model.listing = Listing.of(holding(self.world))

    def opt_out(self, place: int) -> None:
        """Somebody in FMG's list unsubscribes."""
        emails = sorted(one["email"] for one in self.model.listing.people.values() if one["email"])
        if emails:
            email = pick(emails, place)
            self.world.control("POST", f"/fmg/accounts/{self.world.fmg}/opt-outs", email=email)
            self.model.listing = replace(self.model.listing, opt_outs=self.model.listing.opt_outs | {email.casefold()})

    def _free_address(self, place: int) -> str:
        """An address of SmartOffice FMG does not hold yet, or one nobody has."""
        held = {one["email"].casefold() for one in self.model.listing.people.values()}
        known = [one[ADDRESS].strip() for _, one in sorted(self.model.office.contacts.items())]
        free = [one for one in known if one.casefold() not in held and "@" in one]
        return pick(free, place) if free and place % 2 else self.fresh()

    def _office(self, **changes: Any) -> None:
        self.model.office = replace(self.model.office, **changes)


def office_of(world: World) -> Office:
    """Read what SmartOffice holds."""
    return Office({one["id"]: one for one in world.source_contacts()}, {one["id"]: one["Name"] for one in world.source_groups()})


def pick(ids: list[str], place: int) -> str:
    return ids[place % len(ids)]
