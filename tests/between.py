"""A server between Crosswalk and a sandbox: passes requests on, and changes an answer where a test says so, byte by byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests

from crosswalk.conformance.local_server import LocalServer, Reply, Seen

Change = Callable[[Seen, bytes], bytes | Reply]
"""The request and the true answer in, what is sent instead out; the body itself where nothing is to change."""

_PASSED_ON = ("content-type", "authorization", "idempotency-key", "cookie")
_PASSED_BACK = ("Content-Type", "Set-Cookie")


def as_it_is(_: Seen, body: bytes) -> bytes:
    return body


@dataclass
class Between:
    """Where the changed answers are served, and the change of the moment."""

    upstream: str
    url: str = ""
    change: Change = as_it_is
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def answer(self, seen: Seen) -> Reply:
        headers = {name: seen.headers[name] for name in _PASSED_ON if name in seen.headers}
        self._session.cookies.clear()
        true = self._session.request(
            seen.method, self.upstream + seen.path, params=dict(seen.query), data=seen.body, headers=headers, timeout=30
        )
        passed = {name: true.headers[name] for name in _PASSED_BACK if name in true.headers}
        changed = self.change(seen, true.content)
        return changed if isinstance(changed, Reply) else Reply(changed, true.status_code, passed)


@contextmanager
def between(upstream: str) -> Iterator[Between]:
    """Serve between until the with-block ends."""
    middle = Between(upstream)
    with LocalServer(middle.answer) as server:
        middle.url = server.url.replace("localhost", "127.0.0.1")  # the name the sandbox goes by
        yield middle


def is_contact_page(seen: Seen) -> bool:
    """Whether a page of SmartOffice contacts is asked for; counting asks for a page of one."""
    return b"<search " in seen.body and b"<Contact>" in seen.body and b'pagesize="1"' not in seen.body


def contact_pages(change: Callable[[bytes], bytes | Reply], page: int | None = None) -> Change:
    """Change the pages of contacts SmartOffice answers with; page: only this one, from 0."""

    def changed(seen: Seen, body: bytes) -> bytes | Reply:
        fits = is_contact_page(seen) and (page is None or b'pageno="%d"' % page in seen.body)
        return change(body) if fits else body

    return changed


def contact_count(total: int) -> Change:
    """Let SmartOffice say that its whole database holds so many contacts."""

    def changed(seen: Seen, body: bytes) -> bytes:
        counted = b"<search " in seen.body and b"<Contact>" in seen.body and b'pagesize="1"' in seen.body
        return re.sub(rb'total="\d+"', b'total="%d"' % total, body) if counted else body

    return changed


def list_read_back(change: Callable[[bytes], bytes | Reply]) -> Change:
    """Change what FMG answers to a read of its contacts."""

    def changed(seen: Seen, body: bytes) -> bytes | Reply:
        return change(body) if seen.method == "GET" and seen.path.endswith("/contacts") else body

    return changed


def in_record(source_id: str, find: bytes, put: bytes) -> Change:
    """Change one SmartOffice contact by a regular expression over its element."""
    record = re.compile(rb'<Contact [^>]*id="%s">.*?</Contact>' % re.escape(source_id.encode()), re.DOTALL)

    def changed(body: bytes) -> bytes:
        return record.sub(lambda found: re.sub(find, lambda _: put, found[0], count=1), body)

    return contact_pages(changed)


def element(name: str) -> bytes:
    """A regular expression for a leaf element, filled or blank."""
    return rb"<%b>[^<]*</%b>|<%b/>" % ((name.encode(),) * 3)
