"""How a run's state is put into words, and how numbers, times and unknown text are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from crosswalk.core.model import Outcome, RunStatus
from crosswalk.reports.run_report import Report

# Characters no page should carry: controls and lone surrogates.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NEXT = "Next: "


@dataclass(frozen=True)
class Wording:
    """A status in words. tone: good, note, wait or bad."""

    title: str
    tone: str
    meaning: str
    next_step: str


STATUS = {
    RunStatus.RUNNING: Wording("Under way", "note", "The run has not ended yet.", "This page is written again after each step"),
    RunStatus.SUCCESS: Wording("Delivered", "good", "The target holds what the source says.", "Nothing to do"),
    RunStatus.PARTIAL: Wording(
        "Delivered, some records rejected",
        "wait",
        "The target holds what the source says, but for the rejected records.",
        "Correct the rejected records in the source; the next run takes them up by itself",
    ),
    RunStatus.HELD: Wording(
        "Held: a person has to decide",
        "wait",
        "Nothing was written. A safety rule holds the plan.",
        "Read the plan below, then approve or reject it in Airflow under Required Actions",
    ),
    RunStatus.REJECTED: Wording(
        "Declined", "bad", "The plan was declined. Nothing was written.", "Correct what held the plan, then start a new run"
    ),
    RunStatus.FAILED: Wording("Failed", "bad", "The run stopped at an error.", "Read the error below, then clear the failed task"),
    RunStatus.DRY_RUN: Wording(
        "Dry run",
        "note",
        "Nothing was written. The plan below is what a real run would do.",
        "Start the run again without dry run to carry the plan out",
    ),
    RunStatus.REPLAYED: Wording(
        "Looked at again",
        "note",
        "A backfill held what was landed for this night against today's rules. Nothing was written.",
        "Compare with the report of the run that delivered; to bring the target up to date, trigger a new run",
    ),
}
"""Every status a report can have."""

OUTCOMES = {
    Outcome.CREATE: "new",
    Outcome.UPDATE: "changed",
    Outcome.DELETE: "removed",
    Outcome.UNCHANGED: "unchanged",
    Outcome.FROZEN: "frozen",
    Outcome.EXCLUDED: "left out",
    Outcome.REJECTED: "rejected",
}
"""What an outcome is called on the page."""

REASONS = {
    "new": "new in the source",
    "source": "changed in the source",
    "drift": "changed in the target behind our back",
    "adopted": "was in the target already, taken over by its e-mail address",
    "vanished": "had disappeared from the target",
    "returned": "was in the target before, and comes back under the same id",
    "left_source": "no longer in the source, or in none of its groups that travel",
    "not_told": "not mentioned this time; the source tells a part each time",
    "left_scope": "in none of the groups the account is narrowed to",
    "target_only": "only ever in the target",
    "undone": "put back as it was before the delivery that is undone",
    "not_linked": "waits for a person to link it",
    "linked": "a person decided to link it",
    "left_as_is": "exists in the target and was to be left untouched",
    "linked_automatically": "linked without a person: nobody else has the address, and the names agree",
    "unlinked": "its link was taken away, the record stays",
    "imported": "a person had it imported",
    "match_found": "somebody like it is in the target; a person may link it or have it imported",
    "skipped": "a person skipped it",
    "target_gone": "it is linked with a record the target no longer has",
    "no_linked_contact": "none of its contacts is linked",
    "not_retried": "not among the rejected records that were retried",
    "COMPANY_INACTIVE": "its company is inactive",
    "COMPANY_MISSING": "it has no company that can be seen",
    "CONTACT_STATE_UNKNOWN": "the source does not say whether it is active",
    "TYPE_NOT_CHOSEN": "its type is none of those chosen",
    "CONTACT_INACTIVE": "it is inactive",
    "DELETE_INACTIVE": "it is inactive, and inactive contacts are to be deleted",
    "EMAIL_MISSING": "it has no e-mail address",
    "EMAIL_INVALID": "its e-mail address is none mail could reach",
    "EMAIL_DUPLICATE": "another has the same e-mail address",
}
"""What the reason of a plan row means."""


def wording_of(report: Report) -> Wording:
    """Find the words for a report's status."""
    return STATUS[RunStatus(report.status)]


def next_step(report: Report) -> str:
    """Say in one sentence what a person does now: the report's own words, else the error's, else the usual ones."""
    sentence = report.next_step
    if not sentence and report.error and _NEXT in report.error.text:
        sentence = report.error.text.rpartition(_NEXT)[2]
    sentence = (sentence or wording_of(report).next_step).strip().rstrip(".")
    return f"{sentence[:1].upper()}{sentence[1:]}."


def shown(value: object) -> object:
    """Make text fit to be shown: what no page should carry becomes a visible mark."""
    return _UNSHOWABLE.sub("\ufffd", value) if type(value) is str else value


def when(time: str) -> str:
    """Write an ISO time for people, in UTC; anything else stays as it is."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return time
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return f"{utc.day} {utc:%b %Y, %H:%M:%S} UTC"


def lasting(seconds: float) -> str:
    """Write a duration for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
