"""Lies about single answers of an office that holds the truth."""

from __future__ import annotations

from reliability.false_answers import EMPTY_LISTS, FALSE_ANSWERS
from reliability.histories import PAGE_SIZE
from reliability.office_lies import widest_cap
from reliability.page_lies import Shifted, capped, chained, records_of, with_head, with_records, without_field
from reliability.stage import Stage

LEAVES = ["FirstName", "Greeting", "ReviewDate", "Dob", "Gender", "Marital", "Line1", "City", "State", "ZipCode", "AreaCode"]
PATIENCE = 60
"""Requests in a row, more than any run makes of one."""
_PAGES = {"search": "<LastName", "report": "Crosswalk contacts"}
"""What only requests for pages of contacts hold."""


def zero_pages(stage: Stage) -> str:
    kind = stage.random.choice(["Contact", "TagGroup"] if stage.history.delivered else ["Contact"])
    stage.alter(lambda _, body: EMPTY_LISTS[stage.world.paging], kind)
    return f"{kind} pages only"


def false_answer(stage: Stage) -> str:
    name, kind = stage.random.choice(list(FALSE_ANSWERS)), stage.random.choice(["Contact", "Contact", "TagGroup"])
    page = stage.page if kind == "Contact" else 0
    stage.alter(lambda _, body: FALSE_ANSWERS[name], kind, page)
    return f"{name} for page {page} of {kind}"


def false_answer_anywhere(stage: Stage) -> str:
    name, at = stage.random.choice(list(FALSE_ANSWERS)), stage.random.randint(1, 4)
    answers = iter(range(1, PATIENCE * 100))
    stage.changes.append(lambda _, body: FALSE_ANSWERS[name] if next(answers) == at else body)
    stage.middle.change = chained(stage.changes)
    return f"{name} for answer {at} of all"


def gives_up(stage: Stage) -> str:
    kind = stage.random.choice(["reset", "cut", "status", "error", "login_page", "empty_body", "truncated", "bad_gzip", "doctype"])
    at = stage.random.randint(1, 4 + stage.pages)
    stage.break_calls(kind=kind, at=at, times=PATIENCE)
    return f"{kind} from call {at} on"


def short_page(stage: Stage) -> str:
    page, count = stage.page, stage.random.randint(1, 3)
    stage.alter(lambda _, body: with_records(body, records_of(body)[:-count]), only=page)
    return f"{count} short on page {page}"


def no_flag(stage: Stage) -> str:
    page, name = stage.page, stage.random.choice(["more", "total"])
    stage.alter(lambda _, body: with_head(body, **{name: None}), only=page)
    return f"no {name} on page {page}"


def no_way_on(stage: Stage) -> str:
    page = stage.earlier_page
    stage.alter(lambda _, body: with_head(body, searchid=None, more="true"), only=page)
    return f"page {page}"


def early_end(stage: Stage) -> str:
    page = stage.earlier_page
    stage.alter(lambda _, body: with_head(with_records(body, records_of(body)[:-1]), more="false"), only=page)
    return f"page {page}, one record short, says it is the last"


def endless(stage: Stage) -> str:
    stage.alter(lambda _, body: with_head(body, more="true"))
    return "always one page more"


def repeated(stage: Stage) -> str:
    kept: list[bytes] = []
    page = stage.page

    def alter(number: int, body: bytes) -> bytes:
        kept.append(body)
        return with_head(kept[0], pageno=str(number)) if number >= max(1, page) else body

    stage.alter(alter)
    stage.alter(lambda _, body: with_head(body, more="true"))
    return f"the first page again from page {max(1, page)} on"


def shift(stage: Stage) -> str:
    page, inserted, total_tells = max(1, stage.page), stage.random.random() < 0.5, stage.random.random() < 0.5

    def move(records: list[bytes], first: int) -> list[bytes]:
        return [*records[:first], records[first - 1], *records[first:]] if inserted else [*records[: first - 1], *records[first:]]

    stage.changes.append(Shifted(stage.middle.upstream, page, PAGE_SIZE, move, total_tells=total_tells))
    stage.middle.change = chained(stage.changes)
    return f"one {'more' if inserted else 'less'} before page {page}, the total {'follows' if total_tells else 'stays'}"


def cap_pages(stage: Stage) -> str:
    """Within a scope nothing but what was delivered tells how long the list is; else the whole database is counted."""
    people = stage.truth.in_scope
    cap = stage.up_to(widest_cap(stage, people) if stage.history.scope else len(people) - 1)
    stage.alter(capped(cap, PAGE_SIZE))
    return f"{cap} contacts in the pages and in their total, the whole database counts more"


def cap_groups(stage: Stage) -> str:
    cap = stage.up_to(len(stage.truth.groups) - 1)
    stage.alter(capped(cap, PAGE_SIZE), "TagGroup")
    return f"{cap} groups in the pages and in their total, the whole database counts more"


def field_gone(stage: Stage) -> str:
    name = stage.random.choice(LEAVES)
    stage.alter(without_field(name))
    return name


def field_gone_on_a_page(stage: Stage) -> str:
    name, page = stage.random.choice(LEAVES), stage.page
    stage.alter(without_field(name), only=page)
    return f"{name} on page {page}"


def cut_xml(stage: Stage) -> str:
    page, share = stage.page, stage.random.uniform(0.1, 0.99)
    stage.alter(lambda _, body: body[: int(len(body) * share)], only=page)
    return f"page {page} after {share:.0%}"


def cut_and_closed(stage: Stage) -> str:
    page, count = stage.page, stage.random.randint(1, 9)
    stage.alter(lambda _, body: with_records(body, records_of(body)[: -min(count, len(records_of(body)))]), only=page)
    return f"page {page}, well formed, up to {count} records short"


def wrong_total(stage: Stage) -> str:
    total = str(stage.random.choice([0, 1, len(stage.truth.in_scope) + 1, 30_000]))
    stage.alter(lambda _, body: with_head(body, total=total), only=None if stage.random.random() < 0.5 else stage.page)
    return total


def hiccup(stage: Stage) -> str:
    kind = stage.random.choice(["reset", "cut", "status", "lost_answer", "expired", "extra_field", "latency"])
    at = stage.random.randint(1, stage.pages)
    stage.break_calls(kind=kind, at=at, holding=_PAGES[stage.world.paging], **({"seconds": 0.02} if kind == "latency" else {}))
    return f"{kind} at call {at}"
