"""Connections of clients with SmartOffice: what could be linked, what is, and new values for it. Contract: README.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from crosswalk.core.ports import BatchResult, ReadRestarted
from crosswalk.errors import TransientError
from crosswalk.systems.emoney.client import EmoneyClient, part
from crosswalk.systems.emoney.payloads import INSTITUTION, READER, Conflict, LinkedItem, batch_result, chunks, linked_item, notice
from crosswalk.wire.json_reader import idempotency_key

MAX_ITEMS = 100
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Item:
    """An investment or a policy as it is announced. kind: "investment" or "policy"; detail: masked, such as ***1234."""

    item_id: str
    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True)
class Available:
    """An item that was announced and is not linked. announced_at: ISO text, UTC."""

    item_id: str
    kind: str
    name: str
    detail: str
    announced_at: str


@dataclass(frozen=True)
class Link:
    """A person's decision to link an item. asset_type, ownership: their classification; values: by field of fields.csv."""

    item_id: str
    kind: str
    asset_type: str
    ownership: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """What to say of one linked item: new values, None for looked at and nothing new; missing: SmartOffice has it no more."""

    link_id: str
    revision: int
    values: Mapping[str, str] | None = None
    missing: bool = False


class Connections:
    """The calls around one firm's connections. Each may be repeated: the same arguments give the same answer."""

    def __init__(self, client: EmoneyClient) -> None:
        self._client = client

    def connect(self, client_id: str) -> str:
        """Connect a client with SmartOffice, unless it is, and give the connection's id. Raises Conflict NOT_FOUND."""
        with self._client.operation(f"connecting client {client_id}"):
            path, body = f"/clients/{part(client_id)}/connections", {"institution": INSTITUTION}
            return READER.name(self._client.write("POST", path, body, self._key("connect", client_id)), "connectionId")

    def connection(self, client_id: str) -> str:
        """Give the id of a client's connection with SmartOffice, "" when there is none."""
        with self._client.operation(f"reading the connections of client {client_id}"):
            response = self._client.read(f"/clients/{part(client_id)}/connections")
            found = [one for one in READER.objects(response, "connections") if one.get("institution") == INSTITUTION]
            return READER.name(found[0], "connectionId") if found else ""

    def announce(self, connection_id: str, items: Sequence[Item]) -> BatchResult:
        """Tell that these items could be linked, 100 a request; keys are item ids."""
        with self._client.operation(f"announcing items of connection {connection_id}"):
            results = []
            for some in chunks(items, MAX_ITEMS):
                body = {"items": [notice(one.item_id, one.kind, one.name, one.detail) for one in some]}
                key = self._key("announce", connection_id, repr(body))
                response = self._client.write("POST", f"/connections/{part(connection_id)}/notices", body, key)
                results.append(batch_result(response, [one.item_id for one in some]))
            return _together(results)

    def available(self, connection_id: str) -> list[Available]:
        """Read what was announced and is not linked. Raises ReadRestarted when it changes meanwhile."""
        with self._client.operation(f"reading the available items of connection {connection_id}"):
            pages = self._client.pages(f"/connections/{part(connection_id)}/available", "available", "itemId")
            records = [record for page in pages for record in page.records]
            names = ("itemId", "kind", "name", "detail", "announcedAt")
            return [Available(*(READER.text(record, name) for name in names)) for record in records]

    def link(self, connection_id: str, decision: Link) -> str:
        """Link an item as a person decided and give the link's id; one that is linked already stays as it is.

        Raises Conflict INVALID (with its field), NOT_FOUND.
        """
        with self._client.operation(f"linking {decision.item_id} of connection {connection_id}"):
            body = {
                "itemId": decision.item_id,
                "kind": decision.kind,
                "assetType": decision.asset_type,
                "ownership": decision.ownership,
                "values": dict(decision.values),
            }
            key = self._key("link", connection_id, repr(sorted(body.items(), key=lambda pair: pair[0])))
            try:
                response = self._client.write("POST", f"/connections/{part(connection_id)}/links", body, key)
            except Conflict as refused:
                if refused.code == "ALREADY_LINKED" and refused.at:
                    return refused.at
                raise
            return READER.name(response, "linkId")

    def linked(self, client_id: str = "") -> list[LinkedItem]:
        """Read the linked items of one client, or of all, 500 a request. Raises ReadRestarted when they change meanwhile."""
        with self._client.operation("reading linked accounts"):
            params = {"clientId": client_id} if client_id else {}
            pages = self._client.pages("/connections/accounts", "accounts", "linkId", params)
            return [linked_item(record) for page in pages for record in page.records]

    def linked_steadily(self) -> list[LinkedItem]:
        """As `linked` of all clients, begun again when they change meanwhile. Raises TransientError TGT_READ_UNSTABLE."""
        with self._client.operation("reading linked accounts"):
            return steady(self.linked)

    def refresh(self, changes: Sequence[Change], occasion: str) -> BatchResult:
        """Bring values up to date, 100 items a request; keys are link ids.

        occasion: what the refresh belongs to, such as a snapshot; the same changes on the same occasion are applied once.
        """
        with self._client.operation(f"refreshing linked items ({occasion})"):
            results = []
            for some in chunks(changes, MAX_ITEMS):
                body = {"items": [_change(one) for one in some]}
                key = self._key("refresh", occasion, " ".join(one.link_id for one in some), repr(body))
                response = self._client.write("PUT", "/connections/values", body, key)
                results.append(batch_result(response, [one.link_id for one in some]))
            return _together(results)

    def _key(self, *parts: str) -> str:
        return idempotency_key(self._client.settings["firm"], *parts)


def steady(read: Callable[[], _Read]) -> _Read:
    """Read something whole, up to three times when it changes meanwhile. Raises TransientError TGT_READ_UNSTABLE."""
    for _ in range(3):
        with suppress(ReadRestarted):
            return read()
    found = "the list changed three times while it was read"
    raise TransientError("TGT_READ_UNSTABLE", problem=found)


def _change(change: Change) -> dict[str, object]:
    item: dict[str, object] = {"linkId": change.link_id, "revision": change.revision}
    if change.missing:
        item["missing"] = True
    elif change.values is not None:
        item["values"] = dict(change.values)
    return item


def _together(results: Sequence[BatchResult]) -> BatchResult:
    accepted = frozenset().union(*(one.accepted for one in results))
    return BatchResult(accepted, tuple(refusal for one in results for refusal in one.refused))
