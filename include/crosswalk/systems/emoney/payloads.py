"""The JSON documents of eMoney: records read back, bodies that are sent, and what a refusal means. Contract: README.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from crosswalk.core.ports import BatchResult, Refusal, Row
from crosswalk.core.system_schema import Field, load_fields
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.json_reader import JsonObject, JsonReader, showable

READER = JsonReader("eMoney", "TGT_SCHEMA")
ERROR_STATUSES = frozenset({401, 403, 404, 409, 412, 422})
INSTITUTION = "SmartOffice (Ebix CRM)"
CLIENT = "client"
ITEM_KINDS = ("investment", "policy")
SPOUSE = "spouse."
"""What the fields of a client's spouse begin with in our tables."""

_LINK_KEYS = frozenset(
    ("linkId", "connectionId", "clientId", "itemId", "kind", "assetType", "ownership", "status", "revision", "linkedAt", "lastRefreshedAt")
)
_CLIENT_KEYS = frozenset(("clientId", "externalId", "revision", "spouse"))


class Conflict(Exception):
    """The one record a write was about was refused. Only between the client and the target."""

    def __init__(self, code: str, field: str, at: str) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.at = at


@dataclass(frozen=True)
class LinkedItem:
    """One investment or policy in eMoney that is linked to ours. times: ISO texts, UTC, "" where never; values: by field of fields.csv."""

    link_id: str
    connection_id: str
    client_id: str
    item_id: str
    kind: str
    asset_type: str
    ownership: str
    status: str
    revision: int
    linked_at: str
    last_refreshed_at: str
    values: Mapping[str, str]


@cache
def fields_of(entity: str) -> Mapping[str, Field]:
    """Give the fields of "client", "investment" or "policy" by name, from fields.csv."""
    return load_fields("emoney")[entity]


@cache
def spouse_fields() -> tuple[str, ...]:
    """Name what a spouse has, without the prefix of our tables."""
    return tuple(name.removeprefix(SPOUSE) for name in fields_of(CLIENT) if name.startswith(SPOUSE))


def client_row(record: JsonObject) -> Row:
    """Turn a client into a row; a spouse's fields stand beside the client's. Raises DataError TGT_SCHEMA."""
    row = {"target_id": READER.name(record, "clientId"), "source_id": READER.text(record, "externalId")}
    spouse = record.get("spouse") or {}
    if not isinstance(spouse, dict):
        raise READER.wrong("spouse")
    for name in fields_of(CLIENT):
        holder = spouse if name.startswith(SPOUSE) else record
        row[name] = READER.text(holder, name.removeprefix(SPOUSE))
    return row


def client_fields_seen(records: Iterable[JsonObject]) -> tuple[frozenset[str], frozenset[str]]:
    """Name the fields a page of clients had, and those it had beyond the contract. A spouse nobody has misses nothing."""
    listed = list(records)
    spouses = [record["spouse"] for record in listed if record.get("spouse")]
    present = frozenset().union(*listed)
    of_spouses = frozenset(SPOUSE + name for name in (frozenset().union(*spouses) if spouses else spouse_fields()))
    known = fields_of(CLIENT).keys()
    seen = (present | of_spouses) if "spouse" in present else present
    return seen & known, (seen - known) - _CLIENT_KEYS


def linked_item(record: JsonObject) -> LinkedItem:
    """Read a linked item. Raises DataError TGT_SCHEMA."""
    values = record.get("values")
    kind = READER.name(record, "kind")
    if kind not in ITEM_KINDS or not isinstance(values, dict):
        raise READER.wrong("kind or values")
    return LinkedItem(
        link_id=READER.name(record, "linkId"),
        connection_id=READER.name(record, "connectionId"),
        client_id=READER.name(record, "clientId"),
        item_id=READER.name(record, "itemId"),
        kind=kind,
        asset_type=READER.text(record, "assetType"),
        ownership=READER.text(record, "ownership"),
        status=READER.text(record, "status"),
        revision=READER.count(record, "revision"),
        linked_at=READER.text(record, "linkedAt"),
        last_refreshed_at=READER.text(record, "lastRefreshedAt"),
        values={name: READER.text(values, name) for name in fields_of(kind)},
    )


def item_row(links: Sequence[LinkedItem]) -> Row:
    """Turn an item into a row: one, however many clients have it linked. A value they differ in is blank, and so seen as changed.

    `refreshed_at` is the oldest refresh of all links; `missing` holds as soon as one of them says so.
    """
    first = links[0]
    values = {name: value if all(one.values[name] == value for one in links) else "" for name, value in first.values.items()}
    told = {
        "refreshed_at": min(one.last_refreshed_at for one in links),
        "missing": "true" if any(one.status == "missing" for one in links) else "",
    }
    return {"target_id": " ".join(one.link_id for one in links), "source_id": first.item_id, **values, **told}


def item_fields_seen(kind: str, records: Iterable[JsonObject]) -> tuple[frozenset[str], frozenset[str]]:
    """Name the values a page of linked items had of one kind, and what it had beyond the contract."""
    ours = [record for record in records if record.get("kind") == kind]
    values = frozenset().union(*(record["values"] for record in ours))
    known = fields_of(kind).keys()
    return (values if ours else frozenset(known)) & known, (values - known) | (frozenset().union(*ours) - _LINK_KEYS - {"values"})


def client_body(values: Mapping[str, str]) -> dict[str, str]:
    """Give the client's own fields of a row."""
    return {name: value for name, value in values.items() if not name.startswith(SPOUSE)}


def spouse_body(values: Mapping[str, str]) -> dict[str, str] | None:
    """Give the spouse's fields of a row, {} when all are blank, None when the row does not speak of a spouse."""
    given = {name.removeprefix(SPOUSE): value for name, value in values.items() if name.startswith(SPOUSE)}
    if not given:
        return None
    return given if any(given.values()) else {}


def batch_result(response: JsonObject, sent: Sequence[str]) -> BatchResult:
    """Read what became of the items of one call, by key.

    Raises DataError TGT_SCHEMA, or TGT_UNKNOWN_KEY for a key that was not sent or came twice.
    """
    accepted, rejected = READER.texts(response, "accepted"), READER.objects(response, "rejected")
    refused = tuple(
        Refusal(READER.name(entry, "key"), showable(entry.get("code"), "REFUSED"), known_field(entry.get("field"))) for entry in rejected
    )
    answered = [*accepted, *(refusal.key for refusal in refused)]
    if len(set(answered)) != len(answered) or not set(sent).issuperset(answered):
        raise data_error("TGT_UNKNOWN_KEY", "eMoney answered for an item that was not sent, or twice for one")
    return BatchResult(frozenset(accepted), refused)


def conflict(status: int, error: JsonObject) -> Conflict:
    """Read why a record was refused."""
    usual = {404: "NOT_FOUND", 412: "CHANGED"}.get(status, "REFUSED")
    at = error.get("clientId") or error.get("linkId")
    return Conflict(showable(error.get("code"), usual), known_field(error.get("field")), at if isinstance(at, str) else "")


def known_field(name: Any) -> str:
    """Give a field's name if it is one; anything else may echo data."""
    named = (name, f"{SPOUSE}{name}")
    return next((one for one in named if any(one in fields_of(entity) for entity in (CLIENT, *ITEM_KINDS))), "")


def notice(item_id: str, kind: str, name: str, detail: str) -> dict[str, str]:
    """Write one item of a notice."""
    return {"itemId": item_id, "kind": kind, "name": name, "detail": detail}


def chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Cut a list into parts of at most `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]
