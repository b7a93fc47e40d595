"""Mindmatrix as a target: its contacts read back, and deliveries whose every accepted record is visible at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from crosswalk.core.converters import email_key
from crosswalk.core.ports import BatchRefused, BatchResult, Operation, Page, Receipt, TargetState
from crosswalk.errors import ConfigurationError, PermanentError, current_operation
from crosswalk.systems.mindmatrix.client import MAX_PARALLEL, MindmatrixClient
from crosswalk.systems.mindmatrix.payloads import (
    READER,
    batch_body,
    batch_result,
    contact_fields,
    contact_row,
    known_keys,
    organization_state,
    receipt,
)
from crosswalk.wire import json
from crosswalk.wire.cursor_paging import ListPage
from crosswalk.wire.json_reader import JsonObject, idempotency_key
from crosswalk.wire.paging import prefetched

MAX_OPERATIONS = 200
MAX_BATCH_BYTES = 2 * 1024 * 1024


class MindmatrixTarget:
    """Implements core.ports.Target. One entity: contact."""

    def __init__(self, client: MindmatrixClient) -> None:
        self._client = client

    def identity(self) -> str:
        return f"mindmatrix://{self._client.host}/{self._client.settings['organization'].upper()}"

    def state(self) -> TargetState:
        with self._client.operation("reading the organization"):
            return organization_state(self._client.organization())

    def pages(self, entity: str) -> Iterator[Page]:
        """Read the contacts back, the next page while this one is worked on. Raises KeyError for another entity."""
        collection = {"contact": "contacts"}[entity]
        for page in prefetched(self._client.pages(collection, "contact_id")):
            with self._client.operation("reading contacts"):
                rows = _page(page)
            yield rows

    def unwanted(self) -> frozenset[str]:
        with self._client.operation("reading opt-outs"):
            pages = self._client.pages("opt-outs", "email")
            return frozenset(email_key(READER.text(record, "email")) for page in pages for record in page.records)

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> MindmatrixDelivery:  # noqa: ARG002
        """Open a delivery, or go on with the open one of the same snapshot. mode is "delta": there is no list to replace.

        base_revision is not looked at: others may write by hand meanwhile.

        Raises Fenced, ConfigurationError OPT_IN_NOT_ACKNOWLEDGED or TGT_MANAGED_ELSEWHERE.
        """
        with self._client.operation(f"opening the delivery of snapshot {snapshot}"):
            settings = self._client.settings
            if not settings["opt_in_acknowledged"]:
                raise ConfigurationError(
                    "OPT_IN_NOT_ACKNOWLEDGED", problem="nobody has confirmed that the contacts have opted in, which every import asks for"
                )
            if mode != "delta":
                raise PermanentError("TGT_MODE", problem=f"mode {mode} replaces a list, Mindmatrix changes records")
            body = json.write({"snapshot": snapshot, "source": dict(source), "opt_in_acknowledged": True})
            key = idempotency_key(settings["organization"], snapshot, "open", body)
            response = _whole(lambda: self._client.write("/deliveries", body, key))
            return MindmatrixDelivery(self._client, READER.name(response, "delivery_id"), snapshot)


class MindmatrixDelivery:
    """Implements core.ports.Delivery: one open delivery. What `send` was told is accepted is visible already."""

    max_batch = MAX_OPERATIONS
    max_parallel = MAX_PARALLEL

    def __init__(self, client: MindmatrixClient, delivery_id: str, snapshot: int) -> None:
        self._client = client
        self._delivery_id = delivery_id
        self._snapshot = snapshot
        self._path = f"/deliveries/{quote(delivery_id, safe='')}"

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Send one batch. Raises BatchRefused, Fenced TGT_DELIVERY_CLOSED, DataError TGT_UNKNOWN_KEY, and what the HTTP client raises."""
        with self._client.operation(f"sending batch {number} of snapshot {self._snapshot}"):
            body = batch_body(operations)
            if len(operations) > MAX_OPERATIONS or len(body) > MAX_BATCH_BYTES:
                raise BatchRefused(f"{current_operation()}: larger than Mindmatrix takes")
            return batch_result(self._client.write(f"{self._path}/contacts", body, self._key(number, body)), operations)

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:  # noqa: ARG002 - Mindmatrix counts records only
        """Finish: say that all was sent. Nothing becomes visible by it. Raises DataError TGT_COUNT_MISMATCH, Fenced."""
        with self._client.operation(f"finishing snapshot {self._snapshot}"):
            body = json.write({"contacts": {op: counts.get("contact", {}).get(op, 0) for op in ("upsert", "delete")}})
            response = _whole(lambda: self._client.write(f"{self._path}/finish", body, self._key("finish", body)))
            return receipt(response)

    def _key(self, what: str | int, body: bytes) -> str:
        return idempotency_key(self._client.settings["organization"], self._snapshot, self._delivery_id, what, body)


def _page(page: ListPage) -> Page:
    present = frozenset().union(*page.records)
    rows = [contact_row(record) for record in page.records]
    return Page(rows, page.total, present & contact_fields().keys(), present - known_keys())


def _whole(write: Callable[[], JsonObject]) -> JsonObject:
    """Make a write that cannot be split."""
    try:
        return write()
    except BatchRefused:
        found, fix = "Mindmatrix found the request too large", "report the code and the time to Mindmatrix"
        raise PermanentError("TGT_REFUSED", problem=found, next_step=fix) from None
