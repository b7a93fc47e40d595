"""XML is parsed safely or not at all (reliability.md 3.1, S1 to S20)."""

from __future__ import annotations

import time
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.errors import DataError, operation
from crosswalk.wire import xml

WHOLE = (
    '<?xml version="1.0" encoding="utf-8"?>\n<!-- a comment <!DOCTYPE --><?pi x?>\n<response version="1.0"><header><sessionClosed>false'
    "</sessionClosed></header><search searchid='1'><Contact id='Contact.7.1'><FirstName>Jürgen &amp; Zoë &#233;</FirstName>"
    "<Note><![CDATA[a<b]]></Note><X/></Contact></search></response>"
).encode()
ENTITY = "<!DOCTYPE response [<!ENTITY x {}>]><response>&x;</response>"


def code_of(content: bytes, content_type: str = "text/xml; charset=utf-8") -> str:
    with pytest.raises(DataError) as caught, operation("reading contacts of smartoffice_summit"):
        xml.parse(content, content_type)
    assert "smartoffice_summit" in str(caught.value)
    return caught.value.code


def deep(levels: int) -> bytes:
    return b"<a>" * levels + b"</a>" * levels


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "SRC_EMPTY_BODY"),
        (b" \r\n\t ", "SRC_EMPTY_BODY"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "SRC_AUTH_PAGE"),
        (b"\n<HTML><head></head>", "SRC_AUTH_PAGE"),
        (b"\xef\xbb\xbf <!-- x --> <!doctype html>", "SRC_AUTH_PAGE"),
        (b"<response><Contact><FirstName>Qui", "SRC_TRUNCATED"),
        (b"<response><Contact/><Contact/>", "SRC_TRUNCATED"),
        (ENTITY.format('SYSTEM "file:///etc/passwd"').encode(), "SRC_DTD_FORBIDDEN"),
        (ENTITY.format('SYSTEM "http://127.0.0.1:1/x"').encode(), "SRC_DTD_FORBIDDEN"),
        (b'<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]><r/>', "SRC_DTD_FORBIDDEN"),
        (b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><r/>', "SRC_DTD_FORBIDDEN"),
        (b"<!DOCTYPE response><response/>", "SRC_DTD_FORBIDDEN"),
        (b"<?xml version='1.0'?><!-- > --><?x <!?>\n<!DOCTYPE response><response/>", "SRC_DTD_FORBIDDEN"),
        (deep(61), "SRC_TOO_DEEP"),
        (b"<a>" + b"x" * 11_000_000 + b"</a>", "SRC_TOO_LARGE"),
        (b"<?xml version='1.0' encoding='utf-16'?><response/>", "SRC_ENCODING"),
        (b"<?xml version='1.0' encoding='iso-8859-1'?><response/>", "SRC_ENCODING"),
        (b"<?xml version='1.0' encoding='no-such'?><response/>", "SRC_ENCODING"),
        ("<response/>".encode("utf-16"), "SRC_ENCODING"),
        ("<response/>".encode("utf-16-le"), "SRC_ENCODING"),
        ("<response>Zoë</response>".encode("cp1252"), "SRC_ENCODING"),
        (b"<response>Qu&#99999999999;inn</response>", "SRC_BAD_CHARACTER"),
        (b"<resp\x01onse/>", "SRC_MALFORMED"),
        (b"<response><Contact></response>", "SRC_MALFORMED"),
        (b"<response>&nbsp;</response>", "SRC_MALFORMED"),
        (b"<response/><response/>", "SRC_MALFORMED"),
        (b"<x:response/>", "SRC_MALFORMED"),
        (b"quinn@example.test", "SRC_MALFORMED"),
    ],
)
def test_a_bad_body_is_refused(content: bytes, code: str) -> None:
    assert code_of(content) == code


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("text/html", "SRC_AUTH_PAGE"),
        ("text/xml; charset=iso-8859-1", "SRC_ENCODING"),
        ('application/xml; charset="UTF-16"', "SRC_ENCODING"),
        ("application/json", "SRC_CONTENT_TYPE"),
    ],
)
def test_the_announced_type_counts(content_type: str, code: str) -> None:
    assert code_of(b"<response/>", content_type) == code


@pytest.mark.parametrize("content_type", ["text/xml", "application/xml; charset=UTF-8", "application/soap+xml", ""])
def test_a_good_body_is_parsed(content_type: str) -> None:
    root = xml.parse(b"\xef\xbb\xbf" + WHOLE, content_type)
    assert (root.tag, root.findtext(".//FirstName"), root.findtext(".//Note")) == ("response", "Jürgen & Zoë é", "a<b")


@pytest.mark.parametrize(
    "text", [b"\x01", b"\x00", b"\x1f", b"&#1;", b"&#0;", b"&#x1F;", b"&#xD800;", b"\xed\xa0\x80", b"\xef\xbf\xbf", b"&#xFFFE;"], ids=ascii
)
@pytest.mark.requirement("SAFE-10")
def test_a_character_no_xml_may_hold_costs_its_own_record_only(text: bytes) -> None:
    root = xml.parse(b"<r><a>Qu" + text + b"inn</a><b>Zo\xc3\xab &#233; &#x1F600;</b></r>", "text/xml")
    assert [child.text for child in root] == ["Qu\x80inn", "Zo\u00eb \u00e9 \U0001f600"]


def test_sixty_levels_pass() -> None:
    assert xml.parse(deep(60), "text/xml").tag == "a"


@pytest.mark.parametrize("content", [deep(100_000), b"<a>" * 100_000, b"<a b='" + b"x" * 30_000_000, b"<!--" + b"-" * 5_000_000])
def test_a_hostile_body_is_refused_quickly(content: bytes) -> None:
    started = time.perf_counter()
    assert code_of(content).startswith("SRC_")
    assert time.perf_counter() - started < 2


def test_a_bomb_is_refused_before_it_is_read() -> None:
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    assert code_of(f'<!DOCTYPE r [<!ENTITY a0 "ha">{lines}]><r>&a9;</r>'.encode()) == "SRC_DTD_FORBIDDEN"


def test_more_than_the_cap_is_refused() -> None:
    assert code_of(b"<a>" + b"<b/>" * (16 * 1024 * 1024) + b"</a>") == "SRC_TOO_LARGE"


@pytest.mark.requirement("SAFE-1")
def test_cut_anywhere_it_is_truncated() -> None:
    for end in range(1, len(WHOLE)):
        assert code_of(WHOLE[:end]) == "SRC_TRUNCATED", WHOLE[:end]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(WHOLE)))
def test_whatever_comes_nothing_foreign_leaves(garbage: bytes, place: int) -> None:
    for content in (garbage, WHOLE[:place] + garbage + WHOLE[place:]):
        try:
            xml.parse(content, "text/xml")
        except DataError as error:
            assert error.code.startswith("SRC_")


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize("content", [b"<response>canary@example.test</canary@example.test>", b"<a canary='canary' canary='canary'/>"])
def test_nothing_of_the_body_is_repeated(content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        xml.parse(content, "text/xml")
    assert "canary" not in "".join(traceback.format_exception(caught.value)).replace(repr(content), "")
