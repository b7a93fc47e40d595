"""The run report as one page: a single file without scripts, loading nothing, safe whatever the data says."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from crosswalk.core.model import Outcome, RunStatus
from crosswalk.core.plurals import plural
from crosswalk.reports import wording
from crosswalk.reports.run_report import Report

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_REJECTED = 500
"""Rejected records on the page; rejected.csv has all."""

MOST_DELETES = 500
"""Deletes on the page, and changes behind our back; plan.csv has all."""


MOST_LINKED = 500
"""Linked records on the page; report.json has all."""


def render(report: Report, files_at: str | None = None) -> str:
    """Render a report.

    files_at: what stands before "rejected.csv" in a link to it ("" for beside the page); None names the files without linking.
    """
    entities = entities_of(report)
    order = [one["name"] for one in entities]
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        files_at=files_at,
        status=wording.wording_of(report),
        next_step=wording.next_step(report),
        delivered=report.status in (RunStatus.SUCCESS, RunStatus.PARTIAL),
        outcomes={outcome.value: name for outcome, name in wording.OUTCOMES.items()},
        reasons=wording.REASONS,
        reject_codes=reject_codes(report),
        samples=_grouped_samples(report),
        most_rejected=MOST_REJECTED,
        most_deletes=MOST_DELETES,
        most_linked=MOST_LINKED,
        entities=entities,
        sums=sorted(report.sums, key=lambda one: [*order, one.entity].index(one.entity)),
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("crosswalk", "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=wording.shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"when": wording.when, "lasting": wording.lasting, "number": "{:,}".format, "plural": plural}
    return environment


def entities_of(report: Report) -> list[dict[str, Any]]:
    """One line of numbers an entity, the last one (what the integration is about) first."""
    read = {one.entity: one for one in report.sums if one.side == "source"}
    named = dict.fromkeys([*reversed(report.plan), *reversed(read)])
    return [{"name": name, "read": read.get(name), "counts": _ordered(report.plan.get(name, {}))} for name in named]


def _ordered(counts: dict[str, int]) -> dict[str, int]:
    return {outcome.value: counts.get(outcome.value, 0) for outcome in Outcome if counts.get(outcome.value) or outcome in _ALWAYS}


_ALWAYS = (Outcome.CREATE, Outcome.UPDATE, Outcome.DELETE, Outcome.UNCHANGED, Outcome.REJECTED)


def reject_codes(report: Report) -> list[dict[str, Any]]:
    """Rejections by entity, code and field, the most frequent first, each with the words of its first record."""
    counted = Counter((one.entity, one.code, one.field) for one in report.rejected)
    first = {(one.entity, one.code, one.field): one for one in reversed(report.rejected)}
    return [{"first": first[key], "count": count} for key, count in counted.most_common()]


def _grouped_samples(report: Report) -> dict[tuple[str, str], list[Any]]:
    """Samples by entity and outcome, in the order they came."""
    grouped: dict[tuple[str, str], list[Any]] = {}
    for one in report.samples:
        grouped.setdefault((one.entity, one.outcome), []).append(one)
    return grouped
