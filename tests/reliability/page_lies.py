"""Lies about single answers: what a server between Crosswalk and SmartOffice makes of a page, byte by byte, in both ways of paging."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests

from between import Change, element
from crosswalk.conformance.local_server import Reply, Seen

HEAD = re.compile(rb"<(?:search|DynamicReport) [^>]*>")
RECORD = re.compile(rb"<(Contact|TagGroup) [^>]*\bid=.*?</\1>", re.DOTALL)
Alter = Callable[[int, bytes], bytes | Reply]
"""The page's number, from 0, and the true answer in; what is sent instead out."""


@dataclass(frozen=True)
class Asked:
    """One page that is asked for. kind: Contact or TagGroup."""

    kind: str
    number: int


def asked(seen: Seen) -> Asked | None:
    """Say which page is asked for; None for anything else, counting too."""
    report = re.search(rb"<pageNo>(\d+)</pageNo>", seen.body)
    if report:
        return Asked("Contact" if b"Crosswalk contacts" in seen.body else "TagGroup", int(report[1]))
    search = re.search(rb'<search pageno="(\d+)" pagesize="(\d+)"', seen.body)
    if search and search[2] != b"1":
        return Asked("Contact" if b"<Contact>" in seen.body else "TagGroup", int(search[1]))
    return None


def pages(alter: Alter, kind: str = "Contact", only: int | None = None) -> Change:
    """Alter the pages of one kind; only: one page of them."""

    def changed(seen: Seen, body: bytes) -> bytes | Reply:
        page = asked(seen)
        fits = page is not None and page.kind == kind and only in (None, page.number)
        return alter(page.number, body) if fits and page else body

    return changed


def chained(changes: Sequence[Change]) -> Change:
    """One change after another, until one answers in its own way."""

    def changed(seen: Seen, body: bytes) -> bytes | Reply:
        answer: bytes | Reply = body
        for change in changes:
            if isinstance(answer, bytes):
                answer = change(seen, answer)
        return answer

    return changed


def with_head(body: bytes, **attributes: str | None) -> bytes:
    """The answer with other paging attributes; None takes one away."""

    def rewritten(found: re.Match[bytes]) -> bytes:
        head = found[0]
        for name, value in attributes.items():
            put = b"" if value is None else b' %b="%b"' % (name.encode(), value.encode())
            head = re.sub(rb' %b="[^"]*"' % name.encode(), lambda _, put=put: put, head)
        return head

    return HEAD.sub(rewritten, body, count=1)


def with_records(body: bytes, records: Sequence[bytes]) -> bytes:
    """The answer with other records."""
    found = list(RECORD.finditer(body))
    if not found:
        return body
    return body[: found[0].start()] + b"".join(records) + body[found[-1].end() :]


def records_of(body: bytes) -> list[bytes]:
    return [found[0] for found in RECORD.finditer(body)]


def capped(cap: int, size: int) -> Alter:
    """The list ends after so many records, and its own total agrees; counting the database still tells the truth."""

    def alter(number: int, body: bytes) -> bytes:
        kept = records_of(body)[: max(0, cap - number * size)]
        more = "true" if (number + 1) * size < cap else "false"
        return with_head(with_records(body, kept), total=str(cap), more=more)

    return alter


def without_field(name: str) -> Alter:
    """A mapped property is in no record of the page."""
    return lambda _, body: re.sub(element(name), b"", body)


class Shifted:
    """The list moves while it is read: from one page on, records stand elsewhere than they did. move: the list as it is from then on."""

    def __init__(self, upstream: str, page: int, size: int, move: Callable[[list[bytes], int], list[bytes]], *, total_tells: bool) -> None:
        self._upstream, self._page, self._size, self._move, self._total_tells = upstream, page, size, move, total_tells
        self._moved: list[bytes] = []

    def __call__(self, seen: Seen, body: bytes) -> bytes:
        page = asked(seen)
        if page is None or page.kind != "Contact":
            return body
        if page.number < self._page:
            return body
        if not self._moved:
            self._moved = self._move(self._whole(seen), self._page * self._size)
        first = page.number * self._size
        records, more = self._moved[first : first + self._size], len(self._moved) > first + self._size
        told = {"total": str(len(self._moved))} if self._total_tells else {}
        return with_head(with_records(body, records), more="true" if more else "false", **told)

    def _whole(self, seen: Seen) -> list[bytes]:
        """Every record, by one search of ours."""
        body = re.sub(rb'pageno="\d+" pagesize="\d+" searchid="-?\d+"', b'pageno="0" pagesize="2000" searchid="-1"', seen.body)
        body = re.sub(rb"<pageNo>\d+</pageNo><pageSize>\d+</pageSize><searchKey>-?\d+</searchKey>", _FIRST_REPORT, body)
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        answer = requests.post(self._upstream + seen.path, params=dict(seen.query), data=body, headers=headers, timeout=30)
        return records_of(answer.content)


_FIRST_REPORT = b"<pageNo>0</pageNo><pageSize>2000</pageSize><searchKey>-1</searchKey>"
