"""The links a person chose for one run, kept before its plan is made."""

from __future__ import annotations

from collections.abc import Mapping

from crosswalk.core.model import Decided
from crosswalk.engine.artifacts import CHOSEN_LINKS
from crosswalk.engine.context import Run


def choose_links(run: Run, chosen: Mapping[str, Decided], by: str) -> None:
    """Keep what is to be linked, by entity, and who chose it. Leaves an audit event."""
    CHOSEN_LINKS.write(run.folder, dict(chosen))
    linked = [
        {"entity": entity, "source_id": source_id, **link}
        for entity, ones in chosen.items()
        for source_id, links in ones.items()
        for link in links
    ]
    details = {"snapshot": run.key.snapshot, "links": linked}
    run.store.audit.append("links decided", run.key.integration, run.key.account, by, details)


def chosen_links(run: Run) -> dict[str, Decided]:
    """Read what is to be linked, by entity; {} when nobody chose anything."""
    return CHOSEN_LINKS.find(run.folder) or {}
