"""What a body has to be before a parser sees it, whatever its format."""

from __future__ import annotations

import codecs
import re

from crosswalk.errors import DataError
from crosswalk.wire.response_body import too_large

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 60

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_HTML_START = re.compile(rb"\s*(<!--.{0,2000}?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]+)", re.IGNORECASE)
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF8_NAMES = ("utf-8", "utf8", "us-ascii", "ascii")


def checked_text(content: bytes, content_type: str) -> str:
    """Give the body as text, without a byte-order mark.

    Raises DataError: SRC_TOO_LARGE, SRC_EMPTY_BODY, SRC_AUTH_PAGE, SRC_ENCODING, SRC_TRUNCATED (cut inside a character).
    """
    if len(content) > MAX_BYTES:
        raise too_large(MAX_BYTES)
    if not content.strip():
        raise data_error("SRC_EMPTY_BODY", "the answer has no content")
    if media_type(content_type) in _HTML_TYPES or _HTML_START.match(content[:4096].removeprefix(codecs.BOM_UTF8)):
        raise DataError("SRC_AUTH_PAGE", problem="the answer is a web page, as for signing in")
    charset = _CHARSET.search(content_type)
    if (charset and not is_utf8(charset[1])) or content.startswith(_WIDE_MARKS) or b"\x00" in content[:2]:
        raise not_utf8()
    return _decoded(content)


def media_type(content_type: str) -> str:
    """Give the media type of a Content-Type header, in lower case and without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_utf8(name: str) -> bool:
    """Whether an encoding of this name is UTF-8 or within it."""
    return name.strip().lower() in _UTF8_NAMES


def not_utf8() -> DataError:
    """The body is, or says it is, in another encoding."""
    return data_error("SRC_ENCODING", "the answer is not in UTF-8")


def data_error(code: str, found: str) -> DataError:
    """A DataError about a response; what to do next is in the catalog."""
    return DataError(code, problem=found)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data"
    raise data_error("SRC_TRUNCATED", "the answer ends inside a character") if cut else not_utf8()
