"""Reading a request document and wrapping an answer."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from lxml import etree

from crosswalk.sandbox.messages import Refused, Reply

OPERATIONS = ("search", "get", "insert", "method")


@dataclass(frozen=True)
class Envelope:
    """Who asks, and the one operation asked for."""

    office: str
    user: str
    password: str
    keep_session: bool
    operation: etree._Element

    @property
    def subject(self) -> etree._Element:
        """The object or method the operation is about. Raises Refused (BAD_REQUEST)."""
        inside = self.operation.find("object") if self.operation.tag == "search" else self.operation
        elements = [] if inside is None else elements_of(inside)
        if len(elements) != 1:
            raise Refused(200, "BAD_REQUEST", f"{self.operation.tag} names exactly one object")
        return elements[0]

    @property
    def name(self) -> str:
        """Such as "search Contact"."""
        return f"{self.operation.tag} {self.subject.tag}"


def elements_of(parent: etree._Element) -> list[etree._Element]:
    """Child elements without comments and processing instructions."""
    return [child for child in parent if isinstance(child.tag, str)]


def text_of(parent: etree._Element, tag: str) -> str:
    """The text of a child element, "" when absent."""
    return (parent.findtext(tag) or "").strip()


def opened(body: bytes) -> Envelope:
    """Read a request document. Raises Refused (BAD_REQUEST)."""
    root = _parsed(body)
    header = root.find("header")
    operations = [child for child in elements_of(root) if child.tag != "header"]
    if root.tag != "request" or header is None or len(operations) != 1 or operations[0].tag not in OPERATIONS:
        raise Refused(200, "BAD_REQUEST", f"a request holds a header and exactly one of {', '.join(OPERATIONS)}")
    keep = text_of(header, "keepsession") == "true"
    return Envelope(text_of(header, "office"), text_of(header, "user"), header.findtext("password") or "", keep, operations[0])


def _parsed(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused(200, "BAD_REQUEST", "the request is not well-formed XML") from error
    info: Any = root.getroottree().docinfo  # the stubs do not know doctype
    if info.doctype:
        raise Refused(200, "BAD_REQUEST", "a request has no DOCTYPE")
    return root


def document(root: str, content: str) -> Reply:
    """An XML reply. Characters UTF-8 cannot hold go out as they are: a careless vendor's answer."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} version="1.0">{content}</{root}>'
    return Reply(200, text.encode("utf-8", "surrogatepass"), "text/xml; charset=utf-8")


def response(content: str, *, closed: bool) -> Reply:
    """An operation's answer."""
    return document("response", f"<header><sessionClosed>{str(closed).lower()}</sessionClosed></header>{content}")


def error(refused: Refused) -> Reply:
    """An error in place of the answer, still HTTP 200."""
    return response(f'<error code="{refused.code}">{escape(refused.message)}</error>', closed=True)
