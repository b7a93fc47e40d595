"""What the list becomes when an import is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from crosswalk.sandbox.fmg.account import Contact, Group, Listing
from crosswalk.sandbox.fmg.imports import Import, Operation
from crosswalk.sandbox.messages import Refused

R = TypeVar("R", Contact, Group)
NewId = Callable[[str], str]


def committed(listing: Listing, job: Import, new_id: NewId) -> Listing:
    """The list after the import. Raises Refused (409 EMAIL_NOT_UNIQUE; 422 INVALID for an unknown group or a source id used twice)."""
    groups = _groups(listing, job, new_id)
    contacts = _contacts(listing, job, groups, new_id)
    return Listing(
        contacts=contacts,
        groups=groups,
        revision=listing.revision + 1,
        generation=listing.generation + 1,
        last_snapshot=job.snapshot,
        managed_by=job.source,
    )


def _groups(listing: Listing, job: Import, new_id: NewId) -> dict[str, Group]:
    groups = _kept(listing.groups, job, "groups")
    by_source = {group.source_id: group.group_id for group in listing.groups.values() if group.source_id}
    for operation, group_id in _upserts(job, "groups", by_source, lambda: new_id("g")):
        groups[group_id] = Group(group_id, operation.source_id, operation.values["name"])
    _require_unique((group.source_id for group in groups.values()), Refused(422, "INVALID", "two groups would have one source_id"))
    return groups


def _contacts(listing: Listing, job: Import, groups: Mapping[str, Group], new_id: NewId) -> dict[str, Contact]:
    contacts = _kept(listing.contacts, job, "contacts")
    if not listing.groups.keys() <= groups.keys():
        contacts = {contact_id: _without_lost(contact, groups) for contact_id, contact in contacts.items()}
    ids = {group.public_id: group.group_id for group in groups.values()}
    for operation, contact_id in _upserts(job, "contacts", listing.contact_by_source, lambda: new_id("c")):
        contacts[contact_id] = Contact(contact_id, operation.source_id, operation.values, _group_ids(operation, ids))
    _require_unique((contact.source_id for contact in contacts.values()), Refused(422, "INVALID", "two contacts would have one source_id"))
    emails = (contact.values["email"].casefold() for contact in contacts.values())
    _require_unique(emails, Refused(409, "EMAIL_NOT_UNIQUE", "two contacts would share an e-mail address"))
    return contacts


def _kept(records: Mapping[str, R], job: Import, entity: str) -> dict[str, R]:
    if job.mode == "replace":
        return {}
    deleted = _deleted(job, entity)
    return {record_id: record for record_id, record in records.items() if record_id not in deleted}


def _deleted(job: Import, entity: str) -> set[str]:
    return {operation.target_id for operation in job.operations() if operation.entity == entity and operation.op == "delete"}


def _upserts(job: Import, entity: str, by_source: Mapping[str, str], new_id: Callable[[], str]) -> Iterable[tuple[Operation, str]]:
    """Each upsert with the FMG id it goes to, in the list or not any more. Raises Refused when one record is changed twice."""
    taken = _deleted(job, entity)
    for operation in job.operations():
        if operation.entity == entity and operation.op == "upsert":
            record_id = operation.target_id or by_source.get(operation.source_id) or new_id()
            if record_id in taken:
                raise Refused(422, "INVALID", "two operations change one record")
            taken.add(record_id)
            yield operation, record_id


def _group_ids(operation: Operation, ids: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return tuple(ids[name] for name in operation.groups)
    except KeyError as error:
        raise Refused(422, "INVALID", "a contact names a group that would not be in the list") from error


def _without_lost(contact: Contact, groups: Mapping[str, Group]) -> Contact:
    return replace(contact, groups=tuple(group_id for group_id in contact.groups if group_id in groups))


def _require_unique(values: Iterable[str], refused: Refused) -> None:
    filled = [value for value in values if value]
    if len(set(filled)) != len(filled):
        raise refused
