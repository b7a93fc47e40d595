"""HubSpot as a source: companies, contacts and deals, read whole; and what changed since a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from crosswalk.core.ports import Page
from crosswalk.errors import AuthRefused
from crosswalk.systems.hubspot.client import HubSpotClient, ListPage
from crosswalk.systems.hubspot.payloads import ALWAYS, MODIFIED, OBJECTS, READER, properties_of, record_id, record_row
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.paging import prefetched

ENTITIES = tuple(OBJECTS)
OVERLAP = timedelta(minutes=2)
"""How far the search may lag behind: a change is asked for again within it."""


class HubSpotSource:
    """Implements core.ports.Source. Never writes (FLEX-01)."""

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client

    def identity(self) -> str:
        return f"hubspot://{self._client.host}/{self._client.settings['portal']}"

    def describe(self) -> dict[str, str]:
        return {"system": "hubspot", "portal": self._client.settings["portal"]}

    def require_right(self, right: str) -> None:
        """Raise AuthRefused (RIGHT_MISSING), naming the scope, unless the token may read every entity. right: what the scopes are for."""
        for entity, name in OBJECTS.items():
            try:
                self._client.readable(entity)
            except AuthRefused as refused:
                if refused.code != "RIGHT_MISSING":
                    raise
                raise AuthRefused(
                    "RIGHT_MISSING",
                    operation=f"checking the rights behind {self._client.settings.name}",
                    problem=f"the access token lacks the scope crm.objects.{name}.read, needed for {right}",
                    next_step="add the scope to the private app in HubSpot, under Settings, Integrations, Private Apps",
                ) from None

    def totals(self) -> dict[str, int]:
        return {entity: self._client.count(entity) for entity in ENTITIES}

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:  # noqa: ARG002 - a CRM is read whole
        """Read one entity, the next page while this one is worked on. `total` of a page is what came so far: HubSpot's list names none.

        Raises DataError SRC_COUNT_MISMATCH when fewer records came than the search counts before and after.
        """
        counted, rows = self._client.count(entity), 0
        for page in prefetched(self._client.pages(entity)):
            rows += len(page.records)
            yield self._page(entity, page, rows)
        if rows < counted and rows < self._client.count(entity):
            found = f"{counted} records were counted, {rows} came"
            with self._client.operation(f"reading every {entity}"):
                raise data_error("SRC_COUNT_MISMATCH", found)

    def archived(self, entity: str) -> frozenset[str]:
        """Name the records that were archived."""
        with self._client.operation(f"reading the archived {OBJECTS[entity]}"):
            return frozenset(record_id(record) for page in self._client.pages(entity, archived=True) for record in page.records)

    def changed(self, entity: str, since: datetime) -> Iterator[str]:
        """Name the records changed since a moment, some of them twice over two calls: the search lags, so the moment is moved back."""
        moment = str(int((since.astimezone(UTC) - OVERLAP).timestamp() * 1000))
        newer = {"propertyName": MODIFIED[entity], "operator": "GTE", "value": moment}
        for records in self._client.changed(entity, [newer]):
            yield from [str(record["id"]) for record in records]

    def _page(self, entity: str, page: ListPage, total: int) -> Page:
        with self._client.operation(f"reading every {entity}"):
            found = zip(page.records, page.associated, strict=True)
            rows = [record_row(entity, record, associated) for record, associated in found]
            present = frozenset().union(*(READER.member(record, "properties") for record in page.records))
            made = frozenset(rows[0].keys() if rows else ()) - {"source_id", *properties_of(entity)}
            seen = present & frozenset(properties_of(entity))
            return Page(rows, total, seen | made, present - seen - ALWAYS)
