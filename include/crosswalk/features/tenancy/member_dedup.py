"""Members of policies as people: one person on two policies is one contact, and stays the same contact when synced again.

Two members are one person when their names are the same, without regard to case and spacing, and their birth dates are; where one has
no birth date, when the e-mail is the same and only one person of that name has it. An e-mail alone makes nobody the same: families share.

What the business holds already takes part: a person keeps the contact they have, also when the policy it came with is gone, and an
e-mail stays with the contact that has it, also one the agent made. Values never come from there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crosswalk.core.converters import email_key
from crosswalk.core.ids import id_order
from crosswalk.core.npn import npn_fault, same_npn
from crosswalk.core.ports import Row

PERSON = ("first_name", "last_name", "birth_date", "email", "phone", "address_1", "address_2", "city", "state", "zip")
SUBSCRIBER = "subscriber"
CONTACT_FIELDS = (*PERSON, "policies", "writing_agent_npn")
"""The fields of a contact that members are merged into."""


def written_by(npns: Iterable[str], policies: Iterable[Row]) -> list[Row]:
    """Choose the policies one of these NPNs wrote, letter by letter. A policy without a writing agent is nobody's."""
    wanted = [npn for npn in npns if npn_fault(npn) is None]
    return [row for row in policies if any(same_npn(row["writing_agent_npn"], npn) for npn in wanted)]


def members_of(policies: Iterable[Row], members: Iterable[Row]) -> list[Row]:
    """Choose the members of these policies. One that says another agent wrote its policy than the policy does is left out."""
    writers = {row["source_id"]: row["writing_agent_npn"] for row in policies}
    return [row for row in members if row["policy"] in writers and same_npn(row["writing_agent_npn"], writers[row["policy"]])]


@dataclass(frozen=True)
class Contacts:
    """What members came to. rows: contacts by ascending `source_id`, in the fields of Agent CRM's contact.

    shared_emails: people whose e-mail another contact keeps, because it may stand there once.
    """

    rows: list[Row]
    shared_emails: int = 0


def contacts_of(members: Iterable[Row], there: Iterable[Row] = ()) -> Contacts:
    """Make one contact a person. there: contacts the business holds, with `source_id` ("" for those no sync made) and the fields.

    A contact is named after one of its members: the one it was named after before, else the first. So neither a new policy nor a new
    e-mail makes a second contact, and no e-mail is needed. A policy that is no longer the source's to tell of stays on its contact.
    """
    there, members = list(there), list(members)
    known = {row["source_id"]: row for row in there if row["source_id"]}
    nameless = known.keys() - {member["source_id"] for member in members}
    held = [{**known[one], "held": "yes", "role": ""} for one in sorted(nameless, key=id_order)]
    people = [_ordered(person) for person in _people([*members, *held])]
    read = [(person, [one for one in person if "held" not in one]) for person in people]
    told = {member["policy"] for _, now in read for member in now}
    rows = [_contact(now, known.get(name := _name(person, now, known)), name, told) for person, now in read if now]
    rows.sort(key=lambda row: id_order(row["source_id"]))
    subscribers = {member["source_id"] for _, now in read for member in now if member["role"] == SUBSCRIBER}
    return Contacts(rows, _settle_emails(rows, there, subscribers))


def _settle_emails(rows: list[Row], there: Iterable[Row], subscribers: Collection[str]) -> int:
    """Leave each e-mail with one contact, blanking it in the others; return how many of these there are.

    Who has it keeps it: a contact the agent made, one of an earlier sync that is not among the rows, one of the rows; else a subscriber.
    """
    named = {row["source_id"] for row in rows}
    holder = {email_key(row["email"]): row["source_id"] for row in there if row["email"]}
    claims: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["email"]:
            claims[email_key(row["email"])].append(row)
    shared = 0
    for key, claiming in claims.items():
        keeper = min(claiming, key=lambda row: (holder.get(key) != row["source_id"], row["source_id"] not in subscribers))
        taken = key in holder and holder[key] not in named
        for row in claiming:
            if taken or row is not keeper:
                row["email"] = ""
                shared += 1
    return shared


def _people(members: Iterable[Row]) -> Iterator[list[Row]]:
    names: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for member in members:
        names[_folded(member["first_name"]), _folded(member["last_name"])].append(member)
    for (first, last), same_name in names.items():
        if first and last:
            yield from _by_birth(same_name)
        else:
            yield from ([member] for member in same_name)


def _by_birth(same_name: list[Row]) -> Iterator[list[Row]]:
    born: dict[str, list[Row]] = defaultdict(list)
    for member in same_name:
        born[member["birth_date"]].append(member)
    undated = born.pop("", [])
    by_email: dict[str, list[Row]] = defaultdict(list)
    for member in undated:
        key = email_key(member["email"])
        fitting = [people for people in born.values() if key and any(email_key(one["email"]) == key for one in people)]
        if len(fitting) == 1:
            fitting[0].append(member)
        else:
            by_email[key or member["source_id"]].append(member)
    yield from (*born.values(), *by_email.values())


def _ordered(person: list[Row]) -> list[Row]:
    """The member that says most of the person first: the subscriber, then the fullest, then the lowest id."""
    return sorted(person, key=lambda one: (one["role"] != SUBSCRIBER, -sum(bool(one[name]) for name in PERSON), id_order(one["source_id"])))


def _name(person: Sequence[Row], now: Sequence[Row], known: Mapping[str, Row]) -> str:
    """The contact the person has, by a member of today or by who they are; else the first member's."""
    ids = sorted((member["source_id"] for member in now), key=id_order)
    held = sorted((one["source_id"] for one in person if "held" in one), key=id_order)
    return next((one for one in [*ids, *held] if one in known), ids[0])


def _contact(person: Sequence[Row], held: Row | None, name: str, told: Collection[str]) -> Row:
    """told: the policies the source tells of today."""
    values = {field: next((member[field] for member in person if member[field]), "") for field in PERSON}
    kept = {one for one in held["policies"].split() if one not in told} if held else set()
    policies = sorted({member["policy"] for member in person} | kept, key=id_order)
    npns = sorted({member["writing_agent_npn"] for member in person})
    return {"source_id": name, **values, "policies": " ".join(policies), "writing_agent_npn": " ".join(npns)}


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
