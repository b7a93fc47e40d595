"""SmartOffice as a source: rights, totals, and entities read within a scope: tag groups for contacts, ids for all else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crosswalk.core.did_you_mean import quoted
from crosswalk.core.ports import Page
from crosswalk.errors import AuthRefused, ConfigurationError, Problem, current_operation, operation
from crosswalk.systems.smartoffice.client import MAX_WITHIN, SmartOfficeClient
from crosswalk.systems.smartoffice.scopes import by_kind, contact_problem, head_problem
from crosswalk.wire.paging import prefetched

ENTITIES = ("contact", "group")
_ID_START = "TagGroup."


class SmartOfficeSource:
    """Implements core.ports.Source. A scope is resolved once; make a new source for a new run."""

    def __init__(self, client: SmartOfficeClient) -> None:
        self._client = client
        self._chosen: dict[tuple[str, ...], Page] = {}

    def identity(self) -> str:
        return self._client.identity

    def describe(self) -> dict[str, str]:
        return {"system": "smartoffice", "office": self._client.settings["office"]}

    def require_right(self, right: str) -> None:
        """Raise AuthRefused (RIGHT_MISSING) that tells retail users where the right is, enterprise users whom to ask."""
        if self._client.settings.login.casefold() in self._client.right_holders(right):
            return
        raise AuthRefused(
            "RIGHT_MISSING",
            operation=f"checking the rights behind {self._client.settings.name}",
            problem=f"the SmartOffice user of the connection does not hold the integration right {right}",
            next_step=f"retail customers: in SmartOffice open User Accounts > your user > User Rights > Integrations and check {right}; "
            "enterprise customers who do not see that option: contact Ebix directly",
        )

    def held_rights(self, rights: Sequence[str]) -> frozenset[str]:
        """Tell which of these rights and licences the connection's user holds; a request each."""
        user = self._client.settings.login.casefold()
        return frozenset(right for right in rights if user in self._client.right_holders(right))

    def total(self, entity: str) -> int:
        """Count one entity over the whole database, also those `totals` leaves out because not every user may read them."""
        return self._client.total(entity)

    def totals(self) -> dict[str, int]:
        return {entity: self._client.total(entity) for entity in ENTITIES}

    def dictionary(self) -> dict[str, dict[str, str]]:
        """Read the codes of the data dictionary as {"Person.Gender": {code: label}}."""
        return self._client.dictionary()

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:
        """Read one entity, the next page while this one is worked on.

        With a scope, contacts and groups: the groups named in it (by exact name or id) in one page, or their members, whose other
        memberships are left out. All else, in one page: the records of the contacts and households whose ids it names; a household
        stands for its head. A contact that is not there is an error when it is asked for as a client; else it has no records.
        Raises ConfigurationError SCOPE_GROUP_UNKNOWN, SCOPE_GROUP_AMBIGUOUS, SCOPE_EMPTY, SCOPE_ID, SCOPE_HOUSEHOLD, SCOPE_CONTACT.
        """
        if scope is None:
            yield from prefetched(self._client.read(entity))
        elif entity not in ENTITIES:
            yield self._of_ids(entity, tuple(scope))
        elif entity == "group":
            yield self._scoped_groups(tuple(scope))
        else:
            groups = [row["source_id"] for row in self._scoped_groups(tuple(scope)).rows]
            yield from prefetched(self._client.read(entity, groups))

    def heads(self, households: Sequence[str]) -> dict[str, str]:
        """Give the head's contact id of each household. Raises ConfigurationError SCOPE_HOUSEHOLD for one without exactly one head."""
        found = {row["source_id"]: row["Head"].split() for row in self._read_within("household", tuple(households)).rows}
        problems = [head_problem(one, found.get(one)) for one in households if len(found.get(one, ())) != 1]
        if problems:
            raise ConfigurationError.from_problems(f"finding the heads of households of {self._client.settings.name}", problems)
        return {household: heads[0] for household, heads in found.items()}

    def _of_ids(self, entity: str, scope: tuple[str, ...]) -> Page:
        with operation(f"finding the records in scope of {self._client.settings.name}"):
            contacts, households = by_kind(scope)
            if entity == "household":
                return self._read_within(entity, households)
            heads = self.heads(households).values() if households else ()
            page = self._read_within(entity, tuple(dict.fromkeys([*contacts, *heads])))
            if entity == "client" and (missing := sorted(set(contacts) - {row["source_id"] for row in page.rows})):
                raise ConfigurationError.from_problems(current_operation(), [contact_problem(one) for one in missing])
            return page

    def _read_within(self, entity: str, ids: tuple[str, ...]) -> Page:
        """Read in parts of MAX_WITHIN ids; a record found in two of them (an investment of two contacts) counts once."""
        parts = [ids[start : start + MAX_WITHIN] for start in range(0, len(ids), MAX_WITHIN)]
        pages = [page for part in parts for page in self._client.read(entity, part)]
        rows = {row["source_id"] or f"{place} without an id": row for place, row in enumerate(row for page in pages for row in page.rows)}
        seen = [page.fields_seen for page in pages if page.rows]
        return Page(
            list(rows.values()),
            len(rows),
            frozenset.intersection(*seen) if seen else frozenset(),
            frozenset().union(*(page.unknown_fields for page in pages)),
        )

    def _scoped_groups(self, scope: tuple[str, ...]) -> Page:
        if scope not in self._chosen:
            self._chosen[scope] = self._choose(scope)
        return self._chosen[scope]

    def _choose(self, scope: tuple[str, ...]) -> Page:
        with operation(f"finding the tag groups in scope of {self._client.settings.name}"):
            if not scope:
                raise ConfigurationError(
                    "SCOPE_EMPTY", problem="no tag group is named", next_step='name a tag group in scope, or write scope = "all"'
                )
            pages = list(self._client.read("group"))
            rows = [row for page in pages for row in page.rows]
            by_name: dict[str, list[str]] = {}
            for row in rows:
                by_name.setdefault(row["Name"], []).append(row["source_id"])
            ids = {row["source_id"] for row in rows if row["source_id"]}
            matches = {wanted: [wanted] if wanted in ids else by_name.get(wanted, []) for wanted in scope}
            problems = [_problem(wanted, found, by_name) for wanted, found in matches.items() if len(found) != 1]
            if problems:
                raise ConfigurationError.from_problems(current_operation(), problems)
            chosen = {found[0] for found in matches.values()}
            kept = [row for row in rows if row["source_id"] in chosen]
            return Page(
                kept,
                len(kept),
                frozenset().union(*(page.fields_seen for page in pages)),
                frozenset().union(*(page.unknown_fields for page in pages)),
            )


def _problem(wanted: str, found: list[str], by_name: dict[str, list[str]]) -> Problem:
    if found:
        return Problem(
            "SCOPE_GROUP_AMBIGUOUS", f"scope {quoted(wanted)}", f"{len(found)} tag groups have this name ({', '.join(sorted(found))})"
        )
    kind = "id" if wanted.startswith(_ID_START) else "name"  # the groups' own names may name a person: none is suggested
    return Problem(
        "SCOPE_GROUP_UNKNOWN", f"scope {quoted(wanted)}", f"none of the {sum(map(len, by_name.values()))} tag groups has this {kind}"
    )
