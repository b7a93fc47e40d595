"""Who opted out and wants mail again: taken off the suppression list by a person, once the target itself says so."""

from __future__ import annotations

from crosswalk.core.ports import Row, Target
from crosswalk.errors import ConfigurationError, operation
from crosswalk.features.optouts.suppressions import Suppressions
from crosswalk.store.store import Store


def lift(store: Store, target: Target, integration: str, account: str, source_id: str, by: str) -> int:
    """Take a contact off the list, by its ids and its present address; returns how many keys were on it. Leaves an audit event.

    Raises ConfigurationError LIFT_UNKNOWN (the target has no such contact) or LIFT_OPTED_OUT (it is still opted out there).
    """
    with operation(f"taking {source_id} of {integration}/{account} off the suppression list"):
        row = _find(target, source_id)
        if row is None:
            raise ConfigurationError("LIFT_UNKNOWN", problem="the target has no contact with this source id")
        if row["opted_out"] == "true":
            raise ConfigurationError("LIFT_OPTED_OUT", problem="the contact is opted out in the target itself")
        people = Suppressions(store.engine).read(integration, account)
        keys = people.among(set(people.keys_of(source_id=source_id, target_id=row["target_id"], email=row["email"])) & people.keys)
        if keys:
            Suppressions(store.engine).remove(keys)
            store.audit.append("suppression lifted", integration, account, by, {"source_id": source_id, "keys": len(keys.keys)})
        return len(keys.keys)


def _find(target: Target, source_id: str) -> Row | None:
    return next((row for page in target.pages("contact") for row in page.rows if row["source_id"] == source_id), None)
