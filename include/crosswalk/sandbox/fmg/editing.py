"""Changing the list outside an import: by hand in FMG (rules and lock hold) or behind its back (neither does)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from crosswalk.sandbox.fmg.account import Account, Contact, Group
from crosswalk.sandbox.fmg.rules import CONTACT_FIELDS, are_ids, wrong_contact_field, wrong_group_field
from crosswalk.sandbox.messages import Refused

EMPTY = dict.fromkeys(CONTACT_FIELDS, "")


def require_unmanaged(account: Account) -> None:
    """Raise Refused (423 MANAGED_ELSEWHERE) when a source owns the list."""
    if account.listing.managed_by:
        raise Refused(423, "MANAGED_ELSEWHERE", "contacts and groups are managed in the source system")


def add_contacts(account: Account, records: Iterable[Mapping[str, Any]], *, ruled: bool) -> list[Contact]:
    """Add contacts, all or none. `ruled` holds them to FMG's rules. Raises Refused."""
    added = [_edited(account, Contact(account.new_id("c"), "", EMPTY), record, ruled=ruled) for record in records]
    contacts = {**account.listing.contacts, **{contact.contact_id: contact for contact in added}}
    _require_unique_emails(contacts, ruled=ruled)
    account.edit(contacts=contacts)
    return added


def change_contacts(account: Account, ids: Iterable[str], changes: Mapping[str, Any], *, ruled: bool) -> list[Contact]:
    """Give contacts the fields named. Raises Refused (404 NOT_FOUND too)."""
    edited = [_edited(account, find_contact(account, contact_id), changes, ruled=ruled) for contact_id in ids]
    contacts = {**account.listing.contacts, **{contact.contact_id: contact for contact in edited}}
    _require_unique_emails(contacts, ruled=ruled)
    account.edit(contacts=contacts)
    return edited


def remove_contacts(account: Account, ids: Iterable[str]) -> int:
    """Delete contacts. Raises Refused (404 NOT_FOUND)."""
    gone = {find_contact(account, contact_id).contact_id for contact_id in ids}
    account.edit(contacts={key: contact for key, contact in account.listing.contacts.items() if key not in gone})
    return len(gone)


def find_contact(account: Account, contact_id: str) -> Contact:
    """The contact with this FMG id, or with this source id. Raises Refused (404 NOT_FOUND)."""
    listing = account.listing
    found = listing.contacts.get(contact_id) or listing.contacts.get(listing.contact_by_source.get(contact_id, ""))
    if found is None:
        raise Refused(404, "NOT_FOUND", "no such contact")
    return found


def set_group(account: Account, group_id: str | None, changes: Mapping[str, Any], *, ruled: bool) -> Group:
    """Add a group (group_id None) or change one. Raises Refused."""
    before = find_group(account, group_id) if group_id else Group(account.new_id("g"), "", "")
    _require_known(changes, {"name"} if ruled else {"name", "source_id"})
    group = replace(before, name=changes.get("name", before.name), source_id=changes.get("source_id", before.source_id) or "")
    if wrong_group_field({"name": group.name}) or not isinstance(group.source_id, str):
        raise Refused(422, "INVALID", "a group has a name")
    account.edit(groups={**account.listing.groups, group.group_id: group})
    return group


def remove_group(account: Account, group_id: str) -> None:
    """Delete a group and the memberships in it. Raises Refused (404 NOT_FOUND)."""
    gone = find_group(account, group_id).group_id
    contacts = {
        key: replace(contact, groups=tuple(item for item in contact.groups if item != gone)) if gone in contact.groups else contact
        for key, contact in account.listing.contacts.items()
    }
    account.edit(contacts=contacts, groups={key: group for key, group in account.listing.groups.items() if key != gone})


def find_group(account: Account, group_id: str) -> Group:
    """The group with this FMG id, or with this source id. Raises Refused (404 NOT_FOUND)."""
    listing = account.listing
    found = listing.groups.get(group_id) or listing.groups.get(listing.group_by_public_id.get(group_id, ""))
    if found is None:
        raise Refused(404, "NOT_FOUND", "no such group")
    return found


def _edited(account: Account, before: Contact, changes: Mapping[str, Any], *, ruled: bool) -> Contact:
    _require_known(changes, {*CONTACT_FIELDS, "groups"} | (set() if ruled else {"source_id"}))
    values = {**before.values, **{name: changes[name] for name in CONTACT_FIELDS if name in changes}}
    source_id = changes.get("source_id", before.source_id) or ""
    groups = changes.get("groups", [])
    if not are_ids(groups) or not all(isinstance(text, str) for text in (*values.values(), source_id)):
        raise Refused(422, "INVALID", "fields are texts, groups is a list of ids")
    if ruled and wrong_contact_field({**values, "groups": groups}):
        raise Refused(422, "INVALID", f"wrong: {wrong_contact_field({**values, 'groups': groups})}")
    group_ids = tuple(find_group(account, name).group_id for name in groups) if "groups" in changes else before.groups
    return Contact(before.contact_id, source_id, values, group_ids)


def _require_known(changes: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(changes) - known
    if unknown:
        raise Refused(422, "INVALID", f"unknown: {min(unknown)}")


def _require_unique_emails(contacts: Mapping[str, Contact], *, ruled: bool) -> None:
    emails = [contact.values["email"].casefold() for contact in contacts.values() if contact.values["email"]]
    if ruled and len(set(emails)) != len(emails):
        raise Refused(409, "EMAIL_NOT_UNIQUE", "another contact has this e-mail address")
