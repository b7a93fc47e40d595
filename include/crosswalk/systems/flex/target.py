"""Flex as a target: contacts, companies, links and deals read back, and deliveries record by record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.ports import BatchRefused, BatchResult, Operation, Page, Receipt, Refusal, TargetState
from crosswalk.errors import ConfigurationError
from crosswalk.systems.flex.client import FlexClient, WriteAnswer
from crosswalk.systems.flex.payloads import LAST_EDIT, LINK, READER, contact_body, deal_body, deal_row, fields_of, record_row
from crosswalk.wire import json
from crosswalk.wire.json_reader import JsonObject, idempotency_key, showable
from crosswalk.wire.paging import prefetched

MAX_BATCH = 50
_ORGANIZATION = {"company": "true", "contact": "false"}
_SAFE_FIELDS = frozenset(
    ["firstName", "lastName", "name", "email", "otherEmails", "phone", "mobile", "website", "jobTitle", "company", "address", "employer"]
)


class FlexTarget:
    """Implements core.ports.Target."""

    def __init__(self, client: FlexClient) -> None:
        self._client = client

    def identity(self) -> str:
        return f"flex://{self._client.host}{self._client.path.removesuffix('/f5/api')}"

    def state(self) -> TargetState:
        """Count companies and contacts. revision: when a contact was last edited, in milliseconds since 1970; links do not count."""
        with self._client.operation("counting contacts"):
            asked = {"page": "0", "size": "1", "sort": "lastEditDate,desc"}
            counts, newest = {}, 0
            for entity, organization in _ORGANIZATION.items():
                response = self._client.get("/contact", **asked, organization=organization, expand="all")
                counts[entity] = READER.count(response, "totalElements")
                newest = max(newest, *(_milliseconds(record) for record in READER.objects(response, "content")), 0)
            return TargetState(managed_by=None, counts=counts, generation=0, last_snapshot=0, revision=newest)

    def pages(self, entity: str) -> Iterator[Page]:
        """Read one entity back, the next page while this one is worked on. Rows of contacts and companies carry `last_edit_date`."""
        yield from prefetched(self._deals() if entity == "deal" else self._contacts(entity))

    def unwanted(self) -> frozenset[str]:
        return frozenset()

    def links(self) -> dict[str, str]:
        """Read the links of contacts and companies: contact id → the CRM's id."""
        with self._client.operation("reading crm-link"):
            listed = (one for page in self._client.pages("crm-link", "contactId") for one in page)
            return {READER.text(one, "contactId"): READER.text(one, "sourceId") for one in listed}

    def resource_types(self) -> dict[str, str]:
        """Read the resource types: name → id."""
        with self._client.operation("reading the resource types"):
            return {READER.text(one, "name"): READER.text(one, "id") for one in self._client.get_list("/resource-type")}

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> FlexDelivery:  # noqa: ARG002 - Flex has no list to replace
        """Begin a delivery; nothing is sent yet. source: what the source says of itself; `system` names it in the links."""
        return FlexDelivery(self._client, self, str(source.get("system", "crm")), snapshot)

    def _contacts(self, entity: str) -> Iterator[Page]:
        source_ids = self.links()
        names = self._company_names() if entity == "contact" else {}
        total = 0
        for records in self._client.pages("contact", "id", organization=_ORGANIZATION[entity], sort="id,asc", expand="all"):
            wanted = [record for record in records if record.get("organization") is (entity == "company")]
            with self._client.operation(f"reading every {entity}"):
                whole = [self._whole(record) for record in wanted]
                rows = [record_row(entity, record, source_ids, names) for record in whole if not record.get("deleted")]
            total += len(rows)
            yield Page(rows, total, frozenset(fields_of(entity)) if rows else frozenset())

    def _whole(self, record: JsonObject) -> JsonObject:
        """Give the record in full: a site that does not know expand=all lists names alone."""
        if "lastEditDate" in record:
            return record
        return self._client.get(f"/contact/{quote(READER.text(record, 'id'), safe='')}")

    def _company_names(self) -> dict[str, str]:
        with self._client.operation("reading the names of companies"):
            pages = self._client.pages("contact", "id", organization="true", sort="id,asc")
            return {READER.text(one, "id"): READER.text(one, "name") for page in pages for one in page if one.get("organization") is True}

    def _deals(self) -> Iterator[Page]:
        total = 0
        for deals in self._client.pages("crm-deal", "sourceId"):
            total += len(deals)
            with self._client.operation("reading every deal"):
                rows = [deal_row(one) for one in deals]
            yield Page(rows, total, frozenset(fields_of("deal")))


class FlexDelivery:
    """Implements core.ports.Delivery. Every record is visible at once, by itself; a repeated send is answered as the first was.

    An upsert with a target id fills that record, and links it first where its value `link` is "true"; one without makes a linked record of
    the resource type in its value `resource_type`. A delete takes a link away.
    """

    max_batch = MAX_BATCH
    max_parallel = 1  # a contact names its company: what was sent before has to be there

    def __init__(self, client: FlexClient, target: FlexTarget, system: str, snapshot: int) -> None:
        self._client = client
        self._target = target
        self._system = system
        self._snapshot = snapshot
        self._types: dict[str, str] | None = None

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Carry the operations out one by one, in their order.

        Raises BatchRefused for a batch that names one key twice, ConfigurationError TGT_RESOURCE_TYPE, and what the HTTP client raises.
        """
        if len({operation.key for operation in operations}) < len(operations):
            raise BatchRefused("two records of the batch have one key")
        with self._client.operation(f"sending batch {number} of snapshot {self._snapshot}"):
            refusals = {operation.key: self._sent(operation) for operation in operations}
            return BatchResult(
                frozenset(key for key, refusal in refusals.items() if refusal is None),
                tuple(one for one in refusals.values() if one is not None),
            )

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:  # noqa: ARG002 - everything is visible already
        """Say where Flex stands now."""
        state = self._target.state()
        return Receipt(state.generation, state.revision, state.counts)

    def _sent(self, operation: Operation) -> Refusal | None:
        if operation.entity == "deal":
            return self._outcome(operation, self._write("PUT", self._deal_path(operation), deal_body(operation), operation))
        if operation.op == "delete":
            return self._outcome(operation, self._write("DELETE", self._link_path(operation), None, operation))
        if not operation.target_id:
            return self._imported(operation)
        if operation.values.get(LINK) == "true":
            refusal = self._outcome(
                operation, self._write("PUT", self._link_path(operation), {"contactId": operation.target_id}, operation)
            )
            if refusal:
                return refusal
        return self._filled(operation)

    def _imported(self, operation: Operation) -> Refusal | None:
        link = {"system": self._system, "kind": operation.entity, "sourceId": operation.source_id}
        kinds = [self._type_id(operation.values["resource_type"])] if operation.values.get("resource_type") else []
        body = {**contact_body(operation), "organization": operation.entity == "company", "resourceTypes": kinds, "crmLink": link}
        response = self._write("POST", "/contact", body, operation)
        made_before = response.code == "LINKED_ELSEWHERE" and bool(response.body.get("contactId"))
        return None if made_before else self._outcome(operation, response)

    def _filled(self, operation: Operation) -> Refusal | None:
        body = contact_body(operation)
        if not body:
            return None
        if operation.values.get(LAST_EDIT):
            body["lastEditDate"] = operation.values[LAST_EDIT]
        path = f"/contact/{quote(operation.target_id, safe='')}"
        return self._outcome(operation, self._write("PATCH", path, body, operation))

    def _write(self, method: str, path: str, body: Any, operation: Operation) -> WriteAnswer:
        key = idempotency_key(self._target.identity(), self._snapshot, operation.entity, operation.op, method, path, json.write(body))
        return self._client.write(method, path, body, key)

    def _outcome(self, operation: Operation, response: WriteAnswer) -> Refusal | None:
        if response.status < 300:
            return None
        field = str(response.body.get("field", ""))
        return Refusal(operation.key, showable(response.code, "REFUSED"), field if field in _SAFE_FIELDS else "")

    def _link_path(self, operation: Operation) -> str:
        return f"/crm-link/{quote(self._system, safe='')}/{operation.entity}/{quote(operation.source_id, safe='')}"

    def _deal_path(self, operation: Operation) -> str:
        return f"/crm-deal/{quote(self._system, safe='')}/{quote(operation.source_id, safe='')}"

    def _type_id(self, name: str) -> str:
        if self._types is None:
            self._types = self._target.resource_types()
        if name not in self._types:
            raise ConfigurationError(
                "TGT_RESOURCE_TYPE",
                problem=f"Flex has no resource type {quoted(name)}{did_you_mean(name, self._types)}",
                next_step=f"set default_resource_type of the account to one of {', '.join(sorted(self._types))}",
            )
        return self._types[name]


def _milliseconds(record: JsonObject) -> int:
    try:
        return int(datetime.fromisoformat(READER.text(record, "lastEditDate")).timestamp() * 1000)
    except ValueError:
        raise READER.wrong("lastEditDate") from None
