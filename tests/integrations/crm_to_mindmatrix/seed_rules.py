"""What becomes of a contact, read from the seed's sentences and nothing else: the judge of the decision table and of whole syncs.

Written as the text is read, sentence by sentence, not as a table. "left alone" is neither an update nor a delete.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Situation:
    """One contact. contact, company: active, inactive, or unsaid; email: valid, missing, invalid, shared; known: it synced before."""

    contact: str
    company: str
    type_in_set: bool
    email: str
    known: bool
    delete_inactive: bool


def verdict(one: Situation) -> str:
    """Say create, update, delete, left alone (Mindmatrix has it and keeps it), or not synced (Mindmatrix never had it)."""
    untouched = "left alone" if one.known else "not synced"
    # "If a company is marked as Inactive, no update will happen in Mindmatrix. The contacts in that company will remain in Mindmatrix".
    # What a CRM does not say is not taken as Active, nor as Inactive.
    if one.company != "active" or one.contact not in ("active", "inactive"):
        return untouched
    # "Once the type is changed to a type that is not specified, it will stop updating that record in Mindmatrix."
    # "Contacts with any other Company Type will automatically be excluded."
    if not one.type_in_set:
        return untouched
    # "By default, we don't sync any contact marked as Inactive"; "those records can be automatically deleted from Mindmatrix if the
    # option Delete Inactive Contact is selected": records that had synced, of a company that remains Active.
    if one.contact == "inactive":
        return "delete" if one.known and one.delete_inactive else untouched
    # "the contact should be marked Active in the CRM and have a valid & unique email address. If these criteria are not met, the contact
    # will not sync"; "Duplicate contacts (contacts with the same email address) will not be included in the sync."
    if one.email != "valid":
        return untouched
    return "update" if one.known else "create"


OUTCOMES = {"create": "create", "update": "update", "delete": "delete", "left alone": "frozen", "not synced": "excluded"}
"""What the decision table calls it."""
