"""Which list FMG must hold after a delivery or an undo, worked out from SmartOffice's records alone. Shares no code with the package.

Who opted out once stays so, by person (source id, FMG id) and by address: whatever a delivery sends of them opts its address out (FMG-06).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from oracle import expected_contacts
from reliability.truth import Holding
from world import TEXTS

Record = dict[str, Any]


@dataclass(frozen=True)
class Office:
    """What SmartOffice holds: contacts by id, names of groups by id."""

    contacts: Mapping[str, Record]
    groups: Mapping[str, str]

    @property
    def ids(self) -> set[str]:
        return {*self.contacts, *self.groups}


@dataclass(frozen=True)
class Listing:
    """What FMG holds. people: source_id, the fourteen fields and groups by FMG id; groups: (source id, name) by FMG id."""

    people: Mapping[str, Record] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    opt_outs: frozenset[str] = frozenset()

    @classmethod
    def of(cls, holding: Holding) -> Listing:
        people = {one["contact_id"]: _record(one) for one in holding.contacts}
        return cls(people, {one["group_id"]: (one["source_id"] or "", one["name"]) for one in holding.groups}, holding.opt_outs)

    @property
    def source_ids(self) -> set[str]:
        """Whose records it holds."""
        return ({one["source_id"] for one in self.people.values()} | {one for one, _ in self.groups.values()}) - {""}

    def is_opted_out(self, contact_id: str) -> bool:
        return self.people[contact_id]["email"].casefold() in self.opt_outs


@dataclass(frozen=True)
class Wishes:
    """Who wants no mail, as loads came to know it: ids of source records, FMG's ids, and addresses."""

    source_ids: frozenset[str] = frozenset()
    contact_ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()

    def hold(self, contact_id: str, one: Record) -> bool:
        return one["source_id"] in self.source_ids or contact_id in self.contact_ids or one["email"].casefold() in self.emails

    def also(self, landed: Listing, opt_outs: frozenset[str]) -> Wishes:
        """With the opt-outs as they are now, and whoever has one of these addresses in the list a run landed."""
        known = {one: record["source_id"] for one, record in landed.people.items() if record["email"].casefold() in opt_outs}
        return Wishes(self.source_ids | set(known.values()) - {""}, self.contact_ids | set(known), self.emails | opt_outs)


@dataclass(frozen=True)
class Plan:
    """What a delivery makes of the list. New records stand in `after` under "new" and their source id.

    changes: records it changes, late ones included, which FMG has as they should be but mails although they opted out; sent: people of
    `after` FMG is told of; unchanged: those of whom only a whole delivery tells it; clash: two people would share an address, FMG
    refuses the whole.
    """

    after: Listing
    changes: int
    holds: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    delivered: frozenset[str] = frozenset()
    sent: frozenset[str] = frozenset()
    unchanged: frozenset[str] = frozenset()
    clash: bool = False

    def told(self, wishes: Wishes, *, whole: bool) -> frozenset[str]:
        """Addresses the delivery adds to the opt-outs: of everybody it tells FMG of who opted out once."""
        people = {one: self.after.people[one] for one in (self.sent | self.unchanged if whole else self.sent)}
        return frozenset(one["email"].casefold() for contact_id, one in people.items() if wishes.hold(contact_id, one)) - {""}


@dataclass(frozen=True)
class Sorted:
    """Source contacts: what each becomes, and who does not travel."""

    wanted: Mapping[str, Record]
    rejected: frozenset[str]
    mapped: Mapping[str, Record]


def plan_delivery(
    office: Office,
    now: Listing,
    delivered: Collection[str],
    wishes: Wishes,
    *,
    first: bool,
    undone: bool,
    only: Collection[str] | None,
) -> Plan:
    """Plan a run over what both sides hold. only: a retry of these records; nothing else is changed."""
    named = {one: name.strip() for one, name in office.groups.items() if name.strip()}
    nameless = frozenset(office.groups.keys() - named.keys())
    there = {source_id: group_id for group_id, (source_id, _) in now.groups.items() if source_id}
    people = _sorted(office, now, {*named, *(nameless & there.keys())})
    found = _found(people.wanted, now)
    rejected = people.rejected | nameless

    groups = {group_id: one for group_id, one in now.groups.items() if only is not None or one[0] in office.groups}
    for source_id, name in named.items():
        if only is None or source_id in only:
            groups[there.get(source_id, f"new {source_id}")] = (source_id, name)
    public = {source_id or group_id for group_id, (source_id, _) in groups.items()}
    stay = {one: now.people[one] for one in now.people if only is not None or now.people[one]["source_id"] in people.rejected}
    after = {one: _within(record, public) for one, record in stay.items()}
    sent = [one for one in people.wanted if only is None or one in only]
    for source_id in sent:
        after[found.get(source_id, f"new {source_id}")] = _within(people.wanted[source_id], public)

    changed = [one for one in sent if now.people.get(found.get(one, "")) != after[found.get(one, f"new {one}")]]
    same = [found[one] for one in sent if one not in changed]
    late = [one for one in same if now.people[one]["email"] and not now.is_opted_out(one) and wishes.hold(one, now.people[one])]
    gone = [one for one in now.people if one not in after]
    gone_groups = [one for one in now.groups if one not in groups]
    changed_groups = [one for one in groups if now.groups.get(one) != groups[one]]
    strangers = _strangers(now, gone, gone_groups) + sum(not now.people[found[one]]["source_id"] for one in sent if one in found)
    changes = len(changed) + len(gone) + len(gone_groups) + len(changed_groups)
    facts = _Facts(office, now, people, frozenset(delivered), gone, gone_groups, None if only is None else list(after.values()))
    holds = {"SLICE_DROP": _loses_members(facts), "SRC_FIELD_BLANKED": _is_blanked(facts), "MASS_DELETE": _deletes_many(facts)}
    holds |= {"CONN_SOURCE_CHANGED": _is_another(facts), "UNDONE": undone and changes > 0}
    holds |= {"FIRST_REPLACEMENT" if first else "TARGET_ONLY": strangers > 0}
    emails = [record["email"].casefold() for record in after.values() if record["email"]]
    return Plan(
        Listing(after, groups, now.opt_outs),
        changes + len(late),
        frozenset(code for code, applies in holds.items() if applies),
        rejected,
        frozenset(sent) | frozenset(one for one, _ in groups.values() if one in named),
        frozenset(found.get(one, f"new {one}") for one in changed) | frozenset(late),
        frozenset(same) | (stay.keys() if first else frozenset()),
        len(set(emails)) != len(emails),
    )


def plan_undo(before: Listing, now: Listing) -> Plan:
    """Plan the way back from `now` to the list as it was; opt-outs stay."""
    people, groups = _difference(before.people, now.people), _difference(before.groups, now.groups)
    after = replace(before, opt_outs=now.opt_outs)
    return Plan(after, len(people) + len(groups), delivered=frozenset(before.source_ids), sent=frozenset(people & before.people.keys()))


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    return {one for one in before.keys() | now.keys() if before.get(one) != now.get(one)}


def _record(contact: Record) -> Record:
    return {"source_id": contact["source_id"] or "", **{name: contact[name] for name in TEXTS}, "groups": sorted(contact["groups"])}


def _within(record: Record, groups: Collection[str]) -> Record:
    return {**record, "groups": [one for one in record["groups"] if one in groups]}


def _sorted(office: Office, now: Listing, groups: Collection[str]) -> Sorted:
    """Who travels (FMG-11): of several holders of an address the one FMG knows with it, else the lowest number.

    Nobody takes an address that somebody keeps who does not travel.
    """
    alone = {one: expected_contacts([contact])[0].get(one) for one, contact in office.contacts.items()}
    wanted = {one: {"source_id": one, **_within(fields, groups)} for one, fields in alone.items() if fields is not None}
    known = {one["email"].casefold(): one["source_id"] for one in now.people.values() if one["source_id"]}
    holders: dict[str, list[str]] = {}
    for one, fields in wanted.items():
        holders.setdefault(fields["email"].casefold(), []).append(one)
    losers = set()
    for email, ids in holders.items():
        stays = known[email] if known.get(email) in ids else min(ids, key=_number)
        losers |= set(ids) - {stays} if email else set()
    rejected = {one for one, fields in alone.items() if fields is None} | losers
    mapped = {one: fields for one, fields in wanted.items() if one not in losers}
    while True:
        taken = {one["email"].casefold() for one in now.people.values() if one["source_id"] in rejected} - {""}
        blocked = {one for one, fields in mapped.items() if fields["email"].casefold() in taken} - rejected
        if not blocked:
            return Sorted({one: fields for one, fields in mapped.items() if one not in rejected}, frozenset(rejected), mapped)
        rejected |= blocked


def _found(wanted: Mapping[str, Record], now: Listing) -> dict[str, str]:
    """FMG ids by source id: by the source id, else by the address of somebody nobody imported."""
    found = {one["source_id"]: contact_id for contact_id, one in now.people.items() if one["source_id"] in wanted}
    free = [one["email"].casefold() for one in now.people.values() if not one["source_id"] and one["email"]]
    strangers = {one["email"].casefold(): contact_id for contact_id, one in now.people.items() if not one["source_id"]}
    for one, fields in wanted.items():
        if one not in found and free.count(fields["email"].casefold()) == 1:
            found[one] = strangers[fields["email"].casefold()]
    return found


def _strangers(now: Listing, people: Collection[str], groups: Collection[str]) -> int:
    return sum(not now.people[one]["source_id"] for one in people) + sum(not now.groups[one][0] for one in groups)


@dataclass(frozen=True)
class _Facts:
    office: Office
    now: Listing
    people: Sorted
    delivered: frozenset[str]
    gone: Collection[str]
    gone_groups: Collection[str]
    retried: Collection[Record] | None
    """The list a retry leaves; None for any other run."""

    @property
    def managed(self) -> list[Record]:
        return [one for one in self.now.people.values() if one["source_id"]]


def _loses_members(facts: _Facts) -> bool:
    before = Counter(group for one in facts.managed for group in one["groups"])
    stay = [one for one in facts.managed if one["source_id"] in facts.people.rejected]
    travelling = [*facts.people.wanted.values(), *stay] if facts.retried is None else facts.retried
    after = Counter(group for one in travelling for group in one["groups"])
    return any(count - after[group] > 2 and (count - after[group]) / count > 0.2 for group, count in before.items())


def _is_blanked(facts: _Facts) -> bool:
    mapped = facts.people.mapped.values()
    return bool(mapped) and any(
        not any(one[name] for one in mapped) and any(one[name] for one in facts.managed) for name in [*TEXTS, "groups"]
    )


def _deletes_many(facts: _Facts) -> bool:
    pairs = [(len(facts.gone), len(facts.now.people)), (len(facts.gone_groups), len(facts.now.groups))]
    return any(gone > 10 and gone / held > 0.05 for gone, held in pairs)


def _is_another(facts: _Facts) -> bool:
    before = {one for one in facts.delivered if one.startswith("Contact.")}
    there = before if facts.retried is not None else before & facts.office.contacts.keys()
    return bool(before) and len(there) / len(before) < 0.5


def _number(source_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in source_id.split(".")[1:])
