"""Autotask as a source: contacts with what is needed of their companies, and the picklists types are chosen from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from crosswalk.core.ports import Page, Row
from crosswalk.errors import ConfigurationError, RateLimited, in_operation
from crosswalk.systems.autotask.client import MAX_PAGE_SIZE, AutotaskClient, any_of, at_or_after, one_of
from crosswalk.systems.autotask.payloads import COMPANY, CONTACT_TYPE, READER, Company, asked, company_row, contact_row, declared
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.paging import counted, prefetched

ENTITIES = ("company", "contact")
COMPANY_TYPE = f"{COMPANY}companyType"
_NEVER_ABSENT = frozenset({"isActive", "companyID"})
"""Fields every record has; absent from a whole page they are hidden from the API user."""
_CHANGED = {
    "contact": ("lastActivityDate", "lastModifiedDate"),
    "company": ("lastActivityDate", "lastTrackedModifiedDateTime"),
}


class AutotaskSource:
    """Implements features.eligibility.ports.LabelledSource and core.ports.ChangeSource."""

    def __init__(self, client: AutotaskClient) -> None:
        self._client = client
        self._type_field = client.settings["contact_type_field"]

    def identity(self) -> str:
        return f"autotask://{self._client.host}/{self._client.settings.login.casefold()}"

    def describe(self) -> dict[str, str]:
        return {"system": "autotask", "user": self._client.settings.login.casefold()}

    def require_right(self, right: str) -> None:  # noqa: ARG002 - Autotask has no right by integration
        """Count contacts and companies: whoever may not see them gets RIGHT_MISSING."""
        self.totals()

    def totals(self) -> dict[str, int]:
        return {entity: self._client.count(entity) for entity in ENTITIES}

    def choices(self, field: str) -> dict[str, str]:
        if field == COMPANY_TYPE:
            return self._client.picklist("company", "companyType")
        if field != CONTACT_TYPE or not self._type_field:
            raise ConfigurationError(
                "CONN_EXTRA",
                operation=f"looking for the values of {field} of {self._client.settings.name}",
                problem="no picklist is known for it" if field != CONTACT_TYPE else "Contact type field of the connection is blank",
                next_step="choose by company type, or name the user-defined field that holds the contact type",
            )
        return self._client.picklist("contact", self._type_field, user_defined=True)

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:  # noqa: ARG002 - Autotask has no tag groups
        """Read one entity, the next page while this one is worked on. Contacts: the companies first.

        Raises RateLimited SRC_THRESHOLD when the read would use up what the database may be asked, ReadRestarted, DataError.
        """
        if entity == "company":
            yield from self._company_pages()
            return
        self._check_threshold()
        companies = {row["source_id"]: _company(row) for page in self._company_pages() for row in page.rows}
        types = self._types()
        for items, total in self._read("contact", asked("contact", with_type=bool(self._type_field))):
            yield self._contact_page(items, total, companies, types)

    def changed(self, since: datetime) -> Iterator[list[Row]]:
        instant = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = {entity: any_of(*(at_or_after(name, instant) for name in names)) for entity, names in _CHANGED.items()}
        with self._client.operation("reading what changed"):
            changed = [item for page in self._client.items("company", asked("company"), conditions["company"]) for item in page]
            companies = {row["source_id"]: _company(row) for row in (company_row(item) for item in changed)}
            fields = asked("contact", with_type=bool(self._type_field))
            contacts = {item["id"]: item for page in self._client.items("contact", fields, conditions["contact"]) for item in page}
            for ids in _chunks(companies):
                for page in self._client.items("contact", fields, one_of("companyID", ids)):
                    contacts |= {item["id"]: item for item in page}
            unknown = {READER.number(item, "companyID") for item in contacts.values()} - companies.keys() - {"", "0"}
            for ids in _chunks(unknown):
                for page in self._client.items("company", asked("company"), one_of("id", ids)):
                    companies |= {row["source_id"]: _company(row) for row in (company_row(item) for item in page)}
            types = self._types() if contacts else {}
            rows = [contact_row(contacts[one], companies, self._type_field, types) for one in sorted(contacts)]
        if rows:
            yield rows

    def _company_pages(self) -> Iterator[Page]:
        for items, total in self._read("company", asked("company")):
            with self._client.operation("reading every company"):
                rows = [company_row(item) for item in items]
            yield Page(rows, total, _seen("company", items), _unknown("company", items))

    def _contact_page(self, items: list[JsonObject], total: int, companies: dict[str, Company], types: dict[str, str]) -> Page:
        with self._client.operation("reading every contact"):
            rows = [contact_row(item, companies, self._type_field, types) for item in items]
            return Page(rows, total, _seen("contact", items), _unknown("contact", items))

    def _read(self, entity: str, fields: Sequence[str]) -> Iterator[tuple[list[JsonObject], int]]:
        pages = prefetched(self._client.items(entity, fields))
        what = f"reading every {entity} of {self._client.settings.name}"
        return in_operation(what, counted(pages, lambda: self._client.count(entity)))

    def _types(self) -> dict[str, str]:
        """Give {value or label: value} of the contact type field: a record may hold either."""
        entries = self.choices(CONTACT_TYPE) if self._type_field else {}
        return {label: value for value, label in entries.items()} | {value: value for value in entries}

    def _check_threshold(self) -> None:
        needed = sum(total // self._client.settings["page_size"] + 2 for total in self.totals().values())
        state = self._client.threshold()
        if state.used + needed > state.allowed:
            raise RateLimited(
                "SRC_THRESHOLD",
                operation=f"checking the request threshold of {self._client.settings.name}",
                problem=f"{state.used} of {state.allowed} requests in {state.minutes} minutes are used, this read needs about {needed}",
            )


def _company(row: Row) -> Company:
    return Company(row["companyName"], row["companyType"], row["isActive"])


def _seen(entity: str, items: list[JsonObject]) -> frozenset[str]:
    """Every declared field: an absent key is a blank one, except where no record can be blank."""
    filled = {name for item in items for name in _NEVER_ABSENT if item.get(name) is not None}
    return declared(entity) - (_NEVER_ABSENT - filled)


def _unknown(entity: str, items: list[JsonObject]) -> frozenset[str]:
    return frozenset().union(*items) - {"id", *asked(entity, with_type=True)}


def _chunks(ids: Iterable[str]) -> Iterator[list[int]]:
    listed = sorted(map(int, ids))
    return (listed[start : start + MAX_PAGE_SIZE] for start in range(0, len(listed), MAX_PAGE_SIZE))
