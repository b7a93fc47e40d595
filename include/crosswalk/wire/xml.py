"""The one place where XML is parsed: no document type, no entities, no network, bounded in size and depth."""

from __future__ import annotations

import re

from lxml import etree

from crosswalk.errors import DataError
from crosswalk.wire.body_checks import MAX_BYTES, MAX_DEPTH, checked_text, data_error, is_utf8, media_type, not_utf8
from crosswalk.wire.response_body import too_large

Element = etree._Element

_CHUNK = 65536  # libxml2 refuses more than 10 MB of unread input at once
_DECLARED = re.compile(r"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([^\"']*)[\"']")
_ROOT_NAME = re.compile(r"<([^\s<>/]+)")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_ONLY_AT_THE_END = (1, etree.ErrorTypes.NS_ERR_XML_NAMESPACE, etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE)
_LONE_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_NOT_IN_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]|&#(?:x0*([0-9a-fA-F]{1,8})|0*([0-9]{1,10}));")
_STAND_IN = b"\xc2\x80"  # a control character XML does allow: validation rejects the one record that holds it
_RESOURCE_LIMIT = 114  # XML_ERR_RESOURCE_LIMIT, not named by lxml


def parse(content: bytes, content_type: str) -> Element:
    """Parse a body into its root element; comments and processing instructions are left out.

    A character no XML may hold, in a text, becomes U+0080: one careless record must not cost all others their day.

    Raises DataError: SRC_EMPTY_BODY, SRC_AUTH_PAGE, SRC_CONTENT_TYPE, SRC_ENCODING, SRC_DTD_FORBIDDEN, SRC_TOO_LARGE, SRC_TOO_DEEP,
    SRC_TRUNCATED, SRC_BAD_CHARACTER, SRC_MALFORMED.
    """
    content = _LONE_SURROGATE.sub(_STAND_IN, content)
    text = checked_text(content, content_type)
    kind = media_type(content_type)
    if kind and kind not in ("text/xml", "application/xml") and not kind.endswith("+xml"):
        raise data_error("SRC_CONTENT_TYPE", "the answer says it is not XML")
    _check_prolog(text)
    root = _mended(content, text)
    if root.getroottree().docinfo.internalDTD is not None:
        raise _dtd()
    if _TOO_DEEP(root):
        raise _deep()
    return root


def _check_prolog(text: str) -> None:
    """Look for a document type where alone it can stand, before the first element: the parser must not see it."""
    declared = _DECLARED.match(text.lstrip())
    if declared and not is_utf8(declared[1]):
        raise not_utf8()
    start = _after_comments(text)
    if text.startswith("<!", start) and not "<!--".startswith(text[start : start + 4]):
        raise _dtd()


def _after_comments(text: str) -> int:
    """Give the place of the first thing that is neither space, comment nor processing instruction; the end if one is cut."""
    place = 0
    while True:
        while place < len(text) and text[place].isspace():
            place += 1
        if text.startswith("<!--", place):
            end = text.find("-->", place + 4)
        elif text.startswith("<?", place):
            end = text.find("?>", place + 2)
        else:
            return place
        if end < 0:
            return len(text)
        place = end + (3 if text[end] == "-" else 2)


def _mended(content: bytes, text: str) -> Element:
    try:
        return _parsed(content, text)
    except DataError as error:
        if error.code != "SRC_BAD_CHARACTER":
            raise
    mended = _NOT_IN_XML.sub(_stand_in, content)
    return _parsed(mended, mended.decode())


def _stand_in(found: re.Match[bytes]) -> bytes:
    """Keep a reference to a character that XML allows."""
    digits = found[1] or found[2]
    if digits is None:
        return _STAND_IN
    code = int(digits, 16 if found[1] else 10)
    allowed = code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return found[0] if allowed else _STAND_IN


def _parsed(content: bytes, text: str) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        for start in range(0, len(content), _CHUNK):
            parser.feed(content[start : start + _CHUNK])
    except etree.XMLSyntaxError as error:
        problem = _refusal(error)
    else:
        try:
            return parser.close()
        except etree.XMLSyntaxError as error:
            # the parser had no objection to any part: what it misses is the rest
            problem = _refusal(error) if _is_whole(error, text) else data_error("SRC_TRUNCATED", "the answer is cut off")
    raise problem  # outside of "except": the parser's text quotes the answer


def _code(error: etree.XMLSyntaxError) -> int:
    return int(getattr(error, "code", 0))  # missing in lxml's stubs


def _is_whole(error: etree.XMLSyntaxError, text: str) -> bool:
    root = _ROOT_NAME.match(text, _after_comments(text))
    return _code(error) in _ONLY_AT_THE_END or (root is not None and text.rstrip().endswith(f"</{root[1]}>"))


def _refusal(error: etree.XMLSyntaxError) -> DataError:
    code = _code(error)
    if code == _RESOURCE_LIMIT:
        return _deep() if "depth" in str(error) else too_large(MAX_BYTES)
    if code in (etree.ErrorTypes.ERR_INVALID_CHAR, etree.ErrorTypes.ERR_INVALID_CHARREF):
        return data_error("SRC_BAD_CHARACTER", f"line {error.lineno} holds a control character")
    if code in (etree.ErrorTypes.ERR_INVALID_ENCODING, etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING):
        return not_utf8()
    place = f"line {error.lineno}" if error.lineno else "the answer"
    return data_error("SRC_MALFORMED", f"{place} is not well-formed XML")


def _dtd() -> DataError:
    return data_error("SRC_DTD_FORBIDDEN", "the answer holds a document type, which is never read")


def _deep() -> DataError:
    return data_error("SRC_TOO_DEEP", f"the answer is nested more than {MAX_DEPTH} levels deep")
