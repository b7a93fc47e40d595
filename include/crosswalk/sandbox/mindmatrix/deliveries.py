"""Deliveries: opened, filled batch by batch with every accepted record visible at once, finished."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.mindmatrix.organization import Contact, Delivery, Organization
from crosswalk.sandbox.mindmatrix.rules import FIELDS, wrong_field
from crosswalk.sandbox.system import Parts

MAX_OPERATIONS = 200
MAX_BYTES = 2 * 1024 * 1024
Verdict = dict[str, str] | None
"""Why an operation is rejected, None when it was carried out."""


def open_delivery(organization: Organization, request: Request, _: Parts) -> Reply:
    """Begin a delivery, or go on with the open one of the same snapshot. Raises Refused."""
    body = request.json()
    snapshot, source = body.get("snapshot"), body.get("source")
    if type(snapshot) is not int or not isinstance(source, dict) or not source:
        raise Refused(422, "INVALID", "snapshot is a number, source is an object")
    if body.get("opt_in_acknowledged") is not True:
        raise Refused(422, "OPT_IN_REQUIRED", "an import needs the acknowledgement that the contacts have opted in")
    if organization.managed_by not in (None, source):
        raise Refused(409, "MANAGED_ELSEWHERE", "another source feeds the organization")
    same = next((one for one in organization.deliveries.values() if one.snapshot == snapshot and one.status == "open"), None)
    if same is not None:
        return json_reply({"delivery_id": same.delivery_id, "status": "open"})
    if snapshot <= organization.last_snapshot:
        raise Refused(409, "STALE_SNAPSHOT", "a newer snapshot was delivered")
    for other in organization.deliveries.values():
        other.status = "closed" if other.status == "open" else other.status
    made = Delivery(organization.new_id("d"), snapshot)
    organization.deliveries[made.delivery_id] = made
    organization.managed_by, organization.last_snapshot = source, snapshot
    return json_reply({"delivery_id": made.delivery_id, "status": "open"}, 201)


def take_batch(organization: Organization, request: Request, parts: Parts) -> Reply:
    """Carry a batch out, record by record. Raises Refused, with nothing carried out."""
    delivery = _open(organization, parts["delivery"])
    body = request.json()
    upserts, deletes = body.get("upserts", []), body.get("deletes", [])
    if not all(isinstance(listed, list) and all(isinstance(one, dict) for one in listed) for listed in (upserts, deletes)):
        raise Refused(422, "INVALID", "upserts and deletes are lists of objects")
    if len(upserts) + len(deletes) > MAX_OPERATIONS or len(request.body) > MAX_BYTES:
        raise Refused(413, "BATCH_TOO_LARGE", f"a batch has at most {MAX_OPERATIONS} operations and 2 MB")
    _check_batch(upserts, deletes)
    work = _Batch(organization, update=body.get("update_current", False) is True)
    work.delete(deletes)
    work.upsert(upserts)
    organization.show(work.contacts)
    accepted = delivery.accepted
    delivery.accepted = {op: accepted[op] | keys for op, keys in work.accepted.items()}
    answered = [*work.accepted["delete"], *work.accepted["upsert"]]
    return json_reply({"accepted": answered, "skipped": work.skipped, "rejected": work.rejected})


def finish(organization: Organization, request: Request, parts: Parts) -> Reply:
    """Say that all was sent. Raises Refused (409 COUNT_MISMATCH, DELIVERY_CLOSED)."""
    known = organization.deliveries.get(parts["delivery"])
    if known is not None and known.status == "finished":
        return json_reply(dict(known.receipt))
    delivery = _open(organization, parts["delivery"])
    counts = request.json().get("contacts")
    if not isinstance(counts, dict) or not all(type(counts.get(op)) is int for op in ("upsert", "delete")):
        raise Refused(422, "INVALID", "contacts holds the numbers of upsert and delete")
    if any(len(delivery.accepted[op]) < counts[op] for op in ("upsert", "delete")):
        raise Refused(409, "COUNT_MISMATCH", "fewer operations were accepted")
    organization.generation += 1
    delivery.status = "finished"
    now = {"generation": organization.generation, "revision": organization.revision, "contacts": len(organization.contacts)}
    delivery.receipt = {"delivery_id": delivery.delivery_id, "status": "finished", **now}
    return json_reply(dict(delivery.receipt))


def _open(organization: Organization, delivery_id: str) -> Delivery:
    delivery = organization.deliveries.get(delivery_id)
    if delivery is None:
        raise Refused(404, "NOT_FOUND", "no such delivery")
    if delivery.status != "open":
        raise Refused(409, "DELIVERY_CLOSED", "the delivery is closed")
    return delivery


def _check_batch(upserts: list[Mapping[str, Any]], deletes: list[Mapping[str, Any]]) -> None:
    keys = [*map(_key, upserts), *map(_named, deletes)]
    ids = [_named(one) for one in [*upserts, *deletes] if _named(one)]
    if not all(keys) or len(set(keys)) != len(keys) or len(set(ids)) != len(ids):
        raise Refused(422, "INVALID", "each operation names one record, and no other names it")
    known = {"source_id", "contact_id", *FIELDS}
    if any(set(one) - known for one in upserts) or any(set(one) - {"contact_id"} for one in deletes):
        raise Refused(422, "INVALID", "an operation holds a key it cannot")


class _Batch:
    """One batch at work on a copy of the list."""

    def __init__(self, organization: Organization, *, update: bool) -> None:
        self._organization = organization
        self._update = update
        self.contacts = dict(organization.contacts)
        self.accepted: dict[str, frozenset[str]] = {"upsert": frozenset(), "delete": frozenset()}
        self.skipped: list[str] = []
        self.rejected: list[dict[str, str]] = []
        self._by_source = {one.source_id: key for key, one in self.contacts.items() if one.source_id}
        self._by_email = {one.values["email"].casefold(): key for key, one in self.contacts.items() if one.values["email"]}

    def delete(self, deletes: list[Mapping[str, Any]]) -> None:
        for one in deletes:
            self._forget(self.contacts.pop(_named(one), None))
        self.accepted["delete"] = frozenset(map(_named, deletes))

    def upsert(self, upserts: list[Mapping[str, Any]]) -> None:
        done = set()
        for one in upserts:
            key = _key(one)
            if (wrong := self._wrong(one)) is not None:
                self.rejected.append({"key": key, **wrong})
            elif not self._update and self._adoptable(one):
                self.skipped.append(key)
            else:
                self._put(one)
                done.add(key)
        self.accepted["upsert"] = frozenset(done)

    def _wrong(self, one: Mapping[str, Any]) -> Verdict:
        field = wrong_field(one)
        if field:
            return {"code": "INVALID", "field": field}
        if _named(one) and _named(one) not in self._organization.had:
            return {"code": "NOT_FOUND", "field": "contact_id"}
        target = self._target(one)
        holder = self._by_email.get(one["email"].casefold(), "") if one["email"] else ""
        if holder and holder != target:
            return {"code": "EMAIL_TAKEN", "field": "email"}
        owner = self._by_source.get(_text(one, "source_id"), "")
        return {"code": "SOURCE_TAKEN", "field": "source_id"} if owner and owner != target else None

    def _target(self, one: Mapping[str, Any]) -> str:
        """The id of the contact an upsert is about, "" for a new one."""
        return _named(one) or self._by_source.get(_text(one, "source_id"), "") or self._adoptable(one)

    def _adoptable(self, one: Mapping[str, Any]) -> str:
        """The contact nobody delivered that has the e-mail of an upsert which names none."""
        if _named(one) or _text(one, "source_id") in self._by_source:
            return ""
        holder = self._by_email.get(one["email"].casefold(), "") if one["email"] else ""
        return holder if holder and not self.contacts[holder].source_id else ""

    def _put(self, one: Mapping[str, Any]) -> None:
        contact_id = self._target(one) or self._organization.new_id("m")
        self._forget(self.contacts.get(contact_id))
        made = Contact(contact_id, _text(one, "source_id"), {name: one[name] for name in FIELDS})
        self.contacts[contact_id] = made
        for index, value in ((self._by_source, made.source_id), (self._by_email, made.values["email"].casefold())):
            if value:
                index[value] = contact_id

    def _forget(self, contact: Contact | None) -> None:
        if contact is not None:
            self._by_source.pop(contact.source_id, None)
            self._by_email.pop(contact.values["email"].casefold(), None)


def _text(one: Mapping[str, Any], name: str) -> str:
    value = one.get(name) or ""
    return value if isinstance(value, str) else ""


def _named(one: Mapping[str, Any]) -> str:
    return _text(one, "contact_id")


def _key(one: Mapping[str, Any]) -> str:
    return _text(one, "source_id") or _named(one)
