"""A month of work in SmartOffice and in FMG, day by day from one seed, and what FMG must hold after each night.

The expectation is worked out from SmartOffice's records, the list FMG held, and what is remembered of people who left; it shares no code
with the package. More kinds of work: add to `WORK`. More that has to hold after a night: add to `Month.wrong`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from reliability.order_edits import ADDRESS, BROKEN, FIELDS, Edits, office_of
from reliability.order_model import Listing, Office, Plan, Wishes, plan_delivery
from reliability.small_world import SmallWorld
from reliability.truth import holding

Record = dict[str, Any]


@dataclass
class Books:
    """What both sides hold, as `Edits` keeps it."""

    office: Office
    listing: Listing
    revision: int = 0


@dataclass
class Month:
    """The account over the days. scope: names of groups, as the settings say. gone: SmartOffice's records of people who were removed.

    ids: the FMG id every record of the list has ever had. wishes: who wants no mail, whatever becomes of them.
    """

    world: SmallWorld
    random: Random
    scope: tuple[str, ...] | None = None
    gone: list[Record] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    wishes: Wishes = field(default_factory=Wishes)
    delivered: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.books = Books(office_of(self.world), Listing.of(holding(self.world)))
        self.edits = Edits(self.world, self.books)  # type: ignore[arg-type]  # it reads and keeps these three

    @property
    def office(self) -> Office:
        """What of SmartOffice is in scope."""
        whole = self.books.office
        if self.scope is None:
            return whole
        groups = {one: name for one, name in whole.groups.items() if name in self.scope}
        inside = {one: record for one, record in whole.contacts.items() if groups.keys() & set(record["TagGroups"])}
        return Office({one: {**r, "TagGroups": [g for g in r["TagGroups"] if g in groups]} for one, r in inside.items()}, groups)

    def place(self) -> int:
        return self.random.randrange(10_000)

    def work(self, changes: int) -> None:
        """One day of so many changes."""
        for _ in range(changes):
            self.random.choice(WORK)(self)

    def look(self) -> None:
        """See what FMG holds now."""
        self.books.listing = Listing.of(holding(self.world))

    def expected(self, *, undone: bool = False) -> Plan:
        """What tonight's run has to make of FMG's list."""
        first = self.world.fmg_account()["managed_by"] is None
        return plan_delivery(self.office, self.books.listing, self.delivered, self.wishes, first=first, undone=undone, only=None)

    def wrong(self, plan: Plan) -> list[str]:
        """Say what of FMG's list is not as planned, now that the plan was delivered; and remember the list."""
        before = self.books.listing
        self.look()
        now = self.books.listing
        names = {one: source_id for one, (source_id, _) in now.groups.items()} | {one: r["source_id"] for one, r in now.people.items()}
        self.wishes = self.wishes.also(before, before.opt_outs)
        opt_outs = before.opt_outs | plan.told(self.wishes, whole=False)
        found = [f"{one} is not as it has to be" for one in _differing(_by_source(plan.after), _by_source(now))]
        planned = {source_id: one for one, (source_id, _) in plan.after.groups.items()}
        planned |= {record["source_id"]: one for one, record in plan.after.people.items()}
        right = {one: self.ids.get(one, "") if known.startswith("new ") else known for one, known in planned.items()}
        found += [f"{one} has another FMG id" for fmg_id, one in names.items() if right.get(one) not in ("", fmg_id)]
        found += [] if now.opt_outs == opt_outs else ["the opt-outs are others"]
        self.ids |= {source_id: fmg_id for fmg_id, source_id in names.items()}
        self.delivered = (self.delivered | plan.delivered) & now.source_ids
        return found


def _by_source(listing: Listing) -> dict[str, Any]:
    return dict(listing.groups.values()) | {r["source_id"]: r for r in listing.people.values()}


def _differing(planned: dict[str, Any], found: dict[str, Any]) -> set[str]:
    return {one for one in planned.keys() | found.keys() if planned.get(one) != found.get(one)}


def change(month: Month) -> None:
    name, values = month.random.choice(list(FIELDS.items()))
    month.edits.contact(month.place(), **{name: month.random.choice(values)})


def spoil(month: Month) -> None:
    name, value = month.random.choice(BROKEN)
    month.edits.contact(month.place(), **{name: value})


def rotate(month: Month) -> None:
    """Three people hand their addresses on."""
    first, second, third = (month.place() for _ in range(3))
    month.edits.swap_addresses(first, second)
    month.edits.swap_addresses(second, third)


def leave(month: Month) -> None:
    before = dict(month.books.office.contacts)
    month.edits.remove_contact(month.place())
    month.gone += [dict(record) for one, record in before.items() if one not in month.books.office.contacts]


def come_back(month: Month) -> None:
    """Somebody who was removed is entered again under the same id, sometimes with another address."""
    if not month.gone:
        return
    record = month.gone.pop(month.random.randrange(len(month.gone)))
    record["TagGroups"] = [one for one in record["TagGroups"] if one in month.books.office.groups]
    if month.random.random() < 0.5:
        record[ADDRESS] = month.edits.fresh()
    month.world.control("POST", f"/smartoffice/offices/{month.world.office}/contacts", **record)
    month.books.office = replace(month.books.office, contacts={**month.books.office.contacts, record["id"]: record})


def merge(month: Month) -> None:
    """Two contacts become one: an id vanishes, the other takes its address."""
    before = dict(month.books.office.contacts)
    leave(month)
    for record in before.values():
        if record["id"] not in month.books.office.contacts:
            month.edits.contact(month.place(), **{ADDRESS: record[ADDRESS]})


def rename_group(month: Month) -> None:
    """Rename a group the settings do not name."""
    named = set(month.scope or ("Newsletter", "Clients A"))
    free = [place for place, one in enumerate(sorted(month.books.office.groups)) if month.books.office.groups[one] not in named]
    if free:
        month.edits.name_group(month.random.choice(free), f"Renamed {month.place()}")


WORK: list[Callable[[Month], None]] = [
    change,
    change,
    spoil,
    rotate,
    leave,
    leave,
    come_back,
    come_back,
    merge,
    rename_group,
    lambda month: month.edits.repair(month.place()),
    lambda month: month.edits.swap_addresses(month.place(), month.place()),
    lambda month: month.edits.share_address(month.place(), month.place()),
    lambda month: month.edits.join_or_leave(month.place(), month.place()),
    lambda month: month.edits.add_contact(month.place()),
    lambda month: month.edits.add_group(),
    lambda month: month.edits.opt_out(month.place()),
    lambda month: month.edits.drift(
        month.place(), month.place(), month.random.choice(["changes", "vanishes", "appears", "group vanishes"])
    ),
]
"""What may happen on a day."""
