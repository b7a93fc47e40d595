"""Requests to the SmartOffice XML Engine. Contract: README.md. The HTTP client retries them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from crosswalk.core.ports import Page, ReadRestarted
from crosswalk.errors import PermanentError, TransientError
from crosswalk.features.writeback.ports import Note
from crosswalk.systems.smartoffice import payloads
from crosswalk.systems.smartoffice.layouts import layout_of
from crosswalk.systems.smartoffice.payloads import PageRequest
from crosswalk.systems.smartoffice.records import PageHead, RecordReader, page_head
from crosswalk.wire import xml
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import HttpClient, Request, Response
from crosswalk.wire.paging import PageGuard
from crosswalk.wire.vendor_client import VendorClient
from crosswalk.wire.xml import Element

MAX_PAGE_SIZE = 2000
MAX_WITHIN = 500

_PARAMS = {"AppName": "crosswalk"}
_ACCEPT = ("text/xml", "application/xml")
_PAGING = {"search": (payloads.search, ("search",)), "report": (payloads.report, ("method", "DynamicReport"))}


class SmartOfficeClient(VendorClient):
    """The engine's operations as plain calls. Safe to use from several threads; each read keeps a session of its own."""

    @property
    def identity(self) -> str:
        """Names the office behind the connection."""
        return f"smartoffice://{self.host}/{self.settings['office'].upper()}"

    def right_holders(self, right: str) -> frozenset[str]:
        """Name the users who hold an integration right, in lower case."""
        with self.operation(f"asking who holds the right {right}"):
            response = self._ask(payloads.right_holders(right), ("method", "GetAdptUser"))
            return frozenset((name.text or "").strip().casefold() for name in response.findall("AdptUser/UserName"))

    def total(self, entity: str) -> int:
        """Count one entity over the whole database."""
        with self.operation(f"counting every {entity}"):
            return page_head(self._ask(payloads.count(entity), ("search",))).total

    def read(self, entity: str, within: Sequence[str] | None = None) -> Iterator[Page]:
        """Read one entity page by page in a session of its own.

        within: at most MAX_WITHIN ids that narrow the read: tag groups for "contact", contacts for "investment" and "policy", the
        records' own for "client" and "household". Raises ReadRestarted when the session or its search is gone.
        """
        http, layout = self._http.new_session(), layout_of(entity)
        guard = PageGuard(self.settings["page_size"])
        reader = RecordReader(layout, None if within is None else frozenset(within))
        number, search_id, more = 0, payloads.FIRST_SEARCH, True
        while more:
            with self.operation(f"reading every {entity}", number + 1):
                asked = PageRequest(layout, number, self.settings["page_size"], search_id, within)
                head, page = self._page(http, asked, guard, reader)
            yield page
            number, search_id, more = number + 1, head.search_id, head.more

    def has_contact(self, source_id: str) -> bool:
        """Ask for a contact by its id, and say whether there is one."""
        try:
            with self.operation(f"looking for {source_id}"):
                self._ask(payloads.get_contact(source_id), ("get", "Contact"))
        except PermanentError as error:
            if error.code != "SRC_NOT_FOUND":
                raise
            return False
        return True

    def notes(self, source_ids: Sequence[str], keywords: Sequence[str]) -> dict[str, str]:
        """Look for the notes on these contacts with these keywords; the id of each by its keyword.

        Of several notes with one keyword the first counts. Raises DataError, also when not all of them are in the one page asked for.
        """
        with self.operation(f"looking for {len(keywords)} notes"):
            block = self._ask(payloads.search_notes(source_ids, keywords), ("search",))
            head = page_head(block)
            found = payloads.notes_found(block, keywords)
            if head.more or head.total != len(found):
                raise data_error("SRC_COUNT_MISMATCH", f"{head.total} notes were announced, {len(found)} came")
            return {keyword: note_id for note_id, keyword in reversed(found)}

    def insert_note(self, note: Note, leave_by: float) -> str:
        """Write a note on a contact and return the note's id. Sent once; see `wire.http.Request.leave_by`."""
        with self.operation(f"writing the note {note.keyword} on {note.source_id}"):
            response = self._ask(payloads.insert_note(note), ("insert",), leave_by=leave_by)
            return payloads.inserted_id(response)

    def dictionary(self) -> dict[str, dict[str, str]]:
        """Read the codes of the data dictionary as {"Person.Gender": {code: label}}."""
        with self.operation("reading the dictionary"):
            http = self._http.new_session()
            request = Request("GET", "", params={**_PARAMS, "dump": "catalog", "type": "dict"}, accept=_ACCEPT)
            try:
                self._post(http, payloads.count("group"), ("search",))  # signs the session in
                return http.fetch(request, lambda response: payloads.dictionary_codes(_root(response)))
            except ReadRestarted:
                raise _session_lost() from None

    def _page(self, http: HttpClient, asked: PageRequest, guard: PageGuard, reader: RecordReader) -> tuple[PageHead, Page]:
        build, path = _PAGING[self.settings["paging"]]
        block = self._post(http, build(asked), path)
        head, records = page_head(block), reader.records(block)
        guard.check([record.get("id", "") for record in records], head.total, head.more)
        _check_place(head, asked.number, asked.search_id)
        return head, reader.page(records, head.total)

    def _ask(self, operation: Element, path: tuple[str, ...], *, leave_by: float | None = None) -> Element:
        """Ask one thing, outside of any kept session; a session that ended under it is one more reason to try again."""
        return self._post(self._http, operation, path, keep_session=False, leave_by=leave_by)

    def _post(
        self,
        http: HttpClient,
        operation: Element,
        path: tuple[str, ...],
        *,
        keep_session: bool = True,
        leave_by: float | None = None,
    ) -> Element:
        header = {
            "office": self.settings["office"],
            "user": self.settings.login,
            "password": self.settings.password,
            "keepsession": "true" if keep_session else "false",
        }
        content = payloads.document(header, operation)
        request = Request("POST", "", content=content, params=_PARAMS, accept=_ACCEPT, headers=_TYPE, leave_by=leave_by)
        read = partial(_operation if keep_session else _operation_alone, path=path)
        return http.fetch(request, read)


_TYPE = {"Content-Type": "text/xml; charset=utf-8"}


def _session_lost() -> TransientError:
    return TransientError("SRC_SESSION_LOST", problem="SmartOffice closed the session")


def _root(response: Response) -> Element:
    return xml.parse(response.content, response.content_type)


def _operation(response: Response, path: tuple[str, ...]) -> Element:
    return payloads.operation_answer(_root(response), path)


def _operation_alone(response: Response, path: tuple[str, ...]) -> Element:
    try:
        return _operation(response, path)
    except ReadRestarted:
        raise _session_lost() from None


def _check_place(head: PageHead, number: int, search_id: str) -> None:
    if head.number != number or (search_id != payloads.FIRST_SEARCH and head.search_id not in ("", search_id)):
        raise data_error("SRC_PAGE_MISPLACED", "another page, or one of another search, came")
