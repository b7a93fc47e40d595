"""FMG as a target: its list read back, and deliveries as import jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from crosswalk.core.converters import email_key
from crosswalk.core.ports import BatchRefused, BatchResult, Operation, Page, Receipt, TargetState
from crosswalk.errors import PermanentError, current_operation
from crosswalk.systems.fmg.client import MAX_PARALLEL, FmgClient
from crosswalk.systems.fmg.payloads import (
    COLLECTIONS,
    ID_FIELDS,
    READER,
    account_state,
    batch_result,
    commit_body,
    fields_of,
    known_keys,
    part_body,
    receipt,
    record_row,
)
from crosswalk.wire import json
from crosswalk.wire.cursor_paging import ListPage
from crosswalk.wire.json_reader import JsonObject, idempotency_key
from crosswalk.wire.paging import prefetched

MAX_OPERATIONS = 1000
MAX_PART_BYTES = 8 * 1024 * 1024
MAX_PARTS = 99_999


@dataclass(frozen=True)
class OptOut:
    """One address that wants no mail. source_id: the contact it was when it opted out, "" where none."""

    email: str
    source_id: str
    opted_out_at: str


class FmgTarget:
    """Implements core.ports.Target."""

    def __init__(self, client: FmgClient) -> None:
        self._client = client

    def identity(self) -> str:
        return self._client.identity

    def state(self) -> TargetState:
        with self._client.operation("reading the account"):
            return account_state(self._client.account())

    def pages(self, entity: str) -> Iterator[Page]:
        """Read one entity back, the next page while this one is worked on; contacts carry what the opt-outs say of their address."""
        yield from prefetched(self._pages(entity))

    def opt_outs(self) -> Iterator[OptOut]:
        """Read the opt-outs."""
        for page in self._client.pages("opt-outs", "email", check_revision=False):
            with self._client.operation("reading opt-outs"):
                read = [_opt_out(record) for record in page.records]
            yield from read

    def unwanted(self) -> frozenset[str]:
        return frozenset(email_key(opt_out.email) for opt_out in self.opt_outs())

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> FmgDelivery:
        """Open an import. Raises Fenced, ConfigurationError TGT_MANAGED_ELSEWHERE, DataError TGT_LIST_CHANGED."""
        with self._client.operation(f"opening the import of snapshot {snapshot}"):
            body = json.write({"mode": mode, "snapshot": snapshot, "base_revision": base_revision, "source": dict(source)})
            key = idempotency_key(self._client.settings["account"], snapshot, "open", body)
            response = _whole(lambda: self._client.write("POST", "/imports", body, key))
            return FmgDelivery(self._client, READER.name(response, "import_id"), snapshot)

    def _pages(self, entity: str) -> Iterator[Page]:
        unwanted = self.unwanted() if entity == "contact" else frozenset()
        for page in self._client.pages(COLLECTIONS[entity], ID_FIELDS[entity]):
            with self._client.operation(f"reading {COLLECTIONS[entity]}"):
                rows = _page(entity, page, unwanted)
            yield rows


class FmgDelivery:
    """Implements core.ports.Delivery: one open import."""

    max_batch = MAX_OPERATIONS
    max_parallel = MAX_PARALLEL

    def __init__(self, client: FmgClient, import_id: str, snapshot: int) -> None:
        self._client = client
        self._import_id = import_id
        self._snapshot = snapshot
        self._path = f"/imports/{quote(import_id, safe='')}"

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Put one part. Raises BatchRefused, Fenced TGT_IMPORT_CLOSED, DataError TGT_UNKNOWN_KEY, and what the HTTP client raises."""
        with self._client.operation(f"sending part {number} of snapshot {self._snapshot}"):
            body = part_body(operations)
            if len(operations) > MAX_OPERATIONS or len(body) > MAX_PART_BYTES or not 1 <= number <= MAX_PARTS:
                raise BatchRefused(f"{current_operation()}: larger than FMG takes")
            key = self._key(number, body)
            response = self._client.write("PUT", f"{self._path}/parts/{number}", body, key)
            return batch_result(response, number, operations)

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:
        """Commit the import.

        Raises DataError TGT_COUNT_MISMATCH or TGT_EMAIL_NOT_UNIQUE, DataError TGT_LIST_CHANGED, Fenced; nothing is changed then.
        """
        with self._client.operation(f"committing snapshot {self._snapshot}"):
            body = commit_body(batches, counts)
            response = _whole(lambda: self._client.write("POST", f"{self._path}/commit", body, self._key("commit", body)))
            return receipt(response)

    def _key(self, what: str | int, body: bytes) -> str:
        return idempotency_key(self._client.settings["account"], self._snapshot, self._import_id, what, body)


def _opt_out(record: JsonObject) -> OptOut:
    return OptOut(*(READER.text(record, name) for name in ("email", "source_id", "opted_out_at")))


def _page(entity: str, page: ListPage, unwanted: frozenset[str]) -> Page:
    rows = [record_row(entity, record) for record in page.records]
    for row in rows:
        if unwanted and email_key(row["email"]) in unwanted:
            row["opted_out"] = "true"
    present = frozenset().union(*page.records)
    return Page(rows, page.total, present & fields_of(entity).keys(), present - known_keys(entity))


def _whole(write: Callable[[], JsonObject]) -> JsonObject:
    """Make a write that cannot be split."""
    try:
        return write()
    except BatchRefused:
        raise PermanentError(
            "TGT_REFUSED", problem="FMG found the request too large", next_step="report the code and the time to FMG"
        ) from None
