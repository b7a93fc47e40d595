"""Calls of the SmartOffice XML Engine. Contract: README.md. Nothing is tried again here: the wire does that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from crosswalk.core.ports import Page, ReadRestarted
from crosswalk.errors import PermanentError, TransientError
from crosswalk.features.writeback.ports import Note
from crosswalk.systems.smartoffice import payloads
from crosswalk.systems.smartoffice.layouts import Layout, layout_of
from crosswalk.systems.smartoffice.payloads import PageRequest
from crosswalk.systems.smartoffice.records import PageHead, RecordReader, page_head
from crosswalk.wire import xml
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import Answer, Call, Wire
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
        doing = self.doing(f"asking who holds the right {right}")
        answer = self._ask(payloads.right_holders(right), ("method", "GetAdptUser"), doing)
        return frozenset((name.text or "").strip().casefold() for name in answer.findall("AdptUser/UserName"))

    def total(self, entity: str) -> int:
        """Count one entity over the whole database."""
        doing = self.doing(f"counting every {entity}")
        return page_head(self._ask(payloads.count(entity), ("search",), doing), doing).total

    def read(self, entity: str, within: Sequence[str] | None = None) -> Iterator[Page]:
        """Read one entity page by page in a session of its own.

        within: at most MAX_WITHIN ids that narrow the read: tag groups for "contact", contacts for "investment" and "policy", the
        records' own for "client" and "household". Raises ReadRestarted when the session or its search is gone.
        """
        return self._pages(layout_of(entity), within, self.doing(f"reading every {entity}"))

    def has_contact(self, source_id: str) -> bool:
        """Ask for a contact by its id, and say whether there is one."""
        try:
            self._ask(payloads.get_contact(source_id), ("get", "Contact"), self.doing(f"looking for {source_id}"))
        except PermanentError as error:
            if error.code != "SRC_NOT_FOUND":
                raise
            return False
        return True

    def notes(self, source_ids: Sequence[str], keywords: Sequence[str]) -> dict[str, str]:
        """Look for the notes on these contacts with these keywords; the id of each by its keyword.

        Of several notes with one keyword the first counts. Raises DataError, also when not all of them are in the one page asked for.
        """
        doing = self.doing(f"looking for {len(keywords)} notes")
        block = self._ask(payloads.search_notes(source_ids, keywords), ("search",), doing)
        head = page_head(block, doing)
        found = payloads.notes_found(block, keywords, doing)
        if head.more or head.total != len(found):
            raise data_error("SRC_COUNT_MISMATCH", doing, f"{head.total} notes were announced, {len(found)} came")
        return {keyword: note_id for note_id, keyword in reversed(found)}

    def insert_note(self, note: Note, leave_by: float) -> str:
        """Write a note on a contact and return the note's id. Sent once; see `wire.session.Call.leave_by`."""
        doing = self.doing(f"writing the note {note.keyword} on {note.source_id}")
        answer = self._ask(payloads.insert_note(note), ("insert",), doing, leave_by=leave_by)
        return payloads.inserted_id(answer, doing)

    def dictionary(self) -> dict[str, dict[str, str]]:
        """Read the codes of the data dictionary as {"Person.Gender": {code: label}}."""
        doing = self.doing("reading the dictionary")
        wire = self._wire.with_own_cookies()
        call = Call("GET", "", doing, params={**_PARAMS, "dump": "catalog", "type": "dict"}, accept=_ACCEPT)
        try:
            self._post(wire, payloads.count("group"), ("search",), doing)  # signs the session in
            return wire.exchange(call, lambda answer: payloads.dictionary_codes(_root(answer, doing), doing))
        except ReadRestarted:
            raise _session_lost(doing) from None

    def _pages(self, layout: Layout, within: Sequence[str] | None, doing: str) -> Iterator[Page]:
        wire, size = self._wire.with_own_cookies(), self.settings["page_size"]
        build, path = _PAGING[self.settings["paging"]]
        guard = PageGuard(doing, size)
        reader = RecordReader(layout, None if within is None else frozenset(within), doing)
        number, search_id, more = 0, payloads.FIRST_SEARCH, True
        while more:
            page_doing = f"{doing}, page {number + 1}"
            block = self._post(wire, build(PageRequest(layout, number, size, search_id, within)), path, page_doing)
            head = page_head(block, page_doing)
            records = reader.records(block)
            guard.check([record.get("id", "") for record in records], head.total, head.more)
            _check_place(head, number, search_id, page_doing)
            yield reader.page(records, head.total)
            number, search_id, more = number + 1, head.search_id, head.more

    def _ask(self, operation: Element, path: tuple[str, ...], doing: str, *, leave_by: float | None = None) -> Element:
        """Ask one thing, outside of any kept session; a session that ended under it is one more reason to try again."""
        return self._post(self._wire, operation, path, doing, keep_session=False, leave_by=leave_by)

    def _post(
        self,
        wire: Wire,
        operation: Element,
        path: tuple[str, ...],
        doing: str,
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
        call = Call("POST", "", doing, content=content, params=_PARAMS, accept=_ACCEPT, headers=_TYPE, leave_by=leave_by)
        read = partial(_operation if keep_session else _operation_alone, path=path, doing=doing)
        return wire.exchange(call, read)


_TYPE = {"Content-Type": "text/xml; charset=utf-8"}


def _session_lost(doing: str) -> TransientError:
    return TransientError("SRC_SESSION_LOST", operation=doing, problem="SmartOffice closed the session", next_step="run again")


def _root(answer: Answer, doing: str) -> Element:
    return xml.parse(answer.content, answer.content_type, doing)


def _operation(answer: Answer, path: tuple[str, ...], doing: str) -> Element:
    return payloads.operation_answer(_root(answer, doing), path, doing)


def _operation_alone(answer: Answer, path: tuple[str, ...], doing: str) -> Element:
    try:
        return _operation(answer, path, doing)
    except ReadRestarted:
        raise _session_lost(doing) from None


def _check_place(head: PageHead, number: int, search_id: str, doing: str) -> None:
    if head.number != number or (search_id != payloads.FIRST_SEARCH and head.search_id not in ("", search_id)):
        raise data_error("SRC_PAGE_MISPLACED", doing, "another page, or one of another search, came")
