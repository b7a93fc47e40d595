"""ConnectWise as a source: contacts with what is needed of their companies, and the types they are chosen by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from crosswalk.core.ports import Page, Row
from crosswalk.errors import ConfigurationError, in_operation
from crosswalk.systems.connectwise.client import ConnectWiseClient
from crosswalk.systems.connectwise.conditions import compared, one_of
from crosswalk.systems.connectwise.payloads import COMPANY_KEYS, CONTACT_KEYS, READER, Company, company_row, contact_row, declared
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.paging import counted, prefetched

PATHS = {"company": "/company/companies", "contact": "/company/contacts"}
KEYS = {"company": COMPANY_KEYS, "contact": CONTACT_KEYS}
TYPE_LISTS = {"company.types": "/company/companies/types", "types": "/company/contacts/types"}
_NEVER_ABSENT = frozenset({"inactiveFlag"})
"""Key every contact has; absent from a whole page it is hidden from the API member."""
_CHUNK = 100  # ids in one condition: the address has to stay short


class ConnectWiseSource:
    """Implements features.eligibility.ports.LabelledSource and core.ports.ChangeSource."""

    def __init__(self, client: ConnectWiseClient) -> None:
        self._client = client

    def identity(self) -> str:
        return f"connectwise://{self._client.host}/{self._client.settings['company'].casefold()}"

    def describe(self) -> dict[str, str]:
        return {"system": "connectwise", "company": self._client.settings["company"].casefold()}

    def require_right(self, right: str) -> None:  # noqa: ARG002 - ConnectWise has no right by integration
        """Count contacts and companies: whoever may not see them is refused."""
        self.totals()

    def totals(self) -> dict[str, int]:
        return {entity: self._client.count(path) for entity, path in PATHS.items()}

    def choices(self, field: str) -> dict[str, str]:
        if field not in TYPE_LISTS:
            raise ConfigurationError(
                "CONN_EXTRA",
                operation=f"looking for the values of {field} of {self._client.settings.name}",
                problem="no list of types is known for it",
                next_step=f"choose by {' or '.join(TYPE_LISTS)}",
            )
        with self._client.operation("reading types"):
            pages = self._client.records(TYPE_LISTS[field], ("id", "name", "description"))
            return {READER.number(one, "id"): _label(one) for page in pages for one in page}

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:  # noqa: ARG002 - ConnectWise has no tag groups
        """Read one entity, the next page while this one is worked on. Contacts: the companies first. Raises ReadRestarted, DataError."""
        statuses = self._statuses()
        if entity == "company":
            yield from self._company_pages(statuses)
            return
        companies = {row["source_id"]: _company(row) for page in self._company_pages(statuses) for row in page.rows}
        for records, total in self._counted("contact"):
            with self._operation("contact"):
                rows = [contact_row(record, companies) for record in records]
            yield Page(rows, total, _seen("contact", records), _unknown("contact", records))

    def changed(self, since: datetime) -> Iterator[list[Row]]:
        statuses, recent = self._statuses(), compared("lastUpdated", ">=", since)
        companies = self._companies(recent, statuses)
        contacts = self._contacts(recent)
        for ids in _chunks(companies):
            contacts |= self._contacts(one_of("company/id", ids))
        with self._operation("contact"):
            rows = [contact_row(contacts[one], {}) for one in sorted(contacts)]
        for ids in _chunks({row["company.id"] for row in rows} - companies.keys() - {""}):
            companies |= self._companies(one_of("id", ids), statuses)
        if contacts:
            yield [contact_row(contacts[one], companies) for one in sorted(contacts)]

    def _contacts(self, conditions: str) -> dict[int, JsonObject]:
        pages = self._client.records(PATHS["contact"], CONTACT_KEYS, conditions)
        return {record["id"]: record for page in pages for record in page}

    def _companies(self, conditions: str, statuses: Mapping[str, str]) -> dict[str, Company]:
        with self._operation("company"):
            pages = self._client.records(PATHS["company"], COMPANY_KEYS, conditions)
            rows = (company_row(record, statuses) for page in pages for record in page)
            return {row["source_id"]: _company(row) for row in rows}

    def _company_pages(self, statuses: Mapping[str, str]) -> Iterator[Page]:
        for records, total in self._counted("company"):
            with self._operation("company"):
                rows = [company_row(record, statuses) for record in records]
            yield Page(rows, total, _seen("company", records), _unknown("company", records))

    def _counted(self, entity: str) -> Iterator[tuple[list[JsonObject], int]]:
        pages = prefetched(self._client.records(PATHS[entity], KEYS[entity]))
        what = f"reading every {entity} of {self._client.settings.name}"
        return in_operation(what, counted(pages, lambda: self._client.count(PATHS[entity])))

    def _statuses(self) -> dict[str, str]:
        """Give {status id: whether it makes a company inactive}."""
        with self._client.operation("reading company statuses"):
            pages = self._client.records("/company/companies/statuses", ("id", "name", "inactiveFlag"))
            return {READER.number(one, "id"): READER.flag(one, "inactiveFlag") for page in pages for one in page}

    def _operation(self, entity: str) -> AbstractContextManager[None]:
        return self._client.operation(f"reading every {entity}")


def _label(record: JsonObject) -> str:
    return (READER.text(record, "name") or READER.text(record, "description")).strip()


def _company(row: Row) -> Company:
    return Company(row["name"], row["types"], row["inactive"])


def _seen(entity: str, records: list[JsonObject]) -> frozenset[str]:
    """Every declared field: an absent key is a blank one, except where no record can be blank."""
    filled = {name for record in records for name in _NEVER_ABSENT if record.get(name) is not None}
    return declared(entity) - (_NEVER_ABSENT - filled)


def _unknown(entity: str, records: list[JsonObject]) -> frozenset[str]:
    return frozenset().union(*records) - {*KEYS[entity], "_info"}


def _chunks(ids: Iterable[str]) -> Iterator[list[int]]:
    listed = sorted(map(int, ids))
    return (listed[start : start + _CHUNK] for start in range(0, len(listed), _CHUNK))
