"""The page: it says what happened, whatever the data says it stays a page, and everyone can read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from itertools import pairwise

import lxml.html
import pytest

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.reports.html import render
from crosswalk.reports.run_report import Report

MakeReport = Callable[..., Report]

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<!-- ",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<body onload=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "` onclick=alert(1) `",
    "x onclick=alert(1)",
    "javascript:alert(1)",
    '<a href="javascript:alert(1)">x</a>',
    "<a href=jav&#x09;ascript:alert(1)>x</a>",
    "data:text/html,<script>alert(1)</script>",
    '<iframe src="//evil.example"></iframe>',
    "<object data=//evil.example></object>",
    "<embed src=//evil.example>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<form action=//evil.example><input name=x></form>",
    "<style>*{background:url(//evil.example)}</style>",
    "<textarea>",
    "<plaintext>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "{{ 7*7 }}",
    "{% include 'x' %}",
    "{{ self.__init__.__globals__ }}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "\u202eevil\u2066 \u200bname",
    "Qui\x00nn\x1b[31m \ud800",
    "﹤script﹥ ＜script＞",
    "x" * 3000,
]


def parsed(page: str) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(page.encode())


def shape(page: str) -> Counter[str]:
    """How many of each element, attributes by name included."""
    return Counter(f"{one.tag}[{','.join(sorted(one.attrib))}]" for one in parsed(page).iter())


def text_of(page: str) -> str:
    return str(parsed(page).text_content())


@pytest.fixture(scope="module")
def harmless(make_report: MakeReport) -> Counter[str]:
    return shape(render(make_report("Newsletter"), files_at=""))


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_whatever_the_data_says_is_shown_as_text(make_report: MakeReport, harmless: Counter[str], text: str) -> None:
    page = render(make_report(text), files_at="")
    assert shape(page) == harmless
    tree = parsed(page)
    assert not tree.xpath("//script|//iframe|//object|//embed|//link|//base|//form|//img|//svg")
    assert not [name for one in tree.iter() for name in one.attrib if name.startswith("on")]
    assert {one.get("href") for one in tree.xpath("//a")} == {"report.json", "rejected.csv", "plan.csv"}
    shown = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
    assert tree.xpath("string(//h1)") == shown
    assert tree.xpath("//h2[@id='notes']/following::li")[0].text_content() == shown


def test_the_page_loads_nothing(make_report: MakeReport) -> None:
    page = render(make_report())
    tree = parsed(page)
    assert tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content") == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert not tree.xpath("//@src|//@href|//@action|//@srcset")
    assert not re.search(r"url\(|@import|https?://|expression\(", page)


@pytest.mark.requirement("CARD-7")
@pytest.mark.parametrize(
    ("status", "title", "then"),
    [
        (RunStatus.RUNNING, "Under way", "written again after each step"),
        (RunStatus.SUCCESS, "Delivered", "Nothing to do."),
        (RunStatus.PARTIAL, "Delivered, some records rejected", "Correct the rejected records"),
        (RunStatus.HELD, "Held: a person has to decide", "Required Actions"),
        (RunStatus.REJECTED, "Declined", "start a new run"),
        (RunStatus.FAILED, "Failed", "clear the failed task"),
        (RunStatus.DRY_RUN, "Dry run", "without dry run"),
    ],
)
def test_status_and_next_step_are_in_words(status: RunStatus, title: str, then: str) -> None:
    page = parsed(render(Report(RunKey("smartoffice_to_fmg", "summit", 3), status=status.value)))
    assert page.xpath("string(//section[@aria-label='Status']/strong)") == title
    assert then in page.xpath("string(//p[@class='next'])")
    assert "summit" in page.xpath("string(//title)")


def test_a_failed_run_shows_the_error_and_its_next_step(make_report: MakeReport) -> None:
    tree = parsed(render(make_report(status="failed")))
    assert tree.xpath("string(//p[@class='next'])") == "What to do next: Clear the extract task."
    assert "SRC_COUNT_MISMATCH While reading: Newsletter" in " ".join(tree.xpath("string(//p[@class='error'])").split())
    own = replace(make_report(status="failed"), next_step="ask the office's administrator for the right")
    assert "Ask the office's administrator for the right." in text_of(render(own))


def test_numbers_sums_and_limits_can_be_read(make_report: MakeReport) -> None:
    text = " ".join(text_of(render(make_report())).split())
    assert "30,000 contacts read from the source = 120 new + 28,780 unchanged + 1,100 rejected adds up" in text
    assert "28,810 contacts found in the target = 29 removed + 28,780 unchanged does not add up" in text.replace(
        "28,780 unchanged + 29 removed", "29 removed + 28,780 unchanged"
    )
    assert "30,001 of 30,000 (100 %) over the limit" in text
    assert "1 h 2 min" in text
    assert "5 Jan 2026, 09:14:02 UTC" in text
    assert text.index("Contacts") < text.index("Groups")


def test_500_rejected_records_are_shown_and_the_rest_is_said(make_report: MakeReport) -> None:
    page = render(make_report(rejections=1100))
    tree = parsed(page)
    assert len(tree.xpath("//div[@aria-label='Rejected records']//tbody/tr")) == 500
    assert "first 500 of 1,100 are shown; rejected.csv has all of them" in " ".join(text_of(page).split())
    assert len(page) < 600_000


def test_an_empty_report_is_a_page_too() -> None:
    tree = parsed(render(Report(RunKey("smartoffice_to_fmg", "summit", 1))))
    assert [one.text_content() for one in tree.xpath("//h2")] == ["Technical details"]


def test_it_can_be_read_without_seeing_it(make_report: MakeReport) -> None:
    tree = parsed(render(make_report()))
    assert tree.xpath("/html/@lang") == ["en"]
    assert len(tree.xpath("//h1")) == 1
    levels = [int(one.tag[1]) for one in tree.iter("h1", "h2", "h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert tree.xpath("//th") and not tree.xpath("//th[not(@scope)]")
    assert tree.xpath("//table") and not tree.xpath("//table[not(thead)]")
    assert not tree.xpath("//*[@role='region'][not(@aria-label)]")
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(tree.xpath("//@aria-labelledby")) <= set(ids)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: int) -> None:
    css = (resources.files("crosswalk.reports") / "report.css").read_text()
    blocks = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{([^}]*)\}", css)]
    colours = blocks[scheme]
    pairs = [("ink", ground) for ground in ("ground", "surface", "raised")] + [
        ("soft", ground) for ground in ("ground", "surface", "raised")
    ]
    pairs += [(tone, f"{tone}-ground") for tone in ("good", "note", "wait", "bad")] + [
        ("ink", f"{tone}-ground") for tone in ("wait", "bad")
    ]
    assert {
        pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    } == {}
